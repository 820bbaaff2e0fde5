"""Stores to be copied: with rows of every kind in every table, and what is in them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor.adapters.store.archive import index_metadata
from monitor.adapters.store.columns import UtcDateTime
from monitor.adapters.store.database import Database
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import metadata

Rows = Mapping[str, list[tuple[Any, ...]]]

TEXTS = ("", "Torkham", "بند", "line\nbreak\ttab \\N \\.", "a\0b", "🌧 \x01 \x7f \ufffe", "x" * 3_000, "'\";--")
TREES = ([], ["a", "\0", "\ud83d"], {"b": 1, "a": [None, True, 1.5, 2**60]}, "text", [{"k": "ن"}])
_BEGIN = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
_NUMBERS = (-1, 0, 1, 2**31 - 1)


def on_disk(store: SqlStore, file: Path) -> str:
    """A store in memory as a file: its URL."""
    raw = store._db.engine.raw_connection()
    with closing(sqlite3.connect(file)) as copy:
        raw.driver_connection.backup(copy)  # type: ignore[union-attr]  # a sqlite3.Connection
    raw.close()
    return f"sqlite:///{file}"


def fill(store: SqlStore, rows: int = 12, seed: int = 1) -> SqlStore:
    """So many rows of any values in each table of an empty store; references hold."""
    dice = random.Random(seed)
    keys: dict[str, list[int]] = {}
    with store._db.write() as connection:
        if store._db.sqlite:  # a row may refer to a later one of its table
            connection.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        for table in metadata.sorted_tables:
            if "id" in table.columns:
                keys[table.name] = [3 * number for number in range(1, rows + 1)]
            known: set[tuple[Any, ...]] = set()
            made = []
            for number in range(1, rows + 1):
                row = {one.name: _value(one, number, keys, dice, store._db.sqlite) for one in table.columns}
                key = tuple(repr(row[one.name]) for one in table.primary_key)
                if key not in known:
                    known.add(key)
                    made.append(row)
            if made:
                connection.execute(table.insert(), made)
    return store


def _value(
    column: sa.Column[Any], number: int, keys: Mapping[str, list[int]], dice: random.Random, sqlite: bool
) -> Any:
    unique = any(
        column.name in index and len(index) < 3
        for index in (
            *(
                [one.name for one in c.columns]
                for c in column.table.constraints
                if isinstance(c, sa.UniqueConstraint)
            ),
            *([one.name for one in i.columns] for i in column.table.indexes if i.unique),
        )
    )
    if column.foreign_keys:
        (reference,) = column.foreign_keys
        parents = keys[reference.column.table.name]
        if reference.column.table is column.table and not sqlite:
            parents = parents[: number - 1]
        if column.nullable and (not parents or dice.random() < 0.3):
            return None
        return parents[number - 1] if column.primary_key or unique else dice.choice(parents)
    if column.nullable and not unique and dice.random() < 0.3:
        return None
    if column.primary_key and isinstance(column.type, sa.Integer) and not isinstance(column.type, sa.BigInteger):
        return number * 3
    return _any(column.type, number, unique or column.primary_key, dice, sqlite)


def _any(type_: Any, number: int, unique: bool, dice: random.Random, sqlite: bool) -> Any:
    if isinstance(type_, UtcDateTime):
        return _BEGIN + timedelta(seconds=number, microseconds=dice.choice((0, 1, 999_999)))
    if isinstance(type_, sa.JSON):
        return dice.choice(TREES)
    if isinstance(type_, sa.Boolean):
        return dice.random() < 0.5
    if isinstance(type_, sa.LargeBinary):
        return dice.randbytes(dice.randint(0, 40))
    if isinstance(type_, sa.Float):
        return dice.choice((0.1, 1e-300, 3.0, dice.random()))
    if isinstance(type_, sa.BigInteger):
        return dice.choice((-(2**63), 2**63 - 1, number)) if not unique else number - 2**62
    if isinstance(type_, sa.Integer):
        return dice.choice(_NUMBERS)
    # A NUL at the end sorts otherwise than what PostgreSQL keeps in its place.
    return f"{number}" + "\0" * (sqlite and number % 2) if unique else dice.choice(TEXTS)


def rows_by_table(url: str, *, index: bool = False) -> Rows:
    """Every row as the monitor reads it, in an order of our own; with `index` what is known of the search, too."""
    database = Database(url)
    tables = [*metadata.sorted_tables, *(index_metadata.sorted_tables if index else ())]
    try:
        with database.read() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
                for table in tables
            }
    finally:
        database.close()


def without_nul(rows: Rows) -> Rows:
    """As PostgreSQL keeps them."""
    return {
        name: [tuple(one.replace("\0", "\ufffd") if isinstance(one, str) else one for one in row) for row in found]
        for name, found in rows.items()
    }
