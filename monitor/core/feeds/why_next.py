"""Why a feed is asked when it is asked: one sentence for each named reason. Pure."""

from __future__ import annotations

from datetime import timedelta

from monitor.core.feeds.rhythm import rate_at
from monitor.core.feeds.schedule import MAYBE_OUR_NETWORK, OUR_NETWORK_WAIT
from monitor.core.text.amounts import counted, long_span_text
from monitor.model.feed import Feed, PollReason

_HOUR = timedelta(hours=1)
_OF_THE_RATE = 0.8  # ours: a wait that is shorter by more than chance follows from the last poll alone, a burst
_WORDS = {
    PollReason.INTERVAL: "the interval of [poll]: nothing is known of its rhythm yet",
    PollReason.MOSTLY_NEW: "most of what it listed was new: it is asked sooner",
    PollReason.ALL_NEW: "all that it listed was new: half the wait, or less",
    PollReason.QUIET: "most of what it lists is known: each wait may be a little longer, up to max_interval",
    PollReason.PROMISED: "its own interval",
    PollReason.BOOSTED: "it was boosted when this was decided",
    PollReason.PUSHED: "its hub announces what is new: asked when that is silent for max_interval, or once a day",
    PollReason.FRESHNESS: "its server says that nothing changes before (max-age, Expires or ttl)",
    PollReason.SKIPPED: "it asks not to be read in the hours before (skipHours, skipDays)",
    PollReason.RETRY_AFTER: "its server said when to come back (Retry-After)",
    PollReason.HOST_PAUSED: "its host said to another request when to come back (Retry-After)",
    PollReason.DAILY: "it refuses us: asked once a day",
    PollReason.GONE: "it is gone for good: polled no more",
}


def why_next(feed: Feed) -> str | None:
    """One sentence; None of a feed whose first poll is still to come at its usual time."""
    reason = feed.last_reason
    match reason:
        case None:
            return None
        case PollReason.RATE:
            return _rate(feed)
        case PollReason.PERIOD if feed.cadence.period is not None:
            every = long_span_text(feed.cadence.period)
            return f"it says of itself that it changes every {every}: asked then, or after max_interval"
        case PollReason.BOOSTED if feed.boost is not None:
            return f"boosted to every {long_span_text(feed.boost.interval)}"
        case PollReason.BACK_OFF:
            return f"{counted(feed.failures, 'failure')} in a row: each doubles the wait, up to {_most(feed)}"
        case _:
            return _WORDS.get(reason, reason.value.replace("_", " "))


def _most(feed: Feed) -> str:
    if feed.last_outcome not in MAYBE_OUR_NETWORK:
        return "max_interval"
    return f"{long_span_text(OUR_NETWORK_WAIT)}: the fault may be our own network's"


def _rate(feed: Feed) -> str:
    polled = feed.last_polled_at
    rate = rate_at(feed.rhythm, polled) if feed.rhythm and polled else None
    if not rate or polled is None or feed.next_poll_at - polled < _OF_THE_RATE * (_HOUR / rate):
        return "several new entries came at once: asked when the next one is due, or after min_interval"
    often = f"about {rate:.0f} new an hour" if rate >= 1 else f"about one new in {long_span_text(_HOUR / rate)}"
    return f"{often} at this time of the day: asked when the next one is due, or after min_interval"
