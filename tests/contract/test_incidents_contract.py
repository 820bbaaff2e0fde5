"""Incidents and what the daemon notes of itself: the same on every store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from made import MINUTE, NOON, message

from monitor.model.delivery import ChannelKind, NewDelivery
from monitor.model.digest import Window
from monitor.model.health import HEALTH, Change, DaemonRecord, Incident, IncidentKind, Trouble
from monitor.model.ledger import Plan
from monitor.ports import Store

BROKEN = Trouble(IncidentKind.RECEIVER_BROKEN, "desk/slack", "403 no_service")
HOUR = timedelta(hours=1)


def opened(store: Store, trouble: Trouble = BROKEN) -> Incident:
    store.incidents.apply(Change(opened=(trouble,)), NOON)
    return store.incidents.standing()[-1]


def notice(batch: str, key: str = "k1", **more: Any) -> Plan:
    row = NewDelivery(key, HEALTH, batch, "ops", ChannelKind.STDOUT, "stdout", message())
    window = Window(NOON - HOUR, NOON)
    return Plan(HEALTH, batch, window, (), (), (row,), 0, **{"closes_window": False, **more})


def test_an_incident_stands_until_its_end_is_told(store: Store) -> None:
    one = opened(store)
    assert (one.kind, one.subject, one.detail, one.opened_at) == (
        BROKEN.kind,
        "desk/slack",
        "403 no_service",
        NOON,
    )
    store.incidents.record_told(notice("incident/1/begin"), [one.id], [], NOON)
    store.incidents.apply(Change(closed=(one.id,)), NOON + MINUTE)
    (standing,) = store.incidents.standing()
    assert (standing.told_at, standing.closed_at, standing.told_end_at) == (NOON, NOON + MINUTE, None)
    assert store.incidents.record_told(notice("incident/1/end", "k2"), [], [one.id], NOON + HOUR)
    assert not store.incidents.standing()
    assert store.incidents.of_late(NOON)[0].told_end_at == NOON + HOUR
    assert not store.incidents.of_late(NOON + HOUR)


def test_of_one_subject_one_is_open_at_a_time(store: Store) -> None:
    opened(store)
    opened(store)
    assert len(store.incidents.standing()) == 1
    opened(store, Trouble(IncidentKind.DEAD_LETTERS, "desk/slack", "1 message given up"))
    assert len(store.incidents.standing()) == 2


def test_one_that_comes_back_goes_on_with_what_is_said_now(store: Store) -> None:
    one = opened(store)
    store.incidents.record_told(None, [one.id], [], NOON)
    store.incidents.apply(Change(closed=(one.id,)), NOON)
    store.incidents.apply(Change(going=((one.id, "410 gone"),)), NOON + MINUTE)
    (again,) = store.incidents.standing()
    assert (again.id, again.detail, again.closed_at, again.told_at) == (one.id, "410 gone", None, NOON)


def test_one_that_was_never_told_has_no_end_to_tell(store: Store) -> None:
    one = opened(store)
    store.incidents.apply(Change(closed=(one.id,)), NOON + MINUTE)
    assert not store.incidents.standing()
    assert [late.id for late in store.incidents.of_late(NOON)] == [one.id]


def test_a_message_and_its_mark_are_written_together_and_once(store: Store) -> None:
    one = opened(store)
    plan = notice("incident/1/begin")
    assert store.incidents.record_told(plan, [one.id], [], NOON)
    assert not store.incidents.record_told(plan, [one.id], [], NOON + HOUR)
    assert store.incidents.standing()[0].told_at == NOON
    assert [row.new.key for row in store.ledger.deliveries(digest=HEALTH)] == ["k1"]
    (claimed,) = store.outbox.claim(NOON, HOUR, 10)
    assert claimed.new.digest == HEALTH


def test_the_daily_message_closes_its_window(store: Store) -> None:
    store.digests.open_digest(HEALTH, NOON - HOUR)
    assert store.incidents.record_told(notice("daily/x", closes_window=True), [], [], NOON)
    state = store.digests.state_of(HEALTH)
    assert state is not None
    assert state.last_end == NOON


def test_what_is_long_over_is_dropped(store: Store) -> None:
    one = opened(store)
    store.incidents.apply(Change(closed=(one.id,)), NOON)
    store.incidents.apply(Change(opened=(BROKEN,)), NOON + timedelta(days=89))
    assert len(store.incidents.of_late(NOON)) == 2
    other = Trouble(IncidentKind.DIGEST_UNHEARD, "morning", "nobody")
    store.incidents.apply(Change(opened=(other,)), NOON + timedelta(days=91))
    assert len(store.incidents.of_late(NOON)) == 2, "the first is gone, two are open"


def test_the_daemon_notes_its_start_its_reloads_and_the_size_of_the_store(store: Store) -> None:
    assert store.incidents.daemon() is None
    store.incidents.note_start(NOON)
    store.incidents.note_size(5_000_000_000, NOON)
    store.incidents.note_reload(NOON + MINUTE, "rules.toml:3: expected a term")
    assert store.incidents.daemon() == DaemonRecord(
        NOON, NOON + MINUTE, "rules.toml:3: expected a term", 5_000_000_000, NOON
    )
    store.incidents.note_start(NOON + HOUR)
    again = store.incidents.daemon()
    assert again == DaemonRecord(NOON + HOUR, None, None, 5_000_000_000, NOON)
