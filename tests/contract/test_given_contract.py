"""What is promised of feeds that go into a queue and come out of it: whoever takes one again is right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOON, decision, feed_settings, new_entry
from stored import LEASE, grouped, matched

from monitor.adapters.store import dispatching
from monitor.adapters.store.sql import SqlStore
from monitor.model.feed import Feed, Polled
from monitor.model.jobs import PARTS, DueFeed

AGAIN = timedelta(seconds=30)


def all_of_them(_connection: Any, feeds: Sequence[DueFeed]) -> set[int]:
    return {one.id for one in feeds}


def none_of_them(_connection: Any, _feeds: Sequence[DueFeed]) -> Collection[int]:
    return ()


def dispatched(store: SqlStore, minutes: float = 0, most: int = 100) -> list[int]:
    return list(store.dispatched.dispatch(NOON + minutes * MINUTE, LEASE, AGAIN, most, all_of_them))


def taken(store: SqlStore, feed: Feed, minutes: float = 0) -> Feed:
    (found,) = store.given.take([feed.id], NOON + minutes * MINUTE, LEASE)
    return found


def test_what_is_due_goes_into_the_queue_once_and_again_when_nobody_polled_it_in_its_time(
    store: SqlStore, feed: Feed
) -> None:
    assert dispatched(store) == [feed.id]
    assert dispatched(store, 1) == []
    assert dispatched(store, LEASE / MINUTE) == [feed.id]


def test_what_does_not_get_into_the_queue_is_tried_again_soon(store: SqlStore, feed: Feed) -> None:
    assert store.dispatched.dispatch(NOON, LEASE, AGAIN, 100, none_of_them) == [feed.id]
    assert dispatched(store, 0.4) == []
    assert dispatched(store, 0.5) == [feed.id]


def test_no_more_go_at_once_than_asked_and_those_that_are_due_longest_first(store: SqlStore) -> None:
    store.feeds.sync([feed_settings(f"https://f{n}.example/feed") for n in range(5)], NOON)
    store.feeds.make_all_due(NOON)
    assert [len(dispatched(store, most=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_nothing_is_leased_when_the_queue_fails(store: SqlStore, feed: Feed) -> None:
    def broken(_connection: Any, _feeds: Sequence[DueFeed]) -> Collection[int]:
        raise LookupError

    with pytest.raises(LookupError):
        store.dispatched.dispatch(NOON, LEASE, AGAIN, 100, broken)
    assert dispatched(store) == [feed.id]


def test_a_feed_that_was_polled_meanwhile_or_left_the_config_is_not_taken(store: SqlStore, feed: Feed) -> None:
    dispatched(store)
    later = decision(next_poll_at=NOON + 10 * MINUTE)
    store.given.record_polls([Polled(taken(store, feed), later, NOON, [])])
    assert store.given.take([feed.id], NOON + MINUTE, LEASE) == []
    assert [one.id for one in store.given.take([feed.id], NOON + 10 * MINUTE, LEASE)] == [feed.id]
    store.feeds.unsubscribe(feed.id)
    assert store.given.take([feed.id], NOON + 20 * MINUTE, LEASE) == []


def test_what_was_given_out_is_taken_by_a_worker_whose_clock_is_behind(store: SqlStore, feed: Feed) -> None:
    """Else its job would be done, and its lease would keep it from all others for five minutes."""
    store.given.put_off({feed.id: NOON + 10 * MINUTE}, {feed.id: taken(store, feed).lease_token})
    assert dispatched(store, 10) == [feed.id]
    assert taken(store, feed, 9).id == feed.id
    store.given.record_polls(
        [Polled(taken(store, feed, 9), decision(next_poll_at=NOON + 20 * MINUTE), NOON + 10 * MINUTE, [])]
    )
    assert store.given.take([feed.id], NOON + 19 * MINUTE, LEASE) == [], "it is polled"


def test_of_one_who_slept_the_entries_are_stored_and_nothing_that_he_says_of_the_feed(
    store: SqlStore, feed: Feed
) -> None:
    sleeper = taken(store, feed)
    awake = taken(store, feed, 6)
    said = decision(next_poll_at=NOON + 60 * MINUTE, failures=3)
    assert store.given.record_polls([Polled(sleeper, said, NOON, [new_entry("late")])]) == 1
    (now,) = store.feeds.all()
    assert (now.failures, now.next_poll_at) == (0, feed.next_poll_at)
    store.given.put_off({feed.id: NOON + 60 * MINUTE}, {feed.id: sleeper.lease_token})
    store.given.give_back({feed.id: sleeper.lease_token})
    assert dispatched(store, 7) == [], "it is still leased to who is awake"
    store.given.record_polls([Polled(awake, decision(next_poll_at=NOON + 9 * MINUTE), NOON + 7 * MINUTE, [])])
    (now,) = store.feeds.all()
    assert now.next_poll_at == NOON + 9 * MINUTE


def test_a_feed_that_left_the_config_when_its_job_was_taken_is_due_at_once_when_it_comes_back(
    store: SqlStore, feed: Feed
) -> None:
    """As in a reload that is taken back a moment later: it waited for the end of its lease."""
    dispatched(store)
    store.feeds.sync([], NOON)
    assert store.given.take([feed.id], NOON, LEASE) == []
    store.feeds.sync([feed.settings], NOON)
    assert dispatched(store) == [feed.id]


def test_what_is_given_back_is_due_as_before(store: SqlStore, feed: Feed) -> None:
    dispatched(store)
    mine = taken(store, feed)
    store.given.give_back({feed.id: mine.lease_token})
    assert dispatched(store) == [feed.id]
    store.dispatched.free([feed.id])
    assert dispatched(store) == [feed.id]


def test_what_is_put_off_is_due_then(store: SqlStore, feed: Feed) -> None:
    mine = taken(store, feed)
    store.given.put_off({feed.id: NOON + 5 * MINUTE}, {feed.id: mine.lease_token})
    assert (dispatched(store, 4), dispatched(store, 5)) == ([], [feed.id])


# ---- articles for the rules


def parts_of(store: SqlStore, minutes: float = 0) -> list[int]:
    put: list[int] = []
    store.unmatched.dispatch_unmatched(NOON + minutes * MINUTE, lambda _connection, parts: put.extend(parts))
    return sorted(put)


def test_articles_are_given_out_by_the_parts_of_their_feeds_until_they_are_matched(store: SqlStore) -> None:
    store.feeds.sync([feed_settings(f"https://f{n}.example/feed") for n in range(3)], NOON)
    feeds = store.feeds.all()
    articles = [grouped(store, feed, f"e{feed.id}", f"s_{feed.id}") for feed in feeds]
    further = grouped(store, feeds[0], "further", "s_9")
    parts = [feed.id % PARTS for feed in feeds]
    assert parts_of(store) == parts
    assert [one.id for one in store.articles.unmatched(NOON, 10, parts[0])] == [articles[0].id, further.id]
    matched(store, articles[0], "alerts")
    assert parts_of(store) == parts
    matched(store, further, "alerts")
    assert parts_of(store) == parts[1:]
    assert not store.articles.unmatched(NOON, 10, parts[0])


def test_many_articles_of_one_feed_hold_up_those_of_no_other(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is looked at may be of one part: others are given out unseen, and an empty one costs little."""
    monkeypatch.setattr(dispatching, "_LOOK_AT", 3)
    store.feeds.sync([feed_settings(f"https://f{n}.example/feed") for n in range(2)], NOON)
    many, other = store.feeds.all()
    for number in range(3):
        grouped(store, many, f"e{number}", f"s_{number}")
    grouped(store, other, "waits behind them", "s_9")
    assert other.id % PARTS in parts_of(store)


def test_an_article_that_was_put_off_is_given_out_when_its_time_comes(store: SqlStore, feed: Feed) -> None:
    article = grouped(store, feed)
    store.articles.postpone(article.id, "it broke", NOON + MINUTE)
    assert parts_of(store) == []
    assert parts_of(store, 1) == [feed.id % PARTS]


def test_when_nothing_waits_nobody_is_asked_to_put_anything(store: SqlStore, feed: Feed) -> None:
    store.unmatched.dispatch_unmatched(NOON, lambda _connection, _parts: pytest.fail("nothing waits"))
