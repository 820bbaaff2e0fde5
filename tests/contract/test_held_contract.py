"""What every store says of its queues, for who watches from outside: counts and ages, along its indexes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from made import MINUTE, NOON, decision, feed_settings, new_entry
from newsroom import file_store
from query_plans import plans_of
from stored import grouped, matched, plan, poll, record_poll

from monitor.adapters.store import tables as t
from monitor.app.status import state_of
from monitor.core.feeds.coverage import coverage_of
from monitor.core.feeds.health import LOST_OF_LATE, OVERDUE_AFTER, waits_for_its_host
from monitor.core.feeds.schedule import boost_at
from monitor.model.cadence import Boost
from monitor.model.delivery import DeliveryState, RetryDecision, RetryReason
from monitor.model.digest import Window
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import KEPT, SUBSCRIBED, Feed, FeedStatus, Pause
from monitor.model.measure import Came, FeedState, Held, Oldest
from monitor.ports import Store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def filled(held: Held) -> dict[DeliveryState, int]:
    return {state: count for state, count in held.deliveries.items() if count}


def test_an_empty_store_holds_nothing_and_nothing_waits(store: Store) -> None:
    held = store.facts.held(NOON)
    assert replace(held, deliveries={}) == Held()
    assert not filled(held)


def test_each_queue_is_counted_and_says_since_when_its_oldest_waits(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning", "evening")
    store.digests.record_plan(plan(store, deliveries=2), NOON + MINUTE)
    grouped(store, feed, "e2")
    poll(store, feed, new_entry("e3"), new_entry("e4"), now=NOON + 2 * MINUTE)
    held = store.facts.held(NOON + DAY)
    assert (held.entries_waiting, held.articles_unmatched, held.matches_pending) == (2, 1, 1)
    assert filled(held) == {DeliveryState.WAITING: 2}
    assert held.oldest == Oldest(
        feed=NOON + 15 * MINUTE, entry=NOON + 2 * MINUTE, article=NOON, match=NOON, delivery=NOON + MINUTE
    )


def test_a_page_that_is_put_off_is_as_old_as_ever(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"))
    (entry,) = store.articles.waiting(NOON, 10)
    store.articles.postpone_read(entry.row, NOON + HOUR)
    assert store.facts.held(NOON + MINUTE).oldest.entry == NOON


def test_the_oldest_pending_match_is_that_of_any_digest(store: Store, feed: Feed) -> None:
    for name in ("alpha", "morning", "zulu"):
        matched(store, grouped(store, feed, name), name)
    store.digests.open_digest("morning", NOON)
    store.digests.record_plan(plan(store), NOON)
    held = store.facts.held(NOON)
    assert held.matches_pending == 2
    assert held.oldest.match == NOON


def test_a_feed_that_is_being_polled_is_not_due(store: Store, feed: Feed) -> None:
    poll(store, feed)
    assert store.facts.held(NOON + DAY).oldest.feed == NOON + 15 * MINUTE
    store.feeds.claim_due(NOON + DAY, HOUR, 10)
    assert store.facts.held(NOON + DAY).oldest.feed is None


def test_given_up_messages_are_counted_and_do_not_wait(waiting: Store) -> None:
    (row,) = waiting.outbox.claim(NOON, HOUR, 10)
    no = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")
    waiting.outbox.record_failure(row, no, RetryDecision(None, RetryReason.REFUSED), NOON)
    held = waiting.facts.held(NOON)
    assert filled(held) == {DeliveryState.DEAD: 1}
    assert held.oldest.delivery is None


def some_feeds(store: Store) -> None:
    names = ("well", "late", "failing", "gone", "removed", "paused", "lost", "lost-long-ago")
    every = [feed_settings(f"https://{name}.example/feed", name=name) for name in names]
    store.feeds.sync(every, NOON)
    store.feeds.sync([one for one in every if one.name != "removed"], NOON)
    now = NOON + 30 * DAY
    for feed in store.feeds.all():
        soon = decision(now, url=feed.url)
        match feed.settings.name:
            case "late":
                record_poll(store, feed, replace(soon, next_poll_at=now - OVERDUE_AFTER - MINUTE), (), now=now)
            case "failing":
                failed = replace(soon, failures=1, next_poll_at=now - DAY)
                record_poll(store, feed, failed, (), now=now)
            case "gone":
                record_poll(store, feed, replace(soon, status=FeedStatus.GONE, failures=2), (), now=now)
            case "removed":
                pass
            case "paused":
                store.feed_book.pause([feed.id], Pause("anna", now))
            case _:
                record_poll(store, feed, soon, (), now=now)
    for name, then in (("lost", MINUTE), ("lost-long-ago", -MINUTE)):
        when = t.feeds.update().where(t.feeds.c.declared_name == name)
        with store._db.write() as connection:  # type: ignore[attr-defined]
            connection.execute(when.values(may_have_lost_at=now - LOST_OF_LATE + then))


def test_feeds_are_counted_as_status_counts_them(store: Store) -> None:
    some_feeds(store)
    now = NOON + 30 * DAY
    held = store.facts.held(now)
    each = [state_of(feed, now) for feed in store.feeds.all() if feed.status in KEPT]
    assert held.feeds == {state: each.count(state) for state in FeedState if state in each}
    assert set(held.feeds) == set(FeedState)
    assert held.may_have_lost == 1


def test_a_batch_says_when_its_first_entry_was_seen(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for number, seen in enumerate((NOON, NOON - 2 * HOUR, NOON - HOUR)):
        matched(store, grouped(store, feed, f"e{number}", first_seen=seen), "morning")
    store.digests.record_plan(plan(store), NOON)
    matched(store, grouped(store, feed, "later", first_seen=NOON - DAY), "morning")
    assert store.facts.first_seen_in("morning", "b1") == NOON - 2 * HOUR
    assert store.facts.first_seen_in("morning", "b2") is None


def test_a_store_in_a_file_tells_how_much_room_its_disk_has_and_no_other_does(store: Store) -> None:
    disk = store.disk()
    if store.path is None:  # type: ignore[attr-defined]
        assert disk is None
    else:
        assert disk is not None
        assert 0 < disk.free <= disk.size


def test_no_number_is_counted_over_a_table_but_the_feeds(tmp_path: Path) -> None:
    """The words of SQLite's planner. The walk from one digest to the next is over its index."""
    with closing(file_store(tmp_path / "monitor.db")) as store:
        some_feeds(store)
        steps = plans_of(store, lambda: (store.facts.held(NOON), store.facts.first_seen_in("morning", "b1")))
    scans = [step for step in steps if step.startswith("SCAN") and "USING COVERING INDEX" not in step]
    assert not scans
    sorted_in_memory = [step for step in steps if "TEMP B-TREE" in step]
    assert sorted_in_memory == ["USE TEMP B-TREE FOR GROUP BY"]  # four states of feeds


def test_the_feeds_that_are_left_alone_and_boosted_are_counted_as_each_is_judged(store: Store) -> None:
    some_feeds(store)
    now = NOON + 30 * DAY
    feeds = {feed.settings.name: feed for feed in store.feeds.all()}
    store.feeds.put_off({feeds["well"].id: now + 2 * HOUR, feeds["lost"].id: now + 30 * MINUTE})
    store.feeds.boost([feeds["well"].id], Boost(5 * MINUTE, now + HOUR), now)
    store.feeds.boost([feeds["late"].id], Boost(5 * MINUTE, now + DAY), now)
    store.feeds.boost([feeds["lost-long-ago"].id], Boost(5 * MINUTE, now - HOUR), now - DAY)
    found, every = store.facts.feeds(now), [one for one in store.feeds.all() if one.status in SUBSCRIBED]
    assert found.left_alone == sum(waits_for_its_host(feed, now) for feed in every) == 1
    assert found.boosted == sum(boost_at(feed, now) is not None for feed in every) == 2
    assert found.boosts_end == (now + HOUR, now + DAY)
    assert (found.total, found.failing) == (len(every), 2)


def test_of_paused_feeds_nothing_is_counted_but_that_they_are_paused(store: Store) -> None:
    some_feeds(store)
    now = NOON + 30 * DAY
    feeds = {feed.settings.name: feed for feed in store.feeds.all()}
    store.feeds.boost([feeds["well"].id, feeds["gone"].id], Boost(5 * MINUTE, now + HOUR), now)
    store.feed_book.pause([feeds["well"].id, feeds["lost"].id], Pause("anna", now))
    found = store.facts.feeds(now)
    assert (found.boosted, found.boosts_end, found.may_have_lost, found.left_alone) == (0, None, 0, 0)
    assert store.facts.held(now).may_have_lost == 0


def test_the_feeds_that_fail_are_named_in_the_order_of_subscription(store: Store) -> None:
    some_feeds(store)
    assert [feed.name for feed in store.facts.failing_feeds()] == ["failing", "gone"]
    assert [feed.name for feed in store.facts.failing_feeds(1)] == ["failing"]


def test_what_came_in_a_span_is_counted_without_its_end(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"), now=NOON)
    poll(store, feed, new_entry("e2"), new_entry("e3"), now=NOON + HOUR)
    matched(store, grouped(store, feed, "e4"), "morning")
    assert store.facts.came(Window(NOON, NOON + HOUR)) == Came(entries=2, matches=1)
    assert store.facts.came(Window(NOON + HOUR, NOON + DAY)) == Came(entries=2)


def test_what_stands_behind_a_digest_is_the_same_without_a_look_at_the_feeds_that_are_well(store: Store) -> None:
    some_feeds(store)
    now = NOON + 30 * DAY
    feeds = {feed.settings.name: feed for feed in store.feeds.all()}
    store.feeds.put_off({feeds["well"].id: now + 2 * HOUR})
    store.feeds.passive_feed("mail", now)
    found, every = store.feeds.standing(now), store.feeds.all()
    for since in (NOON, now):
        whole = coverage_of(every, since, now)
        assert coverage_of(found.others, since, now, well=found.well) == whole
        assert (whole.failing, whole.late) == (2, 1)
    assert len(found.others) < len(every)
    ids = [one.id for one in every]
    subscribed = {one.id: one.subscribed_at for one in every if one.status is not FeedStatus.PASSIVE}
    assert store.feeds.subscribed_at(ids) == subscribed
    assert store.feeds.subscribed_at(ids[:1]) == {ids[0]: every[0].subscribed_at}
    assert store.feeds.subscribed_at([]) == {}
