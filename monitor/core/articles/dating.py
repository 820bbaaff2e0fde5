"""When an article was published: which of the dates that feed and page state is believed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.model.article import Extracted
from monitor.model.entry import EntryFlag, ParsedEntry

OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Older dates are a missing date in disguise (0001-01-01, 1970), as in `core.feeds.parse`."""

AHEAD = timedelta(minutes=10)
"""How far clocks go wrong: so far in the future is now, and further is no date at all."""

APART = timedelta(days=3)
"""Feed and page that differ by more: worth a note."""


class DatedBy(StrEnum):
    """Whose date is believed."""

    FEED = "feed"  # published, as the feed says
    PAGE = "page"
    UPDATED = "updated"  # the feed says only when it was changed
    NOBODY = "nobody"  # no date that can be believed: the article joins no older story by its text


@dataclass(frozen=True, slots=True)
class Dated:
    """The date that is believed, in UTC, whose it is, and what is odd about what was stated."""

    published: datetime | None
    by: DatedBy
    note: str | None = None


def settle_date(entry: ParsedEntry, of_page: Extracted | None, first_seen: datetime, now: datetime) -> Dated:
    """The date of an article: its feed's before its page's, since a page may state that of its template.

    `first_seen` is when the feed was polled: a date of the future was moved to it then.
    """
    odd = []
    page = of_page.published if of_page is not None else None
    if of_page is not None and of_page.date_flag is not None:
        odd.append(f"its page states a date that is {of_page.date_flag.value}: not believed")
    if EntryFlag.FAR_FUTURE in entry.flags:
        odd.append("its feed dates it in the future: not believed")
    if EntryFlag.ABSURD_DATE in entry.flags:
        odd.append(f"its feed dates it before {OLDEST:%Y}: not believed")
    if page is not None and not OLDEST <= page <= now + AHEAD:
        odd.append(f"its page is dated {page:%Y-%m-%d}: not believed")
        page = None
    candidates = (
        (_of_feed(entry.published, entry, first_seen), DatedBy.FEED),
        (min(page, now) if page is not None else None, DatedBy.PAGE),
        (_of_feed(entry.updated, entry, first_seen), DatedBy.UPDATED),
    )
    found, by = next(((date, by) for date, by in candidates if date is not None), (None, DatedBy.NOBODY))
    if by is DatedBy.FEED and page is not None and found is not None and abs(found - page) > APART:
        odd.append(f"its page is dated {page:%Y-%m-%d}: its feed's date counts")
    return Dated(found, by, "; ".join(odd) or None)


def _of_feed(date: datetime | None, entry: ParsedEntry, first_seen: datetime) -> datetime | None:
    """A date of the feed; what was moved to now from far in the future says nothing."""
    if date is None or date < OLDEST:
        return None
    return None if EntryFlag.FAR_FUTURE in entry.flags and date >= first_seen else date
