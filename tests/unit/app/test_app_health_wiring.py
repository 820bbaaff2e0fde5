"""What only the daemon knows reaches the stage that looks after it, and who asks beside it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from newsroom import HOUR, Newsroom, item
from steady import Steady
from test_app_generations import monitor_of

from monitor.app.heartbeat import Progress
from monitor.app.reload import LastReload
from monitor.app.service import Service
from monitor.model.errors import StoreUnusable
from monitor.model.health import IncidentKind
from monitor.pipeline.digest import DigestStage
from monitor.testing import EPOCH


def service(room: Newsroom, reloader: Any = None) -> Service:
    return Service(monitor_of(room), reloader=reloader)


def kinds(room: Newsroom) -> list[IncidentKind]:
    return [one.kind for one in room.store.incidents.standing()]


def test_a_refused_reload_is_noted_in_the_store_and_is_a_trouble_until_one_succeeds() -> None:
    room = Newsroom()
    reloader = SimpleNamespace(last=LastReload(EPOCH, 1, "rules.toml:3: expected a term"), ready=None)
    reloader.ready = SimpleNamespace(rules_of=None)
    daemon = service(room, reloader)
    room.store.incidents.note_start(EPOCH)
    daemon._health(daemon._monitor)
    assert kinds(room) == [IncidentKind.RELOAD_FAILED]
    note = room.store.incidents.daemon()
    assert note is not None
    assert (note.reloaded_at, note.reload_problem) == (EPOCH, "rules.toml:3: expected a term")
    reloader.last = LastReload(EPOCH, 2)
    daemon._health(daemon._monitor)
    note = room.store.incidents.daemon()
    assert note is not None
    assert note.reload_problem is None
    assert not kinds(room)


def test_last_good_rules_in_force_are_a_trouble() -> None:
    room = Newsroom()
    reloader = SimpleNamespace(last=None, ready=SimpleNamespace(rules_of=EPOCH))
    daemon = service(room, reloader)
    daemon._health(daemon._monitor)
    assert kinds(room) == [IncidentKind.RELOAD_FAILED]


def test_a_digest_that_fails_to_be_planned_is_known_from_its_first_failure(monkeypatch: Any) -> None:
    room = Newsroom()
    room.bring_in(item())
    daemon = service(room)
    monkeypatch.setattr(daemon._stopping, "wait", lambda seconds: None)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    with monkeypatch.context() as patch:
        patch.setattr(DigestStage, "_record", broken)
        daemon._digest(daemon._monitor)
    ((digest, (since, why)),) = daemon.unplanned.failing.items()
    assert (digest, since) == ("alerts", EPOCH)
    assert "division by zero" in why
    daemon._digest(daemon._monitor)
    assert not daemon.unplanned.failing


def test_a_digest_turn_that_plans_one_after_the_other_moves_on(monkeypatch: Any) -> None:
    room = Newsroom()
    room.bring_in(item())
    daemon = service(room)
    did: list[str] = []
    monkeypatch.setattr(daemon.progress, "did", did.append)
    room.clock.advance(HOUR)
    daemon._digest(daemon._monitor)
    assert did == ["digest"]


def test_a_turn_that_fails_has_ended_and_one_that_hangs_has_not(monkeypatch: Any) -> None:
    room = Newsroom()
    daemon = service(room)
    steady = Steady()
    daemon.progress = Progress(steady)
    daemon.progress.begin(["read"])
    monkeypatch.setattr(daemon._stopping, "wait", lambda seconds: None)

    def fails(_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    steady.now += 3600
    daemon._guarded("read", fails)()
    (sign,) = daemon.progress.signs().values()
    assert (sign.ended, sign.turned) == (timedelta(0), HOUR)
