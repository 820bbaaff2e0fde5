"""A feed that breaks off is read back on its older pages by the real daemon, also after a kill."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from desk import Desk

from monitor.demo.server import Answer, LocalSite, SeenRequest

LISTED = 3
PATH = "/feed.xml"


@dataclass
class PagedFeed:
    """RSS that lists its three newest entries, and the ones before on pages (RFC 5005)."""

    site: LocalSite
    titles: list[str] = field(default_factory=list)  # oldest first
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.url = self.site.route(PATH, self.answer)
        self.begun = datetime.now(UTC)
        self.held: dict[int, threading.Event] = {}
        self.pages: list[int] = []  # asked for, beside the feed itself

    def publish(self, *titles: str) -> None:
        with self.lock:
            self.titles += titles

    def answer(self, request: SeenRequest) -> Answer:
        number = int(request.path.partition("page=")[2] or 1)
        if number > 1:
            self.pages.append(number)
        if number in self.held:
            self.held[number].wait(30)
        with self.lock:
            newest_first = list(enumerate(self.titles))[::-1]
        listed = newest_first[(number - 1) * LISTED : number * LISTED]
        more = (
            f'<atom:link rel="next" href="{PATH}?page={number + 1}"/>' if newest_first[number * LISTED :] else ""
        )
        items = "".join(
            f"<item><title>{title}</title><guid isPermaLink='false'>g{place}</guid>"
            f"<link>{self.site.url}/{place}</link><description>{title}.</description>"
            f"<pubDate>{format_datetime(self.begun + timedelta(seconds=place))}</pubDate></item>"
            for place, title in listed
        )
        body = (
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Paged</title>'
            f"<link>{self.site.url}/</link><description>d</description>{more}{items}</channel></rss>"
        )
        return Answer(body.encode(), "application/rss+xml")


@pytest.fixture
def feed() -> Iterator[PagedFeed]:
    with LocalSite(address="127.7.7.1") as site:
        yield PagedFeed(site)


def closures(names: range) -> list[str]:
    return [f"Torkham closed for reason {'abcdefghijklmnopqrstuvwxyz'[n] * 3} {n}" for n in names]


def stored(desk: Desk) -> list[str]:
    return [title for (title,) in desk.ask("SELECT title FROM entries ORDER BY title")]


def test_what_a_feed_dropped_between_two_polls_is_found_and_alerts(desk: Desk, feed: PagedFeed) -> None:
    feed.publish(*closures(range(3)))
    desk.write([feed.url])
    done = desk.command("run", "--once")
    assert done.returncode == 0, done.stderr
    feed.publish(*closures(range(3, 12)))  # the feed lists 9 to 11 now
    done = desk.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert stored(desk) == sorted(closures(range(12)))
    assert feed.pages == [2, 3, 4]
    assert desk.number("SELECT count(*) FROM feeds WHERE may_have_lost_at IS NOT NULL") == 0
    assert desk.number("SELECT count(DISTINCT article_id) FROM matches") == 12
    health = desk.command("feeds", "health")
    assert "GAP FILLED" in health.stdout
    assert "filled from 3 older pages: 6 entries" in " ".join(health.stdout.split())


def test_a_kill_between_pages_loses_and_repeats_nothing(desk: Desk, feed: PagedFeed) -> None:
    feed.publish(*closures(range(3)))
    desk.write([feed.url])
    desk.command("run", "--once")
    feed.publish(*closures(range(3, 12)))
    feed.held[3] = threading.Event()
    daemon = desk.start()
    desk.within("30s", lambda: 3 in feed.pages, "the second older page to be asked for")
    daemon.kill()
    assert daemon.wait() == -signal.SIGKILL
    feed.held.pop(3).set()
    assert stored(desk) == sorted(closures(range(3)) + closures(range(6, 12)))
    with desk.running():
        filled = "SELECT count(*) FROM gaps WHERE ended = 'joined'"
        desk.within("30s", lambda: desk.number(filled) == 1, "the gap to be filled")
        desk.within("30s", lambda: desk.number("SELECT count(*) FROM matches") >= 12, "every entry to be matched")
        desk.within(
            "30s",
            lambda: desk.sent() and not desk.number("SELECT count(*) FROM deliveries WHERE state != 'sent'"),
            "the messages",
        )
    assert stored(desk) == sorted(closures(range(12)))
    assert feed.pages == [2, 3, 3, 4]  # the page in flight is asked for again, and no other
