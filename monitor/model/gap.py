"""Gaps: what a feed listed between two polls and lists no more, looked for on its older pages (RFC 5005)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GapEnd(StrEnum):
    """Why no further page is read."""

    JOINED = "joined"  # a page lists what was stored before: nothing was lost
    LAST_PAGE = "last_page"  # the feed names no further one
    TOO_MANY_PAGES = "too_many_pages"
    NOTHING_NEW = "nothing_new"  # all of a page was read already: its server gives the same one again and again
    CIRCLE = "circle"  # the next page is the one just read, or the feed itself
    OTHER_HOST = "other_host"  # the next page is not the feed's: a feed must not make us crawl others
    FAILED = "failed"  # the page could not be had


@dataclass(frozen=True, slots=True)
class Gap:
    """The last time that a feed listed nothing of before, and how far its older pages have been read.

    What was published up to `read_until` was there when the feed was last read before. A page joins when it lists
    an entry that was stored before `joins_before`: an earlier time than `found_at` where the feed broke off twice
    while its pages were read. `lost_before` is what was said of lost entries until then.
    """

    feed_id: int
    url: str  # the next page to read, or the last that was
    found_at: datetime
    joins_before: datetime
    read_until: datetime
    lost_before: datetime | None = None
    pages: int = 0  # read
    entries: int = 0  # new ones that they brought
    failures: int = 0  # of this page, in a row
    error: str | None = None
    ended: GapEnd | None = None
    ended_at: datetime | None = None

    @property
    def filled(self) -> bool:
        """Whether nothing was lost after all."""
        return self.ended is GapEnd.JOINED


@dataclass(frozen=True, slots=True)
class PageStep:
    """What follows from asking for one page.

    The gap ends, `url` is read next, or the same page is asked for again at `retry_at` after so many `failures`.
    """

    read: bool = False  # the page was
    url: str | None = None
    ended: GapEnd | None = None
    failures: int = 0
    retry_at: datetime | None = None
    error: str | None = None
