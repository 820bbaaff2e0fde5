"""Why a feed is asked when it is asked: one sentence for each named reason. Pure."""

from __future__ import annotations

from monitor.core.feeds.rhythm import rate_at
from monitor.core.text.amounts import counted, long_span_text
from monitor.model.feed import Feed, PollReason

_WORDS = {
    PollReason.INTERVAL: "the interval of [poll]: nothing is known of its rhythm yet",
    PollReason.MOSTLY_NEW: "most of what it listed was new: it is asked sooner",
    PollReason.ALL_NEW: "all that it listed was new: half the wait, or less",
    PollReason.QUIET: "most of what it lists is known: each wait may be a little longer, up to max_interval",
    PollReason.PROMISED: "its own interval",
    PollReason.PUSHED: "its hub announces what is new; it is asked once a day to be safe",
    PollReason.FRESHNESS: "its server says that nothing changes before (max-age, Expires or ttl)",
    PollReason.SKIPPED: "it asks not to be read in the hours before (skipHours, skipDays)",
    PollReason.RETRY_AFTER: "its server said when to come back (Retry-After)",
    PollReason.HOST_PAUSED: "its host said to another request when to come back (Retry-After)",
    PollReason.DAILY: "it refuses us: asked once a day",
    PollReason.GONE: "it is gone for good: polled no more",
}


def why_next(feed: Feed) -> str | None:
    """One sentence; None of a feed that was never asked."""
    reason = feed.last_reason
    match reason:
        case None:
            return None
        case PollReason.RATE:
            return _rate(feed)
        case PollReason.PERIOD if feed.cadence.period is not None:
            return f"it says of itself that it changes every {long_span_text(feed.cadence.period)}"
        case PollReason.BOOSTED if feed.boost is not None:
            return f"boosted to every {long_span_text(feed.boost.interval)}"
        case PollReason.BACK_OFF:
            return f"{counted(feed.failures, 'failure')} in a row: each doubles the wait, up to max_interval"
        case _:
            return _WORDS.get(reason, reason.value.replace("_", " "))


def _rate(feed: Feed) -> str:
    rate = rate_at(feed.rhythm, feed.last_polled_at) if feed.rhythm and feed.last_polled_at else None
    if rate is None or rate < 0.5:  # a burst: its hour is not known for it
        return "several new entries came at once: asked when the next one is due"
    return f"about {rate:.0f} new an hour at this time of the day: asked when the next one is due"
