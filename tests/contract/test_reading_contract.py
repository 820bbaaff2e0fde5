"""What every store promises of reading: pages that are asked again, and what the pages of a host carried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON, decision, new_article, new_entry
from stored import read_articles, record_poll

from monitor.adapters.store.reading import MOST_WITNESSES
from monitor.model.article import Quality
from monitor.model.entry import Fate
from monitor.model.feed import Feed
from monitor.model.reading import GivenAtLast, Remembered, RereadState
from monitor.model.retention import PruneLimits, PruneStep
from monitor.ports import Store

HOUR = timedelta(hours=1)
HOST, KEY = 7, -(2**62)


def bring(store: Store, feed: Feed, *names: str) -> list[int]:
    """Entries of a feed, by row."""
    entries = [new_entry(name, f"Title {name}") for name in names]
    record_poll(store, feed, decision(), entries, now=NOON)
    return [one.row for one in store.articles.waiting(NOON, 1000)]


def read(store: Store, row: int, remembered: Remembered) -> None:
    store.articles.record_read(new_article(row, title=f"Title {row}"), remembered)


def waits(why: str = "no answer") -> Remembered:
    return Remembered(NOON, reread=why, again_at=NOON + HOUR)


def carries(*keys: int, at: timedelta = timedelta(0)) -> Remembered:
    return Remembered(NOON + at, HOST, keys)


def test_a_page_is_asked_again_at_its_time_and_its_entry_is_no_waiting_one(store: Store, feed: Feed) -> None:
    (row,) = bring(store, feed, "a")
    read(store, row, waits())
    assert store.articles.waiting(NOON + 2 * HOUR, 10) == []
    assert store.reading.rereads(NOON + HOUR - timedelta(seconds=1), 10) == []
    (entry,) = store.reading.rereads(NOON + HOUR, 10)
    assert (entry.row, entry.rereads, entry.new.parsed.title, entry.full_text) == (row, 0, "Title a", False)
    assert store.reading.rereads(NOON + HOUR, 10, [row]) == []
    assert store.reading.rereads(NOON + HOUR, 10, (), [feed.id]) == []


def test_what_a_page_gives_at_last_revises_its_entry(store: Store, feed: Feed) -> None:
    (row,) = bring(store, feed, "a")
    read(store, row, waits())
    page = new_article(row, text="At last.")
    given = store.reading.record_reread(page, carries(KEY, at=HOUR))
    assert store.reading.record_reread(page, carries(KEY, at=HOUR)) is None
    newest, oldest = store.ledger.fates("https://news.example/a", "https://news.example/a")
    assert (newest.entry.revision_of, newest.entry.fate, newest.found_again) == (row, Fate.READ, True)
    assert newest.article is not None
    assert given == GivenAtLast(RereadState.FOUND, newest.row, newest.article.id)
    assert (newest.article.text, newest.article.first_seen) == ("At last.", NOON + HOUR)
    assert oldest.reread is not None
    assert (oldest.reread.state, oldest.reread.result, oldest.found_again) == (
        RereadState.FOUND,
        newest.row,
        False,
    )
    assert [one.entry_row for one in store.reading.witnesses(HOST, [KEY], NOON)] == [newest.row]
    assert store.reading.rereads(NOON + 9 * HOUR, 10) == []


def test_the_old_words_of_an_edited_entry_are_read_no_more(store: Store, feed: Feed) -> None:
    (row,) = bring(store, feed, "a")
    read(store, row, waits())
    edit = new_entry("a", "Edited", text_hash="other", revision_of=row)
    record_poll(store, feed, decision(), [edit], now=NOON)
    assert store.reading.record_reread(new_article(row), carries(KEY)) == GivenAtLast(RereadState.SUPERSEDED)
    assert store.reading.rereads(NOON + 9 * HOUR, 10) == []
    assert store.reading.witnesses(HOST, [KEY], NOON) == []


def test_a_failed_try_is_counted_and_the_last_one_ends_it(store: Store, feed: Feed) -> None:
    (row,) = bring(store, feed, "a")
    read(store, row, waits())
    store.reading.record_failed_reread(row, "still nothing", NOON + 2 * HOUR)
    assert store.reading.rereads(NOON + HOUR, 10) == []
    (entry,) = store.reading.rereads(NOON + 2 * HOUR, 10)
    assert entry.rereads == 1
    store.reading.record_failed_reread(row, "a wall", RereadState.BEHIND_WALL, carries(KEY))
    (fate,) = store.ledger.fates("https://news.example/a", "https://news.example/a")
    assert fate.reread is not None
    assert (fate.reread.state, fate.reread.why, fate.reread.tries) == (RereadState.BEHIND_WALL, "a wall", 2)
    assert len(store.reading.witnesses(HOST, [KEY], NOON)) == 1


def test_witnesses_are_of_the_host_and_the_time_and_say_who_has_read_them(store: Store, feed: Feed) -> None:
    one, two, three = bring(store, feed, "a", "b", "c")
    read(store, one, carries(KEY, 5))
    read(store, two, carries(KEY, at=timedelta(days=40)))
    read(store, three, Remembered(NOON, HOST + 1, (KEY,)))
    store.articles.record_ruleset("v1", [], NOON)
    article = read_articles(store)[0]
    assert [(w.key, w.entry_row, w.judged) for w in store.reading.witnesses(HOST, [KEY, 5, 6], NOON)] == [
        (KEY, two, False),
        *((key, one, False) for key in (KEY, 5)),
    ]
    assert [w.entry_row for w in store.reading.witnesses(HOST, [KEY], NOON + timedelta(days=20))] == [two]
    assert store.reading.witnesses(HOST, [], NOON) == []
    assert article.entry_row == one


def test_only_so_many_pages_with_the_same_are_remembered_the_newest(store: Store, feed: Feed) -> None:
    rows = bring(store, feed, *(f"e{n}" for n in range(MOST_WITNESSES + 3)))
    for row in rows:
        read(store, row, carries(KEY))
    found = [one.entry_row for one in store.reading.witnesses(HOST, [KEY], NOON)]
    assert found == sorted(rows, reverse=True)[:MOST_WITNESSES]


def test_earlier_pages_that_turn_out_to_be_walls_are_marked_and_asked_again(store: Store, feed: Feed) -> None:
    one, two = bring(store, feed, "a", "b")
    read(store, one, carries(KEY))
    wall = Remembered(NOON, HOST, (KEY,), walls=(one,), again_at=NOON + HOUR)
    read(store, two, wall)
    assert [entry.row for entry in store.reading.rereads(NOON + HOUR, 10)] == [one]
    marked, other = read_articles(store)
    assert (marked.quality, other.quality) == (Quality.STUB, Quality.FULL)
    assert "a wall" in (marked.note or "")


def test_what_was_read_before_leaves_nothing_behind_a_second_time(store: Store, feed: Feed) -> None:
    (row,) = bring(store, feed, "a")
    read(store, row, carries(KEY))
    read(store, row, waits())
    assert store.reading.rereads(NOON + HOUR, 10) == []


def test_what_is_forgotten_leaves_nothing_behind(store: Store, feed: Feed) -> None:
    (row,) = bring(store, feed, "a")
    read(store, row, Remembered(NOON, HOST, (KEY,), reread="a wall", again_at=NOON + HOUR))
    url = "https://news.example/a"
    store.retention.forget(url, url, NOON, even_unsent=True)
    assert store.reading.witnesses(HOST, [KEY], NOON) == []
    assert store.reading.rereads(NOON + HOUR, 10) == []


def test_what_pages_carried_goes_by_age_and_of_a_busy_host_by_number(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.adapters.store.reading.MOST_PARTS", 2)
    rows = bring(store, feed, "a", "b", "c", "d")
    for n, row in enumerate(rows):
        read(store, row, carries(KEY, n, at=timedelta(days=n)))
    limits = PruneLimits(*[NOON + timedelta(days=1)] * 5, ruleset="")
    while store.retention.prune(PruneStep.PAGE_PARTS, limits, 1):
        pass
    kept = {(one.key, one.entry_row) for one in store.reading.witnesses(HOST, [KEY, *range(4)], NOON)}
    assert kept == {(KEY, row) for row in rows[1:]} | {(3, rows[3])}
