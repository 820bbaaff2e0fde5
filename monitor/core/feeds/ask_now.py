"""Whether a feed is polled at once because a person wants it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.core.feeds.politeness import pause_of
from monitor.model.feed import Feed, FeedStatus, PollReason
from monitor.model.feed_book import AskNow

APART = timedelta(minutes=1)  # ours: two polls by hand; who presses a button twice means one
_RESTS = frozenset({PollReason.RETRY_AFTER, PollReason.HOST_PAUSED})


def ask_now(feed: Feed, lease_until: datetime | None, pauses: Mapping[str, datetime], now: datetime) -> AskNow:
    """What becomes of the wish. `lease_until`: until then a poll is at work on it; `pauses` are those of hosts.

    A feed that failed or refused us is asked: the person may have mended it. What a server said of when to come
    back holds.
    """
    if feed.status is not FeedStatus.ACTIVE:
        return AskNow.NOT_POLLED
    if lease_until is not None and lease_until > now:
        return AskNow.AT_WORK
    until = pause_of(feed, pauses)
    if (until is not None and until > now) or (feed.last_reason in _RESTS and feed.next_poll_at > now):
        return AskNow.RESTS
    if feed.last_polled_at is not None and now - feed.last_polled_at < APART:
        return AskNow.JUST_ASKED
    return AskNow.DUE
