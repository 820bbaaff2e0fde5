"""Which date is believed: of feed, of page, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from made import NOON, parsed

from monitor.core.articles.dating import DatedBy, settle_date
from monitor.core.feeds.parse import parse_feed
from monitor.model.article import Extracted, Quality
from monitor.model.entry import EntryFlag, ParsedEntry

FEED = NOON - timedelta(hours=2)
PAGE = NOON - timedelta(hours=3)
LATER = NOON + timedelta(minutes=5)  # when the page is read


def page(published: datetime | None) -> Extracted:
    return Extracted("t", "x", Quality.FULL, published)


def entry(published: datetime | None = None, updated: datetime | None = None, *flags: EntryFlag) -> ParsedEntry:
    return parsed(published=published, updated=updated, flags=flags)


def in_feed(date: str) -> ParsedEntry:
    """An entry that a feed dates so, read at noon."""
    body = f"<rss version='2.0'><channel><title>n</title><item><title>a</title><pubDate>{date}</pubDate></item>"
    (found,) = parse_feed(f"{body}</channel></rss>".encode(), None, "https://e.org/", NOON).entries
    return found


@pytest.mark.parametrize(
    ("of_feed", "of_page", "expected", "by"),
    [
        (entry(FEED), PAGE, FEED, DatedBy.FEED),
        (entry(), PAGE, PAGE, DatedBy.PAGE),
        (entry(None, FEED), PAGE, PAGE, DatedBy.PAGE),
        (entry(None, FEED), None, FEED, DatedBy.UPDATED),
        (entry(), None, None, DatedBy.NOBODY),
        # Of the future, and before there was a web.
        (entry(), datetime(2099, 1, 1, tzinfo=UTC), None, DatedBy.NOBODY),
        (entry(), datetime(1970, 1, 1, tzinfo=UTC), None, DatedBy.NOBODY),
        (entry(NOON, None, EntryFlag.FUTURE_DATE, EntryFlag.FAR_FUTURE), PAGE, PAGE, DatedBy.PAGE),
        (entry(NOON, None, EntryFlag.FUTURE_DATE, EntryFlag.FAR_FUTURE), None, None, DatedBy.NOBODY),
        (entry(NOON, FEED, EntryFlag.FUTURE_DATE, EntryFlag.FAR_FUTURE), None, FEED, DatedBy.UPDATED),
        # A clock that is some minutes fast.
        (entry(NOON, None, EntryFlag.FUTURE_DATE), None, NOON, DatedBy.FEED),
        (entry(), LATER + timedelta(minutes=3), LATER, DatedBy.PAGE),
    ],
)
def test_the_date_that_is_believed_and_whose_it_is(
    of_feed: ParsedEntry, of_page: datetime | None, expected: datetime | None, by: DatedBy
) -> None:
    found = settle_date(of_feed, page(of_page) if of_page else None, NOON, LATER)
    assert (found.published, found.by) == (expected, by)


@pytest.mark.parametrize(
    ("stated", "note"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", "before 1990: not believed"),
        ("Thu, 01 Jan 2099 00:00:00 GMT", "in the future: not believed"),
        ("Wed, 22 Feb 2023 17:00:00 GMT", "in the future: not believed"),
        ("", None),
    ],
)
def test_an_absurd_or_future_date_of_a_feed_is_no_date_and_the_note_says_so(stated: str, note: str | None) -> None:
    found = settle_date(in_feed(stated), None, NOON, NOON)
    assert (found.published, found.by) == (None, DatedBy.NOBODY)
    assert (found.note is None) if note is None else (note in (found.note or ""))


def test_a_clock_that_is_a_little_fast_is_a_date_still() -> None:
    found = settle_date(in_feed("Wed, 22 Feb 2023 12:09:00 GMT"), None, NOON, NOON)
    assert (found.published, found.note) == (NOON, None)


def test_a_page_that_is_dated_days_apart_is_noted_and_the_feed_counts() -> None:
    found = settle_date(entry(FEED), page(FEED - timedelta(days=400)), NOON, NOON)
    assert (found.published, found.by) == (FEED, DatedBy.FEED)
    assert "its page is dated 2022-01-18: its feed's date counts" in (found.note or "")
