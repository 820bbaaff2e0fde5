"""Several daemons on one PostgreSQL database: whose work is what, and what becomes of it when one is gone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from desk import eventually
from made import decision, feed_settings, new_article, new_entry
from sharing import DUTIES, Start, settle, vanish
from stored import LEASE, matched, plan, put_into, read_articles, record_poll

from monitor.adapters.store import members, shares, tables
from monitor.adapters.store.database import Database
from monitor.adapters.store.holder import DatabaseHolder
from monitor.adapters.store.sql import SqlStore
from monitor.model.article import Grouping
from monitor.model.daemons import SHARES, Daemon
from monitor.model.delivery import BrokenReceiver, ChannelKind, RetryDecision, RetryReason
from monitor.model.entry import Fate
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Feed, HostPause, Polled, PollOutcome

pytestmark = pytest.mark.needs("postgresql")
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
SHARES_OF_FEEDS = sa.select(tables.feeds.c.id, shares.SHARE_OF_FEED.label("share"))


def many(store: SqlStore, number: int = 60) -> list[Feed]:
    store.feeds.sync([feed_settings(f"https://f{n}.example/feed") for n in range(number)], NOW - HOUR)
    return list(store.feeds.all())


def claimed(store: SqlStore) -> set[int]:
    return {feed.id for feed in store.feeds.claim_due(datetime.now(UTC), LEASE, 1_000)}


def test_one_daemon_has_all_of_the_work(start: Start) -> None:
    one = start("a")
    feeds = many(one)
    assert one.shares.turn().shares == SHARES
    assert claimed(one) == {feed.id for feed in feeds}
    assert all(one.shares.has(duty) for duty in DUTIES)


def test_two_daemons_have_a_half_each_and_nothing_twice(start: Start) -> None:
    one, other = start("a"), start("b")
    feeds = many(one)
    assert settle(one, other) == [32, 32]
    mine, theirs = claimed(one), claimed(other)
    assert mine
    assert theirs
    assert not mine & theirs
    assert mine | theirs == {feed.id for feed in feeds}


def test_all_feeds_and_pages_of_a_host_are_one_daemons(start: Start) -> None:
    one, other = start("a"), start("b")
    one.feeds.sync([feed_settings(f"https://big.example/{n}") for n in range(40)], NOW - HOUR)
    settle(one, other)
    assert sorted([len(claimed(one)), len(claimed(other))]) == [0, 40]
    feed = one.feeds.all()[0]
    links = [new_entry(f"e{n}", f"title {n}", link=f"https://h{n % 9}.example/{n}") for n in range(90)]
    record_poll(one, feed, decision(NOW), links, now=NOW - HOUR)
    found = [{e.new.parsed.link for e in store.articles.waiting(NOW, 1_000)} for store in (one, other)]
    assert len(found[0]) + len(found[1]) == 90
    hosts = [{(link or "").split("/")[2] for link in links} for links in found]
    assert hosts[0]
    assert hosts[1]
    assert not hosts[0] & hosts[1]


def test_what_is_in_hand_is_not_given_away(start: Start) -> None:
    one = start("a")
    feeds = many(one)
    held = claimed(one)
    other = start("b")
    before = settle(one, other)
    assert before[1] < 32, "a share with a feed in hand went to the other"
    assert claimed(other) == set()
    one.feeds.release_leases(sorted(held))
    assert settle(one, other) == [32, 32]
    assert claimed(one) | claimed(other) == {feed.id for feed in feeds}


def test_of_what_is_in_hand_a_fair_part_is_given_away_once_it_is_idle(start: Start) -> None:
    """Where all feeds are asked at one moment whoever joins just then would have none for ever."""
    one = start("a")
    feeds = many(one)
    assert len(claimed(one)) == len(feeds)
    other = start("b")
    before = settle(one, other)
    assert 0 < before[1] < 32, "what is in hand is given away, or nothing is"
    assert claimed(other) == set()
    one.feeds.release_leases([feed.id for feed in feeds])
    assert settle(one, other) == [32, 32]
    one.feeds.make_all_due(NOW - HOUR)
    parts = [len(claimed(store)) for store in (one, other)]
    assert sum(parts) == len(feeds)
    assert min(parts) >= len(feeds) // 4, parts


def test_pages_in_hand_are_not_given_away_either(start: Start) -> None:
    one = start("a")
    (feed, *_) = many(one)
    links = [new_entry(f"e{n}", f"title {n}", link=f"https://h{n}.example/{n}") for n in range(60)]
    record_poll(one, feed, decision(NOW), links, now=NOW - HOUR)

    def look(besides: set[int]) -> set[int]:
        """As the stage looks for what it may read besides."""
        new = one.articles.waiting(NOW, 1_000, besides)
        return {entry.row for entry in (*new, *one.reading.rereads(NOW, 10, besides))}

    rows = look(set())
    assert len(rows) == 60
    other = start("b")
    settle(one, other)
    assert look(rows) == set()
    settle(one, other)
    assert other.articles.waiting(NOW, 1_000) == []
    look(set())  # a turn that begins with nothing in hand
    settle(one, other)
    assert other.articles.waiting(NOW, 1_000)


def test_the_work_of_a_daemon_that_is_gone_is_taken_over_at_the_next_turn(start: Start) -> None:
    one, other = start("a"), start("b")
    feeds = many(one)
    settle(one, other)
    mine, lost = claimed(one), claimed(other)
    assert one.shares.has("match")
    assert not other.shares.has("match")
    vanish(one)
    assert other.shares.turn().shares == SHARES
    assert claimed(other) == mine, "and its own leases stay"
    assert mine | lost == {feed.id for feed in feeds}
    assert all(other.shares.has(duty) for duty in DUTIES)


def test_a_daemon_that_hangs_leaves_everything_to_the_others_at_once(start: Start) -> None:
    one, other = start("a"), start("b")
    feeds = many(one)
    settle(one, other)
    claimed(one)
    division = one.shares.turn(well=False)
    assert (division.shares, division.duties) == (0, frozenset())
    assert other.shares.turn().shares == SHARES
    assert claimed(other) == {feed.id for feed in feeds}
    one.feeds.make_all_due(NOW - HOUR)
    assert claimed(one) == set()
    assert settle(one, other) == [32, 32], "it is well again"


def test_a_daemon_that_hangs_and_is_alone_does_what_it_still_can(start: Start) -> None:
    one = start("a")
    feeds = many(one)
    division = one.shares.turn(well=False)
    assert (division.shares, division.duties) == (SHARES, frozenset(DUTIES))
    assert claimed(one) == {feed.id for feed in feeds}
    other = start("b")
    assert one.shares.turn(well=False).shares == 0
    assert other.shares.turn().shares == SHARES
    vanish(other)
    assert one.shares.turn(well=False).shares == SHARES


def test_a_dispatcher_that_hangs_leaves_its_duty_to_another_one_and_to_no_worker(start: Start) -> None:
    dispatcher, worker = start("D1", waits=True), start("W1")
    dispatcher.shares.begin(["dispatch"], shares=False)
    dispatcher.shares.turn()
    assert dispatcher.shares.turn(well=False).duties == {"dispatch"}
    assert worker.shares.turn().shares == SHARES
    spare = start("D2", waits=True)
    spare.shares.begin(["dispatch"], shares=False)
    assert spare.shares.turn().duties == frozenset()
    assert dispatcher.shares.turn(well=False).duties == frozenset()
    assert spare.shares.turn().duties == {"dispatch"}


def test_who_works_by_an_older_config_or_hangs_takes_nothing_that_comes_to_anybody(start: Start) -> None:
    one, other = start("a"), start("b")
    settle(one, other)
    assert one.shares.takes_part
    one.shares.turn(well=False)
    assert not one.shares.takes_part
    one.shares.turn()
    assert one.shares.takes_part
    other.shares.declare("c2")
    settle(one, other)
    assert (one.shares.takes_part, other.shares.takes_part) == (False, True)


def test_a_daemon_that_lost_its_connection_has_nothing_until_it_has_a_new_one(start: Start, url: str) -> None:
    one, other = start("a"), start("b")
    settle(one, other)
    feeds = many(one)
    cut(url, "a")
    one._holder._looked = 0.0  # type: ignore[union-attr]  # as five seconds later
    assert claimed(one) == set()
    assert not one.shares.has("match")
    assert other.shares.turn().shares == SHARES
    assert claimed(other) == {feed.id for feed in feeds}


def test_after_a_restart_of_the_server_each_takes_what_it_had(start: Start, url: str) -> None:
    one, other = start("a"), start("b")
    settle(one, other)
    feeds = many(one)
    mine, theirs = claimed(one), claimed(other)
    cut(url, "")
    for store in (one, other):
        vanish(store)
    assert settle(one, other) == [32, 32]
    assert one.shares.has("match")
    for store in (one, other):
        store.feeds.make_all_due(NOW - HOUR)
    assert {*mine, *theirs} == {feed.id for feed in feeds}
    assert claimed(one) == mine
    assert claimed(other) == theirs


def test_a_daemon_that_says_nothing_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "SILENT", 0.3)
    one, other = start("a"), start("b")
    settle(one, other)
    time.sleep(0.5)  # the silence itself
    division = other.shares.turn()
    assert [ended.token for ended in division.ended] == ["a"]
    assert other.shares.turn().shares == SHARES
    monkeypatch.setattr(members, "SILENT", 30.0)
    one._holder._looked = 0.0  # type: ignore[union-attr]  # as five seconds later
    assert settle(one, other) == [0, SHARES], "it is there again, and for some seconds takes only what it had"
    monkeypatch.setattr(shares, "GRACE", 0.0)
    assert settle(one, other) == [32, 32]


def test_a_daemon_that_has_no_part_yet_may_start_for_long(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    one = start("a")
    start("b", waits=True)
    monkeypatch.setattr(members, "SILENT", 0.3)
    time.sleep(0.5)  # the silence itself
    assert one.shares.turn().ended == ()
    monkeypatch.setattr(members, "SILENT_WITHOUT_WORK", 0.3)
    assert [ended.token for ended in one.shares.turn().ended] == ["b"]


def test_a_machine_that_is_gone_keeps_nobody_out(start: Start, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start("a", config="old")  # and never a word again
    monkeypatch.setattr(members, "SILENT", 0.3)
    time.sleep(0.5)  # the silence itself
    other = start("b", config="new")
    assert other.shares.turn().shares == SHARES
    time.sleep(0.5)
    SqlStore(url, hold=4711).close()


def test_a_silent_daemon_of_another_user_costs_nobody_his_part(
    start: Start, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = start("a")
    with one._db.write() as connection:
        connection.execute(sa.text("DROP ROLE IF EXISTS guest"))
        connection.execute(sa.text("CREATE ROLE guest LOGIN IN ROLE pg_read_all_stats"))
    holder = DatabaseHolder(
        Database(sa.make_url(url).set(username="guest").render_as_string(hide_password=False)),
        Daemon(1, "desk", "c1", token="b"),
    )
    holder.hold(1)
    monkeypatch.setattr(members, "SILENT", 0.3)
    time.sleep(0.5)  # the silence itself
    other = shares.DatabaseShares(holder)
    other.begin(DUTIES)
    assert other.turn().ended == ()
    holder.release()


def test_leases_are_forgotten_in_the_order_in_which_polls_are_recorded(start: Start, url: str) -> None:
    one, other = start("a"), start("b", waits=True)
    feeds = many(one, 3)
    claimed(one)
    first, last = feeds[0].id, feeds[-1].id
    lock = sa.text("SELECT id FROM feeds WHERE id = :id FOR UPDATE")
    with one._db.write() as connection:  # the first of them is the last on the disk
        connection.execute(sa.text("UPDATE feeds SET name = 'moved' WHERE id = :id"), {"id": first})
    with ThreadPoolExecutor(1) as threads, sa.create_engine(url).begin() as recording:
        recording.execute(lock, {"id": first})
        vanish(one)
        other.shares.begin(DUTIES)
        turn = threads.submit(other.shares.turn)
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        eventually(lambda: number(one, waits) == 1, "a lock that it waits for")
        recording.execute(lock, {"id": last})
        recording.commit()
        assert turn.result().shares == SHARES


def number(store: SqlStore, query: str) -> int:
    with store._db.read() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())


def test_two_daemons_may_be_given_a_new_feed_at_one_moment(start: Start) -> None:
    one, other = start("a"), start("b")
    new = [feed_settings(f"https://new{n}.example/feed") for n in range(2)]

    def first(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO feeds") and not one.feeds.all():
            one.feeds.sync(new, NOW)

    sa.event.listen(other._db.engine, "before_cursor_execute", first)
    other.feeds.sync(new, NOW)
    assert [feed.url for feed in other.feeds.all()] == [one.url for one in new]


NOT_MODIFIED, TIMEOUT = {"outcome": PollOutcome.NOT_MODIFIED}, {"outcome": PollOutcome.TIMEOUT}


@pytest.mark.parametrize(
    "said",
    [
        [NOT_MODIFIED, TIMEOUT],
        [{"pause": HostPause("a.example", NOW + HOUR)}, {"pause": HostPause("b.example", NOW - HOUR)}],
    ],
    ids=["outcomes", "pauses"],
)
def test_two_daemons_record_what_their_feeds_said_at_one_moment_and_wait_in_no_circle(
    start: Start, said: list[dict[str, Any]]
) -> None:
    """In whichever order the answers came: PostgreSQL ends one of two that wait in a circle, after a second."""
    one, other = start("a"), start("b")
    feeds = [feed.id for feed in many(one, 4)]

    def record(store: SqlStore, polled: Sequence[int], said: Sequence[dict[str, Any]]) -> None:
        for _ in range(100):
            last = {feed.id: feed for feed in store.feeds.all()}
            answers = zip(polled, said, strict=True)
            store.feeds.record_polls([Polled(last[one], decision(NOW, **more), NOW) for one, more in answers])

    with ThreadPoolExecutor(2) as threads:
        sides = (
            threads.submit(record, one, feeds[:2], said),
            threads.submit(record, other, feeds[2:], said[::-1]),
        )
        for side in sides:
            side.result()
    assert sum(one.ledger.counts(NOW - HOUR).polls.values()) == 400


def test_two_daemons_may_see_a_receiver_refuse_at_one_moment(start: Start) -> None:
    one, other = start("a"), start("b")
    broken = BrokenReceiver("desk", ChannelKind.SLACK, NOW, "no_team", NOW + HOUR)

    def first(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO broken_receivers") and not one.receivers.broken():
            one.receivers.open(broken)

    sa.event.listen(other._db.engine, "before_cursor_execute", first)
    other.receivers.open(broken)
    assert other.receivers.broken() == [broken]


def cut(url: str, token: str) -> None:
    """Ends the connections of a daemon, or of everybody."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name LIKE :name"
            ),
            {"name": f"monitor%{token}"},
        )
    engine.dispose()


# ---- results that come late


def test_a_late_answer_brings_its_entries_and_changes_nothing_else(start: Start) -> None:
    one = start("a")
    one.feeds.sync([feed_settings()], NOW - HOUR)
    (first,) = one.feeds.claim_due(NOW, LEASE, 1)
    record_poll(one, first, decision(NOW), [new_entry("e1")], now=NOW)
    one.feeds.make_all_due(NOW)
    (asleep,) = one.feeds.claim_due(NOW, LEASE, 1)
    later = NOW + timedelta(minutes=6)
    record_poll(one, asleep, decision(later), [new_entry("e1"), new_entry("e2", "two")], now=later)
    (before,) = one.feeds.all()
    late = decision(NOW, failures=3, validators=asleep.validators, next_poll_at=NOW + 9 * HOUR)
    brought = [new_entry("e2", "two"), new_entry("e3", "three"), new_entry("e4", fate=Fate.SEEN_AT_SUBSCRIBE)]
    assert record_poll(one, asleep, late, brought, now=NOW) == 1
    assert one.feeds.all() == [before]


def outbox_of(store: SqlStore) -> None:
    """Two messages that wait for one receiver."""
    store.feeds.sync([feed_settings()], NOW - HOUR)
    (feed,) = store.feeds.all()
    record_poll(store, feed, decision(NOW), [new_entry("e1")], now=NOW - HOUR)
    (entry,) = store.articles.waiting(NOW, 10)
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))
    (article,) = read_articles(store, NOW)
    put_into(store, article.id, Grouping("s_1"))
    (article,) = store.articles.unmatched(NOW, 10)
    store.digests.open_digest("morning", NOW - HOUR)
    matched(store, article, "morning")
    store.digests.record_plan(plan(store, deliveries=2), NOW - HOUR)


def test_a_sender_that_slept_through_its_lease_has_nothing_sent_again(start: Start) -> None:
    one, other = start("a"), start("b", waits=True)
    outbox_of(one)
    asleep = one.outbox.claim(NOW, LEASE, 10)
    assert len(asleep) == 2
    assert all(one.outbox.holds(delivery) for delivery in asleep)
    vanish(one)
    other.shares.begin(DUTIES)
    other.shares.turn()
    assert not any(one.outbox.holds(delivery) for delivery in asleep)
    taken = other.outbox.claim(NOW + timedelta(seconds=1), LEASE, 10)
    assert len(taken) == 2
    failure = DeliveryFailed(DeliveryFault.TEMPORARY, "it slept")
    one.outbox.record_failure(asleep[0], failure, RetryDecision(NOW, RetryReason.BACK_OFF), NOW)
    assert other.outbox.holds(taken[0]), "and nobody else may claim it"
    one.outbox.give_back(asleep)
    assert other.outbox.holds(taken[1])
