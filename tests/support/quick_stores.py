"""SQLite stores of tests: no write waits for the disk, and a process makes its statements once for all of them.

As with the tests' PostgreSQL server nothing outlives a crash of the machine; a process that is killed loses
nothing by it. A commit took 3 ms of waiting, and the statements of a new store a fifth of a test that opens one.
"""

from __future__ import annotations

import sqlite3
from functools import cache

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

from monitor.adapters.store import database

prepare_as_shipped = database._prepare_sqlite
_engine_as_shipped = database._sqlite


def hurry() -> None:
    """From now on, in this process and its forks."""
    database._prepare_sqlite = _prepare
    database._sqlite = _engine


def _prepare(connection: object, record: object) -> None:
    prepare_as_shipped(connection, record)
    assert isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA synchronous=OFF")


@cache
def _shared() -> tuple[sa.Dialect, LRUCache]:
    """A dialect that knows its SQLite, and what was compiled for it."""
    first = _engine_as_shipped(sa.make_url("sqlite://"), True)
    first.connect().close()
    return first.dialect, LRUCache(5_000)


def _engine(url: sa.URL, in_memory: bool) -> sa.Engine:
    engine = _engine_as_shipped(url, in_memory)
    engine.dialect, engine._compiled_cache = _shared()
    return engine
