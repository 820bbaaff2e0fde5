"""What every store promises to who looks after feeds: found, counted, paused, asked at once, with past polls."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from made import MINUTE, NOON, decision, feed_settings, new_entry
from newsroom import fresh_postgresql_store
from stored import LEASE, poll, record_poll

from monitor.adapters.store.sql import SqlStore
from monitor.app.status import state_of
from monitor.model.feed import (
    NOTHING_READ,
    Answered,
    Feed,
    FeedOrigin,
    FeedStatus,
    HostPause,
    Pause,
    Polled,
    PollOutcome,
    PollReason,
    Reading,
    Subscription,
)
from monitor.model.feed_book import POLLS_KEPT, SAID_KEPT, AskNow, FeedQuery, FeedSort
from monitor.model.measure import FeedState
from monitor.ports import Store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA = Pause("anna", NOON)


def subscribe(store: Store, *feeds: tuple[str, str, tuple[str, ...]]) -> list[Feed]:
    """Feeds by address, name and tags."""
    wanted = [
        Subscription(feed_settings(url, name=name, tags=tags, origin=FeedOrigin.STORE), NOON)
        for url, name, tags in feeds
    ]
    return list(store.feeds.subscribe(wanted, NOON))


def names(store: Store, **asked: object) -> list[str]:
    return [row.feed.name for row in store.feed_book.table(FeedQuery(**asked), NOON).rows]  # type: ignore[arg-type]


@pytest.fixture
def three(store: Store) -> list[Feed]:
    return subscribe(
        store,
        ("https://b.example/feed?token=geheim", "beta", ("border", "pk")),
        ("https://a.example/feed", "Alpha", ("border",)),
        ("https://c.example/100%25_feed", "Ёлка", ()),
    )


def polled(
    store: Store, feed: Feed, now: datetime = NOON, reading: Reading = NOTHING_READ, **decided: object
) -> None:
    record_poll(store, feed, decision(now, **decided), now=now, reading=reading)


def failing(store: Store, feed: Feed) -> None:
    polled(store, feed, outcome=PollOutcome.HTTP_ERROR, failures=2, error="HTTP 500")


# ---- the table


def test_a_feed_is_found_by_its_number_whatever_became_of_it(store: Store, three: list[Feed]) -> None:
    store.feeds.unsubscribe(three[1].id)
    found = store.feed_book.one(three[1].id)
    assert found is not None
    assert (found.name, found.status) == ("Alpha", FeedStatus.REMOVED)
    assert store.feed_book.one(99) is None
    passive = store.feeds.passive_feed("Reuters", NOON)
    assert store.feed_book.one(passive.id) is None


def test_the_table_goes_on_behind_a_feed_whatever_becomes_of_its_name(store: Store, three: list[Feed]) -> None:
    first, second, third = three
    assert names(store, sort=FeedSort.SUBSCRIBED, most=2) == ["beta", "Alpha"]
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(sa.text("UPDATE feeds SET name = 'Zebra' WHERE id = :id"), {"id": second.id})
    store.feeds.unsubscribe(first.id)
    assert names(store, sort=FeedSort.SUBSCRIBED, after=second.id) == ["Ёлка"]
    assert names(store, sort=FeedSort.SUBSCRIBED, after=first.id) == ["Zebra", "Ёлка"]
    assert store.feed_book.table(FeedQuery(after=third.id), NOON).found(None) == 2


def test_the_table_holds_what_is_subscribed_or_paused(store: Store, three: list[Feed]) -> None:
    store.feeds.unsubscribe(three[0].id)
    store.feed_book.pause([three[1].id], ANNA)
    store.feeds.passive_feed("Reuters", NOON)
    table = store.feed_book.table(FeedQuery(sort=FeedSort.NAME), NOON)
    assert [(row.feed.name, row.state) for row in table.rows] == [
        ("Alpha", FeedState.PAUSED),
        ("Ёлка", FeedState.OK),
    ]
    assert table.total == 2


@pytest.mark.parametrize(
    ("find", "found"),
    [
        ("ALPHA", ["Alpha"]),
        ("ёЛк", ["Ёлка"]),
        ("b.example", ["beta"]),
        ("0%2", ["Ёлка"]),
        ("%", ["Ёлка"]),
        ("_", ["Ёлка"]),
        ("nobody", []),
        ("'\\", []),
        ("İST", ["İstanbul"]),
        ("İstanbul", ["İstanbul"]),
        ("a\0b", []),
    ],
)
def test_words_are_found_in_names_and_addresses_whatever_their_case(
    store: Store, three: list[Feed], find: str, found: list[str]
) -> None:
    subscribe(store, ("https://d.example/feed", "İstanbul", ()))
    assert names(store, find=find) == found


def test_the_queries_of_addresses_are_searched_for_those_alone_who_may_see_them(
    store: Store, three: list[Feed]
) -> None:
    assert names(store, find="geheim") == []
    assert names(store, find="feed?t") == []
    assert names(store, find="geheim", in_queries=True) == ["beta"]


def test_tags_are_whole_words_and_are_listed(store: Store, three: list[Feed]) -> None:
    assert names(store, tag="border", sort=FeedSort.NAME) == ["Alpha", "beta"]
    assert names(store, tag="bord") == []
    assert names(store, tag="border\0") == []
    assert store.feed_book.table(FeedQuery(tag="pk"), NOON).tags == ["border", "pk"]


def test_states_are_counted_as_the_other_filters_have_it(store: Store, three: list[Feed]) -> None:
    failing(store, three[0])
    table = store.feed_book.table(FeedQuery(tag="border", state=FeedState.FAILING), NOON)
    assert table.states == {FeedState.FAILING: 1, FeedState.OK: 1}
    assert (table.found(FeedState.FAILING), table.found(None), table.total) == (1, 2, 3)
    assert [row.feed.name for row in table.rows] == ["beta"]


def test_the_state_of_the_table_is_that_of_the_commands(store: Store, three: list[Feed]) -> None:
    failing(store, three[0])
    polled(store, three[1], outcome=PollOutcome.GONE, status=FeedStatus.GONE, failures=1)
    for now in (NOON, NOON + DAY):
        for row in store.feed_book.table(FeedQuery(), now).rows:
            assert row.state is state_of(row.feed, now)
    store.feed_book.pause([three[0].id], ANNA)
    assert store.feed_book.table(FeedQuery(state=FeedState.PAUSED), NOON).found(FeedState.PAUSED) == 1


def test_each_column_sorts_both_ways_with_what_is_not_known_first(store: Store, three: list[Feed]) -> None:
    polled(store, three[0], NOON, Reading(lists=7, body_hash="x"))
    polled(store, three[1], NOON + MINUTE, Reading(lists=3, body_hash="x"))
    assert names(store, sort=FeedSort.ENTRIES) == ["Ёлка", "Alpha", "beta"]
    assert names(store, sort=FeedSort.ENTRIES, down=True) == ["beta", "Alpha", "Ёлка"]
    assert names(store, sort=FeedSort.LAST) == ["Ёлка", "beta", "Alpha"]
    assert names(store, sort=FeedSort.NAME, down=True) == ["Ёлка", "beta", "Alpha"]
    assert names(store, sort=FeedSort.NEXT)[0] == "Ёлка"
    assert names(store, sort=FeedSort.NAME, start=1, most=1) == ["beta"]


# ---- past polls


def test_a_poll_is_remembered_with_its_answer_and_what_was_decided(store: Store, feed: Feed) -> None:
    answered = Answered(200, 1234, 0.5)
    found = decision(outcome=PollOutcome.OK, reason=PollReason.RATE)
    store.feeds.record_polls([Polled(feed, found, NOON, [new_entry("e1"), new_entry("e2")], answered=answered)])
    (one,) = store.feed_book.polls(feed.id)
    assert (one.at, one.outcome, one.reason, one.next_poll_at) == (
        NOON,
        PollOutcome.OK,
        PollReason.RATE,
        found.next_poll_at,
    )
    assert (one.status, one.size, one.seconds, one.new, one.error) == (200, 1234, 0.5, 2, None)


def test_of_each_feed_the_last_few_polls_are_kept(store: Store, three: list[Feed]) -> None:
    for number in range(POLLS_KEPT + 5):
        polled(store, three[0], NOON + number * MINUTE)
    polled(store, three[1])
    polls = store.feed_book.polls(three[0].id)
    assert [one.at for one in polls] == [NOON + (POLLS_KEPT + 4 - n) * MINUTE for n in range(POLLS_KEPT)]
    assert len(store.feed_book.polls(three[1].id)) == 1


def test_what_was_said_instead_of_a_feed_is_kept_until_something_else_is(store: Store, feed: Feed) -> None:
    assert store.feed_book.said(feed.id) is None
    page = decision(outcome=PollOutcome.NOT_A_FEED, failures=1, error="a page")
    said = Answered(200, 9_000, 0.1, "<h1>Überall</h1>".encode() + b"\xff\0" + b"x" * 9_000)
    store.feeds.record_polls([Polled(feed, page, NOON, answered=said)])
    polled(store, feed, NOON + MINUTE)
    found = store.feed_book.said(feed.id)
    assert found is not None
    assert (found.at, found.status) == (NOON, 200)
    assert found.text.startswith("<h1>")
    assert len(found.text) <= SAID_KEPT
    store.feeds.record_polls([Polled(feed, page, NOON + HOUR, answered=replace(said, said=b"no"))])
    again = store.feed_book.said(feed.id)
    assert again is not None
    assert again.text == "no"


def test_entries_are_counted_by_the_day_they_were_seen_on(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"), new_entry("e2"), now=NOON)
    poll(store, feed, new_entry("e3"), now=NOON + DAY)
    poll(store, feed, new_entry("e1", "Torkham opened", revision_of=1), now=NOON + DAY)
    counts = store.feed_book.entries_a_day(feed.id, NOON - HOUR)
    assert counts == {NOON.date(): 2, date.fromordinal(NOON.toordinal() + 1): 1}
    assert store.feed_book.entries_a_day(feed.id, NOON + HOUR) == {date.fromordinal(NOON.toordinal() + 1): 1}


# ---- pausing


def test_a_paused_feed_is_not_polled_until_it_is_resumed(store: Store, three: list[Feed]) -> None:
    ids = [three[0].id, three[2].id]
    assert store.feed_book.pause([*ids, 99], ANNA) == ids
    assert store.feed_book.pause(ids, Pause("ben", NOON + HOUR)) == []
    paused = store.feed_book.one(three[0].id)
    assert paused is not None
    assert (paused.status, paused.pause) == (FeedStatus.PAUSED, ANNA)
    assert [one.name for one in store.feeds.claim_due(NOON + DAY, LEASE, 10)] == ["Alpha"]
    assert store.feeds.make_all_due(NOON + DAY) == 1
    assert store.feed_book.resume([*ids, three[1].id], NOON + 2 * DAY) == ids
    again = store.feed_book.one(three[0].id)
    assert again is not None
    assert (again.status, again.pause, again.next_poll_at) == (FeedStatus.ACTIVE, None, NOON + 2 * DAY)


def test_a_feed_that_was_left_to_its_hub_is_polled_when_it_is_resumed(store: Store, feed: Feed) -> None:
    polled(store, feed, next_poll_at=NOON + DAY, reason=PollReason.PUSHED)
    store.hubs.rely(feed.id, NOON + DAY)
    store.feed_book.pause([feed.id], ANNA)
    store.feed_book.resume([feed.id], NOON + HOUR)
    again = store.feed_book.one(feed.id)
    assert again is not None
    assert (again.next_poll_at, again.pushed_until) == (NOON + HOUR, None)


def test_a_wait_that_a_server_asked_for_holds_when_a_feed_is_resumed(store: Store, feed: Feed) -> None:
    polled(store, feed, next_poll_at=NOON + DAY, reason=PollReason.RETRY_AFTER)
    store.feed_book.pause([feed.id], ANNA)
    store.feed_book.resume([feed.id], NOON + HOUR)
    again = store.feed_book.one(feed.id)
    assert again is not None
    assert again.next_poll_at == NOON + DAY


def test_a_start_and_an_import_leave_a_paused_feed_paused(store: Store, feed: Feed) -> None:
    store.feed_book.pause([feed.id], ANNA)
    store.feeds.sync([feed.settings], NOON + HOUR)
    assert store.feeds.subscribe([Subscription(feed.settings, NOON)], NOON) == []
    (one,) = store.feeds.all()
    assert (one.status, one.pause) == (FeedStatus.PAUSED, ANNA)


def test_a_poll_at_work_when_its_feed_is_paused_is_stored_and_the_pause_holds(store: Store, feed: Feed) -> None:
    (claimed,) = store.feeds.claim_due(NOON, LEASE, 1)
    store.feed_book.pause([feed.id], ANNA)
    assert poll(store, claimed, new_entry())
    (one,) = store.feeds.all()
    assert one.status is FeedStatus.PAUSED


def test_what_left_the_config_while_it_was_paused_is_removed(store: Store, feed: Feed) -> None:
    store.feed_book.pause([feed.id], ANNA)
    store.feeds.sync([], NOON)
    assert store.feeds.all()[0].status is FeedStatus.REMOVED


def test_a_feed_that_comes_back_is_polled_and_nobody_says_that_it_is_paused(
    store: Store, feed: Feed, three: list[Feed]
) -> None:
    store.feed_book.pause([feed.id, three[0].id], ANNA)
    store.feeds.sync([], NOON)
    store.feeds.unsubscribe(three[0].id)
    assert [one.pause for one in store.feeds.all()] == [None] * 4
    store.feeds.sync([feed.settings], NOON)
    store.feeds.subscribe([Subscription(three[0].settings, NOON)], NOON)
    assert [(one.status, one.pause) for one in store.feeds.all()] == [(FeedStatus.ACTIVE, None)] * 4


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("paused", [True, False])
def test_feeds_are_paused_and_resumed_in_the_order_in_which_polls_are_recorded(paused: bool) -> None:
    store = fresh_postgresql_store()
    first, *_, last = subscribe(store, *((f"https://{n}.example/feed", "", ()) for n in range(3)))
    if not paused:
        store.feed_book.pause([first.id, last.id], ANNA)
    lock = sa.text("SELECT id FROM feeds WHERE id = :id FOR UPDATE")
    with store._db.write() as connection:  # the first of them is the last on the disk
        connection.execute(sa.text("UPDATE feeds SET name = 'moved' WHERE id = :id"), {"id": first.id})
        connection.execute(sa.text("ANALYZE feeds"))  # so that they are walked as they lie there
    with ThreadPoolExecutor(1) as threads, store._db.engine.connect() as recording:
        recording.execute(lock, {"id": first.id})
        ids = [first.id, last.id]
        if paused:
            done = threads.submit(store.feed_book.pause, ids, ANNA)
        else:
            done = threads.submit(store.feed_book.resume, ids, NOON)
        wait_for_a_lock(store, done)
        recording.execute(lock, {"id": last.id})
        recording.commit()
        assert done.result() == ids


@pytest.mark.needs("postgresql")
def test_who_asks_for_a_feed_that_is_being_recorded_hears_what_its_server_said() -> None:
    store = fresh_postgresql_store()
    (feed,) = subscribe(store, ("https://a.example/feed", "", ()))
    later = NOON + 5 * MINUTE
    with ThreadPoolExecutor(1) as threads, store._db.engine.connect() as recording:
        rests = "UPDATE feeds SET last_reason = 'retry_after', next_poll_at = :until WHERE id = :id"
        recording.execute(sa.text(rests), {"id": feed.id, "until": NOON + HOUR})
        asked = threads.submit(store.feed_book.ask_now, feed.id, later)
        wait_for_a_lock(store, asked)
        recording.commit()
        assert asked.result() is AskNow.RESTS


def wait_for_a_lock(store: SqlStore, work: Future[Any]) -> None:
    while not work.done():
        with store._db.read() as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one():
                return


# ---- asked at once


def test_a_feed_is_made_due_unless_it_is_being_asked(store: Store, feed: Feed) -> None:
    polled(store, feed, failures=3, outcome=PollOutcome.AUTH_ERROR, reason=PollReason.DAILY)
    later = NOON + 2 * MINUTE
    assert not store.feeds.claim_due(later, LEASE, 1)
    assert store.feed_book.ask_now(feed.id, later) is AskNow.DUE
    assert store.feeds.claim_due(later, LEASE, 1)
    assert store.feed_book.ask_now(feed.id, later) is AskNow.AT_WORK
    assert store.feed_book.ask_now(99, later) is AskNow.NOT_POLLED


def test_what_a_server_said_of_when_to_come_back_holds(store: Store, feed: Feed) -> None:
    polled(store, feed)
    store.feeds.pause_host(HostPause("news.example", NOON + HOUR), NOON)
    assert store.feed_book.ask_now(feed.id, NOON + 5 * MINUTE) is AskNow.RESTS
    assert not store.feeds.claim_due(NOON + 5 * MINUTE, LEASE, 1)
