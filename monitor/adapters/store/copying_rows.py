"""Rows as a copy carries them: read in the order of their keys, written by the chunk, hashed in any order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from hashlib import blake2b
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from monitor.adapters.store.columns import UtcDateTime

Row = tuple[Any, ...]

_FETCHED = 100  # rows held while they are read: a push or a message may have megabytes
MOST_ROWS = 5_000  # of a chunk, which is one transaction
MOST_BYTES = 8_000_000  # of its texts
_HASH_BYTES = 16
_TOLD = 500  # rows between two words of progress


def rows_of(connection: Connection, table: sa.Table, after: Sequence[Any] | None = None) -> Iterator[Row]:
    """The rows in the order of their primary keys, from the one after this key on."""
    key = list(table.primary_key)
    query = sa.select(*_columns(table)).order_by(*key)
    if after is not None:
        passed = sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(after, key, strict=True)))
        query = query.where(sa.tuple_(*key) > passed)
    return _rows(connection, query)


def any_order(connection: Connection, table: sa.Table) -> Iterator[Row]:
    """The same rows as the database finds them soonest."""
    return _rows(connection, sa.select(*_columns(table)))


def _rows(connection: Connection, query: sa.Select[Any]) -> Iterator[Row]:
    return map(tuple, connection.execute(query, execution_options={"yield_per": _FETCHED}))


def _columns(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    # JSON as the text that it is: both databases keep it letter by letter.
    return [sa.cast(one, sa.Text) if isinstance(one.type, sa.JSON) else one for one in table.columns]


def without_nul(rows: Iterable[Row]) -> Iterator[Row]:
    """As PostgreSQL keeps them: U+FFFD for each NUL of a text (columns.py)."""
    for row in rows:
        if any(isinstance(value, str) and "\0" in value for value in row):
            yield tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)
        else:
            yield row


def chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """The rows in portions that fit into memory; one that is larger by itself stands alone."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(chunk) >= MOST_ROWS or size >= MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def write_rows(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts rows as `rows_of` gives them."""
    if connection.dialect.name == "postgresql":
        _copy_in(connection, table, rows)
    else:
        names = [column.name for column in table.columns]
        connection.execute(_insert(table), [dict(zip(names, row, strict=True)) for row in rows])


@cache
def _insert(table: sa.Table) -> sa.Insert:
    types = ((one.name, sa.Text() if isinstance(one.type, sa.JSON) else one.type) for one in table.columns)
    return sa.insert(sa.table(table.name, *(sa.column(name, type_) for name, type_ in types)))


def _copy_in(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """By COPY, which takes texts of any column type as they are."""
    prepare = connection.dialect.identifier_preparer
    names = ", ".join(prepare.quote(column.name) for column in table.columns)
    sql = f"COPY {prepare.quote(table.name)} ({names}) FROM STDIN"
    driver: Any = connection.connection.dbapi_connection
    errors: Any = connection.dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
    except errors.Error as error:
        raise DBAPIError.instance(sql, (), error, errors.Error, dialect=connection.dialect) from error


def key_of(table: sa.Table, row: Row) -> str:
    """The primary key of a row, as text to be noted."""
    places = {column.name: place for place, column in enumerate(table.columns)}
    values = (row[places[column.name]] for column in table.primary_key)
    return json.dumps([one.isoformat() if isinstance(one, datetime) else one for one in values])


def read_key(table: sa.Table, noted: str) -> Row:
    """What `key_of` noted."""
    pairs = zip(json.loads(noted), table.primary_key, strict=True)
    return tuple(datetime.fromisoformat(one) if isinstance(c.type, UtcDateTime) else one for one, c in pairs)


def count_and_hash(rows: Iterable[Row], tell: Callable[[int], None]) -> tuple[int, str]:
    """How many rows, and a hash over their values that does not depend on their order.

    The sum of the rows' own hashes: databases sort texts otherwise, and to sort all by one rule takes longer than
    to read all. `tell` hears how many more were read.
    """
    count = total = 0
    rows = iter(rows)
    while some := list(islice(rows, _TOLD)):
        for row in some:
            digest = blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()
            total += int.from_bytes(digest)
        count += len(some)
        tell(len(some))
    return count, f"{total % (1 << 8 * _HASH_BYTES):0{2 * _HASH_BYTES}x}"
