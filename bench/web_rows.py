"""Millions of rows into a store, by the driver itself: `executemany` on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from monitor.adapters.store.database import Database

_FAST = ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000", "secure_delete = OFF")
_SAFE = ("synchronous = FULL", "foreign_keys = ON", "cache_size = -2000", "secure_delete = ON")
_HASH = 64_000_000  # bytes of words that FTS5 sorts in memory at a time; 1 MB is its own choice
_OWN_HASH = 1_048_576
_CHUNK = 20_000


class Writer(AbstractContextManager["Writer"]):
    """Writes rows, all of a call with the same columns; indexes of SQLite are made anew at the end."""

    def __init__(self, database: Database) -> None:
        self._sqlite = database.sqlite
        self._raw = database.engine.raw_connection()
        self._cursor = self._raw.cursor()
        self._indexes: list[tuple[str, str]] = []

    def __enter__(self) -> Writer:
        if self._sqlite:
            for pragma in _FAST:
                self._cursor.execute(f"PRAGMA {pragma}")
            self._cursor.execute(
                "INSERT INTO article_index (article_index, rank) VALUES ('hashsize', ?)", (_HASH,)
            )
            made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"
            self._indexes = self._cursor.execute(made).fetchall()
            for name, _ in self._indexes:
                self._cursor.execute(f'DROP INDEX "{name}"')
        return self

    def write(self, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends the rows, in their order."""
        rest = iter(rows)
        while some := list(islice(rest, _CHUNK)):
            self._write(table, some)

    def _write(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        names = list(rows[0])
        ways = [(name, self._way(table.c[name])) for name in names]
        values = [[way(row[name]) if way else row[name] for name, way in ways] for row in rows]
        quoted = ", ".join(f'"{name}"' for name in names)
        if self._sqlite:
            self._cursor.execute("BEGIN IMMEDIATE")
            marks = ", ".join("?" * len(names))
            self._cursor.executemany(f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})", values)
            self._cursor.execute("COMMIT")
            return
        quoted = quoted.replace('"rowid"', '"id"')
        with self._cursor.copy(f"COPY {table.name} ({quoted}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
        self._raw.commit()

    def _way(self, column: Any) -> Any:
        """How a value of that column is written down; None: as it is."""
        if isinstance(column.type, sa.JSON):
            return _json
        if column.name == "tokens":
            return None if self._sqlite else _tsvector
        if self._sqlite and "DateTime" in type(column.type).__name__:
            return _text
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._sqlite:
            for _, made in self._indexes:
                self._cursor.execute(made)
            self._cursor.execute(
                "INSERT INTO article_index (article_index, rank) VALUES ('hashsize', ?)", (_OWN_HASH,)
            )
            for pragma in _SAFE:
                self._cursor.execute(f"PRAGMA {pragma}")
            self._cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        elif kind is None:
            self._sequences()
        self._raw.close()

    def _sequences(self) -> None:
        """The next row of each table is numbered after those that were written; the planner learns of them."""
        self._cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_default LIKE 'nextval%'"
        )
        for (name,) in self._cursor.fetchall():
            self._cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce((SELECT max(id) FROM {name}), 1))"
            )
        self._raw.commit()
        self._cursor.execute("ANALYZE")
        self._raw.commit()


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _text(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _tsvector(line: str) -> str:
    return " ".join(f"'{term}'" for term in sorted(set(line.split())))
