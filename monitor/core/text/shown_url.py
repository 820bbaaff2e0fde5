"""Addresses as they are told where they are only to be recognised: in a log, or to who only reads."""

from __future__ import annotations

import re
from typing import Any

# To the next blank, or tag of a mail: whatever else it may be, it may belong to a token.
_QUERY = re.compile(r"(https?://[^\s?#]*)[?#](?:(?!</)\S)*", re.I)
_BARE = re.compile(r"\?[^\s?=/]+=(?:(?!</)\S)*")  # of an address without its host, as a server may say it again


def without_query(url: str) -> str:
    """An address to be told by: without login, query and fragment, any of which may hold a token."""
    scheme, slashes, rest = url.partition("://")
    shown = (rest if slashes else scheme).partition("#")[0].partition("?")[0]
    host, slash, path = shown.partition("/")
    return f"{scheme + slashes if slashes else ''}{host.rpartition('@')[2]}{slash}{path}"


def without_queries(text: str) -> str:
    """A text with the query of each address in it left out, as errors name them."""
    return _BARE.sub("", _QUERY.sub(r"\1", text))


def without_any_query(value: Any) -> Any:
    """The same of every text in what JSON can hold."""
    if isinstance(value, str):
        return without_queries(value)
    if isinstance(value, dict):
        return {name: without_any_query(one) for name, one in value.items()}
    return [without_any_query(one) for one in value] if isinstance(value, list) else value
