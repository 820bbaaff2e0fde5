"""prune: when what goes. What may go at all is the store's promise (tests/contract/test_retention_contract.py)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, Newsroom, after, item

from monitor.model.retention import PruneStep
from monitor.pipeline.prune import BATCH, EVERY, SETTLE, SOON, PruneStage

MONTH = 30 * DAY


def stage(room: Newsroom, **more: Any) -> PruneStage:
    values = {
        "store": room.store.retention,
        "clock": room.clock,
        "retention": MONTH,
        "store_full_text": True,
        "max_entry_age": 7 * DAY,
        "ruleset": room.ruleset.version,
    }
    return PruneStage(**{**values, **more})


def run(pruning: PruneStage, stopping: Any = lambda: False) -> list[str]:
    """The steps that took something."""
    return [report.step.value for report in pruning.run(stopping)]


@pytest.fixture
def room() -> Newsroom:
    """One article, told, older than the retention time."""
    made = Newsroom()
    made.bring_in(item())
    made.plan()
    made.deliver()
    made.clock.advance(2 * MONTH)
    return made


def ticks(room: Newsroom, pruning: PruneStage, by: timedelta, step: timedelta = 5 * MINUTE) -> Counter[str]:
    """What a daemon's ticks take while so much time passes."""
    taken: Counter[str] = Counter()
    until = room.clock.now() + by
    while room.clock.now() < until:
        room.clock.advance(step)
        taken.update(run(pruning))
    return taken


def test_nothing_goes_by_age_in_the_hour_after_a_start(room: Newsroom) -> None:
    pruning = stage(room)
    assert not run(pruning)
    assert not ticks(room, pruning, SETTLE - 5 * MINUTE)
    assert ticks(room, pruning, 5 * MINUTE)["old texts"] == 1


def test_nothing_goes_by_age_in_the_hour_after_the_clock_was_set(room: Newsroom) -> None:
    room.clock.set(NOON + DAY)
    pruning = stage(room)
    assert not ticks(room, pruning, 2 * SETTLE)
    room.clock.advance(300 * DAY)  # a wrong year, until somebody mends it
    assert not ticks(room, pruning, SETTLE - 5 * MINUTE)
    room.clock.set(NOON + DAY + 3 * HOUR)
    assert not ticks(room, pruning, 2 * SETTLE)
    assert room.article().text


def test_a_round_comes_once_an_hour(room: Newsroom) -> None:
    pruning = stage(room)
    run(pruning)
    assert ticks(room, pruning, SETTLE)
    room.store.articles.record_ruleset("unused", [("a", "b")], NOON - DAY)
    room.store.articles.record_ruleset("newest", [("a", "b")], NOON)
    assert not ticks(room, pruning, EVERY - 5 * MINUTE)
    assert ticks(room, pruning, 5 * MINUTE)["rulesets"] == 1


def test_without_full_texts_what_was_read_goes_within_seconds_of_the_start(room: Newsroom) -> None:
    pruning = stage(room, store_full_text=False)
    assert run(pruning) == ["read texts"]
    room.clock.advance(SOON / 2)
    room.bring_in(item("e2", "A quiet day", "Nothing happened.", published=room.clock.now()))
    assert not run(pruning)
    room.clock.advance(SOON / 2)
    assert run(pruning) == ["read texts"]
    assert room.article("e2").text == ""


def test_with_full_texts_no_read_text_goes(room: Newsroom) -> None:
    room.bring_in(item("e2", "A quiet day", "Nothing happened.", published=room.clock.now()))
    ticks(room, stage(room), 3 * EVERY)
    assert room.article("e2").text


def test_each_transaction_is_a_report_so_that_a_caller_can_pause() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    room.serve(*(item(f"e{n}", f"A quiet day {n}", published=None) for n in range(BATCH + 10)))
    room.poll()
    for day in (1, 60, 60):
        room.serve(item(f"m{day}", f"Floods {room.clock.now()}", published=None))
        room.repoll(day * DAY)
    reports = [one for one in stage(room).run_all(lambda: False) if one.step is PruneStep.ENTRIES]
    assert [one.rows for one in reports] == [BATCH, 10]


def test_a_stop_ends_the_round_between_two_pieces_and_the_next_goes_on(room: Newsroom) -> None:
    room.store.articles.record_ruleset("unused", [("a", "b")], NOON - DAY)
    room.store.articles.record_ruleset("newest", [("a", "b")], NOON)
    assert [one.step for one in stage(room).run_all(after(0))] == []
    first = [one.step for one in stage(room).run_all(after(1))]
    assert first == [PruneStep.OLD_TEXTS]
    rest = {one.step for one in stage(room).run_all(lambda: False)}
    assert PruneStep.RULESETS in rest
    assert PruneStep.OLD_TEXTS not in rest


def test_every_kind_has_its_turn_in_a_round(room: Newsroom) -> None:
    asked: list[PruneStep] = []

    class Watched:
        def prune(self, step: PruneStep, limits: object, most: int) -> int:
            asked.append(step)
            return 0

    list(stage(room, store=Watched(), store_full_text=False).run_all(lambda: False))
    assert asked == [step for step in PruneStep if step is not PruneStep.INDEX]


def test_rows_outlive_texts_until_an_entry_would_count_as_too_old(room: Newsroom) -> None:
    seen = []

    class Watched:
        def prune(self, step: PruneStep, limits: Any, most: int) -> int:
            seen.append((limits.now - limits.texts, limits.now - limits.rows))
            return 0

    list(stage(room, store=Watched(), max_entry_age=90 * DAY).run_all(lambda: False))
    assert set(seen) == {(MONTH, 90 * DAY)}


def test_a_config_that_is_read_again_every_half_hour_does_not_put_pruning_off(room: Newsroom) -> None:
    pruning = stage(room)
    run(pruning)
    taken: Counter[str] = Counter()
    for _ in range(4):
        pruning = stage(room, turns=pruning.turns)
        taken += ticks(room, pruning, timedelta(minutes=30))
    assert taken["old texts"] == 1


class Shelf:
    """A store that drops one text a round on two days, and notes when its index is written anew."""

    def __init__(self) -> None:
        self.last = NOON
        self.merged: list[datetime] = []

    def prune(self, step: PruneStep, limits: Any, most: int) -> int:
        if step is PruneStep.INDEX:
            self.merged.append(limits.now)
        dropped = step is PruneStep.OLD_TEXTS and NOON + DAY < limits.now < NOON + 3 * DAY
        if not dropped or limits.now == self.last:
            return 0
        self.last = limits.now
        return 1


def test_the_index_is_written_anew_once_a_day_and_only_when_something_left_it(room: Newsroom) -> None:
    room.clock.set(NOON)
    shelf = Shelf()
    ticks(room, stage(room, store=shelf), 7 * DAY, timedelta(minutes=30))
    assert len(shelf.merged) == 3
    assert all(later - earlier >= DAY for earlier, later in pairwise(shelf.merged))
    assert shelf.merged[0] > NOON + DAY
    assert shelf.merged[-1] < NOON + 4 * DAY + 2 * HOUR
