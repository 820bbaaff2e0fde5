"""The heartbeat is sent only while the pipeline progresses."""

from __future__ import annotations

from datetime import timedelta

from made import MINUTE, NOON

from monitor.core.health.progress import HUNG_AFTER, StageSign, Standstill, Withheld, hung, withheld
from monitor.model.health import OldestDue

NOW = timedelta(0)
NOTHING = OldestDue()
WELL = {stage: StageSign(NOW, NOW, NOW) for stage in ("poll", "read", "match", "digest", "deliver")}
IDLE = {stage: StageSign(NOW, timedelta(hours=9), NOW) for stage in WELL}  # turns, but nothing to do


def asked(signs: dict[str, StageSign] = WELL, due: OldestDue = NOTHING, **unplanned: timedelta) -> Withheld | None:
    return withheld(signs, due, {name: NOON - ago for name, ago in unplanned.items()}, MINUTE, NOON)


def reason(held: Withheld | None) -> Standstill | None:
    return held.reason if held is not None else None


def test_a_quiet_night_is_progress() -> None:
    assert asked(IDLE) is None


def test_a_stage_without_a_turn_for_two_intervals_is_stuck() -> None:
    stuck = {**IDLE, "match": StageSign(3 * MINUTE, 3 * MINUTE, NOW)}
    held = asked(stuck)
    assert reason(held) is Standstill.STAGE_STUCK
    assert held is not None
    assert "match stands still for 3 min" in held.detail
    assert asked({**IDLE, "match": StageSign(2 * MINUTE, 3 * MINUTE, NOW)}) is None


def test_a_long_turn_that_does_one_thing_after_the_other_is_progress() -> None:
    assert asked({**IDLE, "poll": StageSign(60 * MINUTE, MINUTE, 60 * MINUTE)}) is None


def test_work_that_is_due_and_not_done_is_no_progress_though_the_stage_has_its_turns() -> None:
    for stage in ("poll", "read", "match", "deliver"):
        due = OldestDue(**{stage: NOON - 3 * MINUTE})
        held = asked(IDLE, due)
        assert reason(held) is Standstill.WORK_WAITS
        assert held is not None
        assert stage in held.detail
        assert asked(IDLE, OldestDue(**{stage: NOON - 2 * MINUTE})) is None


def test_a_backlog_that_is_worked_off_is_progress() -> None:
    assert asked(WELL, OldestDue(poll=NOON - timedelta(days=2), read=NOON - timedelta(days=2))) is None


def test_a_digest_that_cannot_be_planned_withholds_it() -> None:
    assert asked(morning=2 * MINUTE) is None
    assert reason(asked(morning=3 * MINUTE)) is Standstill.DIGEST_UNPLANNED


# ---- the watchdog


def test_a_turn_that_neither_ends_nor_does_anything_hangs_after_a_quarter_of_an_hour() -> None:
    later = HUNG_AFTER + MINUTE
    held = hung({**IDLE, "read": StageSign(later, later, later)}, NOW)
    assert held == Withheld(Standstill.STAGE_STUCK, "read hangs for 16 min")
    assert hung({**IDLE, "read": StageSign(HUNG_AFTER, HUNG_AFTER, HUNG_AFTER)}, NOW) is None


def test_a_poll_that_waits_for_the_turn_of_its_host_does_not_hang() -> None:
    waits = {**IDLE, "poll": StageSign(60 * MINUTE, 60 * MINUTE, 60 * MINUTE)}
    assert hung(waits, 60 * MINUTE) is None  # two feeds of one host that is asked once an hour
    assert hung(waits, 30 * MINUTE) is not None


def test_an_idle_stage_one_long_at_work_and_one_that_fails_at_every_turn_do_not_hang() -> None:
    long = timedelta(days=2)
    assert hung(IDLE, NOW) is None
    assert hung({"poll": StageSign(turned=long, did=MINUTE, ended=long)}, NOW) is None
    assert hung({"poll": StageSign(turned=long, did=long, ended=NOW)}, NOW) is None  # a full disk
