"""Whether the daemon of this machine is well, asked over its own pages: what `monitor healthcheck` answers.

A supervisor asks every 30 seconds: only the standard library is loaded, and nothing of the daemon's.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor.app.files import Unreadable, read_text, reason

TIMEOUT = 5.0  # seconds for all of it: the pages answer in milliseconds, /readyz within two seconds
_MOST_BYTES = 64 * 1024
_LONGEST_CONFIG = 10_000_000
_EVERY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a daemon is asked that listens everywhere
_NO_MONITOR = "not the words of a monitor; does another program listen there?"


class Reason(StrEnum):
    """Why there is no word of the daemon itself. What it says of itself are the reasons of `app.vitals`."""

    CONFIG_UNREADABLE = "config_unreadable"
    NO_PAGES = "no_pages"  # the config has no [web] listen that can be asked
    NO_ANSWER = "no_answer"
    OTHER_ANSWER = "other_answer"  # not what the page of a monitor says


@dataclass(frozen=True, slots=True)
class Finding:
    """One named reason, with what a person wants to know of it on one line."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Checkup:
    """What came of asking. `url` is the page that was asked, "" where none could be.

    Well only where the daemon itself said so: what could not be asked is a trouble, too.
    """

    url: str
    troubles: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the daemon said that it is well."""
        return not self.troubles


def ask_config(config: Path, *, ready: bool = False, timeout: float = TIMEOUT) -> Checkup:
    """Asks the daemon at the `[web] listen` of this config. Never raises.

    Nothing else of the file is looked at: the daemon has checked it, and may run with one that was right before.
    """
    text = read_text(config, _LONGEST_CONFIG)
    if isinstance(text, Unreadable):
        return _failed(Reason.CONFIG_UNREADABLE, f"{config}: {text.why}")
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError):
        return _failed(Reason.CONFIG_UNREADABLE, f"{config}: not valid TOML; monitor check says where")
    web = raw.get("web")
    listen = web.get("listen") if isinstance(web, dict) else None
    if not isinstance(listen, str):
        # The lock of the store would say that a process lives, also of one whose stages stand still.
        return _failed(Reason.NO_PAGES, f"{config}: has no [web] listen, and without it nobody can be asked")
    return _ask(f"http://{listen}", ready, timeout, own=True)


def ask_url(url: str, *, ready: bool = False, timeout: float = TIMEOUT) -> Checkup:
    """Asks the daemon whose pages are at this address, `http://127.0.0.1:8080`, within so many seconds.

    Asks `/healthz`, or `/readyz` with `ready`. Never raises.
    """
    return _ask(url, ready, timeout, own=False)


def _ask(url: str, ready: bool, timeout: float, *, own: bool) -> Checkup:
    try:
        host, port = _address(url, own)
    except ValueError as error:
        return _failed(Reason.NO_PAGES, str(error))
    netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    path = "/readyz" if ready else "/healthz"
    page = f"http://{netloc}{path}"
    try:
        answer = _exchange(host, port, f"GET {path} HTTP/1.0\r\nHost: {netloc}\r\n\r\n", timeout)
    except TimeoutError:
        return _failed(Reason.NO_ANSWER, f"{page}: nothing within {timeout:g} s", page)
    except OSError as error:
        return _failed(Reason.NO_ANSWER, f"{page}: {reason(error).lower()}", page)
    return _read(answer, page)


def checkup_json(found: Checkup) -> dict[str, Any]:
    """A checkup as one JSON object."""
    return {
        "ok": found.ok,
        "url": found.url or None,
        "reasons": [{"reason": one.reason, "detail": one.detail} for one in found.troubles],
        "warnings": [{"reason": one.reason, "detail": one.detail} for one in found.warnings],
    }


def checkup_line(found: Checkup, *, ready: bool = False) -> str:
    """A checkup on one line: a container engine keeps it in its log of checks."""
    well = "ready" if ready else "healthy"
    verdict = well if found.ok else f"not {well}: {'; '.join(map(str, found.troubles))}"
    return "; ".join([verdict, *(f"warning {one}" for one in found.warnings)])


def _address(url: str, own: bool) -> tuple[str, int]:
    """Host and port of an address of this machine: one that only it reaches, or that a daemon has as its `own`.

    Raises ValueError.
    """
    shown = url.rpartition("@")[2]  # a login may be a secret
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        here = "127.0.0.1" if host == "localhost" else host  # as the daemon reads it
        here = _EVERY.get(here, here) if own else here
        known = parts.scheme == "http" and port is not None and (ipaddress.ip_address(here).is_loopback or own)
    except ValueError:
        known = False
    if not known or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{shown}: the daemon is asked on this machine only, as http://127.0.0.1:8080")
    if not port:
        raise ValueError(
            f"{shown}: the system chose the port; name one in [web] listen, or the chosen one in --url"
        )
    return here, port


def _exchange(host: str, port: int, request: str, timeout: float) -> bytes:
    """What the other side answers until it hangs up. Raises OSError; TimeoutError where all of it takes longer."""
    deadline = time.monotonic() + timeout
    answer = b""
    with socket.create_connection((host, port), timeout=timeout) as conversation:
        conversation.sendall(request.encode("ascii"))
        while len(answer) < _MOST_BYTES:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            conversation.settimeout(left)
            some = conversation.recv(_MOST_BYTES)
            if not some:
                break
            answer += some
    return answer


def _read(answer: bytes, page: str) -> Checkup:
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        status, said = head.split(b" ", 2)[1], json.loads(body)
        found = Checkup(page, _findings(said["reasons"]), _findings(said["warnings"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return _failed(Reason.OTHER_ANSWER, f"{page}: {_NO_MONITOR}", page)
    if status != (b"200" if found.ok else b"503"):
        return _failed(Reason.OTHER_ANSWER, f"{page}: {_NO_MONITOR}", page)
    return found


def _findings(given: Iterable[dict[str, str]]) -> tuple[Finding, ...]:
    return tuple(Finding(str(one["reason"]), str(one["detail"])) for one in given)


def _failed(why: Reason, detail: str, page: str = "") -> Checkup:
    return Checkup(page, (Finding(why.value, detail),))
