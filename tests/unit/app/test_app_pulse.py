"""The beats of a service that runs: they come from the scheduler, and end with it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from desk import eventually
from newsroom import Newsroom
from test_app_clock import SetClock, monitor_of

from monitor.app import vitals as app_vitals
from monitor.app.pulse import Pulse
from monitor.app.service import Service
from monitor.app.vitals import Vitals
from monitor.model.measure import STAGE_FAILURES


def test_before_the_first_beat_nothing_is_known_but_the_time_since_the_start() -> None:
    steady = iter([10.0, 17.0])
    pulse = Pulse(lambda: next(steady))
    assert pulse.last is None
    assert pulse.silence == 7


def test_a_beat_is_kept_with_the_time_of_day() -> None:
    steady = iter([10.0, 20.0, 21.5])
    pulse = Pulse(lambda: next(steady))
    pulse.beat(datetime(2023, 2, 22, tzinfo=UTC))
    assert pulse.last == datetime(2023, 2, 22, tzinfo=UTC)
    assert pulse.silence == 1.5


def test_a_service_beats_every_second_and_falls_silent_when_its_scheduler_dies(monkeypatch) -> None:
    monkeypatch.setattr(app_vitals, "SILENT", 3.0)
    room = Newsroom(feeds=())
    clock = SetClock(timedelta(0))
    vitals = Vitals(room.store, clock, version="1")
    service = Service(monitor_of(room, clock), sends=False, meter=vitals.meter, pulse=vitals.pulse)
    main = threading.Thread(target=service.run_forever)
    main.start()
    try:
        first = eventually(lambda: vitals.pulse.last, "the first beat")
        eventually(lambda: (vitals.pulse.last or first) > first, "another one")
        assert vitals.ready().ok
        assert service._ticks is not None
        stages = set(service._ticks.names)
        assert stages | {"deliver", "dispatch", "health", "pushes", "websub"} == {
            stage.value for stage in STAGE_FAILURES.labels["stage"]
        }
        service._ticks.stop()  # it lets nothing run any more, though the main thread goes on
        eventually(lambda: not vitals.alive().ok, "the silence")
        assert [one.reason.value for one in vitals.ready().troubles] == ["no_tick"]
    finally:
        service.stop()
        main.join(30)
    assert vitals.alive().ok  # it stops because it was told to
