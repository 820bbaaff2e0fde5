"""The gaps of every store: one transaction a page, and no two processes in each other's way."""

from __future__ import annotations

from datetime import datetime, timedelta

from made import NOON, new_entry
from stored import poll

from monitor.model.feed import Feed
from monitor.model.gap import Gap, GapEnd, PageStep
from monitor.ports import Store

LEASE = timedelta(minutes=5)
HOUR = timedelta(hours=1)
LATER = NOON + HOUR
PAGE_2, PAGE_3 = "https://news.example/feed?page=2", "https://news.example/feed?page=3"


def broken_off(store: Store, feed: Feed, older: str | None = PAGE_2, now: datetime = LATER) -> None:
    """A poll that brought nothing of what was stored at noon."""
    if not store.feeds.known_entries(feed.id, ["a1"], []):
        poll(store, feed, new_entry("a1"))
    poll(store, store.feeds.all()[0], new_entry("d1"), now=now, may_have_lost=True, older=older)


def claim(store: Store, now: datetime = LATER) -> list[Gap]:
    return [gap for gap, _ in store.gaps.claim_due(now, LEASE, 10)]


def test_a_gap_is_opened_with_the_poll_that_finds_it(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    (gap,) = claim(store)
    assert gap == Gap(feed.id, PAGE_2, found_at=LATER, joins_before=LATER, read_until=NOON)
    assert store.gaps.gaps() == {feed.id: gap}


def test_no_gap_without_an_older_page_or_with_nothing_stored_before(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("d1"), may_have_lost=True, older=PAGE_2)
    assert claim(store) == []
    broken_off(store, feed, older=None)
    assert claim(store) == []
    assert store.gaps.gaps() == {}


def test_a_claimed_gap_is_nobody_elses_until_its_lease_ends_or_is_given_back(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    assert len(claim(store)) == 1
    assert claim(store) == []
    assert len(claim(store, LATER + LEASE)) == 1
    store.gaps.release([feed.id])
    assert len(claim(store)) == 1
    store.feeds.release_leases()  # as a daemon does at its start
    assert len(claim(store)) == 1


def test_a_page_and_what_follows_are_one(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    (gap,) = claim(store)
    assert store.gaps.record_page(gap, PageStep(True, PAGE_3), [new_entry("c1")], now=LATER) == 1
    (after,) = claim(store)
    assert (after.url, after.pages, after.entries) == (PAGE_3, 1, 1)


def test_a_page_that_was_read_twice_is_stored_once_and_moves_nothing(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    (gap,) = claim(store)
    store.gaps.record_page(gap, PageStep(True, PAGE_3), [new_entry("c1")], now=LATER)
    after = store.gaps.gaps()
    assert store.gaps.record_page(gap, PageStep(True, ended=GapEnd.JOINED), [new_entry("c1")], now=LATER) == 0
    assert store.gaps.gaps() == after
    assert store.feeds.all()[0].may_have_lost_at == LATER


def test_a_page_that_failed_waits_for_its_time(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    (gap,) = claim(store)
    step = PageStep(failures=1, retry_at=LATER + HOUR, error="HTTP 500")
    store.gaps.record_page(gap, step, [], now=LATER)
    assert claim(store, LATER + HOUR - LEASE) == []
    (again,) = claim(store, LATER + HOUR)
    assert (again.url, again.pages, again.failures, again.error) == (PAGE_2, 0, 1, "HTTP 500")


def test_a_gap_that_is_filled_clears_the_flag_and_one_that_is_not_leaves_it(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    (gap,) = claim(store)
    store.gaps.record_page(gap, PageStep(True, ended=GapEnd.LAST_PAGE), [], now=LATER)
    assert store.feeds.all()[0].may_have_lost_at == LATER
    assert claim(store, LATER + HOUR) == []
    broken_off(store, feed, now=LATER + HOUR)
    (gap,) = claim(store, LATER + HOUR)
    assert (gap.joins_before, gap.read_until, gap.lost_before, gap.pages) == (LATER + HOUR, LATER, LATER, 0)
    store.gaps.record_page(gap, PageStep(True, ended=GapEnd.JOINED), [], now=LATER + HOUR)
    assert store.feeds.all()[0].may_have_lost_at == LATER  # what was said before is not unsaid
    assert store.gaps.gaps()[feed.id].filled


def test_a_feed_that_breaks_off_again_while_its_gap_is_filled_goes_on_to_where_it_was(
    store: Store, feed: Feed
) -> None:
    broken_off(store, feed)
    (gap,) = claim(store)
    broken_off(store, feed, PAGE_3, LATER + HOUR)
    store.gaps.record_page(gap, PageStep(True, ended=GapEnd.JOINED), [new_entry("c1")], now=LATER + HOUR)
    (after,) = claim(store, LATER + HOUR)
    assert (after.url, after.found_at, after.joins_before, after.read_until) == (
        PAGE_3,
        LATER + HOUR,
        LATER,
        NOON,
    )
    assert after.ended is None
    assert store.feeds.all()[0].may_have_lost_at == LATER + HOUR


def test_a_gap_of_a_feed_that_was_removed_is_not_due(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    store.feeds.sync([], LATER)
    assert claim(store) == []


def test_a_clock_that_was_set_back_holds_up_no_gap(store: Store, feed: Feed) -> None:
    broken_off(store, feed)
    store.set_right(LATER - timedelta(days=40))
    assert len(claim(store, LATER - timedelta(days=40))) == 1
