"""Statements that run several times for every article, made once, where SQLAlchemy takes 64 µs each.

Numbers and texts come back, which both drivers give as they are; what goes in may be of any column's type.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from monitor.adapters.store.upsert import insert_or_replace, insert_unless_there

_Values = Mapping[str, Any]


class _Made(NamedTuple):
    """SQL as the driver takes it, and how its parameters are taken from the values."""

    sql: str
    arguments: Callable[[_Values], Any]


def run(connection: Connection, sql: str, arguments: Any = ()) -> Sequence[Any]:
    """The rows of a statement as the driver takes it, which is never one that SQLAlchemy has to see.

    On SQLite the driver runs it: SQLAlchemy would take 25 µs more. Errors are SQLAlchemy's, as everywhere, and who
    listens to statements hears them.
    """
    if connection.dialect.name != "sqlite" or connection.dispatch.before_cursor_execute:
        result = connection.exec_driver_sql(sql, arguments)
        return result.all() if result.returns_rows else ()
    driver: Any = connection.connection.dbapi_connection
    try:
        many = isinstance(arguments, list)
        rows: list[Any] = (driver.executemany if many else driver.execute)(sql, arguments).fetchall()
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, arguments, error, sqlite3.Error, dialect=connection.dialect) from error
    return rows


class Prepared:
    """A statement as it is sent, made once: one with lists among its parameters for each length of theirs."""

    def __init__(self, statement: sa.Select[Any] | sa.CompoundSelect[Any] | sa.UpdateBase) -> None:
        self._statement = statement
        self._made: dict[tuple[Any, ...], _Made] = {}

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """What it selects or returns; nothing is done where a list is empty. Lists are of numbers or texts.

        What comes back is as the driver gives it: on SQLite a plain tuple.
        """
        lists = {name: _filled(value) for name, value in values.items() if isinstance(value, list)}
        if not all(lists.values()):
            return []
        made = self._of(connection, values, lists)
        return run(connection, made.sql, made.arguments({**values, **lists}))

    def once(self, connection: Connection, values: _Values) -> Sequence[Any]:
        """What it returns for these values, each a column's."""
        made = self._of(connection, values, {})
        return run(connection, made.sql, made.arguments(values))

    def each(self, connection: Connection, rows: Sequence[_Values]) -> None:
        """Runs it with each of these values."""
        if rows:
            made = self._of(connection, rows[0], {})
            run(connection, made.sql, [made.arguments(row) for row in rows])

    def _of(self, connection: Connection, values: _Values, lists: Mapping[str, list[Any]]) -> _Made:
        key = (connection.dialect.name, *(len(value) for value in lists.values()))
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(connection.dialect, values, lists)
        return made

    def _make(self, dialect: sa.Dialect, values: _Values, lists: Mapping[str, list[Any]]) -> _Made:
        # Each value is its own place, so that the compiled statement tells where it goes.
        places = {name: [(name, place) for place in range(len(lists[name]))] for name in lists}
        given = {name: places.get(name, (name, None)) for name in values}
        columns = list(values) if isinstance(self._statement, sa.Insert) else None
        made = self._statement.compile(dialect=dialect, column_keys=columns)
        state = made.construct_expanded_state(given)
        order = tuple(state.positiontup or state.parameters)
        takers = list(_takers([state.parameters[name] for name in order], made.binds, dialect))

        def in_order(values: _Values) -> tuple[Any, ...]:
            return tuple(chain.from_iterable(take(values) for take in takers))

        if made.positional:
            return _Made(state.statement, in_order)
        return _Made(state.statement, lambda values: dict(zip(order, in_order(values), strict=True)))


def insert_plain(connection: Connection, table: sa.Table, names: tuple[str, ...], rows: Collection[Any]) -> None:
    """Inserts rows of numbers and texts, each a tuple in the order of `names`, unless they are there already."""
    if not rows:
        return
    sql, order = _insert(connection.dialect.name, table, names, connection.dialect)
    if order is None:
        connection.exec_driver_sql(sql, [dict(zip(names, row, strict=True)) for row in rows])
    else:
        run(connection, sql, [tuple(row[place] for place in order) for row in rows])


@cache
def _insert(
    _name: str, table: sa.Table, names: tuple[str, ...], dialect: sa.Dialect
) -> tuple[str, tuple[int, ...] | None]:
    made = insert_unless_there(dialect.name, table).compile(dialect=dialect, column_keys=list(names))
    return made.string, tuple(map(names.index, made.positiontup or ())) if made.positional else None


def replace_rows(connection: Connection, table: sa.Table, rows: Sequence[_Values]) -> None:
    """Inserts rows that all name the same columns, or gives those with their primary key these values."""
    if rows:
        _insert_or_replace(connection.dialect.name, table, tuple(rows[0])).each(connection, rows)


@cache
def _insert_or_replace(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Prepared:
    return Prepared(insert_or_replace(dialect, table, names))


def _filled(values: list[Any]) -> list[Any]:
    """The list, its last value again up to a power of two: few lengths, so that few statements are made."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values)) if values else values


def _takers(
    places: Sequence[Any], binds: Mapping[str, sa.BindParameter[Any]], dialect: sa.Dialect
) -> Iterator[Callable[[_Values], Sequence[Any]]]:
    """What gives the parameters in turn: a list whole, whose values stand side by side; all else by itself."""
    for value in places:
        if not isinstance(value, tuple):
            yield _always(value)  # it stands in the statement
        elif value[1] is None:
            yield _one(value[0], binds[value[0]].type.dialect_impl(dialect).bind_processor(dialect))
        elif value[1] == 0:
            yield itemgetter(value[0])


def _always(value: Any) -> Callable[[_Values], Sequence[Any]]:
    return lambda _: (value,)


def _one(name: str, bound: Callable[[Any], Any] | None) -> Callable[[_Values], Sequence[Any]]:
    return (lambda values: (bound(values[name]),)) if bound else (lambda values: (values[name],))
