"""How SQLite answers the questions of a store, by its own word."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy as sa

from monitor.adapters.store.sql import SqlStore


def asked_by(store: SqlStore, ask: Callable[[], object]) -> list[tuple[str, Any]]:
    """Every statement that a question runs, with its values."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    engine = store._db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    ask()
    sa.event.remove(engine, "before_cursor_execute", note)
    return asked


def steps_of(store: SqlStore, asked: Collection[tuple[str, Any]]) -> list[str]:
    """The steps by which SQLite answers these statements."""
    with store._db.engine.connect() as connection:
        steps = [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        ]
    assert steps
    return steps


def plans_of(store: SqlStore, ask: Callable[[], object]) -> list[str]:
    """The steps of all that a question reads."""
    return steps_of(store, [one for one in asked_by(store, ask) if one[0].startswith("SELECT")])
