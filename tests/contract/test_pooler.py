"""A pooler between the monitor and PostgreSQL: by session it changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa
from desk import eventually
from made import NOON, feed_settings
from pgbouncer import pgbouncer
from postgres_server import postgres_server
from sharing import daemons_on

from monitor.adapters.jobs import ProcrastinateQueue
from monitor.adapters.store.sql import SqlStore
from monitor.model.daemons import SHARES
from monitor.model.jobs import Job
from monitor.ports.jobs import Done

pytestmark = pytest.mark.needs("postgresql", "pgbouncer")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with pgbouncer(postgres_server().fresh_database()) as url:
        yield url


def test_a_store_behind_it_says_times_in_utc_whatever_the_server_does(url: str) -> None:
    with closing(SqlStore(url)) as store, store._db.write() as connection:
        connection.execute(sa.text("SET timezone = 'Asia/Kabul'"))
    with closing(SqlStore(url)) as store:
        store.feeds.sync([feed_settings()], NOON)
        (feed,) = store.feeds.all()
        assert feed.subscribed_at == NOON
        with store._db.read() as connection:
            assert connection.execute(sa.text("SHOW timezone")).scalar() == "UTC"


def test_daemons_behind_it_divide_the_work_and_hear_of_each_other(url: str) -> None:
    with daemons_on(url) as start:
        one, other = start("a"), start("b")
        for store in (one, other, one):
            store.shares.turn()
        assert one.shares.turn().shares == other.shares.turn().shares == SHARES // 2
        heard = threading.Event()
        one.signals.begin(lambda stage: None)
        other.signals.begin(lambda stage: heard.set())

        def told() -> bool:
            one.signals.tell("digest")
            return heard.wait(0.1)

        eventually(told, "what the other one says")


def test_jobs_go_through_it_by_the_settings_that_a_queue_needs(url: str) -> None:
    taken: list[Job] = []

    def take(job: Job, done: Done) -> None:
        taken.append(job)
        done()

    with daemons_on(url) as start:
        store = start("a")
        queue = ProcrastinateQueue(store.name, store.conninfo("monitor-jobs a"), {"poll": 2})
        try:
            store.in_transaction(queue.prepare)
            store.in_transaction(
                lambda connection: queue.put(connection, [Job("poll", (1,), "host", "poll host")])
            )
            queue.begin(take)
            eventually(lambda: taken, "the job")
            for name, value in (("synchronous_commit", "off"), ("enable_sort", "off")):
                ask = f"SHOW {name}"
                said = queue._asked(lambda ask=ask: queue._app.connector.execute_query_one_async(ask))
                assert said == {name: value}
        finally:
            queue.close()
