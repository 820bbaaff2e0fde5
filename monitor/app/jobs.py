"""The jobs of one process: the queue, what came from there, and what goes in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from monitor.model.errors import MonitorError
from monitor.pipeline.dispatch import MATCH, POLL, DispatchStage, MatchDispatch
from monitor.pipeline.given import JobFeeds
from monitor.pipeline.parts import JobParts
from monitor.ports import Clock, DispatchingStore, JobQueue


def resting(*, takes_part: bool, polls_hang: bool) -> tuple[str, ...]:
    """The stages of which a process takes no jobs, while others do.

    By an older config feeds are asked all the same, but nothing is read by older rules. Polls that go on keep
    their hosts: another worker would ask those at the same time.
    """
    if takes_part:
        return ()
    return (MATCH, POLL) if polls_hang else (MATCH,)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The queue of a process, what it was given from there, and what puts work into it."""

    queue: JobQueue
    feeds: JobFeeds
    articles: JobParts
    dispatch: DispatchStage

    @classmethod
    def of(cls, queue: JobQueue, store: DispatchingStore, clock: Clock) -> Jobs:
        """Those by this queue, of which nothing is taken yet."""
        matching = MatchDispatch(store.unmatched, queue, clock)
        dispatch = DispatchStage(store.dispatched, matching, queue, clock)
        return cls(queue, JobFeeds(store.given), JobParts(), dispatch)

    def begin(self, wake: Callable[[str], None]) -> None:
        """Takes jobs from now on; `wake` hears which stage has got one."""
        self.feeds.wake, self.articles.wake = (lambda: wake(POLL)), (lambda: wake(MATCH))
        takes = {POLL: self.feeds.give, MATCH: self.articles.give}
        self.queue.begin(lambda job, done: takes[job.stage](job, done))

    def rest(self, stages: Collection[str]) -> None:
        """Takes no jobs of these stages, and gives up those that are in hand, until it is called without them."""
        self.queue.rest(stages)
        if MATCH in stages:
            self.articles.leave()
        if POLL in stages:
            with suppress(MonitorError):
                self.feeds.leave()

    def leave(self, seconds: float) -> bool:
        """Takes no more from the queue, and gives back what waits; whether that was done in this time.

        A database that does not answer is not waited for: what stays in the queue is given to others as of one who
        is gone, and leases of feeds end by themselves.
        """
        leaving = threading.Thread(target=self._leave, name="leaving", daemon=True)
        leaving.start()
        leaving.join(seconds)
        return not leaving.is_alive()

    def _leave(self) -> None:
        self.queue.close()  # first: what it would still take nobody here does
        self.articles.close()
        with suppress(MonitorError):
            self.feeds.close()
