"""A real network that drops everything between a process and its database, and tells nobody: what was begun over
it harms nobody, and all goes on by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from apart import DATABASE, server_apart
from desk import eventually
from hosts import Hosts, enter, hosts
from made import MINUTE, decision, feed_settings, new_entry
from postgres_server import PostgresServer
from stored import LEASE

from monitor.adapters.jobs import ProcrastinateQueue
from monitor.adapters.jobs.on_postgresql import STALLED
from monitor.adapters.store import dispatching, holder, members
from monitor.adapters.store.database import Database
from monitor.adapters.store.sql import SqlStore
from monitor.core.feeds.host_batches import POLL, host_jobs
from monitor.model.daemons import Daemon
from monitor.model.errors import StoreUnusable
from monitor.model.feed import Feed, Polled
from monitor.model.jobs import DueFeed

pytestmark = pytest.mark.needs("postgresql", "network namespaces (root on Linux with iproute2)")
NOW = datetime.now(UTC)
FAR = "worker"
CUT = FAR, DATABASE
LOCKED = sa.text("SELECT id FROM feeds WHERE id = :id FOR UPDATE")


@pytest.fixture(scope="module")
def net() -> Iterator[Hosts]:
    with hosts(DATABASE, FAR) as made:
        yield made


@pytest.fixture(scope="module")
def server(net: Hosts) -> Iterator[PostgresServer]:
    with server_apart(net) as made:
        yield made


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.fresh_database()


def a_store(url: str, token: str) -> SqlStore:
    store = SqlStore(url, hold=len(token), daemon=Daemon(len(token), "desk", "c", version="1", token=token))
    store.shares.begin(["match"])
    store.shares.turn()
    return store


@pytest.fixture
def near(server: PostgresServer, url: str) -> Iterator[SqlStore]:
    """The store as a process sees it that no cut separates from it."""
    with closing(a_store(server.url_of_socket(url), "near")) as store:
        store.feeds.sync([feed_settings()], NOW)
        yield store


@pytest.fixture
def there(net: Hosts) -> Iterator[ThreadPoolExecutor]:
    """A thread on the other host, which a test may cut off."""
    with ThreadPoolExecutor(1, initializer=enter, initargs=(net[FAR].path,)) as thread:
        yield thread
        net.mend(*CUT)


def the_feed(store: SqlStore) -> Feed:
    (feed,) = store.feeds.all()
    return feed


def taken(store: SqlStore) -> Feed:
    (feed,) = store.given.take([the_feed(store).id], NOW, LEASE)
    return feed


def test_what_arrives_late_over_a_mended_network_says_nothing_of_a_feed_that_another_took_since(
    net: Hosts, near: SqlStore, there: ThreadPoolExecutor, url: str
) -> None:
    far = there.submit(a_store, url, "late").result()
    mine = there.submit(taken, far).result()
    net.cut(*CUT)
    late = Polled(mine, decision(NOW, failures=3, url="https://late.example/feed"), NOW, [new_entry("late")])
    writing = there.submit(far.given.record_polls, [late])
    with pytest.raises(TimeoutError):
        writing.result(1)
    near.dispatched.free([mine.id])  # as a dispatcher does that hears nothing of a worker
    near.given.record_polls([Polled(taken(near), decision(NOW), NOW + MINUTE, [new_entry("in time")])])
    known = the_feed(near)
    assert not writing.done()
    net.mend(*CUT)
    assert writing.result(20) == 1, "its entry is kept"
    assert the_feed(near) == known
    assert (known.failures, known.url) == (0, "https://news.example/feed")
    there.submit(far.close).result()


def test_what_one_holds_that_is_cut_off_while_it_writes_holds_up_nobody_for_longer_than_its_patience(
    net: Hosts, near: SqlStore, there: ThreadPoolExecutor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near.feeds.sync([feed_settings(), feed_settings("https://other.example/feed")], NOW)
    written, other = (feed.id for feed in near.feeds.all())
    far = there.submit(a_store, url, "half").result()

    def begun() -> sa.Connection:
        connection = far._db.engine.connect()
        connection.execute(LOCKED, {"id": written})
        return connection

    half = there.submit(begun).result()
    net.cut(*CUT)
    assert set(near.dispatched.free([written, other])) == {written}, "a dispatcher does not wait for it"
    with ThreadPoolExecutor(1) as here:
        waiting = here.submit(near.given.leave, [written, other])
        monkeypatch.setattr(members, "SILENT", 1.0)
        ended = eventually(lambda: near.shares.turn().ended, "the end of its connections", 10)
        assert [one.token for one in ended] == ["half"]
        waiting.result(5)
    assert not near.dispatched.free([written, other])
    net.mend(*CUT)
    with pytest.raises(sa.exc.OperationalError):
        there.submit(half.commit).result(20)
    monkeypatch.undo()
    with pytest.raises(StoreUnusable):  # it learns it now
        there.submit(far.shares.turn).result()
    assert there.submit(far.shares.turn).result().me.token == "half"
    there.submit(far.close).result()


def test_who_has_not_heard_of_the_server_for_as_long_as_others_bear_its_silence_has_no_part_until_it_has(
    near: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its part is another's by now, though it has not learned it yet."""
    near.shares.turn()
    monkeypatch.setattr(holder, "SILENT", 0.0)
    assert not near.shares.has("match")
    assert not near.feeds.claim_due(NOW, LEASE, 10)
    monkeypatch.undo()
    assert near.shares.has("match")
    assert near.feeds.claim_due(NOW, LEASE, 10)


def test_a_poll_in_the_middle_of_whose_record_the_network_went_is_free_before_its_job_is_found(
    net: Hosts, near: SqlStore, there: ThreadPoolExecutor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dispatching.IDLE < STALLED
    monkeypatch.setattr(dispatching, "IDLE", 1.0)
    far = there.submit(a_store, url, "half").result()
    mine = there.submit(taken, far).result()

    gone = threading.Event()

    def cut(*_: object) -> int:
        net.cut(*CUT)
        gone.set()
        return 0

    monkeypatch.setattr(dispatching, "record_polls", cut)
    writing = there.submit(far.given.record_polls, [Polled(mine, decision(NOW), NOW, [])])
    assert gone.wait(20)
    eventually(lambda: not near.dispatched.free([mine.id]), "its end", 10)
    assert not writing.done()
    net.mend(*CUT)
    with pytest.raises(StoreUnusable):
        writing.result(20)
    there.submit(far.close).result()


def test_a_job_in_the_middle_of_whose_giving_out_the_network_went_keeps_its_place_from_others_for_seconds(
    net: Hosts, near: SqlStore, there: ThreadPoolExecutor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "IDLE", 1.0)
    queue = ProcrastinateQueue("a database", near.conninfo("jobs"), {POLL: 1})
    near.in_transaction(queue.prepare)
    far = there.submit(a_store, url, "half").result()
    due, gone = list[DueFeed](), threading.Event()

    def put(connection: Any, feeds: Sequence[DueFeed]) -> set[int]:
        due.extend(feeds)
        queue.put(connection, host_jobs(feeds))
        net.cut(*CUT)
        gone.set()
        return {one.id for one in feeds}

    giving = there.submit(far.dispatched.dispatch, NOW, LEASE, MINUTE, 10, put)
    assert gone.wait(20)
    with ThreadPoolExecutor(1) as here:
        job = here.submit(near.in_transaction, lambda connection: queue.put(connection, host_jobs(due)))
        job.result(10)
    assert queue.holds(1)
    net.mend(*CUT)
    with pytest.raises(StoreUnusable):
        giving.result(20)
    queue.close()
    there.submit(far.close).result()


def test_a_write_into_a_cut_network_fails_in_its_time_and_the_next_one_after_it_is_mended_does_not(
    net: Hosts, near: SqlStore, there: ThreadPoolExecutor, url: str
) -> None:
    far = there.submit(a_store, f"{url}?tcp_user_timeout=2000&connect_timeout=2", "far").result()
    again = lambda: far.feeds.keep_within(timedelta(hours=1), NOW)  # noqa: E731
    there.submit(again).result()
    net.cut(*CUT)
    begun = time.monotonic()
    for _ in range(2):  # over a connection that it has, and for want of one
        with pytest.raises(StoreUnusable, match="server"):
            there.submit(again).result(20)
    assert time.monotonic() - begun < 15
    net.mend(*CUT)
    there.submit(again).result(20)
    there.submit(far.close).result()


def test_the_server_notices_within_a_minute_that_the_other_side_is_gone(
    net: Hosts, there: ThreadPoolExecutor, url: str
) -> None:
    """Of who is no daemon nobody else ends the connections, and what is locked there all others wait for."""
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")

    def shown() -> list[list[str]]:
        with closing(Database(url)) as database:
            found = []
            for _ in range(2):  # as new, and from the pool
                with database.read() as connection:
                    found.append([connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names])
            return found

    assert there.submit(shown).result() == [["30", "10", "3", "60000"]] * 2
