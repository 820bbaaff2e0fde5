"""How a feed of the config is reached: what its keys must agree on, and the keys as `FeedAccess`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from monitor.config.faults import Notes, Step
from monitor.config.http_values import MAX_HEADERS, is_secretive, read_header_name
from monitor.config.shape import SECRET_PREFIXES, FeedTable
from monitor.config.values import is_loopback, quoted
from monitor.model.access import FeedAccess


def feed_access(table: FeedTable) -> FeedAccess | None:
    """How the feed of a `[[feeds]]` table is reached; None when it is as all others."""
    authorization = None
    if table.auth is not None and table.auth.token is not None:
        authorization = f"Bearer {table.auth.token.reveal()}"
    elif table.auth is not None and table.auth.password is not None:
        login = f"{table.auth.username}:{table.auth.password.reveal()}"
        authorization = f"Basic {b64encode(login.encode()).decode()}"
    access = FeedAccess(
        home=table.url,
        headers=tuple((name, value.reveal()) for name, value in (table.headers or {}).items()),
        authorization=authorization,
        proxy=table.proxy.reveal() if table.proxy else None,
        verify_tls=table.verify_tls,
    )
    return None if access == FeedAccess(home=table.url) else access


def check_access(path: tuple[Step, ...], feed: Mapping[str, Any], notes: Notes) -> None:
    """Notes what is wrong, or worth a warning, in how a raw `[[feeds]]` table wants its feed reached."""
    headers, auth = feed.get("headers"), feed.get("auth")
    secretive = False
    if isinstance(headers, dict):
        secretive = _check_headers((*path, "headers"), headers, notes)
    if isinstance(auth, dict):
        _check_auth((*path, "auth"), auth, notes)
        if isinstance(headers, dict) and "authorization" in {name.lower() for name in headers}:
            notes.error((*path, "auth"), "there is a header Authorization too: one of the two is enough")
    if feed.get("verify_tls") is False:
        message = "certificates are not checked: whoever is on the way can read and change what this feed says"
        notes.warning((*path, "verify_tls"), message)
    if (isinstance(auth, dict) or secretive) and _is_in_clear(feed.get("url")):
        key = "auth" if isinstance(auth, dict) else "headers"
        notes.warning((*path, key), "is sent in clear over the network, since the url is plain http; write https")


def _check_headers(path: tuple[Step, ...], headers: Mapping[str, Any], notes: Notes) -> bool:
    """Whether one of them is a secret."""
    if len(headers) > MAX_HEADERS:
        notes.error(path, f"more than {MAX_HEADERS} are not sent", line=notes.key_line(path))
    seen: set[str] = set()
    found = False
    for name, value in headers.items():
        at = (*path, name)
        try:
            read_header_name(name)
        except ValueError as error:
            notes.error(at, str(error), line=notes.key_line(at))
            continue
        if name.lower() in seen:
            notes.error(at, "is there twice", line=notes.key_line(at))
        seen.add(name.lower())
        reference = isinstance(value, str) and value.startswith(SECRET_PREFIXES)
        found = found or reference
        if isinstance(value, str) and not reference and is_secretive(name):
            notes.error(at, f"{quoted(name)} may be a secret: write env:NAME, file:PATH or credential:NAME")
    return found


def _check_auth(path: tuple[Step, ...], auth: Mapping[str, Any], notes: Notes) -> None:
    """Either a token, or a user name with its password."""
    if "token" in auth and ("username" in auth or "password" in auth):
        notes.error(path, "has a token and a login: one of the two is enough")
    elif "username" in auth and "password" not in auth:
        notes.error((*path, "username"), "has no password beside it")
    elif "password" in auth and "username" not in auth:
        notes.error((*path, "password"), "has no username beside it")
    elif not auth:
        notes.error(path, "needs a token, or a username and a password", line=notes.key_line(path))


def _is_in_clear(url: Any) -> bool:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme == "http" and not is_loopback(parts.hostname or "")
    except ValueError:
        return False
