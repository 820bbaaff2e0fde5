"""Who may work on a store: one daemon, by a lock file beside a SQLite file; in a PostgreSQL database, by an
advisory lock, several daemons or one process alone."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from monitor.adapters.store.database import Database, explain_trouble
from monitor.adapters.store.members import (
    LOCK,
    SILENT,
    alone_name,
    at_work_words,
    cut_off_the_silent,
    members,
    name_of,
)
from monitor.adapters.store.migrate import noted_version
from monitor.adapters.store.tables import SCHEMA
from monitor.model.daemons import Daemon
from monitor.model.errors import StoreBusy, StoreNewer, StoreUnusable

_ASK_AGAIN = 5.0  # seconds between two looks whether the lock is still ours


class Holder(Protocol):
    """Keeps other daemons out of a store."""

    def hold(self, pid: int) -> None:
        """Takes the store. Raises StoreBusy, StoreUnusable."""
        ...

    def release(self) -> None:
        """Gives the store back; safe to call twice."""
        ...


class DatabaseHolder:
    """Holds an advisory lock of a PostgreSQL database on a connection of its own: exclusively, or with `daemon`
    shared with other daemons.

    The server frees the lock when that connection ends, however it ends: nothing stale is left, but the lock is
    lost when the server restarts. `keep` takes it again, and refuses the next write where that cannot be.
    """

    def __init__(self, database: Database, daemon: Daemon | None = None) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._pid = 0
        self._upgrades = False
        self._looked = 0.0
        self._lock = threading.RLock()
        self.daemon = daemon
        self.number = 0
        """Of the connection: another one has none of the locks of the one before."""

    @property
    def heard(self) -> bool:
        """Whether the server has answered on this connection within the time after which others end it."""
        return time.monotonic() - self._looked < SILENT

    def hold(self, pid: int) -> None:
        """Takes the store. Raises StoreBusy with who has it, or StoreUnusable.

        The server may take hours to see that a machine is gone: what that daemon held stands against nobody.
        """
        self._pid = pid
        connection = self._connected()
        try:
            cut_off_the_silent(connection)
            if self.daemon is None:
                taken = _tries(connection, "pg_try_advisory_lock")
            else:
                self._name(connection)
                taken = _tries(connection, "pg_try_advisory_lock_shared")
            found = [] if taken else members(connection)
        except SQLAlchemyError as error:
            _end(connection)
            raise self._unusable(error) from error
        if not taken:
            _end(connection)  # not back into the pool: it carries our name
            many = f"at work on it is {at_work_words(found)}; stop them first" if len(found) > 1 else None
            raise StoreBusy(self._database.name, found[0].pid or None if found else None, many)
        self._begin(connection)

    def hold_alone(self, pid: int) -> None:
        """Takes the store exclusively, to `share` it later. Raises StoreBusy, StoreUnusable."""
        daemon, self.daemon, self._upgrades = self.daemon, None, True
        try:
            self.hold(pid)
        finally:
            self.daemon, self._upgrades = daemon, False

    def share(self) -> None:
        """Lets other daemons in, without a moment in which nobody has the store. Raises StoreUnusable."""
        with self.session() as connection:
            self._name(connection)
            _tries(connection, "pg_try_advisory_lock_shared")
            _tries(connection, "pg_advisory_unlock")

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
            if self.daemon is not None:
                self.expect_schema()

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """The connection that holds the store, for one thread at a time; taken anew where it is lost.

        Raises as `hold` does.
        """
        with self._lock:
            self.keep()
            assert self._connection is not None
            try:
                yield self._connection
                self._looked = time.monotonic()
            except SQLAlchemyError as error:
                self.release()
                raise self._unusable(error) from error

    def rename(self, daemon: Daemon) -> None:
        """Names the connection anew. Raises as `hold` does."""
        with self.session() as connection:
            self.daemon = daemon
            self._name(connection)

    def release(self) -> None:
        """Gives the store back; safe to call twice."""
        with self._lock:
            if self._connection is not None:
                _end(self._connection)
                self._connection = None
                self._looked = 0.0

    def _connected(self) -> Connection:
        try:
            connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            _call_it(connection, alone_name(self._pid, upgrades=self._upgrades))
        except SQLAlchemyError as error:
            raise self._unusable(error) from error
        return connection

    def _begin(self, connection: Connection) -> None:
        self._connection = connection
        self.number += 1
        self._looked = time.monotonic()

    def _name(self, connection: Connection) -> None:
        """By the server's clock, which is the same for all: the time when the config was taken up."""
        assert self.daemon is not None
        if not self.daemon.loaded:
            now = connection.execute(sa.text("SELECT (extract(epoch FROM clock_timestamp()) * 10)::bigint"))
            self.daemon = replace(self.daemon, loaded=int(now.scalar_one()))
        _call_it(connection, name_of(self.daemon))

    def expect_schema(self) -> None:
        """Raises StoreNewer where a newer version was let in before the store was taken, or taken anew."""
        found = noted_version(self._database)
        if found != SCHEMA:
            self.release()
            raise StoreNewer(self._database.name, found or "none", SCHEMA)

    def _unusable(self, error: SQLAlchemyError) -> StoreUnusable:
        said = explain_trouble(str(getattr(error, "orig", error)), sqlite=False)
        return StoreUnusable(self._database.name, said)


def _tries(connection: Connection, function: str) -> bool:
    return bool(connection.execute(sa.select(getattr(sa.func, function)(LOCK))).scalar_one())


def _call_it(connection: Connection, name: str) -> None:
    connection.execute(sa.text("SELECT set_config('application_name', :name, false)"), {"name": name})


def _end(connection: Connection) -> None:
    connection.invalidate()
    connection.close()


def daemons_of(database: Database) -> list[Daemon]:
    """Who works on a PostgreSQL store, or holds it; they may run on other machines."""
    with database.read() as connection:
        return members(connection)


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
