"""Connections and transactions on SQLite and PostgreSQL: one writer at a time on SQLite, errors in our words."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from monitor.model.errors import StoreUnusable

# In libpq's words: a server whose machine is gone is noticed within a minute, not after the kernel's hours. The
# server is asked for the same: what it locked for one who is gone, all others would wait for.
_KEPT_ALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms
}
CONNECT_SECONDS = 10  # to a PostgreSQL server: a stage that waits longer says nothing meanwhile
BUSY_SECONDS = 30  # longer than any transaction of ours; a backup or a `monitor status` may hold the file briefly
READERS_SECONDS = 3  # for which a checkpoint waits: a reading command is done by then, a backup may not be

# What SQLite says, and what a person can do about it.
_SQLITE_TROUBLE = {
    "disk is full": "the disk is full; free some space, the monitor goes on by itself",
    "readonly database": "the database is read-only; check its owner and permissions",
    "unable to open": "cannot be opened; check that the folder exists and is writable",
    "malformed": "the database is damaged; restore a backup",
    "not a database": "this file is no SQLite database",
    "disk i/o error": "the disk reports an error",
    "database is locked": "another program holds the database locked",
    "no such module": "the SQLite of this Python has no full-text search (FTS5); use another build of Python",
}
_POSTGRESQL_TROUBLE = {
    "password authentication failed": "the server refuses the user name or the password",
    "no password supplied": "the server wants a password",
    "does not exist": "",  # its own words name what: a database, a role
    "connection refused": "nobody answers at this address; is the server running?",
    "could not translate host name": "there is no such host",
    "failed to resolve host": "there is no such host",
    "timeout expired": "the server does not answer",
    "too many clients": "the server takes no more connections",
    "no space left": "the server's disk is full; free some space, the monitor goes on by itself",
    "read-only transaction": "the server takes no writes at the moment",
    "permission denied": "",
}


class Database:
    """One store's engine. `url` is an SQLAlchemy URL; its password never appears in `name` or errors.

    `called` names its connections to a PostgreSQL server.
    """

    def __init__(self, url: str, called: str = "") -> None:
        parsed = sa.make_url(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.path = parsed.database if self.sqlite and parsed.database not in (None, "", ":memory:") else None
        self._in_memory = self.sqlite and self.path is None
        self._lock = threading.RLock()
        self.engine = _sqlite(parsed, self._in_memory) if self.sqlite else _postgresql(self.name, parsed, called)
        # PostgreSQL shows each statement a newer state unless it is told otherwise; SQLite never does.
        self._reads: dict[str, Any] = (
            {} if self.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        self._before_write: Callable[[], None] = lambda: None
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self, idle: float | None = None) -> Iterator[Connection]:
        """A transaction that may write; on SQLite writers of this process wait here, not in the file.

        After so many `idle` seconds in the middle of it a PostgreSQL server undoes it: who began it is gone.

        Raises StoreUnusable, with nothing written, when the store cannot take it.
        """
        self._before_write()
        with (
            self._lock if self.sqlite else _no_lock(),
            self._translated(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if idle is not None and not self.sqlite:
                connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {idle * 1000:.0f}")
            yield connection

    def guard_writes(self, check: Callable[[], None]) -> None:
        """Lets `check` raise before each write: a daemon that lost its store must not write into it."""
        self._before_write = check

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that reads one consistent state. Raises StoreUnusable."""
        # One in-memory connection is shared by all threads, so that readers wait for writers there.
        with (
            self._lock if self._in_memory else _no_lock(),
            self._translated(),
            self.engine.connect().execution_options(**self._reads) as connection,
            connection.begin(),
        ):
            yield connection

    def checkpoint(self) -> bool:
        """Moves SQLite's write-ahead log into the file and empties it; False while another process reads.

        Waits some seconds for readers. Raises StoreUnusable.
        """
        if not self.sqlite:
            return True
        with self._lock:
            raw = self.engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute(f"PRAGMA busy_timeout={READERS_SECONDS * 1000}")
                (busy, _, _), *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            except sqlite3.Error as error:
                raise StoreUnusable(self.name, explain_trouble(str(error))) from error
            finally:
                raw.close()
        return not busy

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
            raise StoreUnusable(self.name, explain_trouble(str(error.orig), self.sqlite)) from error
        except SQLAlchemyError as error:
            raise StoreUnusable(self.name, str(error).splitlines()[0]) from error


def explain_trouble(said: str, sqlite: bool = True) -> str:
    """What a database said, as one line a person can act on."""
    for cue, advice in (_SQLITE_TROUBLE if sqlite else _POSTGRESQL_TROUBLE).items():
        if cue in said.lower() and advice:
            return advice
    # libpq repeats the address, then says what is wrong.
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["unknown error"]
    return lines[0] if sqlite else lines[0].rpartition("FATAL:")[2].strip() or lines[0]


def _sqlite(url: sa.URL, in_memory: bool) -> sa.Engine:
    return sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        json_serializer=_as_json,
        poolclass=StaticPool if in_memory else None,
    )


def libpq_options(url: sa.URL, called: str) -> dict[str, str | int]:
    """How each connection to a PostgreSQL server is made, besides where to and by whom; `called` is its name."""
    alive = {name: value for name, value in _KEPT_ALIVE.items() if name not in url.query}
    named = {"application_name": called} if called else {}
    return {"connect_timeout": CONNECT_SECONDS, **alive, **named}


def _postgresql(name: str, url: sa.URL, called: str) -> sa.Engine:
    kept = {one: str(url.query.get(one, value)) for one, value in _KEPT_ALIVE.items()}
    try:
        engine = sa.create_engine(
            url,
            connect_args=libpq_options(url, called),
            json_serializer=_as_json,
            pool_pre_ping=True,  # a server that went away is noticed before a statement
            pool_size=12,  # stages and senders each hold one connection at a time
        )
    except ImportError as error:
        why = "PostgreSQL needs the extra: pip install 'media-monitor[postgresql]'"
        raise StoreUnusable(name, why) from error
    sa.event.listen(engine, "connect", lambda connection, _record: _ask_for_the_same(connection, kept))
    return engine


def _ask_for_the_same(connection: Any, kept: Mapping[str, str]) -> None:
    # Not among the options of the connection: a pooler in between refuses those that it does not know.
    settings = [(f"tcp_{name.removeprefix('tcp_')}", value) for name, value in kept.items()]
    settings.append(("timezone", "UTC"))  # of times that are read, whatever the server's zone
    asked = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}", [text for setting in settings for text in setting])
    connection.commit()


def _as_json(value: Any) -> str:
    """As SQLAlchemy would; most lists are empty, and a first poll writes fifty of them."""
    return "[]" if value == [] else json.dumps(value)


@contextmanager
def _no_lock() -> Iterator[None]:
    yield


def _prepare_sqlite(connection: object, _record: object) -> None:
    # The driver must not begin transactions by itself: SQLAlchemy's recipe for real BEGIN IMMEDIATE.
    connection.isolation_level = None  # type: ignore[attr-defined]  # a sqlite3.Connection; SQLAlchemy says object
    cursor = connection.cursor()  # type: ignore[attr-defined]  # as above
    # WAL: readers never wait for the writer. FULL: a power cut after COMMIT loses nothing we answered for.
    # secure_delete: what is deleted or replaced is overwritten: a text that was dropped is in no free page.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # SQLite folds the case of ASCII alone.
    connection.create_function("casefold", 1, str.casefold, deterministic=True)  # type: ignore[attr-defined]  # as above


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: a read that turns into a write could fail with SQLITE_BUSY.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
