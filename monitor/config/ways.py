"""How an address outside is reached, for who only asks: of all secrets of a file no more than that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from monitor.config.crosscheck import tables_of
from monitor.config.load import load_config, read_toml
from monitor.config.shape import NOT_LOOKED_UP, SECRET_PREFIXES
from monitor.core.text.urls import feed_key
from monitor.model.access import PLAIN_ACCESS, FeedAccess

_KEYS = ("headers", "auth", "proxy", "verify_tls")


class Ways:
    """The ways of the feeds of a config file that holds; arguments as those of `load_config`.

    Raises ConfigInvalid when it is no TOML.
    """

    def __init__(self, text: str, name: str, *, directory: str, secrets: Callable[[str], str]) -> None:
        self._text = text
        self._name = name
        self._directory = directory
        self._secrets = secrets
        self._feeds = list(tables_of(read_toml(text, name), "feeds"))

    def to(self, url: str) -> FeedAccess:
        """The access of the feed with this URL; of another URL that of the feeds of its origin, as of their pages.

        Where those are reached in different ways, and everywhere else, it is reached as all others are. Raises
        ConfigInvalid when a secret of that feed is not there.
        """
        found = self._feed(url)
        if found is None or not any(key in found[1] for key in _KEYS):
            return PLAIN_ACCESS
        index, table = found
        own = set(_references(table))
        settings = load_config(
            self._text,
            self._name,
            directory=self._directory,
            secrets=lambda reference: self._secrets(reference) if reference in own else NOT_LOOKED_UP,
            store_secrets=self._secrets,
        )
        return settings.access.get(settings.feeds[index].url, PLAIN_ACCESS)

    def _feed(self, url: str) -> tuple[int, Mapping[str, Any]] | None:
        key, origin = feed_key(url), _origin(url)
        near: list[tuple[int, Mapping[str, Any]]] = []
        for index, feed in self._feeds:
            text = feed.get("url")
            if isinstance(text, str) and feed_key(text) == key:
                return index, feed
            if isinstance(text, str) and origin is not None and _origin(text) == origin:
                near.append((index, feed))
        alike = near and all(_way(feed) == _way(near[0][1]) for _, feed in near)
        return near[0] if alike else None


def _way(feed: Mapping[str, Any]) -> list[Any]:
    return [feed.get(key) for key in _KEYS]


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, str) and value.startswith(SECRET_PREFIXES):
        yield value


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port (RFC 6454 §4); None for what has none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
