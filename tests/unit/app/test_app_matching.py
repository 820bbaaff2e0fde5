"""Grouping and matching in turns, or apart."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

from newsroom import Newsroom, item

from monitor.app.heartbeat import Progress
from monitor.app.matching import GROUP_WITHIN, Matching
from monitor.app.metering import NoMeter
from monitor.pipeline.group import GroupStage
from monitor.pipeline.match import MatchStage


class Noted(Progress):
    """Of which stages something was done."""

    def __init__(self) -> None:
        super().__init__()
        self.of: list[str] = []

    def did(self, stage: str) -> None:
        self.of.append(stage)


class Desk:
    """Articles that were read, and the turns of one process."""

    def __init__(self, articles: int, seconds_a_look: float) -> None:
        room = self.room = Newsroom()
        room.serve(*(item(id=f"e{n}", title=f"Torkham closed, day {n}") for n in range(articles)))
        room.poll()
        room.read()
        self.woken: list[str] = []
        self.progress = Noted()
        steady = count(step=seconds_a_look)
        self.turns = Matching(
            NoMeter(), self.progress, self.woken.append, lambda name, monitor: lambda: False, lambda: next(steady)
        )
        self.monitor: Any = SimpleNamespace(
            group=GroupStage(room.store.grouping, room.clock, batch=2),
            match=MatchStage(room.store.articles, room.ruleset, room.digests, room.clock),
            clock=room.clock,
            jobs=None,
        )

    def stages(self) -> list[str]:
        with self.room.store._db.read() as connection:
            return [row[0] for row in connection.exec_driver_sql("SELECT stage FROM articles ORDER BY id")]


def test_of_a_backlog_what_was_grouped_is_matched_before_the_rest_is_grouped() -> None:
    desk = Desk(6, seconds_a_look=GROUP_WITHIN * 0.6)
    desk.turns.both(desk.monitor)
    assert desk.stages() == ["matched"] * 2 + ["read"] * 4
    assert desk.woken == ["match", "digest"]  # it goes on at once
    while "match" in desk.woken:
        desk.woken.clear()
        desk.turns.both(desk.monitor)
    assert desk.stages() == ["matched"] * 6


def test_what_is_little_is_grouped_whole_and_then_matched() -> None:
    desk = Desk(6, seconds_a_look=0.01)
    desk.turns.both(desk.monitor)
    assert desk.stages() == ["matched"] * 6
    assert desk.woken == ["digest"]


def test_where_a_queue_gives_work_out_who_groups_says_so_and_matches_by_itself() -> None:
    desk = Desk(3, seconds_a_look=0.01)
    said: list[int] = []
    desk.monitor.jobs = SimpleNamespace(
        dispatch=SimpleNamespace(matching=SimpleNamespace(run=lambda: said.append(1)))
    )
    desk.turns.group(desk.monitor)
    assert (desk.stages(), said) == (["grouped"] * 3, [1])
    assert set(desk.progress.of) == {"group"}, "else one that hangs in matching would seem to be at work"
    desk.turns.match(desk.monitor)
    assert (desk.stages(), desk.woken) == (["matched"] * 3, ["digest"])
