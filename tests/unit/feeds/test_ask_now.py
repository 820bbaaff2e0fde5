"""When a person's wish to have a feed polled at once is granted, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made import MINUTE, NOON, feed_settings

from monitor.core.feeds.ask_now import APART, ask_now
from monitor.model.feed import Feed, FeedStatus, PollReason
from monitor.model.feed_book import AskNow

LATER = NOON + 10 * MINUTE
FEED = Feed(1, feed_settings(), "https://news.example/feed", "News", NOON, LATER, last_polled_at=NOON - APART)


@pytest.mark.parametrize(
    ("feed", "answer"),
    [
        (FEED, AskNow.DUE),
        (replace(FEED, last_polled_at=None), AskNow.DUE),
        (replace(FEED, failures=5, last_reason=PollReason.BACK_OFF), AskNow.DUE),
        (replace(FEED, last_reason=PollReason.DAILY), AskNow.DUE),
        (replace(FEED, last_polled_at=NOON - APART / 2), AskNow.JUST_ASKED),
        (replace(FEED, last_reason=PollReason.RETRY_AFTER), AskNow.RESTS),
        (replace(FEED, last_reason=PollReason.HOST_PAUSED), AskNow.RESTS),
        (replace(FEED, last_reason=PollReason.RETRY_AFTER, next_poll_at=NOON), AskNow.DUE),
        *((replace(FEED, status=status), AskNow.NOT_POLLED) for status in FeedStatus if status != "active"),
    ],
)
def test_a_wish_is_granted_unless_a_server_or_a_pause_speaks_against_it(feed: Feed, answer: AskNow) -> None:
    assert ask_now(feed, None, {}, NOON) is answer


def test_what_is_being_asked_is_not_asked_twice() -> None:
    assert ask_now(FEED, LATER, {}, NOON) is AskNow.AT_WORK
    assert ask_now(FEED, NOON, {}, NOON) is AskNow.DUE


def test_a_host_that_rests_is_left_alone() -> None:
    assert ask_now(FEED, None, {"news.example": LATER}, NOON) is AskNow.RESTS
    assert ask_now(FEED, None, {"other.example": LATER}, NOON) is AskNow.DUE
