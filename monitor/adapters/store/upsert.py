"""The few statements whose SQL differs between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.columns import AnyText
from monitor.model.feed import PollOutcome

# Statements that run for every feed or entry are made once and take their values as parameters: to build one
# anew costs SQLAlchemy more than to run it.
_MORE = (
    t.poll_counts.update()
    .where(t.poll_counts.c.minute == sa.bindparam("in_minute"), t.poll_counts.c.outcome == sa.bindparam("came_to"))
    .values(polls=t.poll_counts.c.polls + sa.bindparam("more"))
)


def insert_new(connection: Connection, table: sa.Table, *rows: Mapping[str, Any]) -> int:
    """Inserts rows, all with the same columns, unless a unique key says they are there already.

    Returns how many were inserted.
    """
    if not rows:
        return 0
    statement = insert_unless_there(connection.dialect.name, table)
    # Without the option SQLAlchemy says -1 of an insert on PostgreSQL.
    return connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def insert_or_update(
    connection: Connection, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Inserts a row, or gives the row of that primary key these values."""
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    statement = insert.values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=dict(values))
    connection.execute(statement)


def earlier(connection: Connection, column: sa.ColumnElement[datetime], by: timedelta) -> sa.ColumnElement[Any]:
    """The column's time less so many whole seconds, to be compared with another column's."""
    if connection.dialect.name == "postgresql":
        return column - sa.literal(by, sa.Interval())
    # Without the fraction of the second it sorts before all times of that second, which keep theirs.
    return sa.func.datetime(column, f"-{int(by.total_seconds())} seconds")


def add_counts(connection: Connection, minute: datetime, outcome: PollOutcome, polls: int = 1) -> None:
    """Counts polls of that outcome in that minute."""
    this = {"in_minute": minute, "came_to": outcome.value, "more": polls}
    if not connection.execute(_MORE, this).rowcount and not insert_new(
        connection, t.poll_counts, {"minute": minute, "outcome": outcome.value, "polls": polls}
    ):
        connection.execute(_MORE, this)  # another process inserted it in between


def insert_or_replace(dialect: str, table: sa.Table, names: tuple[str, ...]) -> sa.Insert:
    """INSERT that gives a row whose primary key is there the new values of these columns."""
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: insert.excluded[name] for name in names if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


@cache
def insert_unless_there(dialect: str, table: sa.Table) -> sa.Insert:
    """INSERT that passes over what a unique key says is there."""
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


def story_of_batch(connection: Connection, batch: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The story of an immediate digest's batch ("s_7f3a" of "s_7f3a#2"); no story's id for a window's name."""
    if connection.dialect.name == "postgresql":
        return sa.func.split_part(batch, "#", 1)
    return sa.func.substr(batch, 1, sa.func.instr(batch, "#") - 1)


def until_mark(connection: Connection, text: sa.ColumnElement[str], mark: str) -> sa.ColumnElement[str]:
    """The text before the first such mark; all of one without."""
    if connection.dialect.name == "postgresql":
        return sa.func.split_part(text, mark, 1)
    return sa.func.substr(text, 1, sa.func.instr(text + mark, mark) - 1)


def folded(connection: Connection, text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The text without a difference of case, in any script: SQLite's own functions know that of ASCII alone."""
    return sa.func.lower(text) if connection.dialect.name == "postgresql" else sa.func.casefold(text)


def holds_words(connection: Connection, text: sa.ColumnElement[str], words: str) -> sa.ColumnElement[bool]:
    """Whether these words stand in the text, whatever the case: both are folded by the database, in its way."""
    place = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    return place(folded(connection, text), folded(connection, sa.literal(words, AnyText))) > 0


def each_of(connection: Connection, texts: sa.Column[Any]) -> sa.TableValuedAlias:
    """A JSON column of texts as rows with a `value`."""
    if connection.dialect.name == "postgresql":
        return sa.func.json_array_elements_text(texts).table_valued("value").render_derived()
    return sa.func.json_each(texts).table_valued("value")


def day_of(connection: Connection, moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[str]:
    """The day in UTC, as in "2026-03-10"."""
    if connection.dialect.name == "postgresql":
        return sa.func.to_char(sa.func.timezone("UTC", moment), "YYYY-MM-DD")
    return sa.func.date(moment)
