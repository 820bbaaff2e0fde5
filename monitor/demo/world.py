"""The demo's world: sites with pages and feeds over real HTTP on this machine's loopback addresses."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from monitor.demo.feeds import FeedItem, FeedKind, feed_bytes
from monitor.demo.pages import Wrapping, page_html
from monitor.demo.samples import SampleStory, press_samples
from monitor.demo.server import Answer, LocalSite, SeenRequest, strong_etag
from monitor.demo.stories import own_stories

_ROBOTS = Answer(b"User-agent: *\nAllow: /\n", content_type="text/plain; charset=utf-8")
_FEEDS = (
    ("a", "Demo wire", FeedKind.RSS),
    ("b", "Demo house", FeedKind.ATOM),
    ("c", "Demo agency", FeedKind.JSON),
)
_FIRST_ADDRESS = 11  # 127.0.0.11 and up: out of the way of 127.0.0.1 and systemd's 127.0.0.53 for 42 sites
_LAST_ADDRESS = 52


@dataclass(frozen=True, slots=True)
class DemoFeed:
    """One feed of the world: `key` as in `SampleStory.feed`, `url` to subscribe to."""

    key: str
    name: str
    url: str
    kind: FeedKind


class DemoWorld:
    """Three feeds (RSS, Atom, JSON Feed) and one site per publisher; a context manager.

    Serves the sample documents of a checkout, or the invented stories where those are absent (a wheel), or
    the stories given. Every feed and every publisher has its own 127.0.0.x where the platform allows it
    (Linux), so that waiting between two requests to one host does not slow the demo. Pages rotate through
    the wrappings, or all take the one given.
    """

    def __init__(self, stories: Sequence[SampleStory] | None = None, *, wrapping: Wrapping | None = None) -> None:
        press = press_samples()
        self.invented = stories is None and press is None
        self._wrapping = wrapping
        self._stories: list[SampleStory] = []
        self._items: dict[str, list[FeedItem]] = {key: [] for key, _, _ in _FEEDS}
        self._last_modified = {key: datetime(1970, 1, 1, tzinfo=UTC) for key, _, _ in _FEEDS}
        # Re-entrant: publishing asks for sites, and two threads publishing must not serve an older feed last.
        self._lock = threading.RLock()
        self._running = False
        self._sites: dict[str, LocalSite] = {}
        self.feeds = tuple(
            DemoFeed(key, name, self._site(name).url + kind.path, kind) for key, name, kind in _FEEDS
        )
        for feed in self.feeds:
            self._serve_feed(feed)
        for story in (press or own_stories()) if stories is None else stories:
            self.publish(story)

    def __enter__(self) -> Self:
        with self._lock:
            self._running = True
            for site in self._sites.values():
                site.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every site; safe to call twice."""
        with self._lock:
            self._running = False
            sites = list(self._sites.values())
        with ThreadPoolExecutor(max_workers=len(sites)) as together:  # each waits for its own loop to notice
            list(together.map(LocalSite.stop, sites))

    @property
    def stories(self) -> tuple[SampleStory, ...]:
        """All stories published so far, in the order of their publication here."""
        with self._lock:
            return tuple(self._stories)

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """Every request to any site of the world, in the order of arrival."""
        with self._lock:
            sites = list(self._sites.values())
        return tuple(sorted((seen for site in sites for seen in site.requests), key=lambda seen: seen.at))

    def url_of(self, story: SampleStory) -> str:
        """The absolute address of a story's page."""
        return self._site(story.publisher).url + story.path

    def publish(self, story: SampleStory, feed: DemoFeed | None = None) -> str:
        """Puts a story's page on its publisher's site and its entry into a feed; gives back the page's address.

        `feed` is the one the story names where None is given. Works while the world runs. A story published
        again in the same feed replaces its older self.
        """
        target = feed or next(known for known in self.feeds if known.key == story.feed)
        with self._lock:
            if story not in self._stories:
                self._stories.append(story)
            url = self._serve_page(story)
            others = [item for item in self._items[target.key] if item.link != url]
            self._items[target.key] = [*others, FeedItem(story, url)]
            # Never the same date twice: a reader that sends only If-Modified-Since sees every change.
            newest = self._last_modified[target.key] + timedelta(seconds=1)
            self._last_modified[target.key] = max(newest, story.published)
            self._serve_feed(target)
        return url

    def _serve_page(self, story: SampleStory) -> str:
        url = self.url_of(story)
        wrapping = self._wrapping or list(Wrapping)[self._stories.index(story) % len(Wrapping)]
        body = page_html(story, url, wrapping).encode("utf-8")
        answer = Answer(body, etag=strong_etag(body), last_modified=story.published)
        return self._site(story.publisher).route(story.path, answer)

    def _serve_feed(self, feed: DemoFeed) -> None:
        body = feed_bytes(feed.kind, feed.name, feed.url, self._items[feed.key])
        answer = Answer(
            body, feed.kind.content_type, etag=strong_etag(body), last_modified=self._last_modified[feed.key]
        )
        self._site(feed.name).route(feed.kind.path, answer)

    def _site(self, name: str) -> LocalSite:
        """The site of this feed or publisher, made when first asked for."""
        with self._lock:
            if name not in self._sites:
                site = LocalSite({"/robots.txt": _ROBOTS}, _address(len(self._sites)))
                self._sites[name] = site
                if self._running:
                    site.start()
            return self._sites[name]


def _address(number: int) -> str:
    if sys.platform != "linux":
        return "127.0.0.1"
    return f"127.0.0.{_FIRST_ADDRESS + number % (_LAST_ADDRESS - _FIRST_ADDRESS + 1)}"
