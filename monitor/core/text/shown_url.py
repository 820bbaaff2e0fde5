"""Addresses as they are told where they are only to be recognised: in a log, or to who only reads."""

from __future__ import annotations

import re

_QUERY = re.compile(r"(https?://[^\s?#]*)[?#]\S*", re.I)


def without_query(url: str) -> str:
    """An address to be told by: without login, query and fragment, any of which may hold a token."""
    scheme, slashes, rest = url.partition("://")
    shown = (rest if slashes else scheme).partition("#")[0].partition("?")[0]
    host, slash, path = shown.partition("/")
    return f"{scheme + slashes if slashes else ''}{host.rpartition('@')[2]}{slash}{path}"


def without_queries(text: str) -> str:
    """A text with the query of each address in it left out, as errors name them."""
    return _QUERY.sub(r"\1", text)
