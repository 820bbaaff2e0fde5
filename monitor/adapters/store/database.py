"""Connections and transactions: one engine, one writer at a time on SQLite, errors in our words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from monitor.model.errors import StoreUnusable

BUSY_SECONDS = 30  # longer than any transaction of ours; a backup or a `monitor status` may hold the file briefly

# What SQLite says, and what a person can do about it.
_SQLITE_TROUBLE = {
    "disk is full": "the disk is full; free some space, the monitor goes on by itself",
    "readonly database": "the database is read-only; check its owner and permissions",
    "unable to open": "cannot be opened; check that the folder exists and is writable",
    "malformed": "the database is damaged; restore a backup",
    "not a database": "this file is no SQLite database",
    "disk i/o error": "the disk reports an error",
    "database is locked": "another program holds the database locked",
}


class Database:
    """One store's engine. `url` is an SQLAlchemy URL; its password never appears in `name` or errors."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.path = parsed.database if self.sqlite and parsed.database not in (None, "", ":memory:") else None
        self._in_memory = self.sqlite and self.path is None
        self._lock = threading.RLock()
        self.engine = sa.create_engine(
            parsed,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False} if self.sqlite else {},
            poolclass=StaticPool if self._in_memory else None,
        )
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; on SQLite writers of this process wait here, not in the file.

        Raises StoreUnusable, with nothing written, when the store cannot take it.
        """
        with (
            self._lock if self.sqlite else _no_lock(),
            self._translated(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that reads one consistent state. Raises StoreUnusable."""
        # One in-memory connection is shared by all threads, so that readers wait for writers there.
        with (
            self._lock if self._in_memory else _no_lock(),
            self._translated(),
            self.engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(error, sa.exc.IntegrityError):
                raise
            raise StoreUnusable(self.name, explain_trouble(str(error.orig))) from error
        except SQLAlchemyError as error:
            raise StoreUnusable(self.name, str(error).splitlines()[0]) from error


def explain_trouble(said: str) -> str:
    """What a database said, as one line a person can act on."""
    for cue, advice in _SQLITE_TROUBLE.items():
        if cue in said.lower():
            return advice
    return (said.splitlines() or ["unknown error"])[0]


@contextmanager
def _no_lock() -> Iterator[None]:
    yield


def _prepare_sqlite(connection: object, _record: object) -> None:
    # The driver must not begin transactions by itself: SQLAlchemy's recipe for real BEGIN IMMEDIATE.
    connection.isolation_level = None  # type: ignore[attr-defined]  # a sqlite3.Connection; SQLAlchemy says object
    cursor = connection.cursor()  # type: ignore[attr-defined]  # as above
    # WAL: readers never wait for the writer. FULL: a power cut after COMMIT loses nothing we answered for.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: a read that turns into a write could fail with SQLITE_BUSY.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
