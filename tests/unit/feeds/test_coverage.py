"""Coverage: whether a listing joins the one before it, and what a digest may call checked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import FEED, Newsroom, item, rss

from monitor.core.feeds.coverage import Continuity, continuity, coverage_of, is_late
from monitor.model.entry import Verdict
from monitor.model.feed import Feed, FeedStatus, PollReason

HOUR = timedelta(hours=1)


def feed(**more: Any) -> Feed:
    values: dict[str, Any] = {
        "first_success_at": NOON - HOUR,
        "last_polled_at": NOON - MINUTE,
        "next_poll_at": NOON + MINUTE,
    }
    return Feed(1, feed_settings(), FEED, "News", NOON - 2 * HOUR, **{**values, **more})


@pytest.mark.parametrize(
    ("polled_before", "verdicts", "answer"),
    [
        (True, [Verdict.NEW] * 3, Continuity.BROKEN),
        (True, [Verdict.NEW] * 2, Continuity.FEW),
        (True, [], Continuity.FEW),
        (True, [Verdict.NEW, Verdict.NEW, Verdict.KNOWN], Continuity.JOINED),
        (True, [Verdict.NEW, Verdict.NEW, Verdict.REVISED], Continuity.JOINED),
        (False, [Verdict.NEW] * 30, Continuity.FIRST),
    ],
)
def test_entries_may_be_lost_where_nothing_of_before_is_left(
    polled_before: bool, verdicts: list[Verdict], answer: Continuity
) -> None:
    assert continuity(feed(first_success_at=NOON if polled_before else None), verdicts) is answer


@pytest.mark.parametrize(
    ("more", "late"),
    [
        ({"next_poll_at": NOON - 11 * MINUTE}, True),
        ({"next_poll_at": NOON - 9 * MINUTE}, False),
        ({"last_polled_at": None}, True),
        ({"last_polled_at": NOON - 2 * HOUR, "last_reason": PollReason.HOST_PAUSED}, True),
        ({"last_polled_at": NOON - HOUR, "last_reason": PollReason.HOST_PAUSED}, False),
        ({"last_polled_at": NOON - 2 * HOUR, "last_reason": PollReason.FRESHNESS}, False),
        ({"next_poll_at": NOON - HOUR, "failures": 1}, False),  # it is said to fail
        ({"next_poll_at": NOON - HOUR, "status": FeedStatus.GONE}, False),
    ],
)
def test_a_feed_that_was_not_asked_in_time_is_late(more: dict[str, Any], late: bool) -> None:
    assert is_late(feed(**more), NOON) is late


def test_coverage_counts_what_is_true() -> None:
    feeds = [
        feed(),
        feed(failures=2),
        feed(next_poll_at=NOON - HOUR),
        feed(may_have_lost_at=NOON),
        feed(may_have_lost_at=NOON - 2 * HOUR),  # said by the digest before
        feed(status=FeedStatus.REMOVED),
    ]
    found = coverage_of(feeds, NOON - HOUR, NOON)
    assert (found.feeds, found.failing, found.late, found.may_have_lost) == (4, 1, 1, 1)


def batch(*numbers: int) -> list[str]:
    return [item(f"e{n}", f"Torkham closed {n}") for n in numbers]


def lost_at(room: Newsroom) -> datetime | None:
    return room.feed.may_have_lost_at


def test_the_poll_notes_that_a_feed_may_have_lost_entries() -> None:
    room = Newsroom()
    room.fetcher.answers[FEED] = rss(*batch(1, 2, 3))
    room.poll()
    assert lost_at(room) is None, "a first poll finds everything new"
    room.fetcher.answers[FEED] = rss(*batch(3, 4, 5, 6))
    assert not room.repoll().may_have_lost
    assert lost_at(room) is None
    room.fetcher.answers[FEED] = rss(*batch(10, 11, 12))
    assert room.repoll().may_have_lost
    noted = lost_at(room)
    assert noted == room.clock.now()
    room.fetcher.answers[FEED] = rss(*batch(12, 13, 14))
    room.repoll()
    assert lost_at(room) == noted, "it stays: those entries did not come back"


def test_a_feed_that_listed_nothing_before_has_lost_nothing() -> None:
    room = Newsroom()
    room.fetcher.answers[FEED] = rss()
    room.poll()
    room.fetcher.answers[FEED] = rss(*batch(1, 2, 3))
    room.repoll()
    assert lost_at(room) is None
