"""What a dispatcher gives out, and when it holds back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from made import NOON

from monitor.model.jobs import Dispatched, DueFeed, StalledJob
from monitor.pipeline import dispatch
from monitor.pipeline.dispatch import DispatchStage
from monitor.ports.jobs import Put
from monitor.testing import FakeClock, InlineJobs


class Feeds:
    """So many feeds, each of a host of its own and due, until their leases are over."""

    def __init__(self, number: int) -> None:
        self.leased = dict.fromkeys(range(number), NOON)
        self.held: set[int] = set()  # that somebody writes of

    def dispatch(self, now: datetime, lease: timedelta, again: timedelta, most: int, put: Put) -> Sequence[int]:
        due = [one for one, until in self.leased.items() if until <= now][:most]
        into = put(None, [DueFeed(one, f"https://host{one}.example/feed") for one in due])
        self.leased |= {one: now + (lease if one in into else again) for one in due}
        return due

    def free(self, feed_ids: Sequence[int]) -> set[int]:
        self.leased |= dict.fromkeys(set(feed_ids) - self.held, NOON)
        return self.held.intersection(feed_ids)


def test_a_full_queue_is_given_nothing_more_until_workers_have_taken_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What would wait there for longer than its lease would be leased again and again, for nothing."""
    monkeypatch.setattr(dispatch, "MOST_WAITING", 20)
    monkeypatch.setattr(dispatch, "MOST", 10)
    queue, clock = InlineJobs(hold=True), FakeClock(NOON)
    stage = DispatchStage(Feeds(50), queue, clock)

    def turn() -> list[Dispatched]:
        return list(stage.run(lambda: False))

    assert turn() == [Dispatched(feeds=10, jobs=10)] * 2 + [Dispatched(full=True)]
    clock.advance(timedelta(seconds=1))
    assert turn() == []  # it is said now and then
    clock.advance(dispatch.LEASE)
    assert turn() == [Dispatched(full=True)]
    for place in list(queue.waiting)[:5]:
        del queue.waiting[place]  # a worker took it
    clock.advance(timedelta(seconds=1))
    # The oldest come first; those that wait in the queue already are left alone for a while.
    assert turn() == [Dispatched(feeds=5, jobs=5, waiting=5)]
    assert len(queue.waiting) == 20


def test_work_of_the_gone_is_given_to_others_but_for_what_somebody_still_writes_of() -> None:
    """Its machine may be gone in the middle of that: nothing else waits until the server has noticed."""
    feeds, queue, clock = Feeds(4), InlineJobs(hold=True), FakeClock(NOON)
    feeds.leased, feeds.held = dict.fromkeys(range(4), NOON + dispatch.LEASE), {1}
    queue.lost = [StalledJob(1, (0, 1)), StalledJob(2, (2,))]
    stage = DispatchStage(feeds, queue, clock)
    assert list(stage.run(lambda: False)) == [Dispatched(rescued=1), Dispatched(feeds=2, jobs=2)]
    assert queue.lost == [StalledJob(1, (0, 1))]
    feeds.held = set()
    clock.advance(dispatch.RESCUE_EVERY)
    assert next(stage.run(lambda: False)) == Dispatched(rescued=1)
    assert not queue.lost
