"""What every queue of jobs promises: each place once, one job of a lock at a time, nothing lost with its taker."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from desk import eventually
from faulty_proxy import Fault, faulty_proxy
from postgres_server import postgres_server
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool

from monitor.adapters.jobs import ProcrastinateQueue
from monitor.adapters.jobs.on_postgresql import STALLED
from monitor.adapters.store.sql import SqlStore
from monitor.model.daemons import Daemon, Queued
from monitor.model.errors import StoreNewer, StoreUnusable
from monitor.model.jobs import Job, StalledJob
from monitor.ports import JobQueue
from monitor.ports.jobs import Done
from monitor.testing import InlineJobs

Open = Callable[[], ProcrastinateQueue]


def job(number: int, lock: str = "", place: str = "") -> Job:
    return Job("poll", (number,), lock or f"host{number}", place or f"poll host{number}")


class Taker:
    """Takes jobs, and holds them until it is told to let go."""

    def __init__(self, *, lets_go: bool = True) -> None:
        self.taken: list[Job] = []
        self.held: dict[int, Done] = {}
        self._lets_go = lets_go
        self._gate = threading.Lock()

    def __call__(self, one: Job, done: Done) -> None:
        with self._gate:
            self.taken.append(one)
            if not self._lets_go:
                self.held[one.ids[0]] = done
        if self._lets_go:
            done()

    @property
    def ids(self) -> list[int]:
        return [one.ids[0] for one in self.taken]


@pytest.fixture(scope="module")
def url() -> str:
    return postgres_server().fresh_database()


@pytest.fixture
def on_server(url: str) -> Iterator[Open]:
    """Opens queues on one empty table of jobs, and closes them."""
    opened: list[ProcrastinateQueue] = []

    def open_one() -> ProcrastinateQueue:
        opened.append(ProcrastinateQueue("a database", conninfo_to_dict(libpq(url)), {"poll": 8, "match": 1}))
        return opened[-1]

    with connected(url) as connection:
        open_one().prepare(connection)
        connection.execute("TRUNCATE procrastinate_jobs, procrastinate_workers RESTART IDENTITY CASCADE")
    yield open_one
    for one in opened:
        one.close()


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(libpq(url)) as connection:
        yield connection


class Queue:
    """A queue under test, with a way to put jobs in that a caller has."""

    def __init__(self, queue: JobQueue, url: str) -> None:
        self.queue, self._url = queue, url

    def put(self, *jobs: Job) -> list[int]:
        if not self._url:
            return [one.ids[0] for one in self.queue.put(None, jobs)]
        with connected(self._url) as connection:
            return [one.ids[0] for one in self.queue.put(connection, jobs)]


@pytest.fixture(params=["inline", pytest.param("procrastinate", marks=pytest.mark.needs("postgresql"))])
def made(request: pytest.FixtureRequest) -> Queue:
    if request.param == "inline":
        return Queue(InlineJobs(), "")
    return Queue(request.getfixturevalue("on_server")(), request.getfixturevalue("url"))


def test_what_goes_in_is_taken_with_all_that_it_says(made: Queue) -> None:
    wanted = Job("poll", (1, 2, 3), "news.example", "poll news.example 0")
    assert made.put(wanted) == [1]
    taker = Taker()
    made.queue.begin(taker)
    eventually(lambda: taker.taken == [wanted], "the job")


def test_of_one_place_one_job_waits_and_the_next_goes_in_once_it_was_taken(made: Queue) -> None:
    assert made.put(job(1, place="here"), job(2)) == [1, 2]
    assert made.put(job(3, place="here"), job(4)) == [4]
    taker = Taker()
    made.queue.begin(taker)
    eventually(lambda: sorted(taker.ids) == [1, 2, 4], "what went in")
    assert made.put(job(5, place="here")) == [5]
    eventually(lambda: 5 in taker.ids, "the next one")


def test_it_says_whether_so_many_wait_to_be_taken(made: Queue) -> None:
    assert made.queue.holds(0)
    assert not made.queue.holds(1)
    made.put(job(1), job(2))
    assert made.queue.holds(2)
    assert not made.queue.holds(3)
    made.queue.begin(Taker())
    eventually(lambda: not made.queue.holds(1), "both to be taken")


def test_of_one_lock_one_job_is_taken_at_a_time_in_their_order(made: Queue) -> None:
    taker = Taker(lets_go=False)
    made.queue.begin(taker)
    made.put(*(job(number, "host", f"place {number}") for number in (1, 2, 3)), job(9))
    for expected in ([1], [1, 2], [1, 2, 3]):
        eventually(lambda wanted=expected: [n for n in taker.ids if n != 9] == wanted, f"{expected}")  # type: ignore[misc]
        eventually(lambda: 9 in taker.ids, "another lock waits for nobody")
        taker.held.pop(expected[-1])()


def test_jobs_of_one_stage_wait_for_none_of_another(made: Queue) -> None:
    taker = Taker(lets_go=False)
    made.queue.begin(taker)
    made.put(*(job(number) for number in range(100, 108)))  # as many as are taken at once
    eventually(lambda: len(taker.taken) == 8, "polls")
    made.put(Job.of_part("match", 5))
    eventually(lambda: taker.taken[-1] == Job.of_part("match", 5), "the part")


def test_what_is_done_is_not_taken_again(made: Queue) -> None:
    taker = Taker()
    made.queue.begin(taker)
    made.put(job(1))
    eventually(lambda: taker.ids == [1], "the job")
    made.put(job(2))
    eventually(lambda: taker.ids == [1, 2], "the next")


@pytest.mark.needs("postgresql")
def test_what_is_rolled_back_never_was_in_the_queue(on_server: Open, url: str) -> None:
    queue, taker = on_server(), Taker()
    with connected(url) as connection:
        assert len(queue.put(connection, [job(1)])) == 1
        connection.rollback()
        assert len(queue.put(connection, [job(2)])) == 1
    queue.begin(taker)
    eventually(lambda: taker.ids == [2], "what was committed")


@pytest.mark.needs("postgresql")
def test_two_dispatchers_put_a_place_in_once_and_neither_fails(on_server: Open, url: str) -> None:
    one, other = on_server(), on_server()
    with connected(url) as first, connected(url) as second:
        assert len(one.put(first, [job(1), job(2)])) == 2
        found: list[Any] = []
        waits = threading.Thread(target=lambda: found.extend(other.put(second, [job(1), job(3)])))
        waits.start()  # it has seen none of them, and waits for what becomes of the first
        eventually(lambda: is_blocked(url), "the second to wait")
        first.commit()
        waits.join(30)
        second.commit()
    assert [one.ids[0] for one in found] == [3]


def is_blocked(url: str) -> bool:
    with connected(url) as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        (number,) = connection.execute(query).fetchone() or (0,)
        return bool(number)


@pytest.mark.needs("postgresql")
def test_jobs_of_a_worker_that_gives_no_sign_are_found_and_their_lock_is_free_once_they_are_dropped(
    on_server: Open, url: str
) -> None:
    gone, other = Taker(lets_go=False), Taker()
    dead, alive = on_server(), on_server()
    dead.begin(gone)
    with connected(url) as connection:
        dead.put(connection, [job(1, "host")])
    eventually(lambda: gone.ids == [1], "the job")
    assert alive.stalled() == []
    with connected(url) as connection:
        connection.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)", (STALLED + 1,)
        )
    (found,) = alive.stalled()
    assert found.ids == (1,)
    alive.drop([found])
    alive.drop([found])  # by another dispatcher
    assert alive.stalled() == []
    with connected(url) as connection:
        alive.put(connection, [job(2, "host")])
    alive.begin(other)
    eventually(lambda: 2 in [*other.ids, *gone.ids], "the lock is free")
    for done in gone.held.values():
        done()  # it woke: what it had is no longer there


def test_a_stage_that_rests_gives_back_what_it_has_and_takes_nothing_until_it_goes_on(made: Queue) -> None:
    taker = Taker(lets_go=False)
    made.queue.begin(taker)
    made.put(job(1, "host"))
    eventually(lambda: taker.ids == [1], "the job")
    made.queue.rest(["poll"])
    made.put(job(2, "host"), job(3), Job("match", (4,), "part4", "match part4"))
    eventually(lambda: 4 in taker.ids, "the job of another stage")
    assert taker.ids == [1, 4]
    made.queue.rest([])
    eventually(lambda: sorted(taker.ids) == [1, 2, 3, 4], "jobs as before, that of the same host too")
    taker.held[1]()  # it is done after all: nobody waits for it


@pytest.mark.needs("postgresql")
def test_a_queue_that_is_closed_while_a_stage_rests_ends_at_once(on_server: Open) -> None:
    queue = on_server()
    queue.begin(Taker())
    queue.rest(["poll", "match"])
    begun = time.monotonic()
    queue.close()
    assert time.monotonic() - begun < 2


@pytest.mark.needs("postgresql")
def test_a_queue_that_is_closed_leaves_nothing_in_hand(on_server: Open, url: str) -> None:
    queue, taker = on_server(), Taker()
    queue.begin(taker)
    with connected(url) as connection:
        queue.put(connection, [job(1)])
    eventually(lambda: taker.ids == [1], "the job")
    queue.close()
    queue.close()
    with connected(url) as connection:
        assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone() == (0,)


@pytest.mark.needs("postgresql")
def test_a_worker_takes_jobs_again_after_the_server_cut_it_off(on_server: Open, url: str) -> None:
    queue, taker = on_server(), Taker()
    queue.begin(taker)
    with connected(url) as connection:
        queue.put(connection, [job(1)])
    eventually(lambda: taker.ids == [1], "the job")
    with connected(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with connected(url) as connection:
        queue.put(connection, [job(2)])
    eventually(lambda: 2 in taker.ids, "the next job")


_FINISH, _AWAY = "procrastinate_finish_job_v1", "away"


@pytest.mark.needs("postgresql")
def test_a_job_whose_end_the_server_could_not_hear_gives_its_lock_free_once_it_can(
    on_server: Open, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Else its host is asked no more as long as this process lives, which gives signs of life."""
    queue, taker = on_server(), Taker(lets_go=False)
    queue.begin(taker)
    with connected(url) as connection:
        queue.put(connection, [job(1, "host")])
    eventually(lambda: taker.ids == [1], "the job")
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(f"ALTER FUNCTION {_FINISH} RENAME TO {_AWAY}".encode())
        taker.held.pop(1)()
        queue.put(connection, [job(2, "host"), job(3)])
        eventually(lambda: 3 in taker.ids, "a job of another host")
        connection.execute(f"ALTER FUNCTION {_AWAY} RENAME TO {_FINISH}".encode())
    eventually(lambda: 2 in taker.ids, "the next job of its host", 20)
    gc.collect()
    assert not [one for one in caplog.records if one.name == "asyncio"], "a task broke"


@pytest.mark.needs("postgresql")
def test_a_queue_whose_database_did_not_answer_when_it_first_asked_asks_it_again(
    url: str, on_server: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = AsyncConnectionPool.wait
    monkeypatch.setattr(AsyncConnectionPool, "wait", lambda pool, timeout: wait(pool, 0.3))  # for 30 s
    where = conninfo_to_dict(libpq(url))
    with faulty_proxy(int(str(where["port"]))) as proxy:
        proxy.faults = [Fault("away", refuse=True)]
        queue = ProcrastinateQueue("a database", {**where, "port": proxy.port}, {"poll": 8})
        try:
            with pytest.raises(StoreUnusable):
                queue.holds(1)
            assert not queue.holds(1)
        finally:
            queue.close()


@pytest.mark.needs("postgresql")
def test_what_a_queue_was_doing_when_its_network_went_the_server_undoes_after_seconds(on_server: Open) -> None:
    queue = on_server()
    shown = queue._asked(
        lambda: queue._app.connector.execute_query_one_async("SHOW idle_in_transaction_session_timeout")
    )
    assert shown["idle_in_transaction_session_timeout"] == "10s"


@pytest.mark.needs("postgresql")
def test_the_tables_are_made_once_and_a_newer_librarys_are_refused(on_server: Open, url: str) -> None:
    queue = on_server()
    with connected(url) as connection:
        queue.prepare(connection)
        connection.execute("COMMENT ON TABLE procrastinate_jobs IS 'media-monitor: procrastinate 99.0.0'")
        with pytest.raises(StoreNewer, match=r"99\.0\.0"):
            queue.prepare(connection)
        connection.rollback()


def test_the_fake_says_what_a_test_lost() -> None:
    queue = InlineJobs()
    queue.lost = [StalledJob(1, "poll", (1,)), StalledJob(2, "poll", (2,))]
    queue.drop([queue.stalled()[0]])
    assert queue.stalled() == [StalledJob(2, "poll", (2,))]


_NOTING = """
ALTER DATABASE {name} SET synchronous_commit = on;
CREATE TABLE noted (what text, waits text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO noted VALUES (TG_OP, current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION note();
"""


@pytest.mark.needs("postgresql")
def test_what_goes_in_waits_for_the_disk_and_what_is_taken_and_done_does_not() -> None:
    url = postgres_server().fresh_database()
    queue = ProcrastinateQueue("a database", conninfo_to_dict(libpq(url)), {"poll": 1})
    with connected(url) as connection:
        queue.prepare(connection)
        connection.execute(_NOTING.format(name=url.rpartition("/")[2]).encode())
    with connected(url) as connection:
        queue.put(connection, [job(1)])
    queue.begin(Taker())
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        noted = "SELECT DISTINCT what, waits FROM noted ORDER BY what"
        expected = [("DELETE", "off"), ("INSERT", "on"), ("UPDATE", "off")]
        eventually(lambda: connection.execute(noted).fetchall() == expected, "the job to be done")
    queue.close()


@pytest.mark.needs("postgresql")
def test_a_queue_that_filled_all_at_once_is_emptied_as_fast_as_one_that_did_not() -> None:
    """Its table was empty when the server last counted it: it once looked at all jobs for each that was taken,
    which took 0.2 s with so many."""
    url, most = postgres_server().fresh_database(), 2_000
    queue, taker = ProcrastinateQueue("a database", conninfo_to_dict(libpq(url)), {"poll": 8}), Taker()
    with connected(url) as connection:
        queue.prepare(connection)
        assert len(queue.put(connection, [job(number) for number in range(most)])) == most
    queue.begin(taker)
    eventually(lambda: len(taker.taken) >= 200, "a tenth of them", 20)
    queue.close()


@pytest.mark.needs("postgresql")
def test_who_looks_sees_what_waits_and_who_has_what_in_hand(on_server: Open, url: str) -> None:
    queue, taker = on_server(), Taker(lets_go=False)
    me = Daemon(1, "desk", "c1", version="1", token="W00001")
    with closing(SqlStore(url, hold=1, daemon=me, polls_by_jobs=True)) as store:
        store.shares.begin(["match"])
        assert store.facts.queued() == Queued()
        Queue(queue, url).put(*map(job, range(11)))
        found = store.facts.queued()
        assert found is not None
        assert (dict(found.by_stage), dict(found.taken)) == ({"poll": 11}, {})
        assert found.oldest is not None
        assert abs(datetime.now(UTC) - found.oldest) < timedelta(minutes=1)
        queue.begin(taker)
        eventually(lambda: len(taker.held) == 8, "as many as it takes at once")
        store.shares.turn(workers=queue.workers)
        with closing(SqlStore(url, ask_only=True)) as looker:

            def in_hand() -> int:
                found = looker.facts.queued()
                assert found is not None
                return sum(map(found.taken_by, looker.daemons()))

            assert in_hand() == 8
            assert [one.duties for one in looker.daemons()] == [("match",)]
            (number,) = queue.workers
            store.shares.turn(workers=frozenset({number + 1}))  # as after the server was away
            assert in_hand() == 0
            store.shares.turn(well=False, workers=queue.workers)  # it hangs, and others are told what it has
            store.shares.turn(well=False, workers=queue.workers)
            assert in_hand() == 8


@pytest.mark.needs("postgresql")
def test_where_there_is_no_queue_nothing_is_said_of_one() -> None:
    for url in ("sqlite://", postgres_server().fresh_database()):
        with closing(SqlStore(url)) as store:
            assert store.facts.queued() is None
