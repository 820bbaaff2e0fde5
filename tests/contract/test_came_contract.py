"""What came, as lists show it: the same on every store, each page along an index."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from made import MINUTE, NOON, feed_settings, new_entry
from newsroom import file_store
from query_plans import plans_of
from stored import grouped, matched, poll

from monitor.adapters.store.sql import SqlStore
from monitor.model.digest import Window
from monitor.model.entry import Fate
from monitor.model.feed import Feed, PollOutcome
from monitor.model.ledger import Waits
from monitor.ports import Store

HOUR = timedelta(hours=1)
DAY = Window(NOON - 12 * HOUR, NOON + 12 * HOUR)


def test_entries_are_listed_newest_first_with_their_feed_page_by_page(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"), new_entry("e2"), now=NOON)
    poll(store, feed, new_entry("e3"), now=NOON + MINUTE)
    poll(store, feed, new_entry("later"), now=NOON + 13 * HOUR)
    first = store.ledger.entries(DAY, limit=2)
    assert [one.seen.first_seen for one in first] == [NOON + MINUTE, NOON]
    assert {(one.feed, one.feed_id) for one in first} == {(feed.name, feed.id)}
    rest = store.ledger.entries(DAY, (first[-1].seen.first_seen, first[-1].row), 2)
    assert len(rest) == 1
    assert len({one.row for one in (*first, *rest)}) == 3


def test_what_was_ingested_came_from_no_feed_that_has_a_page(store: Store) -> None:
    feed = store.feeds.passive_feed("Reuters", NOON)
    poll(store, feed, new_entry("e1"))
    (one,) = store.ledger.entries(DAY, limit=2)
    assert (one.feed, one.feed_id) == ("Reuters", None)


def test_what_waits_is_listed_by_what_it_waits_for(store: Store, feed: Feed) -> None:
    matched(store, grouped(store, feed, "done"))
    grouped(store, feed, "grouped")
    poll(store, feed, new_entry("new"))
    (to_read,) = store.ledger.entries_in_work(Waits.READ, 10)
    (to_match,) = store.ledger.entries_in_work(Waits.MATCH, 10)
    assert (to_read.seen.fate, to_match.seen.fate) == (Fate.WAITING, Fate.READ)
    assert len({to_read.row, to_match.row}) == 2


def test_polls_are_told_by_the_minute_and_by_what_they_came_to(store: Store, feed: Feed) -> None:
    for minutes in (0, 0, 2):
        poll(store, feed, now=NOON + minutes * MINUTE)
    found = store.ledger.polls(Window(NOON, NOON + HOUR))
    assert found == [(NOON, PollOutcome.OK, 2), (NOON + 2 * MINUTE, PollOutcome.OK, 1)]
    assert not store.ledger.polls(Window(NOON + HOUR, NOON + 2 * HOUR))


def test_matches_that_wait_for_a_digest_are_listed_newest_first(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for name in ("e1", "e2", "e3"):
        matched(store, grouped(store, feed, name), "morning")
    matched(store, grouped(store, feed, "other"), "evening")
    found = store.ledger.pending("morning", 2)
    assert len(found) == 2
    assert found[0].id > found[1].id
    assert all("morning" in {way.digest for way in one.routings} for one in found)


def test_matches_are_listed_and_counted_up_to_a_moment(store: Store, feed: Feed) -> None:
    matched(store, grouped(store, feed))
    ledger = store.ledger
    assert len(ledger.matches(NOON, until=NOON + MINUTE)) == ledger.count_matches(NOON, until=NOON + MINUTE) == 1
    assert len(ledger.matches(NOON - HOUR, until=NOON)) == ledger.count_matches(NOON - HOUR, until=NOON) == 0


def test_what_is_no_address_is_looked_for_among_entries_without_one(store: Store, feed: Feed) -> None:
    poll(store, feed, replace(new_entry("e1", link="nothing"), url_key=""), now=NOON)
    assert [one.entry.parsed.link for one in store.ledger.fates("nothing", "")] == ["nothing"]


def lists_of(store: SqlStore) -> None:
    store.ledger.entries(DAY, (NOON, 7))
    store.ledger.entries_in_work(Waits.READ, 10)
    store.ledger.entries_in_work(Waits.MATCH, 10)
    store.ledger.polls(DAY)
    store.ledger.pending("morning", 10)
    store.ledger.fates("nothing", "")
    store.facts.came(DAY)


def test_no_list_is_read_through_a_table(tmp_path: Path) -> None:
    with closing(file_store(tmp_path / "monitor.db")) as store:
        store.feeds.sync([feed_settings()], NOON)
        steps = plans_of(store, lambda: lists_of(store))
    scanned = [step for step in steps if re.match(r"SCAN [a-z]+\b(?! USING COVERING INDEX)", step)]
    assert not scanned
