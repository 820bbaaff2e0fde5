"""What a second costs in which nothing is due, beside a large store: CPU of one turn of a stage."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import planning
from newsroom import digest_settings

from monitor.adapters.store.sql import SqlStore
from monitor.model.digest import Cron, DigestSettings, QuietSettings
from monitor.model.health import HealthSettings
from monitor.model.rule import Severity
from monitor.model.silence import NewSilence, SilenceMode
from monitor.pipeline.deliver import DeliverStage
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.health import HealthStage
from monitor.testing import FakeClock

_TURNS = 10
_PAUSED = QuietSettings(pause=((date(2000, 1, 1), date(2100, 1, 1)),))


def measure(matches: int, held: int) -> Iterator[str]:
    """One line for each situation: CPU milliseconds of a turn, the lowest of ten."""
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        store = planning.filled(Path(folder) / "monitor.db", clock, matches)
        alerts, morning = planning.DIGESTS
        five = (alerts, morning, *(digest_settings(f"more{n}", schedule=Cron("0 8 * * *")) for n in range(3)))
        list(_digest(store, five, clock).run())  # opens them
        health = HealthStage(store, HealthSettings(), five, {"desk": planning.DESK}, ("torkham-closed",), clock)
        deliver = DeliverStage(store.outbox, store.receivers, {}, clock, lambda: 0.5)
        yield _line("deliver: nothing waits", lambda: list(deliver.run(lambda: False)))
        yield _line("health: nothing changed", lambda: list(health.run()))
        yield _line("digest: five, nothing waits", _turn(store, five, clock))
        _hold(store, held)
        quiet = replace(alerts, quiet=_PAUSED)
        yield _line(f"digest: paused, {held:,} held", _turn(store, (quiet, *five[1:]), clock))
        severe = replace(alerts, quiet=replace(_PAUSED, override=Severity.HIGH))
        yield _line("digest: the same, quiet_override", _turn(store, (severe, *five[1:]), clock))
        few = replace(alerts, min_publishers=2)
        yield _line(f"digest: {held:,} lack publishers", _turn(store, (few, *five[1:]), clock))
        _silence(store, clock)
        yield _line(f"digest: 3 silences hold {held:,}", _turn(store, five, clock))
        store.close()


def _digest(store: SqlStore, settings: tuple[DigestSettings, ...], clock: FakeClock) -> DigestStage:
    return DigestStage(
        store.digests, store.feeds, settings, {"desk": planning.DESK}, clock, silences=store.silences
    )


def _turn(store: SqlStore, settings: tuple[DigestSettings, ...], clock: FakeClock) -> Callable[[], object]:
    stage = _digest(store, settings, clock)
    return lambda: list(stage.run(caught_up=lambda: True))


def _line(name: str, turn: Callable[[], object]) -> str:
    made = turn()
    assert made == [], f"{name}: {len(made) if isinstance(made, list) else made} were due"
    taken = []
    for _ in range(_TURNS):
        begun = time.process_time()
        turn()
        taken.append(1000 * (time.process_time() - begun))
    return f"{name:<40} {min(taken):8.1f} ms"


def _hold(store: SqlStore, held: int) -> None:
    """So many of the old matches wait for the alerts again, each of a story of its own."""
    with store._db.write() as connection:
        last = connection.exec_driver_sql("SELECT max(match_id) FROM routings").scalar_one()
        connection.exec_driver_sql(
            "UPDATE routings SET state = 'pending', batch = NULL, why = NULL"
            f" WHERE digest = 'alerts' AND match_id > {last - held}"
        )


def _silence(store: SqlStore, clock: FakeClock) -> None:
    now = clock.now()
    for rules in (("torkham-*",), ("floods",), ("other-*",)):
        span = now - timedelta(days=400), now + timedelta(days=1)
        store.silences.add(NewSilence(SilenceMode.HOLD, *span, "desk", "known", rules), now)
