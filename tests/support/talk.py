"""Plain words over a socket to a web server on loopback: whole requests, half ones, and what comes back."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from desk import Desk, eventually
from prometheus_client.parser import text_string_to_metric_families

HERE = "127.0.0.1"
ANY_PORT = '[web]\nlisten = "127.0.0.1:0"\n'  # for a config
PATIENCE = 30.0  # seconds for an answer on a busy machine


@dataclass(frozen=True)
class Reply:
    """One answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def connected(host: str, port: int) -> socket.socket:
    """An open connection with a limit to its patience."""
    return socket.create_connection((host, port), timeout=PATIENCE)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def said(raw: bytes) -> Reply:
    """The first answer in the bytes of a connection that was closed after it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Reply(int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)


def ask(host: str, port: int, path: str = "/healthz", method: str = "GET", **headers: str) -> Reply:
    """One request on a connection of its own; header names are given with underscores."""
    sent = {"Host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "Connection": "close"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items() if value)]
    with closing(connected(host, port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return said(everything(connection))


def port_of(desk: Desk) -> int:
    """The port the daemon's first line names, once it has said it."""
    found = eventually(
        lambda: re.search(r"running, pid \d+, http://127\.0\.0\.1:(\d+);", desk.log()), "the address"
    )
    return int(found[1])


def ready(port: int) -> bool:
    """Whether the daemon at that port says so."""
    return ask(HERE, port, "/readyz").status == 200


def numbers(port: int) -> dict[tuple[str, ...], float]:
    """Every number of /metrics, by name and label values, as Prometheus' own parser reads them."""
    page = ask(HERE, port, "/metrics")
    assert page.status == 200
    return {
        (sample.name.removeprefix("media_monitor_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.body.decode())
        for sample in family.samples
    }
