"""Is a feed well? Pure: named reasons, worst first.

The numbers are ours: taken from how news sites publish (nights, weekends), not measured on a labelled set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

from monitor.model.feed import Feed, FeedStatus, Listing, PollOutcome, PollReason
from monitor.model.gap import Gap

# Without a success: no outage of a server, a certificate or a bot wall lasts longer.
DEAD_AFTER = timedelta(days=3)
LOST_OF_LATE = timedelta(days=7)  # for which it is worth saying that entries may have come and gone unseen
OVERDUE_AFTER = timedelta(minutes=10)  # behind its due time
LEFT_ALONE_AFTER = timedelta(hours=1)  # ours: the default `max_interval`; nothing is late that waits no longer
REST = frozenset({PollReason.RETRY_AFTER, PollReason.HOST_PAUSED})
"""Waits that a server or its host asked for."""
# A feed is silent after twice the longest pause it has shown, but never within a day (nights), nor within three
# where its listing spans less than a week and thus shows no weekend.
_TIMES_LONGEST = 2
_NIGHTS = timedelta(days=1)
_WEEKENDS = timedelta(days=3)
_A_WEEK = timedelta(days=7)
_FEWEST_ARRIVALS = 8  # with fewer nothing is usual
_FAR_OFF = 10  # times the longest other pause; a weekend is not ten times a night
_FEWEST_ODD = 5  # and half of what is listed: a single slip of an editor says nothing of a feed


class HealthReason(StrEnum):
    """What is wrong or odd with a feed, worst first."""

    GONE = "gone"  # 410: polled no more
    NEVER_WORKED = "never_worked"  # no success since the subscription
    DEAD = "dead"  # no success for days
    NOT_A_FEED = "not_a_feed"  # a page instead
    REFUSED = "refused"  # 401, 403, 451
    FAILING = "failing"
    OVERDUE = "overdue"  # should have been polled
    LEFT_ALONE = "left_alone"  # well, but its server or its host asked for a longer rest than is usual
    SILENT = "silent"  # late against its own rate: polled well, but nothing new for long
    MAY_HAVE_LOST = "may_have_lost"  # of late all that it listed was new
    IDS_CHANGE = "ids_change"  # the same words come again under other ids
    IDS_REUSED = "ids_reused"  # one id stands for several entries
    UNDATED = "undated"
    GAP_FILLED = "gap_filled"  # of late all that it listed was new, and its older pages had the rest
    MOVED = "moved"  # redirected for good
    HUB = "hub"  # what should push its news does not, or is not relied on: the feed is polled


FAILURES = frozenset(
    {
        HealthReason.GONE,
        HealthReason.NEVER_WORKED,
        HealthReason.DEAD,
        HealthReason.NOT_A_FEED,
        HealthReason.REFUSED,
        HealthReason.FAILING,
    }
)
"""The reasons for which nothing new can be had at the moment."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or odd, since when where that is known.

    `usual` and `longest` are pauses between the entries of a feed that is SILENT: their median and the longest.
    `gap` says how far older pages were read for what MAY_HAVE_LOST or GAP_FILLED is about.
    """

    reason: HealthReason
    since: datetime | None = None
    usual: timedelta | None = None
    longest: timedelta | None = None
    gap: Gap | None = None


def findings(
    feed: Feed, listing: Listing | None, arrivals: Sequence[datetime], now: datetime, gap: Gap | None = None
) -> tuple[Finding, ...]:
    """All that is wrong or odd with a subscribed feed, worst first; empty when it is well.

    `arrivals` are those of the entries it listed last; they are looked at only where `may_be_silent`. `gap` is its
    last one.
    """
    found = [_failure(feed, now), _overdue(feed, now), _left_alone(feed, now), _silence(feed, listing, arrivals)]
    if feed.may_have_lost_at is not None and now - feed.may_have_lost_at < LOST_OF_LATE:
        ours = gap if gap is not None and gap.found_at == feed.may_have_lost_at else None
        found.append(Finding(HealthReason.MAY_HAVE_LOST, feed.may_have_lost_at, gap=ours))
    if listing is not None:
        if _many(listing.repeated, listing):
            found.append(Finding(HealthReason.IDS_CHANGE))
        if _many(listing.reused, listing):
            found.append(Finding(HealthReason.IDS_REUSED))
        if _many(listing.undated, listing):
            found.append(Finding(HealthReason.UNDATED))
    if gap is not None and gap.filled and now - gap.found_at < LOST_OF_LATE:
        found.append(Finding(HealthReason.GAP_FILLED, gap.found_at, gap=gap))
    if feed.url != feed.settings.url:
        found.append(Finding(HealthReason.MOVED))
    return tuple(one for one in found if one is not None)


def gravity(found: Sequence[Finding]) -> int:
    """The rank of the worst finding, 0 the worst: a key to sort feeds by."""
    ranks = list(HealthReason)
    return min((ranks.index(one.reason) for one in found), default=len(ranks))


def may_be_silent(feed: Feed, listing: Listing | None) -> bool:
    """Whether it is worth looking up the arrivals of a feed: nothing new for a day, and enough was listed."""
    return (
        listing is not None
        and listing.newest is not None
        and listing.entries >= _FEWEST_ARRIVALS
        and feed.last_success_at is not None
        and feed.last_success_at - listing.newest > _NIGHTS
    )


def is_left_alone(feed: Feed, until: datetime) -> bool:
    """Whether a feed that does not fail will not have been asked for long by then, since its server, or its host,
    said when to come back."""
    if feed.status is not FeedStatus.ACTIVE or feed.failures or feed.last_reason not in REST:
        return False
    return is_long(until - (feed.last_polled_at or feed.subscribed_at), feed.settings.interval)


def is_long(rest: timedelta, interval: timedelta | None) -> bool:
    """Whether a feed with that interval of its own rests for longer than is usual."""
    return rest > max(LEFT_ALONE_AFTER, interval or LEFT_ALONE_AFTER)


def waits_for_its_host(feed: Feed, now: datetime) -> bool:
    """Whether such a rest goes on, from its first moment."""
    return feed.next_poll_at > now and is_left_alone(feed, feed.next_poll_at)


def _failure(feed: Feed, now: datetime) -> Finding | None:
    if feed.status is FeedStatus.GONE:
        return Finding(HealthReason.GONE, feed.last_polled_at)
    if not feed.failures:
        return None
    if feed.first_success_at is None or feed.last_success_at is None:
        return Finding(HealthReason.NEVER_WORKED, feed.subscribed_at)
    since = feed.last_success_at
    if now - since >= DEAD_AFTER:
        return Finding(HealthReason.DEAD, since)
    match feed.last_outcome:
        case PollOutcome.NOT_A_FEED:
            return Finding(HealthReason.NOT_A_FEED, since)
        case PollOutcome.AUTH_ERROR:
            return Finding(HealthReason.REFUSED, since)
        case _:
            return Finding(HealthReason.FAILING, since)


def _overdue(feed: Feed, now: datetime) -> Finding | None:
    late = feed.status is FeedStatus.ACTIVE and not feed.failures and now - feed.next_poll_at > OVERDUE_AFTER
    return Finding(HealthReason.OVERDUE, feed.next_poll_at) if late else None


def _left_alone(feed: Feed, now: datetime) -> Finding | None:
    since = feed.last_polled_at or feed.subscribed_at
    return Finding(HealthReason.LEFT_ALONE, since) if waits_for_its_host(feed, now) else None


def _silence(feed: Feed, listing: Listing | None, arrivals: Sequence[datetime]) -> Finding | None:
    """Judged at the last success: that nobody could ask since is another finding, or the daemon's rest."""
    times = _without_pinned(sorted(set(arrivals)))
    if not may_be_silent(feed, listing) or len(times) < _FEWEST_ARRIVALS or feed.last_success_at is None:
        return None
    pauses = _pauses(times)
    longest = max(pauses)
    patience = max(_TIMES_LONGEST * longest, _NIGHTS if times[-1] - times[0] >= _A_WEEK else _WEEKENDS)
    if feed.last_success_at - times[-1] <= patience:
        return None
    usual = timedelta(seconds=median(pause.total_seconds() for pause in pauses))
    return Finding(HealthReason.SILENT, times[-1], usual, longest)


def _pauses(times: Sequence[datetime]) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise(times)]


def _without_pinned(times: list[datetime]) -> list[datetime]:
    """The arrivals but for the oldest that stand far off: entries a site keeps in its feed for good."""
    pauses = _pauses(times)
    far = pauses.index(max(pauses)) if pauses else 0
    rest = times[far + 1 :]
    if len(rest) < _FEWEST_ARRIVALS or pauses[far] <= _FAR_OFF * max(_pauses(rest)):
        return times
    return _without_pinned(rest)


def _many(odd: int, listing: Listing) -> bool:
    return odd >= _FEWEST_ODD and 2 * odd >= listing.entries
