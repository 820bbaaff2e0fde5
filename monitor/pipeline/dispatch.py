"""dispatch: due feeds → jobs of one host each, leased and put into the queue at once; articles → jobs by parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.feeds.host_batches import POLL as POLL
from monitor.core.feeds.host_batches import host_jobs
from monitor.model.jobs import Dispatched, DueFeed, Job, StalledJob
from monitor.pipeline.poll import LEASE
from monitor.ports import Clock, DispatchedArticles, DispatchedFeeds, JobQueue

MATCH = "match"
"""The stage that takes parts of the articles."""

AGAIN = timedelta(seconds=30)
"""After which feeds are tried again whose host has a job in the queue that nobody took: workers are busy."""
MOST = 1000  # feeds in one transaction: some .1 s
MOST_RESCUED = 200
"""Jobs of the gone in one transaction, of up to a hundred feeds each: a statement takes 65,535 values."""
MOST_WAITING = 10_000
"""Jobs in the queue beyond which nothing more goes in: half a minute of work at the 300 to 470 jobs/s that one
database was seen to give out. Leases of what waits longer than they last would be renewed for nothing, again and
again."""
RESCUE_EVERY = timedelta(seconds=5)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Turns:
    rescued_at: datetime = _LONG_AGO
    full_at: datetime = _LONG_AGO  # when that was said last


@dataclass(frozen=True, slots=True)
class MatchDispatch:
    """Gives out what rules have to read. What that is stands in the store alone: a job says only where to look,
    and may be lost or there twice. Any process may run it, also two at once."""

    articles: DispatchedArticles
    queue: JobQueue
    clock: Clock

    def run(self) -> int:
        """Puts a job in for each part in which something waits; how many went in, beside those that wait there."""
        into: list[Job] = []

        def put(connection: Any, parts: Sequence[int]) -> None:
            # In one order: of two that put, one would wait for what the other has put, and that one for this.
            into[:] = self.queue.put(connection, [Job.of_part(MATCH, part) for part in sorted(parts)])

        self.articles.dispatch_unmatched(self.clock.now(), put)
        return len(into)


@dataclass(frozen=True, slots=True)
class DispatchStage:
    """Gives out what is due. When a feed is due stands in the store alone: the queue may lose a job, or have it
    twice, and no poll is lost or made twice by it."""

    feeds: DispatchedFeeds
    matching: MatchDispatch
    queue: JobQueue
    clock: Clock
    turns: _Turns = field(default_factory=_Turns, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[Dispatched]:
        """Dispatches what is due by now; one report a transaction.

        What comes due meanwhile goes out in the next turn, with more of its host. Where that is much, work of the
        gone is looked for in between.
        """
        if parts := self.matching.run():
            yield Dispatched(parts=parts)
        while not stopping():
            if rescued := self._rescue():
                yield Dispatched(rescued=rescued)
            if self.queue.holds(MOST_WAITING):
                yield from self._full()
                return
            jobs: list[Job] = []

            def put(connection: Any, due: Sequence[DueFeed], jobs: list[Job] = jobs) -> set[int]:
                jobs[:] = self.queue.put(connection, host_jobs(due))
                return {one for job in jobs for one in job.ids}

            leased = self.feeds.dispatch(self.clock.now(), LEASE, AGAIN, MOST, put)
            if not leased:
                return
            feeds = sum(len(job.ids) for job in jobs)
            yield Dispatched(feeds=feeds, jobs=len(jobs), waiting=len(leased) - feeds)
            if len(leased) < MOST:
                return

    def _full(self) -> Iterator[Dispatched]:
        now, turns = self.clock.now(), self.turns
        if abs(now - turns.full_at) >= AGAIN:
            turns.full_at = now
            yield Dispatched(full=True)

    def _rescue(self) -> int:
        """Gives the work of workers that are gone to others. A job is not put back into the queue: its feeds are
        due as before, and what of them was polled is not; what waits for rules is looked for anew. A job of one of
        whose feeds a worker was writing when its network went waits until the server has ended that."""
        now, turns = self.clock.now(), self.turns
        if abs(now - turns.rescued_at) < RESCUE_EVERY:
            return 0
        turns.rescued_at = now
        stalled = self.queue.stalled()
        return sum(
            self._rescue_some(stalled[start : start + MOST_RESCUED])
            for start in range(0, len(stalled), MOST_RESCUED)
        )

    def _rescue_some(self, stalled: Sequence[StalledJob]) -> int:
        feeds = {one for job in stalled if job.stage == POLL for one in job.ids}
        held = self.feeds.free(sorted(feeds))
        gone = [job for job in stalled if job.stage != POLL or not set(job.ids).intersection(held)]
        if gone:
            self.queue.drop(gone)
        return len(gone)
