"""Readers of what goes into an HTTP request from a config file: header names and values, tokens, proxies."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from monitor.config.values import quoted

MAX_HEADERS = 20
_LONGEST_NAME = 100
_LONGEST_VALUE = 4_000  # half of what common servers take for one line
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_FIELD_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")  # RFC 9110 §5.5, ASCII only
_BEARER = re.compile(r"[\x21-\x7e]+")
_SOCKS_LOGIN = 255  # bytes of a user name, and of a password (RFC 1929 §2)
_PROXIES = ("http", "https", "socks5", "socks5h")

# Headers that are the fetcher's own: framing, what it can decode, who it is, and what it knows already.
_FRAMING = """
    host connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect content-length
    content-type content-encoding accept-encoding range if-match if-none-match if-modified-since
    if-unmodified-since if-range http2-settings proxy-authorization
"""
_OURS = frozenset(_FRAMING.split())
# Words of names under which a secret stands: better one reference too many than a key in a file.
_SECRETIVE = re.compile(r"auth|cookie|credential|key|pass|secret|session|sign|token|user", re.I)


def read_header_name(name: str) -> str:
    """A header that a feed may have sent. Raises ValueError."""
    if not _TOKEN.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"{quoted(name)} is no name of a header")
    if name.lower() == "user-agent":
        raise ValueError("every server is told the same: set poll.user_agent")
    if name.lower() in _OURS:
        raise ValueError("is the monitor's own to send")
    return name


def is_secretive(name: str) -> bool:
    """Whether the value of a header with this name may well be a secret."""
    return _SECRETIVE.search(name) is not None


def read_header_value(text: str) -> str:
    """The value of a header. No message repeats it: it may be a secret."""
    if not _FIELD_VALUE.fullmatch(text):
        raise ValueError("must be visible ASCII on one line, without spaces around it: it is an HTTP header")
    if len(text) > _LONGEST_VALUE:
        raise ValueError(f"is longer than {_LONGEST_VALUE:,} characters")
    return text


def read_token(text: str) -> str:
    """A bearer token (RFC 6750 §2.1). No message repeats it."""
    if not _BEARER.fullmatch(text) or len(text) > _LONGEST_VALUE:
        raise ValueError("is no token: visible ASCII without spaces")
    return text


def read_username(text: str) -> str:
    """The user name of a login; a colon in it would begin the password (RFC 7617 §2)."""
    if ":" in text:
        raise ValueError(f"{quoted(text)}: a user name has no colon")
    return text


def read_proxy(url: str, *, literal: bool) -> str:
    """An http, https or socks5 address, with or without a login in it. No message repeats it: it may hold one.

    `literal`: it stands in the file itself, where a login is refused.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        login = [unquote(one or "", errors="strict") for one in (parts.username, parts.password)]
    except ValueError:
        raise ValueError("is no address of a proxy") from None
    if literal and "@" in parts.netloc:
        raise ValueError('a login in this file is refused; write proxy = "env:NAME" for the whole address')
    if parts.scheme not in _PROXIES or not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError('is no address of a proxy, such as "http://proxy.example.org:3128" or "socks5://…"')
    if port == 0 or not url.isascii() or not url.isprintable() or " " in url or not "".join(login).isprintable():
        raise ValueError("is no address of a proxy")
    if parts.scheme.startswith("socks") and any(len(one.encode()) > _SOCKS_LOGIN for one in login):
        raise ValueError(f"has a login too long for SOCKS5: {_SOCKS_LOGIN} bytes each are possible")
    return url
