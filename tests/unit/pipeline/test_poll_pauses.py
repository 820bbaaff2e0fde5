"""poll: a host that asks to be left alone is, whichever of its feeds heard it; no other host notices."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, HOUR, Newsroom, answer, failing, item, rss

from monitor.model.feed import PollOutcome, PollReason, PollSettings
from monitor.model.fetch import FetchRequest, Purpose
from monitor.pipeline.pauses import PauseKeeper

BIG = [f"https://big.example/{n}" for n in range(5)]
SMALL = "https://small.example/feed"


@pytest.fixture
def room() -> Newsroom:
    """Five feeds on one host, and one on another; the first one of the big host is told to wait an hour."""
    room = Newsroom(
        feeds=[feed_settings(url, name=url, backfill=DAY) for url in (*BIG, SMALL)],
        settings=PollSettings(concurrency=1),  # one after the other, as a real fetcher asks one host
    )
    for url in (*BIG, SMALL):
        room.fetcher.answers[url] = rss(item(url))
    room.fetcher.answers[BIG[0]] = failing(PollOutcome.RATE_LIMITED, 429, retry_after="3600")
    return room


def asked(room: Newsroom) -> list[str]:
    """What was asked since the last look."""
    urls = [request.url for request in room.fetcher.requests]
    room.fetcher.requests.clear()
    return urls


def test_feeds_of_a_host_that_said_when_to_come_back_are_put_off_unasked_and_others_are_not(
    room: Newsroom,
) -> None:
    reports = room.poll()
    assert asked(room) == [BIG[0], SMALL]
    assert sorted(report.feed.url for report in reports) == [BIG[0], SMALL]
    feeds = {feed.url: feed for feed in room.store.feeds.all()}
    for url in BIG[1:]:
        assert feeds[url].last_reason is PollReason.HOST_PAUSED
        assert (feeds[url].last_polled_at, feeds[url].failures) == (None, 0)
        assert NOON + HOUR <= feeds[url].next_poll_at <= NOON + HOUR + 5 * MINUTE
    assert feeds[SMALL].last_outcome is PollOutcome.OK


def test_after_the_pause_they_are_asked_again(room: Newsroom) -> None:
    room.poll()
    room.fetcher.answers[BIG[0]] = rss(item("late"))
    asked(room)
    room.clock.advance(59 * MINUTE)
    room.poll()
    assert not {*asked(room)} & {*BIG}
    room.clock.advance(10 * MINUTE)
    room.poll()
    assert {*asked(room)} >= {*BIG}


def test_a_pass_over_all_feeds_leaves_a_paused_host_alone_too(room: Newsroom) -> None:
    room.poll()
    asked(room)
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    assert asked(room) == [SMALL]


def test_a_feed_that_moved_for_good_waits_for_the_host_it_moved_to(room: Newsroom) -> None:
    room.fetcher.answers[SMALL] = answer(rss(item()), permanent_url=BIG[4])
    room.fetcher.answers[BIG[0]] = rss(item("first"))
    room.poll()
    room.fetcher.answers[BIG[0]] = failing(PollOutcome.RATE_LIMITED, 503, retry_after="600")
    room.clock.advance(DAY)
    asked(room)
    room.poll()
    assert asked(room) == [BIG[0]]


def test_a_bare_429_slows_its_feed_and_pauses_nobody(room: Newsroom) -> None:
    room.fetcher.answers[BIG[0]] = failing(PollOutcome.RATE_LIMITED, 429)
    room.poll()
    assert asked(room) == [*BIG, SMALL]
    assert room.feed.next_poll_at == NOON + 30 * MINUTE


def test_what_the_fetcher_did_not_ask_since_the_host_was_paused_meanwhile_is_put_off(room: Newsroom) -> None:
    room.fetcher.answers[BIG[0]] = failing(PollOutcome.RATE_LIMITED, None, "not asked", retry_after="1800")
    reports = room.poll()
    assert BIG[0] not in {report.feed.url for report in reports}
    assert (room.feed.last_reason, room.feed.failures) == (PollReason.HOST_PAUSED, 0)
    assert room.feed.next_poll_at >= NOON + timedelta(minutes=30)
    assert not room.store.feeds.host_pauses(NOON)


@pytest.mark.parametrize("purpose", [Purpose.PAGE, Purpose.FEED])
def test_what_a_page_of_the_host_is_told_holds_for_its_feeds_over_restarts_too(
    room: Newsroom, purpose: Purpose
) -> None:
    pages = PauseKeeper(room.fetcher, room.store.feeds, room.clock)
    (told,) = pages.fetch_many(iter([FetchRequest(1, BIG[0], purpose)]))
    assert told.outcome is PollOutcome.RATE_LIMITED
    asked(room)
    room.poll()  # a stage of its own: nothing but the store knows
    assert asked(room) == [SMALL]
