"""Copies a store into another database, from SQLite to PostgreSQL or back; killed at any moment it goes on later.

The target says of itself that it is unfinished until everything is there and equal: no monitor of any version
starts on it. References are checked once at the end, since articles may name later ones; the source, in which they
hold, cannot change meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from monitor.adapters.store.checkup import broken_references
from monitor.adapters.store.copying_rows import (
    Row,
    any_order,
    chunks,
    count_and_hash,
    key_of,
    read_key,
    rows_of,
    without_nul,
    write_rows,
)
from monitor.adapters.store.copying_target import begin, begin_anew, finish, first_line, note, progress
from monitor.adapters.store.database import Database
from monitor.adapters.store.holder import DatabaseHolder, Holder, StoreHolder
from monitor.adapters.store.migrate import expect_current
from monitor.adapters.store.tables import metadata
from monitor.model.errors import StoreBusy, StoreMissing, StoreUnusable

COPYING, COMPARING = "copying", "comparing"
_TRIES, _PAUSE = 10, 0.1  # to take a store, and seconds in between

Tell = Callable[[str, int, int], None]
"""Called with the phase, and what is done and what there is, in rows."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One table on both sides."""

    table: str
    rows: int
    target_rows: int
    equal: bool


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to. `resumed`: an earlier run had begun it; `begun_anew`: that was of no use any more."""

    source: str
    target: str
    tables: tuple[Compared, ...]
    resumed: bool = False
    begun_anew: bool = False

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same."""
        return all(one.equal for one in self.tables)


def compare_stores(source_url: str, target_url: str, *, pid: int, tell: Tell) -> Copied:
    """Compares two stores by the counts and hashes of their tables; no daemon may hold either.

    Raises StoreBusy, StoreMissing, StoreOlder, StoreNewer, StoreUnfinished, StoreUnusable.
    """
    with _both(source_url, target_url, pid) as (source, target), _unchanging(source) as reading:
        if target.path is not None and not Path(target.path).exists():
            raise StoreMissing(target.path)
        expect_current(target)
        return Copied(source.name, target.name, _compare(reading, target, tell))


def copy_store(source_url: str, target_url: str, *, pid: int, tell: Tell) -> Copied:
    """Copies all that a store holds into an empty database, or goes on with a copy that was broken off.

    Nothing is written into the source, by nobody meanwhile. Both are at this version's schema, and held. When it
    returns, all tables are equal, and no article is in the full-text index yet. Raises StoreBusy, StoreMissing,
    StoreOlder, StoreNewer, StoreUnusable.
    """
    with _both(source_url, target_url, pid) as (source, target), _unchanging(source) as reading:
        _expect_sound(source, reading)
        resumed = begin(source, target)
        try:
            copied = Copied(source.name, target.name, _fill(reading, target, tell, resumed), resumed)
            if resumed and not copied.equal:  # the source went on after the copy began
                begin_anew(target)
                copied = replace(copied, tables=_fill(reading, target, tell, False), begun_anew=True)
            if not copied.equal:
                names = ", ".join(one.table for one in copied.tables if not one.equal)
                raise StoreUnusable(target.name, f"differs from the source in {names}, by a fault of the monitor")
            finish(target)
        except StoreUnusable as error:
            why = error.why.replace(", the monitor goes on by itself", "")
            raise StoreUnusable(error.store, f"{why}; the same command goes on where this one stopped") from error
        return copied


# ---- both sides


@contextmanager
def _both(source_url: str, target_url: str, pid: int) -> Iterator[tuple[Database, Database]]:
    """Both databases, held, the source at this version's schema."""
    source, target = Database(source_url), Database(target_url)
    if target.sqlite:
        sa.event.listen(target.engine, "connect", _without_references)
    holders: list[Holder] = []
    try:
        if _same(source, target):
            raise StoreUnusable(target.name, "is the store itself; name another database to copy it to")
        if source.path is not None and not Path(source.path).exists():
            raise StoreMissing(source.path)
        for database in (source, target):
            holder = _holder_of(database)
            _hold(holder, pid)
            holders.append(holder)
        expect_current(source)
        yield source, target
    finally:
        for holder in reversed(holders):
            holder.release()
        source.close()
        target.close()


def _same(source: Database, target: Database) -> bool:
    if source.path is not None and target.path is not None:
        return Path(source.path).resolve() == Path(target.path).resolve()
    return source.name == target.name


def _holder_of(database: Database) -> Holder:
    if database.path is not None:
        return StoreHolder(Path(database.path))
    holder = DatabaseHolder(database)
    database.guard_writes(holder.keep)
    return holder


def _hold(holder: Holder, pid: int) -> None:
    """Takes a store. PostgreSQL notices some moments later that a run that was killed is gone."""
    for _ in range(_TRIES if isinstance(holder, DatabaseHolder) else 0):
        try:
            return holder.hold(pid)
        except StoreBusy:
            time.sleep(_PAUSE)
    return holder.hold(pid)


def _without_references(connection: object, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]  # a sqlite3.Connection


@contextmanager
def _unchanging(source: Database) -> Iterator[Connection]:
    """The source as nobody changes it: a command that would waits till its patience ends, and says so."""
    with source.write() as connection:
        if source.sqlite:
            connection.execute(sa.text("PRAGMA query_only=ON"))
        else:
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            connection.execute(sa.text(f"LOCK TABLE {names} IN SHARE MODE"))
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        yield connection


def _expect_sound(source: Database, reading: Connection) -> None:
    """PostgreSQL takes no row that refers to one that is not there: better said before than after hours."""
    if source.sqlite and (found := next(broken_references(reading), None)):
        why = f"{found.table} has {found.what}; monitor db check tells more"
        raise StoreUnusable(source.name, why)


# ---- rows


def _fill(reading: Connection, target: Database, tell: Tell, resumed: bool) -> tuple[Compared, ...]:
    """Copies what is not there yet, and compares all."""
    try:
        _copy(reading, target, tell)
    except IntegrityError as error:
        if not resumed:
            raise StoreUnusable(target.name, f"does not take a row: {first_line(error)}") from error
        # A row that was there was changed since: what is there differs anyway.
        return (Compared("all", 0, 0, equal=False),)
    return _compare(reading, target, tell)


def _copy(reading: Connection, target: Database, tell: Tell) -> None:
    with target.read() as connection:
        noted = {row.part: row for row in connection.execute(sa.select(progress))}
    total = sum(_counts(reading).values())
    done = sum(row.rows for row in noted.values())
    for table in metadata.sorted_tables:
        before = noted.get(table.name)
        copied = before.rows if before else 0
        after = read_key(table, before.last) if before else None
        for chunk in chunks(rows_of(reading, table, after)):
            copied += len(chunk)
            with target.write() as connection:
                write_rows(connection, table, list(_carried(chunk, target)))
                note(connection, table.name, copied, key_of(table, chunk[-1]))  # as the source has it
            done += len(chunk)
            tell(COPYING, done, total)


def _carried(rows: Iterable[Row], target: Database) -> Iterator[Row]:
    return iter(rows) if target.sqlite else without_nul(rows)


def _compare(reading: Connection, target: Database, tell: Tell) -> tuple[Compared, ...]:
    total = 2 * sum(_counts(reading).values())
    done = 0

    def more(rows: int) -> None:
        nonlocal done
        done += rows
        tell(COMPARING, min(done, total), total)

    found: list[Compared] = []
    with target.read() as copy:
        for table in metadata.sorted_tables:
            rows, ours = count_and_hash(_carried(any_order(reading, table), target), more)
            target_rows, theirs = count_and_hash(any_order(copy, table), more)
            found.append(Compared(table.name, rows, target_rows, (rows, ours) == (target_rows, theirs)))
    return tuple(found)


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }
