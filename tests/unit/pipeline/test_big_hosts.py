"""poll, read: a host with more feeds or pages than it can answer for is late with its own, with no other's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from http_server import LoopbackServer, reply
from made import feed_settings
from newsroom import DAY, FEED, OTHER_FEED, Newsroom, item, rss

from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollSettings
from monitor.pipeline.answers import PollReport
from monitor.pipeline.gaps import GapStage
from monitor.pipeline.poll import PollStage
from monitor.pipeline.read import ReadStage
from monitor.testing import InlineSandbox

SETTINGS = PollSettings(allow_private_addresses=True, host_delay=timedelta(milliseconds=20), concurrency=2)
MANY = 60  # more than the fetcher draws of all hosts together: 9 × `concurrency`


@pytest.fixture
def big() -> Iterator[LoopbackServer]:
    with LoopbackServer(lambda asked: reply(rss(item("e1")))) as made:
        yield made


@pytest.fixture
def small() -> Iterator[LoopbackServer]:
    with LoopbackServer(lambda asked: reply(rss(item("e2"))), "127.0.0.2") as made:
        yield made


def room_of(*urls: str) -> Newsroom:
    return Newsroom(feeds=[feed_settings(url, name=url, backfill=DAY) for url in urls], settings=SETTINGS)


def polled(room: Newsroom, fetcher: HttpFetcher, most: int | None = None) -> list[PollReport]:
    """Polls until nothing is due; asked to stop after so many reports."""
    stage = PollStage(room.store.feeds, fetcher, InlineSandbox(), room.clock, lambda: 0.5, SETTINGS)
    reports: list[PollReport] = []
    for report in stage.run(lambda: most is not None and len(reports) >= most):
        reports.append(report)
    return reports


def test_a_host_with_very_many_feeds_holds_up_no_other(big: LoopbackServer, small: LoopbackServer) -> None:
    urls = [*(big.url(f"/{n}") for n in range(MANY)), small.url("/feed")]
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        order = [report.feed.url for report in polled(room_of(*urls), fetcher)]
    assert sorted(order) == sorted(urls)
    assert order.index(small.url("/feed")) < MANY / 4


def test_its_own_feeds_are_asked_in_the_order_in_which_they_are_due(big: LoopbackServer) -> None:
    urls = [big.url(f"/{n}") for n in range(MANY)]
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        polled(room_of(*urls), fetcher)
    assert [asked.target for asked in big.asked] == [f"/{n}" for n in range(MANY)]


def test_those_that_wait_in_line_are_due_at_once_when_the_stage_ends(big: LoopbackServer) -> None:
    room = room_of(*(big.url(f"/{n}") for n in range(MANY)))
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        first = polled(room, fetcher, most=3)
        rest = polled(room, fetcher)
    assert len(first) < MANY / 2
    assert len(first) + len(rest) == MANY


def test_very_many_pages_of_a_host_hold_up_no_other_entry(big: LoopbackServer, small: LoopbackServer) -> None:
    pages = [big.url(f"/{n}") for n in range(MANY)]
    listed = [*(item(str(n), link=url) for n, url in enumerate(pages)), item("last", link=small.url("/page"))]
    room = Newsroom(
        feeds=[feed_settings(FEED, full_text=True, backfill=DAY), feed_settings(OTHER_FEED, backfill=DAY)],
        settings=SETTINGS,
    )
    room.fetcher.answers = {FEED: rss(*listed), OTHER_FEED: rss(item("plain"))}
    room.poll()
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        stage = ReadStage(room.store.articles, room.store.reading, fetcher, InlineSandbox(), room.clock)
        order = [report.entry.new.parsed.link for report in stage.run(lambda: False)]
    assert len(order) == MANY + 2
    assert order.index(small.url("/page")) < MANY / 4
    assert order.index("https://news.example/plain") < MANY / 4


def broken_off(*urls: str) -> Newsroom:
    """Feeds that listed three entries at first and then three others, each with an older page on its host."""
    room = room_of(*urls)
    for word in ("first", "then"):
        for url in urls:
            more = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="{url}-older"/>'
            room.fetcher.answers[url] = rss(*(item(f"{word}{n}") for n in range(3)), more=more)
        room.store.feeds.make_all_due(room.clock.now())
        room.poll()
        room.clock.advance(timedelta(hours=1))
    assert len(room.store.gaps.gaps()) == len(urls)
    return room


def filled(room: Newsroom, fetcher: HttpFetcher, most: int | None = None) -> list[str]:
    """Reads older pages; asked to stop after so many. The feeds, in the order in which theirs were read."""
    stage = GapStage(
        room.store.gaps, room.store.feeds, fetcher, InlineSandbox(), room.clock, lambda: 0.5, SETTINGS
    )
    order: list[str] = []
    for report in stage.run(lambda: most is not None and len(order) >= most):
        order.append(report.feed.url)
    return order


def test_very_many_older_pages_of_a_host_hold_up_no_other(big: LoopbackServer, small: LoopbackServer) -> None:
    urls = [*(big.url(f"/{n}") for n in range(MANY)), small.url("/feed")]
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        order = filled(broken_off(*urls), fetcher)
    assert sorted(order) == sorted(urls)
    assert order.index(small.url("/feed")) < MANY / 4


def test_older_pages_that_wait_in_line_are_due_at_once_when_the_stage_ends(big: LoopbackServer) -> None:
    room = broken_off(*(big.url(f"/{n}") for n in range(MANY)))
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        first = filled(room, fetcher, most=3)
        rest = filled(room, fetcher)
    assert len(first) < MANY / 2
    assert len(first) + len(rest) == MANY


def test_pages_that_wait_in_line_are_free_for_the_next_generation_at_once(big: LoopbackServer) -> None:
    room = Newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)], settings=SETTINGS)
    room.fetcher.answers[FEED] = rss(*(item(str(n), link=big.url(f"/{n}")) for n in range(MANY)))
    room.poll()
    free: list[int] = []
    with closing(HttpFetcher(SETTINGS, "1")) as fetcher:
        stage = ReadStage(room.store.articles, room.store.reading, fetcher, InlineSandbox(), room.clock)
        for _ in stage.run(lambda: len(free) >= 3):
            free.append(MANY - len(stage.in_hand.rows()))
    assert free[3] > MANY / 2  # when the answers of those that were sent still come
    assert stage.in_hand.rows() == frozenset()
