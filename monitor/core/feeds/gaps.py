"""Which older page of a feed is read next, and when enough were. Pure decisions with named reasons.

RFC 5005: the "next" page of a paged feed, the "prev-archive" of an archived one; `next_url` of JSON Feed. The
numbers are ours (docs/decisions/0084).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.core.text.amounts import counted
from monitor.core.text.urls import feed_key, host_of
from monitor.model.entry import Fate, KnownEntry, ParsedEntry
from monitor.model.feed import Feed
from monitor.model.gap import Gap, GapEnd, PageStep

MOST_PAGES = 10
RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""The waits before a page that could not be had is asked for again; after the last of them it is given up."""
LISTED_LATE = timedelta(hours=1)
"""So long after its publication an entry may first be listed: caches and editors' clocks. What is not stored was
never alerted, so that too much costs nothing here, and too little an alert."""
_WHY_NO_FURTHER = {
    GapEnd.LAST_PAGE: "the feed names no further one",
    GapEnd.TOO_MANY_PAGES: f"no more than {MOST_PAGES} are read",
    GapEnd.NOTHING_NEW: "the last one brought nothing new",
    GapEnd.CIRCLE: "the next one was read already",
    GapEnd.OTHER_HOST: "the next one is on another host, which is not asked",
}
_LONGEST_WAIT = timedelta(hours=24)  # polling design: nothing makes us ask less than daily
_JITTER = 0.1


def refusal(url: str, feed: Feed, last: str = "") -> GapEnd | None:
    """Why the page at `url` is not asked for; None when it may be. `last` is the page that names it."""
    if host_of(url) != host_of(feed.url):
        return GapEnd.OTHER_HOST
    return GapEnd.CIRCLE if feed_key(url) in (feed_key(feed.url), feed_key(last)) else None


def joins(gap: Gap, known: KnownEntry | None) -> bool:
    """Whether an entry was stored before the gap."""
    return known is not None and known.first_seen < gap.joins_before


def step_after_page(gap: Gap, feed: Feed, listed: Sequence[KnownEntry | None], older: str | None) -> PageStep:
    """What follows from a page: `listed` are the stored entries that its entries are, None for each new one."""
    end: GapEnd | None = None
    if any(joins(gap, one) for one in listed):
        end = GapEnd.JOINED
    elif all(one is not None and one.first_seen >= gap.found_at for one in listed):
        end = GapEnd.NOTHING_NEW
    elif older is None:
        end = GapEnd.LAST_PAGE
    elif gap.pages + 1 >= MOST_PAGES:
        end = GapEnd.TOO_MANY_PAGES
    else:
        end = refusal(older, feed, gap.url)
    return PageStep(read=True, url=older if end is None else None, ended=end)


def step_after_failure(gap: Gap, why: str, retry_after: timedelta | None, now: datetime, dice: float) -> PageStep:
    """What follows when a page could not be had, or not be read; `dice` in [0, 1)."""
    if gap.failures >= len(RETRIES):
        return PageStep(ended=GapEnd.FAILED, error=why)
    wait = max(RETRIES[gap.failures], min(retry_after or timedelta(0), _LONGEST_WAIT))
    return PageStep(failures=gap.failures + 1, retry_at=now + wait * (1 + _JITTER * dice), error=why)


def step_after_pause(gap: Gap, wait: timedelta | None, now: datetime, dice: float) -> PageStep:
    """What follows when the host of the page is paused, so that it was not asked: no failure of the page."""
    wait = min(wait or RETRIES[0], _LONGEST_WAIT)
    return PageStep(failures=gap.failures, retry_at=now + wait * (1 + _JITTER * dice), error=gap.error)


def older_page_fate(gap: Gap, feed: Feed, joined: bool, entry: ParsedEntry) -> Fate:
    """What becomes of a new entry of an older page: WAITING, SEEN_AT_SUBSCRIBE or OLDER_PAGE.

    `joined`: an entry of before the gap stands above it on the page, which says of one without a date that it is
    older still.
    """
    date = entry.published or entry.updated
    if date is None:
        return Fate.OLDER_PAGE if joined else Fate.WAITING
    if date <= feed.subscribed_at - feed.settings.backfill:
        return Fate.SEEN_AT_SUBSCRIBE
    return Fate.OLDER_PAGE if date <= gap.read_until - LISTED_LATE else Fate.WAITING


def gap_words(gap: Gap) -> str:
    """How far the older pages of a feed have been read, and why no further, as part of a line."""
    read = f"{counted(gap.pages, 'older page')} brought {counted(gap.entries, 'entry', 'entries')}"
    if gap.filled:
        return f"filled from {counted(gap.pages, 'older page')}: {counted(gap.entries, 'entry', 'entries')}"
    if gap.ended is GapEnd.FAILED:
        return f"{read}, the next one could not be read: {gap.error}"
    if gap.ended is not None:
        return f"{read}, {_WHY_NO_FURTHER[gap.ended]}"
    if gap.failures:
        return f"{read}, the next one is asked for again: {gap.error}"
    return f"{read} so far"
