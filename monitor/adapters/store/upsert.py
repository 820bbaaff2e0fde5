"""The few statements whose SQL differs between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.model.feed import PollOutcome


def insert_new(connection: Connection, table: sa.Table, values: Mapping[str, Any]) -> int:
    """Inserts a row unless a unique key says it is there already; returns 1 or 0."""
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    statement = insert.values(**values).on_conflict_do_nothing()
    # Without the option SQLAlchemy says -1 of an insert on PostgreSQL.
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def insert_all_new(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows of the same columns at once, but for those that a unique key says are there already."""
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    if rows:
        connection.execute(insert.on_conflict_do_nothing(), [dict(row) for row in rows])


def earlier(connection: Connection, column: sa.Column[datetime], by: timedelta) -> sa.ColumnElement[Any]:
    """The column's time less so many whole seconds, to be compared with another column's."""
    if connection.dialect.name == "postgresql":
        return column - sa.literal(by, sa.Interval())
    # Without the fraction of the second it sorts before all times of that second, which keep theirs.
    return sa.func.datetime(column, f"-{int(by.total_seconds())} seconds")


def replace_rows(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows that all name the same columns, or gives those with their primary key these values."""
    if not rows:
        return
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def add_counts(connection: Connection, minute: datetime, outcome: PollOutcome) -> None:
    """Counts one poll of that outcome in that minute."""
    c = t.poll_counts.c
    one_more = (
        t.poll_counts.update().where(c.minute == minute, c.outcome == outcome.value).values(polls=c.polls + 1)
    )
    if not connection.execute(one_more).rowcount and not insert_new(
        connection, t.poll_counts, {"minute": minute, "outcome": outcome.value, "polls": 1}
    ):
        connection.execute(one_more)  # another process inserted it in between
