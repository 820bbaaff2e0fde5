"""What polling promises whoever runs it: its own look at what is due, a queue in memory, and Procrastinate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from desk import eventually
from made import MINUTE, feed_settings
from newsroom import DAY, HOUR, Newsroom, failing, fresh_postgresql_store, item, rss

from monitor.core.feeds.host_batches import POLL
from monitor.model.errors import StoreUnusable
from monitor.model.feed import PollOutcome, PollReason, PollSettings
from monitor.model.jobs import Job
from monitor.pipeline.dispatch import DispatchStage, MatchDispatch
from monitor.pipeline.given import JobFeeds
from monitor.pipeline.poll import LEASE, PollStage
from monitor.ports import DueFeeds, JobQueue
from monitor.ports.jobs import Done
from monitor.testing import InlineJobs, InlineSandbox

HOST = [f"https://one.example/{n}" for n in range(4)]
OTHER = "https://other.example/feed"
FEEDS = [*HOST, OTHER]
Stopping = Callable[[], bool]


def never() -> bool:
    return False


class Engine(Protocol):
    """Who has the stage run."""

    def turn(self, stopping: Stopping = never) -> None:
        """All that is due now."""
        ...

    def again(self) -> None:
        """What it did last, once more: as after a crash that forgot that it was done."""
        ...

    def end(self) -> None:
        """As at the end of a process."""
        ...


def stage_of(room: Newsroom, feeds: DueFeeds) -> PollStage:
    return PollStage(feeds, room.fetcher, InlineSandbox(), room.clock, lambda: 0.5, room.settings)


class InProcess:
    def __init__(self, room: Newsroom) -> None:
        self._stage = stage_of(room, room.store.feeds)

    def turn(self, stopping: Stopping = never) -> None:
        list(self._stage.run(stopping))

    def again(self) -> None:
        self.turn()

    def end(self) -> None:
        """Nothing is in hand between two turns."""


class ByQueue:
    def __init__(self, room: Newsroom, queue: JobQueue) -> None:
        self._store, self._queue = room.store, queue
        self._given = JobFeeds(room.store.given)
        self._stage = stage_of(room, self._given)
        matching = MatchDispatch(room.store.unmatched, queue, room.clock)
        self._dispatch = DispatchStage(room.store.dispatched, matching, queue, room.clock)
        self._jobs: list[Job] = []
        self._out = self._done = 0
        queue.begin(self._take)

    def turn(self, stopping: Stopping = never) -> None:
        self._out += sum(one.jobs for one in self._dispatch.run(never))
        self._work(stopping)

    def again(self) -> None:
        jobs, self._jobs = self._jobs, []
        self._store.in_transaction(lambda connection: self._queue.put(connection, jobs))
        self._out += len(jobs)
        self._work(never)

    def end(self) -> None:
        self._queue.close()
        self._given.close()

    def _take(self, job: Job, done: Done) -> None:
        self._jobs.append(job)

        def finished() -> None:
            self._done += 1
            done()

        self._given.give(job, finished)

    def _work(self, stopping: Stopping) -> None:
        """Until all jobs are done, or have to be left."""

        def worked() -> bool:
            list(self._stage.run(stopping))
            return self._done >= self._out or stopping()

        eventually(worked, "all jobs")


def procrastinate(room: Newsroom) -> JobQueue:
    from monitor.adapters.jobs import ProcrastinateQueue  # not every machine has it

    queue = ProcrastinateQueue(room.store.name, room.store.conninfo("a test"), {POLL: 8})

    def prepare(connection: Any) -> None:
        queue.prepare(connection)
        connection.execute("TRUNCATE procrastinate_jobs, procrastinate_workers RESTART IDENTITY CASCADE")

    room.store.in_transaction(prepare)
    return queue


ENGINES: dict[str, Callable[[Newsroom], Engine]] = {
    "in-process": InProcess,
    "inline": lambda room: ByQueue(room, InlineJobs()),
    "procrastinate": lambda room: ByQueue(room, procrastinate(room)),
}


@pytest.fixture(
    params=["in-process", "inline", pytest.param("procrastinate", marks=pytest.mark.needs("postgresql"))]
)
def engine_of(request: pytest.FixtureRequest) -> Callable[[Newsroom], Engine]:
    return ENGINES[request.param]


@pytest.fixture
def room(request: pytest.FixtureRequest) -> Newsroom:
    """Four feeds of one host and one of another, each with an entry."""
    feeds = [feed_settings(url, name=url, backfill=DAY) for url in FEEDS]
    # One request after the other, as a real fetcher asks one host.
    more = {"store": fresh_postgresql_store()} if "procrastinate" in request.node.name else {}
    made = Newsroom(feeds=feeds, settings=PollSettings(concurrency=1), **more)
    made.fetcher.answers.update({url: rss(item(url)) for url in FEEDS})
    return made


@pytest.fixture
def engine(room: Newsroom, engine_of: Callable[[Newsroom], Engine]) -> Iterator[Engine]:
    made = engine_of(room)
    yield made
    made.end()


def asked(room: Newsroom) -> list[str]:
    """Who was asked since the last look."""
    urls = sorted(request.url for request in room.fetcher.requests)
    room.fetcher.requests.clear()
    return urls


def test_what_is_due_is_asked_once_and_again_at_its_next_time(room: Newsroom, engine: Engine) -> None:
    engine.turn()
    assert asked(room) == FEEDS
    engine.turn()
    assert asked(room) == []
    room.clock.advance(HOUR)
    engine.turn()
    assert asked(room) == FEEDS
    assert len(room.read()) == len(FEEDS), "an entry stored twice"


def test_the_same_work_again_asks_nobody(room: Newsroom, engine: Engine) -> None:
    engine.turn()
    assert asked(room) == FEEDS
    engine.again()
    assert asked(room) == []
    assert len(room.read()) == len(FEEDS)


def test_one_feed_that_fails_keeps_nothing_from_the_others_of_its_host(room: Newsroom, engine: Engine) -> None:
    room.fetcher.answers[HOST[1]] = failing(PollOutcome.HTTP_ERROR, 500)
    engine.turn()
    assert asked(room) == FEEDS
    assert len(room.read()) == len(FEEDS) - 1
    outcomes = {feed.url: feed.last_outcome for feed in room.store.feeds.all()}
    assert outcomes[HOST[1]] is PollOutcome.HTTP_ERROR


def test_a_host_that_asks_to_be_left_alone_is_and_its_other_feeds_are_put_off(
    room: Newsroom, engine: Engine
) -> None:
    room.fetcher.answers[HOST[0]] = failing(PollOutcome.RATE_LIMITED, 429, retry_after="3600")
    engine.turn()
    assert asked(room) == [HOST[0], OTHER]
    reasons = {feed.url: feed.last_reason for feed in room.store.feeds.all()}
    assert {reasons[url] for url in HOST[1:]} == {PollReason.HOST_PAUSED}
    room.clock.advance(59 * MINUTE)
    engine.turn()
    assert not {*asked(room)} & {*HOST}


@pytest.mark.parametrize("step", ["record_polls", "host_pauses"])
def test_what_the_store_could_not_take_is_asked_again_once_its_lease_is_over(
    room: Newsroom, engine: Engine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """As when the server restarts: of this host, too, which the queue lets one ask at a time."""

    def broken(*_: object) -> object:
        raise StoreUnusable("a store", "terminating connection due to administrator command")

    with monkeypatch.context() as patched:
        for feeds in (room.store.feeds, room.store.given):
            patched.setattr(feeds, step, broken)
        with pytest.raises(StoreUnusable):
            engine.turn()
    asked(room)
    room.clock.advance(LEASE)
    engine.turn()
    assert asked(room) == FEEDS
    assert len(room.read()) == len(FEEDS)


def test_what_one_has_to_leave_the_next_one_asks_at_once(
    room: Newsroom, engine_of: Callable[[Newsroom], Engine]
) -> None:
    first, second = engine_of(room), None
    try:
        first.turn(lambda: len(room.fetcher.requests) >= 2)
        first.end()
        before = asked(room)
        assert 2 <= len(before) < len(FEEDS)
        second = engine_of(room)
        second.turn()
        assert sorted([*before, *asked(room)]) == FEEDS
    finally:
        if second is not None:
            second.end()
