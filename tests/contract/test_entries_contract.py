"""What every store promises of the entries of a feed."""

from __future__ import annotations

from made import MINUTE, NOON, feed_settings, new_entry
from stored import grouped, matched, poll

from monitor.model.entry import Fate
from monitor.model.feed import Feed
from monitor.ports import Store


def test_an_entry_is_stored_once(store: Store, feed: Feed) -> None:
    assert poll(store, feed, new_entry()) == 1
    assert poll(store, feed, new_entry()) == 0


def test_of_many_entries_those_are_counted_that_were_not_there(store: Store, feed: Feed) -> None:
    assert poll(store, feed, new_entry("e1"), new_entry("e2")) == 2
    assert poll(store, feed, new_entry("e2"), new_entry("e3"), new_entry("e3"), new_entry("e4")) == 2
    assert [entry.new.parsed.id for entry in store.articles.waiting(NOON, 10)] == ["e1", "e2", "e3", "e4"]


def test_known_entries_are_found_by_id_and_by_url(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"), new_entry("e2"), new_entry("e3"))
    found = store.feeds.known_entries(feed.id, ["e1"], ["https://news.example/e2", ""])
    assert [one.id for one in found] == ["e1", "e2"]


def test_entries_of_other_feeds_are_not_known(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"))
    assert not store.feeds.known_entries(feed.id + 1, ["e1"], ["https://news.example/e1"])


def test_a_thousand_known_entries_are_found(store: Store, feed: Feed) -> None:
    ids = [f"e{n}" for n in range(1000)]
    poll(store, feed, *(new_entry(one) for one in ids))
    assert len(store.feeds.known_entries(feed.id, ids, [])) == 1000


def test_an_id_of_any_length_and_letters_is_kept(store: Store, feed: Feed) -> None:
    long = "طورخم\x00" * 10_000
    poll(store, feed, new_entry(long.replace("\x00", "")))
    assert store.feeds.known_entries(feed.id, [long.replace("\x00", "")], [])


def test_only_waiting_entries_wait(store: Store, feed: Feed) -> None:
    poll(
        store,
        feed,
        new_entry("e1"),
        new_entry("e2", fate=Fate.SEEN_AT_SUBSCRIBE),
        new_entry("e3", fate=Fate.TOO_OLD),
    )
    assert [entry.new.parsed.id for entry in store.articles.waiting(NOON, 10)] == ["e1"]


def test_of_those_that_wait_rows_and_whole_feeds_may_be_left_out(store: Store) -> None:
    store.feeds.sync([feed_settings(), feed_settings("https://other.example/feed", name="Other")], NOON)
    one, other = store.feeds.all()
    poll(store, one, new_entry("e1"), new_entry("e2"))
    poll(store, other, new_entry("o1"))
    first = store.articles.waiting(NOON, 1)[0].row
    assert [entry.new.parsed.id for entry in store.articles.waiting(NOON, 10, [first], [other.id])] == ["e2"]
    assert [entry.new.parsed.id for entry in store.articles.waiting(NOON, 1, (), {one.id})] == ["o1"]


def test_a_waiting_entry_brings_what_reading_needs(store: Store) -> None:
    store.feeds.sync([feed_settings(full_text=True, tags=("border",))], NOON)
    poll(store, store.feeds.all()[0], new_entry(authors=("Riaz Khan",)))
    entry = store.articles.waiting(NOON, 10)[0]
    assert (entry.full_text, entry.feed_tags, entry.feed_name) == (True, ("border",), "News")
    assert entry.feed_url == feed_settings().url
    assert entry.new.parsed.authors == ("Riaz Khan",)


def test_a_postponed_entry_waits_until_its_time(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    store.articles.postpone_read(store.articles.waiting(NOON, 1)[0].row, NOON + MINUTE)
    assert not store.articles.waiting(NOON, 10)
    assert store.articles.waiting(NOON + MINUTE, 10)[0].read_attempts == 1


def test_an_entry_that_was_put_off_without_an_attempt_has_all_of_them_left(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    store.articles.postpone_read(store.articles.waiting(NOON, 1)[0].row, NOON + MINUTE, attempted=False)
    assert not store.articles.waiting(NOON, 10)
    assert store.articles.waiting(NOON + MINUTE, 10)[0].read_attempts == 0


def test_the_entries_of_a_feed_come_newest_first_with_their_rules(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("old", fate=Fate.SEEN_AT_SUBSCRIBE))
    matched(store, grouped(store, feed, "e1"), "morning")
    poll(store, feed, new_entry("e2"))
    total, entries = store.ledger.seen_entries(feed.id, 2)
    assert total == 3
    assert [(one.link, one.fate, one.rules) for one in entries] == [
        ("https://news.example/e2", Fate.WAITING, ()),
        ("https://news.example/e1", Fate.READ, ("torkham-closed",)),
    ]
    assert store.ledger.seen_entries(feed.id + 1, 2) == (0, [])
