"""A wall clock that is set: the ticks go on, and what the store put ahead is pulled back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from newsroom import Newsroom

from monitor.app.backlog import CATCH_UP
from monitor.app.service import Service
from monitor.app.wiring import Monitor
from monitor.pipeline.gaps import GapStage
from monitor.pipeline.group import GroupStage
from monitor.pipeline.index import IndexStage
from monitor.pipeline.match import MatchStage
from monitor.pipeline.poll import PollStage
from monitor.pipeline.read import ReadStage
from monitor.pipeline.weigh import WeighStage
from monitor.testing import InlineSandbox


class SetClock:
    """Real time plus the next of the given offsets at each look."""

    def __init__(self, *offsets: timedelta) -> None:
        self._offsets: Iterator[timedelta] = chain(offsets, repeat(offsets[-1]))

    def now(self) -> datetime:
        return datetime.now(UTC) + next(self._offsets)


class Woken:
    def __init__(self, service: Service) -> None:
        self.times = 0
        self._service = service

    def wake_all(self) -> None:
        self.times += 1
        self._service.stop()


def monitor_of(room: Newsroom, clock: Any) -> Monitor:
    return Monitor(
        store=room.store,
        fetcher=room.fetcher,
        sandboxes=(),
        clock=clock,
        poll=PollStage(room.store.feeds, room.fetcher, InlineSandbox(), clock, lambda: 0.5, room.settings),
        gaps=GapStage(
            room.store.gaps, room.store.feeds, room.fetcher, InlineSandbox(), clock, lambda: 0.5, room.settings
        ),
        read=ReadStage(room.store.articles, room.store.reading, room.fetcher, InlineSandbox(), clock),
        group=GroupStage(room.store.grouping, clock),
        match=MatchStage(room.store.articles, room.ruleset, room.digests, clock),
        digest=replace(room.planner(), clock=clock),
        deliver=None,  # type: ignore[arg-type]  # nothing is delivered here
        prune=replace(room.pruner(), clock=clock),
        weigh=WeighStage(room.store.grouping, clock),
        index=IndexStage(room.store.archive, clock),
        health=room.keeper(),
        pushes=replace(room.pusher(), clock=clock),
        websub=replace(room.hub_asker(), clock=clock),
    )


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=2)])
def test_a_clock_that_is_set_makes_every_stage_run_now(jump: timedelta) -> None:
    clock = SetClock(timedelta(0), timedelta(0), jump)
    service = Service(monitor_of(Newsroom(), clock))
    ticks = Woken(service)
    service._watch_the_clock(ticks)  # type: ignore[arg-type]  # all it asks of them
    assert ticks.times == 1


def test_a_late_digest_waits_for_the_first_poll_of_every_feed_but_not_for_ever() -> None:
    room = Newsroom()
    service = Service(monitor_of(room, room.clock))
    assert not service._caught_up()
    room.clock.advance(timedelta(seconds=1))
    room.poll()
    assert service._caught_up()
    service = Service(monitor_of(Newsroom(), room.clock))
    room.clock.advance(CATCH_UP + timedelta(seconds=1))
    assert service._caught_up()


def test_a_stage_that_is_woken_at_work_goes_round_again() -> None:
    service = Service(monitor_of(Newsroom(), SetClock(timedelta(0))))
    turns: list[int] = []

    def match(_monitor: Monitor) -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            service._wake("match")  # by what it may have passed already

    service._guarded("match", match)()
    assert turns == [0, 1]
