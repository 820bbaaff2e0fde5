"""Whether nothing was missed: does a listing join the one before it, and what stands behind a digest. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from monitor.core.feeds.health import OVERDUE_AFTER, is_left_alone
from monitor.model.digest import Coverage
from monitor.model.entry import Verdict
from monitor.model.feed import SUBSCRIBED, Feed, FeedStatus

FEWEST_LISTED = 3
"""Of one or two new entries nothing can be said: some feeds list no more."""
_MOST_NAMES = 5  # failing feeds named in a digest


class Continuity(StrEnum):
    """How what a feed lists now stands to what it listed before."""

    JOINED = "joined"  # something of before is there still: nothing fell between
    FIRST = "first"  # nothing was read before
    FEW = "few"  # too few entries to tell
    BROKEN = "broken"  # all of it is new: entries may have come and gone between two polls


def continuity(feed: Feed, listed: Sequence[Verdict]) -> Continuity:
    """Whether a listing joins what was read of the feed before; `listed` says of each of its entries what it is.

    `feed` is as it was before.
    """
    if feed.first_success_at is None:
        return Continuity.FIRST
    if any(verdict is not Verdict.NEW for verdict in listed):
        return Continuity.JOINED
    return Continuity.FEW if len(listed) < FEWEST_LISTED else Continuity.BROKEN


def is_late(feed: Feed, now: datetime) -> bool:
    """Whether a feed was not asked when it should have been, or is left alone since its host asked for that; one
    that fails is counted as failing."""
    if feed.status is not FeedStatus.ACTIVE or feed.failures:
        return False
    return feed.last_polled_at is None or now - feed.next_poll_at > OVERDUE_AFTER or is_left_alone(feed, now)


def coverage_of(
    feeds: Sequence[Feed],
    since: datetime,
    now: datetime,
    tags: Callable[[], frozenset[str]] = frozenset,
    *,
    well: int = 0,
) -> Coverage:
    """What stands behind a digest: the feeds asked in time, those that fail, those that were not asked, and those
    that may have lost entries since then.

    `well` are further feeds, of which nothing is to be said but that they were asked. Failing feeds that share one
    of `tags` are named first; it is asked only where not all can be named.
    """
    subscribed = [feed for feed in feeds if feed.status in SUBSCRIBED]
    late = [feed for feed in subscribed if is_late(feed, now)]
    failing = [feed for feed in subscribed if feed.failures or feed.status is FeedStatus.GONE]
    if len(failing) > _MOST_NAMES:
        about = tags()
        failing.sort(key=lambda feed: about.isdisjoint(feed.settings.tags))
    lost = [one for one in subscribed if one.may_have_lost_at is not None and one.may_have_lost_at >= since]
    return Coverage(
        feeds=well + len(subscribed) - len(late),
        failing=len(failing),
        may_have_lost=len(lost),
        failing_names=tuple(feed.name for feed in failing[:_MOST_NAMES]),
        late=len(late),
    )
