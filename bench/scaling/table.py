"""What the table of feeds costs as it grows: an empty look, a claim, a dispatch, a take, a recorded poll."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.model.feed import Feed, PollDecision, Polled, PollOutcome, PollReason, Validators
from monitor.model.jobs import DueFeed
from monitor.pipeline.dispatch import MOST, POLL, DispatchStage
from monitor.pipeline.poll import LEASE, MOST_QUIET
from scaling.jobs import queue_of
from scaling.server import Server, plain

_LOOKS = 50
_FEEDS_OF_A_HOST = 20
_AGAIN = timedelta(seconds=30)
_CLAIM = """
    UPDATE feeds SET lease_until = %(until)s WHERE id IN (
        SELECT id FROM feeds WHERE status = 'active' AND next_poll_at <= %(now)s
            AND (lease_until IS NULL OR lease_until <= %(now)s)
        ORDER BY next_poll_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    RETURNING id
"""
_ROWS = """
    INSERT INTO feeds (declared_url, url, name, tags, full_text, backfill_seconds, origin, status, subscribed_at,
        next_poll_at, failures)
    SELECT url, url, url, '[]', false, 0, 'store', 'active', %(now)s,
        CASE WHEN n %% %(every)s = 0 THEN %(now)s - interval '1 microsecond' * (%(feeds)s - n)
            ELSE %(now)s + interval '1 hour' * (1 + n %% 1000 / 1000.0) END, 0
    FROM (
        SELECT n, format('http://h%%s.example/%%s.xml', (n / %(every)s) / %(of_a_host)s, n) url
        FROM generate_series(0, %(feeds)s - 1) n) made
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was done to `feeds` feeds: seconds, and CPU seconds of the server and of this process."""

    name: str
    feeds: int
    seconds: float
    server: float
    ours: float

    def of_one(self, seconds: float) -> float:
        """Milliseconds for each feed."""
        return seconds * 1000 / self.feeds


def measure(server: Server, feeds: int, due: int) -> list[Row]:
    """All rows beside so many feeds, of which `due` are due, spread over the table; a host has twenty of them."""
    url = server.database()
    store = SqlStore(url)
    now = datetime.now(UTC)
    with psycopg.connect(plain(url), autocommit=True) as connection:
        every = max(1, feeds // due)
        connection.execute(_ROWS, {"feeds": feeds, "now": now, "every": every, "of_a_host": _FEEDS_OF_A_HOST})
        connection.execute("VACUUM ANALYZE feeds")
        connection.execute("CHECKPOINT")
        rows = list(_rows(server, store, url, connection, now, -(-feeds // every)))
    store.close()
    server.drop(url)
    return rows


def _rows(
    server: Server, store: SqlStore, url: str, connection: psycopg.Connection, now: datetime, due: int
) -> Iterator[Row]:
    def forget() -> None:
        connection.execute("UPDATE feeds SET lease_until = NULL WHERE lease_until IS NOT NULL")
        connection.execute("VACUUM feeds")

    @contextmanager
    def timed(name: str, feeds: int) -> Iterator[None]:
        before, own, begun = server.cpu(), time.process_time(), time.perf_counter()
        yield
        found.append(
            Row(name, feeds, time.perf_counter() - begun, server.cpu() - before, time.process_time() - own)
        )

    found: list[Row] = []
    with timed("bare UPDATE … SKIP LOCKED", due):
        _until_none(lambda: _claimed(connection, now))
    forget()
    with timed("lease, without a queue", due):
        _until_none(lambda: store.dispatched.dispatch(now, LEASE, _AGAIN, MOST, _all_of))
    with timed("a look that finds nothing", _LOOKS):
        for _ in range(_LOOKS):
            assert not store.dispatched.dispatch(now, LEASE, _AGAIN, MOST, _all_of)
    forget()
    queue = queue_of(url, POLL, 1)
    store.in_transaction(queue.prepare)
    stage = DispatchStage(store.dispatched, queue, SystemClock())
    list(stage.run(lambda: True))  # its look for jobs of the dead, and its connection
    with timed("lease and put into the queue", due):
        given = sum(one.feeds for one in stage.run(lambda: False))
    assert given == due, f"{given} of {due}"
    queue.close()
    ids = [row[0] for row in connection.execute("SELECT id FROM feeds WHERE lease_until IS NOT NULL ORDER BY id")]
    taken: list[Feed] = []
    with timed("take", due):
        for some in _parts(ids):
            taken += store.given.take(some, now, LEASE)
    assert len(taken) == due
    with timed("record, unchanged (304)", due):
        for feeds in _parts(taken):
            store.given.record_polls([Polled(one, _unchanged(one, now), now) for one in feeds])
    yield from found


def _all_of(_connection: Any, feeds: Sequence[DueFeed]) -> set[int]:
    return {feed.id for feed in feeds}


def _claimed(connection: psycopg.Connection, now: datetime) -> Sequence[Any]:
    return connection.execute(_CLAIM, {"now": now, "until": now + LEASE, "most": MOST}).fetchall()


def _until_none(claim: Callable[[], Sequence[Any]]) -> None:
    while claim():
        pass


def _parts(all_of_them: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(all_of_them), MOST_QUIET):
        yield all_of_them[start : start + MOST_QUIET]


def _unchanged(feed: Feed, now: datetime) -> PollDecision:
    return PollDecision(
        next_poll_at=now + timedelta(minutes=20),
        reason=PollReason.RATE,
        outcome=PollOutcome.NOT_MODIFIED,
        failures=0,
        validators=Validators('"etag"', "Tue, 10 Mar 2026 12:00:00 GMT"),
        url=feed.url,
    )
