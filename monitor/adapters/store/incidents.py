"""The monitor's own troubles and what tells of them, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.rows import delivery_columns
from monitor.adapters.store.upsert import insert_new, insert_or_update
from monitor.model.delivery import DeliveryState
from monitor.model.health import Change, DaemonRecord, Incident, IncidentKind
from monitor.model.ledger import Plan

_KEPT = timedelta(days=90)  # after the end
_i = t.incidents.c
_STANDING = sa.select(t.incidents).where(sa.or_(_i.closed_at.is_(None), _i.told_end_at.is_(None)))
_THE_ROW = {"id": 1}


class SqlIncidents:
    """`ports.Incidents` over `incidents` and `daemon`; its messages go into `batches` and `deliveries`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def standing(self) -> Sequence[Incident]:
        """Those that go on, and those whose end was neither told nor passed over."""
        return self._list(_STANDING)

    def of_late(self, since: datetime) -> Sequence[Incident]:
        """Those that go on, and those that were over since then."""
        return self._list(sa.select(t.incidents).where(sa.or_(_i.closed_at.is_(None), _i.closed_at >= since)))

    def apply(self, change: Change, now: datetime) -> None:
        """Opens, goes on with and closes incidents in one transaction."""
        with self._db.write() as connection:
            for one in change.opened:
                row = {"kind": one.kind.value, "subject": one.subject, "detail": one.detail, "opened_at": now}
                insert_new(connection, t.incidents, row)
            for incident, detail in change.going:
                _set(connection, [incident], {"detail": detail, "closed_at": None, "told_end_at": None})
            _set(connection, change.closed, {"closed_at": now}, _i.closed_at.is_(None))
            never = [_i.told_at.is_(None), _i.told_end_at.is_(None)]
            _set(connection, change.closed, {"told_end_at": now}, *never)
            # Messages are named after ids: the highest stays, or it would come back, with the name of an old one.
            highest = sa.select(sa.func.max(t.incidents.alias().c.id)).scalar_subquery()
            connection.execute(t.incidents.delete().where(_i.closed_at < now - _KEPT, _i.id < highest))

    def record_told(
        self, plan: Plan | None, begun: Collection[int], ended: Collection[int], now: datetime
    ) -> bool:
        """A health message in the outbox, and what is told by it, in one transaction."""
        with self._db.write() as connection:
            if plan is not None and not _insert(connection, plan, now):
                return False
            _set(connection, begun, {"told_at": now}, _i.told_at.is_(None))
            _set(connection, ended, {"told_end_at": now}, _i.told_end_at.is_(None))
        return True

    def daemon(self) -> DaemonRecord | None:
        """What the last daemon noted."""
        d = t.daemon.c
        query = sa.select(d.started_at, d.reloaded_at, d.reload_problem, d.size, d.sized_at)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else DaemonRecord(*row)

    def note_start(self, now: datetime) -> None:
        """A daemon starts: its config was just read."""
        values = {"started_at": now, "reloaded_at": None, "reload_problem": None}
        with self._db.write() as connection:
            insert_or_update(connection, t.daemon, _THE_ROW, values)

    def note_reload(self, now: datetime, problem: str | None) -> None:
        """A reload succeeded, or was refused for that problem."""
        with self._db.write() as connection:
            connection.execute(t.daemon.update().values(reloaded_at=now, reload_problem=problem))

    def note_size(self, size: int, now: datetime) -> None:
        """How large the store is."""
        with self._db.write() as connection:
            connection.execute(t.daemon.update().values(size=size, sized_at=now))

    def _list(self, query: sa.Select[Any]) -> list[Incident]:
        with self._db.read() as connection:
            return [_incident(row) for row in connection.execute(query.order_by(_i.id)).mappings()]


def _incident(row: RowMapping) -> Incident:
    return Incident(**{**row, "kind": IncidentKind(row["kind"])})


def _set(
    connection: Connection, ids: Collection[int], values: dict[str, Any], *more: sa.ColumnElement[bool]
) -> None:
    if ids:
        connection.execute(t.incidents.update().where(_i.id.in_(sorted(ids)), *more).values(values))


def _insert(connection: Connection, plan: Plan, now: datetime) -> bool:
    batch = {
        "digest": plan.digest,
        "batch": plan.batch,
        "draft": False,
        "window_start": plan.window.start,
        "window_end": plan.window.end,
        "stories": 0,
        "planned_at": now,
    }
    if not insert_new(connection, t.batches, batch):
        return False
    for delivery in plan.deliveries:
        insert_new(connection, t.deliveries, delivery_columns(delivery, DeliveryState.WAITING, now))
    if plan.closes_window:
        of_it = t.digest_states.update().where(t.digest_states.c.name == plan.digest)
        connection.execute(of_it.values(last_end=plan.window.end))
    return True
