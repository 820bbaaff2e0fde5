"""Which feeds there are already, whatever the spelling of their URLs, and which one a person means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.app.check import shown
from monitor.app.files import Unreadable, read_text
from monitor.config import Settings
from monitor.config.values import did_you_mean, quoted
from monitor.core.text.toml_lines import line_of
from monitor.core.text.urls import feed_key
from monitor.model.errors import MonitorError
from monitor.model.feed import KEPT, Feed, FeedOrigin, FeedSettings, FeedStatus

_MOST_SHOWN = 5


class NoSuchFeed(MonitorError):
    """A URL or name that no feed has, or several."""


@dataclass(frozen=True, slots=True)
class KnownFeeds:
    """The feeds of the store and those of the config, which the store may not know yet.

    `declared` holds the place in the config file by `feed_key` ("config.toml:12").
    """

    feeds: tuple[Feed, ...]
    declared: Mapping[str, str]

    def place(self, url: str) -> str | None:
        """Where the config declares the feed of this URL; None when it does not."""
        return self.declared.get(feed_key(url))

    def subscribed(self) -> dict[str, Feed]:
        """The feeds in use and those that are paused, by the keys of their declared and of their present URL."""
        used = [feed for feed in self.feeds if feed.status in KEPT]
        return {feed_key(url): feed for feed in reversed(used) for url in (feed.url, feed.settings.url)}

    def removed(self) -> dict[str, Feed]:
        """The feeds that were in use once, and those that are gone, by the key of their declared URL."""
        past = (FeedStatus.REMOVED, FeedStatus.GONE)
        return {feed_key(feed.settings.url): feed for feed in self.feeds if feed.status in past}

    def meant(self, text: str) -> Feed:
        """The one feed in use with this URL or name. Raises NoSuchFeed."""
        by_key = self.subscribed()
        if feed_key(text) in by_key:
            return by_key[feed_key(text)]
        names = [feed for feed in by_key.values() if feed.name.casefold() == text.casefold()]
        found = list({feed.id: feed for feed in names}.values())
        if len(found) > 1:
            urls = ", ".join(feed.settings.url for feed in found[:_MOST_SHOWN])
            raise NoSuchFeed(f"{len(found)} feeds are called {quoted(text)}; name one by its URL: {urls}")
        if not found:
            raise NoSuchFeed(f"no feed has the URL or name {quoted(text)}{self._near(text, by_key)}")
        return found[0]

    def _near(self, text: str, by_key: Mapping[str, Feed]) -> str:
        removed = self.removed()
        if feed_key(text) in removed or text.casefold() in {feed.name.casefold() for feed in removed.values()}:
            return "; it was removed before"
        words = [word for feed in by_key.values() for word in (feed.name, feed.settings.url)]
        return did_you_mean(text, words) or "; monitor feeds list names them"


def known_feeds(feeds: Sequence[Feed], settings: Settings, config: Path) -> KnownFeeds:
    """All feeds of a desk."""
    source = read_text(config)
    text = "" if isinstance(source, Unreadable) else source
    places = {
        feed_key(feed.url): f"{shown(config)}:{line_of(text, ('feeds', index, 'url'))}"
        for index, feed in enumerate(settings.feeds)
    }
    return KnownFeeds(tuple(feeds), places)


def place_of(feed: Feed, settings: Settings, config: Path) -> str | None:
    """Where the config declares that feed; looks at no other feed of the store. None when it does not."""
    if feed.settings.origin is not FeedOrigin.CONFIG:
        return None
    index = next((index for index, one in enumerate(settings.feeds) if one.url == feed.settings.url), None)
    source = read_text(config)
    if index is None:
        return None
    if isinstance(source, Unreadable):
        return shown(config)
    return f"{shown(config)}:{line_of(source, ('feeds', index, 'url'))}"


def as_before(settings: FeedSettings, before: Feed) -> FeedSettings:
    """Settings under the very URL that a feed was known by: it goes on where it was."""
    return replace(settings, url=before.settings.url)
