"""While a reload changes names nothing is planned or taken to be sent by the old ones."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from newsroom import Newsroom, item
from structlog.testing import capture_logs
from test_app_generations import monitor_of

import monitor.app.service as service_module
from monitor.app.generations import AtWork, Generations
from monitor.app.service import Service
from monitor.app.wiring import Monitor
from monitor.model.delivery import DeliveryState
from monitor.model.errors import RenameRefused
from monitor.model.ledger import Plan


@pytest.fixture
def room() -> Newsroom:
    return Newsroom()


class FakeReloader:
    """Has read a config, and applies it when asked."""

    def __init__(self, after: Monitor) -> None:
        self.has_read = True
        self.applied = threading.Event()
        self._after = after

    def turn(self, before: Monitor, generation: int, wake: Any) -> Monitor:
        self.applied.set()
        return self._after


def test_no_name_changes_while_a_digest_is_planned_and_no_old_digest_plans_after_it(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.bring_in(item())
    first = monitor_of(room)
    second = replace(first, digest=room.planner())
    reloader: Any = FakeReloader(second)
    reloads = threading.Thread(target=lambda: service._turn_to_reload(reloader))
    planned: list[str] = []

    def while_planning(plan: Plan) -> None:
        planned.append(plan.digest)
        reloads.start()
        assert not reloader.applied.wait(0.3)  # a plan that rests on old and new names could tell again

    service = Service(first, on_plan=while_planning)
    service._digest(first)
    reloads.join()
    assert planned == ["alerts"]
    assert service.generations.current is second
    monkeypatch.setattr(room.store.digests, "open_digest", None)  # it looks at nothing
    service._digest(first)  # had begun before the swap, and waited
    assert planned == ["alerts"]


def test_a_digest_that_is_planned_for_long_holds_no_reload_up(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "AT_REST_WITHIN", 0.01)
    room.bring_in(item())
    first = monitor_of(room)
    reloader: Any = FakeReloader(replace(first, digest=room.planner()))

    def while_planning(plan: Plan) -> None:
        reloads = threading.Thread(target=lambda: service._turn_to_reload(reloader))
        reloads.start()
        reloads.join()

    service = Service(first, on_plan=while_planning)
    service._digest(first)
    assert reloader.applied.is_set()


def test_what_the_last_article_of_the_old_rules_kept_is_carried_over_before_anything_is_planned(
    room: Newsroom,
) -> None:
    first = monitor_of(room)
    carried: list[bool] = []
    second = replace(
        first, match=replace(first.match), carry_over=lambda: carried.append(service._planning.locked())
    )
    service = Service(first)
    reloader: Any = FakeReloader(second)
    service._turn_to_reload(reloader)
    assert carried == [True]


def test_a_sender_that_waits_for_a_reload_takes_nothing_by_the_names_of_before(room: Newsroom) -> None:
    room.bring_in(item())
    room.plan()
    first = monitor_of(room)
    service = Service(first)
    second = replace(first, deliver=replace(first.deliver, channels={}))
    sender = threading.Thread(target=lambda: list(first.deliver.run(service._ended("deliver", first))))

    def while_names_change(*_: object) -> Monitor:
        room.channels.clear()
        sender.start()
        sender.join(0.3)  # of the generation in force still, it goes on to take something
        return second

    reloader: Any = FakeReloader(second)
    reloader.turn = while_names_change
    service._turn_to_reload(reloader)
    sender.join()
    (row,) = room.store.ledger.deliveries()
    assert (row.state, row.attempts) == (DeliveryState.WAITING, 0)


def test_a_rename_that_is_refused_behind_a_reload_is_said_once_and_not_tried_for_ever(room: Newsroom) -> None:
    tries: list[int] = []

    def refused() -> None:
        tries.append(1)
        raise RenameRefused("rule", "a", "b", "they were in use at the same time", "")

    first = monitor_of(room)
    generations = Generations(first, AtWork())
    generations.swap(replace(first, carry_over=refused))
    with capture_logs() as log:
        for _ in range(3):
            generations.tend()
    assert len(tries) == 1
    (line,) = log
    assert (line["event"], line["log_level"]) == ("history not carried over", "error")
