"""Addresses as they are told where they are only to be recognised: in a log."""

from __future__ import annotations


def without_query(url: str) -> str:
    """An address to be told by: without login, query and fragment, any of which may hold a token."""
    scheme, slashes, rest = url.partition("://")
    shown = (rest if slashes else scheme).partition("#")[0].partition("?")[0]
    host, slash, path = shown.partition("/")
    return f"{scheme + slashes if slashes else ''}{host.rpartition('@')[2]}{slash}{path}"
