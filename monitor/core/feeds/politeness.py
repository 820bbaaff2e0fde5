"""Hosts that ask to be left alone for a while: which, for how long, and what becomes of their feeds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.core.feeds.server_wishes import retry_after
from monitor.core.text.urls import full_host
from monitor.model.feed import Feed, HostPause, PollOutcome, PollReason, PollSettings
from monitor.model.fetch import FetchResponse

NOT_SOONER = frozenset({PollReason.RETRY_AFTER, PollReason.HOST_PAUSED, PollReason.DAILY, PollReason.GONE})
"""Waits that no boost cuts short: what a server asked for, or refuses."""
LONGEST_PAUSE = timedelta(hours=24)  # polling design: nothing makes us ask less than daily


def host_pause(response: FetchResponse, now: datetime) -> HostPause | None:
    """The pause that a host asks for: by a 429 that says when to come back, or a 503 that does (RFC 6585 §4).

    For its whole host, and not longer than it said, nor than a day.
    """
    asked = retry_after(response, now)
    host = full_host(response.url or response.request.url)
    if response.outcome is not PollOutcome.RATE_LIMITED or response.status is None or asked is None or not host:
        return None
    return HostPause(host, now + min(asked, LONGEST_PAUSE))


def pause_of(feed: Feed, pauses: Mapping[str, datetime]) -> datetime | None:
    """Until when the host of this feed is paused; None when it is not."""
    return pauses.get(full_host(feed.url)) if pauses else None


def unasked_until(response: FetchResponse, now: datetime) -> datetime | None:
    """Until when a host is paused that the fetcher therefore did not ask; None of a request that was made.

    The fetcher says so with RATE_LIMITED, no status, and what is left of the pause as Retry-After.
    """
    if response.outcome is not PollOutcome.RATE_LIMITED or response.status is not None:
        return None
    return now + min(retry_after(response, now) or timedelta(0), LONGEST_PAUSE)


def after_pause(feed: Feed, until: datetime, settings: PollSettings, dice: float) -> datetime:
    """When a feed whose host is paused is due: not with all its sisters in the second in which the pause ends."""
    return until + dice * min(feed.settings.interval or settings.min_interval, settings.min_interval)
