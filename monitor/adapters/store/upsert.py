"""The few statements whose SQL differs between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
