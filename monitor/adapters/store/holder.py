"""One daemon per store: a lock file beside a SQLite file, an advisory lock in a PostgreSQL database."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from monitor.adapters.store.database import Database, explain_trouble
from monitor.model.errors import StoreBusy, StoreUnusable

_LOCK = 0x6D6F6E69746F72  # "monitor": the advisory lock's number, ours by convention within one database
_ASK_AGAIN = 5.0  # seconds between two looks whether the lock is still ours
_HOLDER_NAME = "media-monitor pid "


class Holder(Protocol):
    """Keeps other daemons out of a store."""

    def hold(self, pid: int) -> None:
        """Takes the store. Raises StoreBusy, StoreUnusable."""
        ...

    def release(self) -> None:
        """Gives the store back; safe to call twice."""
        ...


class DatabaseHolder:
    """Holds an advisory lock of a PostgreSQL database on a connection of its own.

    The server frees the lock when that connection ends, however it ends: nothing stale is left, but the lock is
    lost when the server restarts. `keep` takes it again, and refuses the next write if another daemon was faster.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._pid = 0
        self._looked = 0.0
        self._lock = threading.Lock()

    def hold(self, pid: int) -> None:
        """Takes the store. Raises StoreBusy with the holder's pid, or StoreUnusable."""
        self._pid = pid
        try:
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            name = sa.text("SELECT set_config('application_name', :name, false)")
            connection.execute(name, {"name": f"{_HOLDER_NAME}{pid}"})
            taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK))).scalar_one()
        except SQLAlchemyError as error:
            said = explain_trouble(str(getattr(error, "orig", error)), sqlite=False)
            raise StoreUnusable(self._database.name, said) from error
        if not taken:
            connection.invalidate()  # not back into the pool: it carries our name
            connection.close()
            raise StoreBusy(self._database.name, database_holder(self._database))
        self._connection = connection
        self._looked = time.monotonic()

    def keep(self) -> None:
        """Makes sure that the store is still ours; asks the server at most every 5 s. Raises as `hold` does."""
        with self._lock:
            if time.monotonic() - self._looked < _ASK_AGAIN:
                return
            if self._connection is not None:
                try:
                    self._connection.execute(sa.text("SELECT 1"))
                    self._looked = time.monotonic()
                    return
                except SQLAlchemyError:
                    self.release()
            self.hold(self._pid)

    def release(self) -> None:
        """Gives the store back; safe to call twice."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def database_holder(database: Database) -> int | None:
    """The pid of the daemon that holds a PostgreSQL store, or None; it may run on another machine."""
    query = sa.text(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database()) AND (l.classid::bigint << 32) + l.objid::bigint = :lock"
    )
    with database.read() as connection:
        name = connection.execute(query, {"lock": _LOCK}).scalar()
    pid = str(name or "").removeprefix(_HOLDER_NAME)
    return int(pid) if pid.isdigit() else None


class StoreHolder:
    """Holds `<database>.lock` for as long as the process lives.

    The kernel frees the lock when the process ends, however it ends: there are no stale locks to remove.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    def hold(self, pid: int) -> None:
        """Takes the store. Raises StoreBusy with the holder's pid, or StoreUnusable."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreUnusable(
                str(self._database), f"cannot make {self._path.name} beside it: {error.strerror}"
            ) from error
        try:
            _lock(file)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            raise StoreBusy(str(self._database), int(holder) if holder.isdigit() else None) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{pid}\n".encode("ascii"), 0)
        self._file = file

    def release(self) -> None:
        """Gives the store back; safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> None:
    """Locks it; a `monitor status` that asks who holds it does so for an instant, which is no holder."""
    for _ in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holder_of(database: Path) -> int | None:
    """The pid of the daemon that holds this store, or None."""
    probe = StoreHolder(database)
    if not probe._path.exists():
        return None
    try:
        file = os.open(probe._path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(file, 32).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(file)
