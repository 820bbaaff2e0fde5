"""What a dispatcher gives out, and when it holds back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from made import NOON

from monitor.model.jobs import Dispatched, DueFeed, Job, StalledJob
from monitor.pipeline import dispatch
from monitor.pipeline.dispatch import DispatchStage, MatchDispatch
from monitor.ports.jobs import Put, PutParts
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
        self.freed = list(feed_ids)
        self.leased |= dict.fromkeys(self.leased.keys() & set(feed_ids) - self.held, NOON)
        return self.held.intersection(feed_ids)


class Articles:
    """Articles that wait in some parts."""

    def __init__(self, *parts: int) -> None:
        self.parts = parts

    def dispatch_unmatched(self, now: datetime, put: PutParts) -> None:
        if self.parts:
            put(None, self.parts)


def stage_of(feeds: Feeds, articles: Articles, queue: InlineJobs, clock: FakeClock) -> DispatchStage:
    return DispatchStage(feeds, MatchDispatch(articles, queue, clock), queue, clock)


def test_a_full_queue_is_given_nothing_more_until_workers_have_taken_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What would wait there for longer than its lease would be leased again and again, for nothing."""
    monkeypatch.setattr(dispatch, "MOST_WAITING", 20)
    monkeypatch.setattr(dispatch, "MOST", 10)
    queue, clock = InlineJobs(hold=True), FakeClock(NOON)
    stage = stage_of(Feeds(50), Articles(), queue, clock)

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


def test_parts_in_which_articles_wait_go_in_once_however_often_they_are_looked_for() -> None:
    queue, clock = InlineJobs(hold=True), FakeClock(NOON)
    stage = stage_of(Feeds(0), Articles(3, 7), queue, clock)
    assert list(stage.run(lambda: False)) == [Dispatched(parts=2)]
    assert list(queue.waiting.values()) == [Job.of_part("match", 3), Job.of_part("match", 7)]
    assert list(stage.run(lambda: False)) == []
    del queue.waiting["match 3"]  # it was taken, and something waits there still, or again
    assert list(stage.run(lambda: False)) == [Dispatched(parts=1)]


def test_of_workers_that_are_gone_the_feeds_are_due_and_a_part_is_no_feed() -> None:
    queue, feeds = InlineJobs(hold=True), Feeds(0)
    queue.lost = [StalledJob(1, "poll", (11, 12)), StalledJob(2, "match", (3,))]
    stage = stage_of(feeds, Articles(), queue, FakeClock(NOON))
    assert list(stage.run(lambda: False)) == [Dispatched(rescued=2)]
    assert feeds.freed == [11, 12]
    assert not queue.lost


def test_work_of_the_gone_is_given_to_others_but_for_what_somebody_still_writes_of() -> None:
    """Its machine may be gone in the middle of that: nothing else waits until the server has noticed."""
    feeds, queue, clock = Feeds(4), InlineJobs(hold=True), FakeClock(NOON)
    feeds.leased, feeds.held = dict.fromkeys(range(4), NOON + dispatch.LEASE), {1}
    queue.lost = [StalledJob(1, "poll", (0, 1)), StalledJob(2, "poll", (2,))]
    stage = stage_of(feeds, Articles(), queue, clock)
    assert list(stage.run(lambda: False)) == [Dispatched(rescued=1), Dispatched(feeds=2, jobs=2)]
    assert queue.lost == [StalledJob(1, "poll", (0, 1))]
    feeds.held = set()
    clock.advance(dispatch.RESCUE_EVERY)
    assert next(stage.run(lambda: False)) == Dispatched(rescued=1)
    assert not queue.lost


def test_what_comes_due_while_feeds_are_given_out_goes_out_in_the_next_turn_with_more_of_its_host() -> None:
    class Coming(Feeds):
        def dispatch(
            self, now: datetime, lease: timedelta, again: timedelta, most: int, put: Put
        ) -> Sequence[int]:
            found = super().dispatch(now, lease, again, most, put)
            self.leased[len(self.leased)] = NOON  # one more is due each time
            return found

    stage = stage_of(Coming(3), Articles(), InlineJobs(hold=True), FakeClock(NOON))
    assert list(stage.run(lambda: False)) == [Dispatched(feeds=3, jobs=3)]
    assert list(stage.run(lambda: False)) == [Dispatched(feeds=1, jobs=1)]


def test_while_much_is_given_out_work_of_the_gone_is_looked_for_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "MOST", 10)
    queue, clock, feeds = InlineJobs(hold=True), FakeClock(NOON), Feeds(30)
    turns = stage_of(feeds, Articles(), queue, clock).run(lambda: False)
    assert next(turns) == Dispatched(feeds=10, jobs=10)
    queue.lost = [StalledJob(1, "match", (3,))]
    clock.advance(dispatch.RESCUE_EVERY)
    assert next(turns) == Dispatched(rescued=1)
    assert next(turns) == Dispatched(feeds=10, jobs=10)


def test_work_of_many_that_are_gone_at_once_is_freed_by_the_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement takes some ten thousand values, and would fail at each turn."""
    portions: list[int] = []

    class Counting(Feeds):
        def free(self, feed_ids: Sequence[int]) -> set[int]:
            portions.append(len(feed_ids))
            return super().free(feed_ids)

    queue = InlineJobs(hold=True)
    queue.lost = [StalledJob(n, "poll", tuple(range(n * 100, n * 100 + 100))) for n in range(2_000)]
    stage = stage_of(Counting(0), Articles(), queue, FakeClock(NOON))
    assert list(stage.run(lambda: False)) == [Dispatched(rescued=2_000)]
    assert not queue.lost
    assert sum(portions) == 200_000
    assert max(portions) <= 20_000
