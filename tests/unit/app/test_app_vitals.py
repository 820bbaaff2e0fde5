"""What a probe is told, and how seldom the store is asked for it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made import MINUTE
from newsroom import FEED, Newsroom, feed_settings, file_store, item
from prometheus_client.parser import text_string_to_metric_families
from steady import Steady

from monitor.app.pulse import Pulse
from monitor.app.reload import LastReload
from monitor.app.remembered import Remembered
from monitor.app.service import Service
from monitor.app.vitals import KEEP_GAUGES, SILENT, Finding, Health, Reason, Vitals, config_findings, health_json
from monitor.model.errors import StoreError, StoreUnusable
from monitor.ports import Store
from monitor.testing import EPOCH, FakeClock, RecordingMeter


class Broken:
    """A store whose every question fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error


def vitals_of(store: Store | Broken | None = None, steady: Steady | None = None, **more: Any) -> Vitals:
    """The vitals of a daemon that has just ticked."""
    vitals = Vitals(store or Newsroom().store, FakeClock(), version="1", pulse=Pulse(steady or Steady()), **more)
    vitals.pulse.beat(EPOCH)
    return vitals


def reasons(health: Health) -> list[Reason]:
    return [finding.reason for finding in health.troubles]


# ---- healthz


def test_a_daemon_that_ticks_is_alive() -> None:
    steady = Steady()
    vitals = vitals_of(steady=steady)
    steady.now += SILENT - 1
    assert vitals.alive().ok
    steady.now += 2
    assert reasons(vitals.alive()) == [Reason.NO_TICK]
    assert vitals.alive().troubles[0].detail == "31 s since the last tick"
    vitals.pulse.beat(EPOCH)
    assert vitals.alive().ok


def test_a_stage_that_hangs_is_told_though_the_others_are_let_run() -> None:
    vitals = vitals_of()
    vitals.hangs = lambda: "poll hangs for 15 min"
    assert reasons(vitals.alive()) == reasons(vitals.ready()) == [Reason.STAGE_HANGS]
    assert vitals.alive().troubles[0].detail == "poll hangs for 15 min"


def test_a_daemon_that_never_ticks_is_given_the_time_to_start_and_no_more() -> None:
    steady = Steady()
    vitals = Vitals(Newsroom().store, FakeClock(), version="1", pulse=Pulse(steady))
    assert vitals.alive().ok
    assert reasons(vitals.ready()) == [Reason.STARTING]
    steady.now += SILENT + 1
    assert reasons(vitals.alive()) == [Reason.NO_TICK]
    assert "no tick yet" in vitals.alive().troubles[0].detail


def test_a_clock_that_is_set_kills_nobody() -> None:
    clock = FakeClock()
    vitals = Vitals(Newsroom().store, clock, version="1", pulse=Pulse(Steady()))
    vitals.pulse.beat(clock.now())
    clock.advance(timedelta(days=2))
    assert vitals.alive().ok
    assert vitals.ready().ok


def test_a_daemon_that_stops_is_alive_to_the_end_and_not_ready() -> None:
    steady = Steady()
    vitals = vitals_of(steady=steady)
    vitals.pulse.stop()
    steady.now += SILENT + 1
    assert vitals.alive().ok
    assert reasons(vitals.ready()) == [Reason.STOPPING]


def test_asking_whether_it_lives_asks_no_store() -> None:
    assert vitals_of(Broken(AssertionError("asked"))).alive().ok


# ---- readyz


def test_a_daemon_that_ticks_over_a_store_that_answers_is_ready() -> None:
    assert vitals_of().ready() == Health()


def test_a_store_in_trouble_is_told_by_its_reason_and_without_its_path() -> None:
    vitals = vitals_of(Broken(StoreUnusable("sqlite:////srv/secret/monitor.db", "the disk is full")))
    assert vitals.ready().troubles == (Finding(Reason.STORE_UNUSABLE, "the disk is full"),)
    other = vitals_of(Broken(StoreError("sqlite:////srv/secret/monitor.db")))
    assert other.ready().troubles == (Finding(Reason.STORE_UNUSABLE, "StoreError"),)


def test_a_database_that_is_damaged_under_the_daemon_is_told(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    store = file_store(database)
    vitals = vitals_of(store)
    assert numbers(vitals)["database_bytes",] == sum(one.stat().st_size for one in tmp_path.glob("monitor.db*"))
    store.close()  # which leaves no connection, so that the next question opens the file
    database.write_bytes(b"not a database, but text" * 100)
    assert vitals.ready().troubles == (Finding(Reason.STORE_UNUSABLE, "this file is no SQLite database"),)
    assert numbers(vitals_of(store))["store_reachable",] == 0


def test_all_that_is_wrong_is_told_at_once() -> None:
    steady = Steady()
    vitals = vitals_of(Broken(StoreUnusable("x", "the disk is full")), steady)
    steady.now += SILENT + 1
    assert reasons(vitals.ready()) == [Reason.NO_TICK, Reason.STORE_UNUSABLE]
    vitals.pulse.stop()
    assert reasons(vitals.ready()) == [Reason.STOPPING, Reason.STORE_UNUSABLE]


def test_a_warning_is_told_and_changes_nothing() -> None:
    warning = Finding(Reason.STARTING, "for want of a warning of its own")
    ready = vitals_of(warnings=lambda: [warning]).ready()
    assert ready.ok
    assert health_json(ready) == {
        "status": "ok",
        "reasons": [],
        "warnings": [{"reason": "starting", "detail": "for want of a warning of its own"}],
    }


class Standing:
    """What a reloader says of itself."""

    def __init__(self, rules_of: datetime | None = None, last: LastReload | None = None) -> None:
        self.ready: Any = SimpleNamespace(rules_of=rules_of)
        self.last = last


def test_rules_and_reloads_that_are_not_as_the_files_say_are_warnings_without_a_path() -> None:
    assert config_findings(Standing()) == []  # type: ignore[arg-type]  # all it asks of a reloader
    assert config_findings(Standing(last=LastReload(EPOCH, 2))) == []  # type: ignore[arg-type]
    refused = LastReload(EPOCH, 1, "/srv/desk/rules/border.toml:3: no")
    found = config_findings(Standing(EPOCH, refused))  # type: ignore[arg-type]
    assert [finding.reason for finding in found] == [Reason.LAST_GOOD_RULES, Reason.RELOAD_REFUSED]
    assert found[0].detail.endswith("in force are the rules read on 2023-02-22 12:00 UTC")
    assert found[1].detail == "the reload of 2023-02-22 12:00 UTC was refused; the log says why"


def test_a_store_that_hangs_is_slow_to_everybody_but_the_one_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Newsroom().store
    asked, let_go = threading.Event(), threading.Event()
    real = store.ledger.digest_states

    def hang() -> Any:
        asked.set()
        assert let_go.wait(60)
        return real()

    monkeypatch.setattr(store.ledger, "digest_states", hang)
    vitals = vitals_of(store)
    vitals._answers._patience = 0.01
    answers: list[Health] = []
    first = threading.Thread(target=lambda: answers.append(vitals.ready()))
    first.start()
    try:
        assert asked.wait(60)
        assert reasons(vitals.ready()) == [Reason.STORE_SLOW]
        assert vitals.alive().ok
    finally:
        let_go.set()
        first.join()
    assert answers == [Health()]
    assert vitals.ready().ok


# ---- metrics


def numbers(vitals: Vitals) -> dict[tuple[str, ...], float]:
    page, content_type = vitals.metrics()
    assert content_type.startswith("text/plain; version=0.0.4")
    return {
        (sample.name.removeprefix("media_monitor_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_the_gauges_are_what_the_store_holds() -> None:
    gone = "https://gone.example/feed"
    room = Newsroom(feeds=(feed_settings(FEED, backfill=timedelta(days=1)), feed_settings(gone)))
    room.bring_in(item())
    room.plan()
    room.bring_in(item("e2", "Floods in Sindh", "The flood came."))
    room.serve(item("e3", "Trucks", "Trucks wait."))
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    room.clock.advance(5 * MINUTE)
    vitals = Vitals(room.store, room.clock, version="1")
    found = numbers(vitals)
    assert found["feeds", "ok"] == found["feeds", "failing"] == 1
    assert found["entries_waiting",] == 1
    assert found["matches_pending",] == 1
    assert found["outbox_deliveries", "waiting"] == 1
    assert found["oldest_waiting_delivery_seconds",] == 300
    assert ("database_bytes",) not in found  # it is in memory
    assert found["store_reachable",] == 1


def test_scrapes_do_not_load_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Newsroom().store
    asked = 0
    real = store.facts.held

    def held(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return real(*arguments)

    monkeypatch.setattr(store.facts, "held", held)
    vitals = vitals_of(store)
    for _ in range(20):
        numbers(vitals)
    assert asked == 1
    assert KEEP_GAUGES >= 5


@pytest.mark.parametrize("error", [StoreUnusable("x", "gone"), FileNotFoundError("monitor.db")])
def test_without_a_store_the_counters_are_still_told(error: Exception) -> None:
    found = numbers(vitals_of(Broken(error)))
    assert found["store_reachable",] == 0
    assert found["polls_total", "ok"] == 0


# ---- remembered


def test_an_answer_is_kept_for_a_while_and_then_asked_for_anew() -> None:
    steady, answers = Steady(), iter(range(9))
    remembered = Remembered(lambda: next(answers), keep=5, steady=steady)
    assert [remembered(), remembered()] == [0, 0]
    steady.now += 4.9
    assert remembered() == 0
    steady.now += 0.2
    assert remembered() == 1


def test_an_answer_that_took_long_is_kept_so_many_times_as_long() -> None:
    steady, answers = Steady(), iter(range(9))

    def ask() -> int:
        steady.now += 2
        return next(answers)

    remembered = Remembered(ask, keep=5, times=20, steady=steady)
    assert remembered() == 0
    steady.now += 39
    assert remembered() == 0
    steady.now += 2
    assert remembered() == 1


def test_a_question_that_fails_fails_for_who_asked_and_is_asked_again() -> None:
    outcomes = iter([ValueError("first"), 7])

    def ask() -> int:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    remembered = Remembered(ask, keep=5)
    with pytest.raises(ValueError, match="first"):
        remembered()
    assert remembered() == 7


def test_who_waits_for_another_gets_that_answer_and_asks_nothing() -> None:
    asking, let_go = threading.Event(), threading.Event()
    asked = 0

    def ask() -> int:
        nonlocal asked
        asked += 1
        asking.set()
        assert let_go.wait(60)
        return asked

    remembered = Remembered(ask, keep=60, patience=60)
    answers: list[int | None] = []
    threads = [threading.Thread(target=lambda: answers.append(remembered())) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert asking.wait(60)
    let_go.set()
    for thread in threads:
        thread.join()
    assert answers == [1] * 5


# ---- what the service tells


class Scripted:
    """A monitor of which only the clock is asked."""

    digest = "the stage"

    def __init__(self) -> None:
        self.clock = FakeClock()


@pytest.mark.parametrize("error", [StoreUnusable("x", "full"), RuntimeError("broke")])
def test_a_stage_that_ends_in_an_error_is_counted(error: Exception) -> None:
    meter = RecordingMeter()
    service = Service(Scripted(), meter=meter)  # type: ignore[arg-type]

    def stage(_monitor: object) -> None:
        service.stop()  # else it would rest for some seconds after the failure
        raise error

    service._guarded("digest", stage)()
    assert +meter.counts == {("stage_failures", "digest"): 1}


def test_a_service_told_to_stop_says_so_at_once() -> None:
    pulse = Pulse()
    service = Service(Scripted(), pulse=pulse)  # type: ignore[arg-type]
    assert not pulse.stopping
    service.stop()
    assert pulse.stopping
