"""Copies of a store: made while a daemon writes, checked, and put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from monitor.adapters.store.database import Database, explain_trouble
from monitor.adapters.store.holder import DatabaseHolder, StoreHolder
from monitor.adapters.store.migrate import known_versions, make_private
from monitor.adapters.store.tables import SCHEMA
from monitor.model.errors import StoreMissing, StoreNewer, StoreUnusable

Progress = Callable[[int, int], None]
"""Called with what is done and what there is, in one unit."""

_PAGES = 1_000  # copied at a time: some megabytes between two words of progress


def back_up(url: str, target: Path, progress: Progress, environment: Mapping[str, str]) -> int:
    """Writes a consistent copy of the store into `target`, which must not exist; returns its bytes.

    A daemon may write meanwhile: the copy is the state of one moment. It is whole or not there. SQLite's own
    backup makes it; for PostgreSQL pg_dump does, in its custom format. Raises StoreUnusable.
    """
    if not target.parent.is_dir():
        raise StoreUnusable(str(target), "there is no such folder")
    database = Database(url)
    half = target.with_name(f".{target.name}.part")
    try:
        half.unlink(missing_ok=True)
        make_private(half)
        if database.path is not None:
            _copy_sqlite(Path(database.path), half, progress)
            _expect_sound(half)
        elif not database.sqlite:
            dump = ["pg_dump", "--format=custom", "--no-owner", f"--file={half}", f"--dbname={_address(database)}"]
            _run(database, dump, environment)
        _make_durable(half)
        # Not rename: a file that came to be meanwhile must not be lost.
        os.link(half, target)
        return target.stat().st_size
    except FileExistsError as error:
        raise StoreUnusable(str(target), "is there already; name another file") from error
    except OSError as error:
        raise StoreUnusable(str(target), f"cannot be written: {error.strerror}") from error
    finally:
        half.unlink(missing_ok=True)
        database.close()


def restore(
    url: str, source: Path, aside: Path, *, pid: int, progress: Progress, environment: Mapping[str, str]
) -> str:
    """Puts a backup in the place of the store and returns its schema version; no daemon may hold the store.

    The backup is checked before anything is touched. What was there is moved to `aside` (SQLite), or replaced in
    one transaction (PostgreSQL, by pg_restore). Raises StoreBusy, StoreNewer, StoreMissing, StoreUnusable.
    """
    if not source.is_file():
        raise StoreMissing(str(source))
    database = Database(url)
    holder = StoreHolder(Path(database.path)) if database.path is not None else DatabaseHolder(database)
    try:
        holder.hold(pid)
        if database.path is not None:
            return _restore_sqlite(Path(database.path), source, aside, progress)
        return _restore_postgresql(database, source, environment)
    except OSError as error:
        raise StoreUnusable(database.name, f"cannot be restored: {error.strerror}") from error
    finally:
        holder.release()
        database.close()


def _restore_sqlite(store: Path, source: Path, aside: Path, progress: Progress) -> str:
    version = _expect_sound(source)
    if version not in known_versions():
        raise StoreNewer(str(source), version, SCHEMA)
    half = store.with_name(f".{store.name}.part")
    try:
        half.unlink(missing_ok=True)
        make_private(half)
        _copy_sqlite(source, half, progress)
        _make_durable(half)
        if store.exists():
            shutil.copymode(store, half)
            _fold_log(store)
            store.replace(aside)
        for ending in ("-wal", "-shm"):  # they belong to what was moved away
            store.with_name(store.name + ending).unlink(missing_ok=True)
        half.replace(store)
    finally:
        half.unlink(missing_ok=True)
    return version


def _restore_postgresql(database: Database, source: Path, environment: Mapping[str, str]) -> str:
    ask = ["pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(source)]
    lines = _run(database, ask, environment).splitlines()
    copied = next((at for at, line in enumerate(lines) if line.startswith("COPY ")), None)
    if copied is None:
        raise StoreUnusable(str(source), "is no backup of a store of the monitor")
    version = lines[copied + 1].strip()
    if version not in known_versions():
        raise StoreNewer(str(source), version, SCHEMA)
    how = ["--clean", "--if-exists", "--single-transaction", "--no-owner", "--exit-on-error"]
    _run(database, ["pg_restore", *how, f"--dbname={_address(database)}", str(source)], environment)
    return version


def _fold_log(store: Path) -> None:
    """Writes what is in the write-ahead log into the file, so that the file alone is the store.

    A damaged file may be the reason to restore: it is moved aside as it is.
    """
    try:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        for ending in ("-wal", "-shm"):
            log = store.with_name(store.name + ending)
            if log.exists():
                shutil.copy2(log, log.with_name(f"{log.name}.damaged"))


def _copy_sqlite(source: Path, target: Path, progress: Progress) -> None:
    try:
        with (
            closing(sqlite3.connect(f"file:{_quoted(source)}?mode=ro", uri=True, timeout=30)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            # A read transaction keeps the state of this moment: without it each write of a daemon would make the
            # backup begin again.
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM sqlite_master").fetchone()
            original.backup(copy, pages=_PAGES, progress=lambda _, left, all_: progress(all_ - left, all_))
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise StoreUnusable(str(source), explain_trouble(str(error))) from error


def _expect_sound(file: Path) -> str:
    """The schema version of a copy. Raises StoreUnusable for a damaged file and for one that is no store."""
    try:
        # Immutable: to look at a backup makes no files beside it. One with a log beside it was copied by hand.
        how = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
        with closing(sqlite3.connect(f"file:{_quoted(file)}?{how}", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreUnusable(str(file), f"is damaged: {str(found).splitlines()[0]}")
            return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except sqlite3.DatabaseError as error:
        said = str(error)
        why = "is no store of the monitor" if "no such table" in said else explain_trouble(said)
        raise StoreUnusable(str(file), why) from error


def _quoted(path: Path) -> str:
    """A path as part of a URI (sqlite.org/uri.html)."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _make_durable(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _address(database: Database) -> str:
    """The store's URL for PostgreSQL's own programs, without the password: arguments are shown to everybody."""
    # Not URL.set, which takes None for "leave it".
    url = database.engine.url._replace(drivername="postgresql", password=None)
    return url.render_as_string(hide_password=False)


def _run(database: Database, line: Sequence[str], environment: Mapping[str, str]) -> str:
    """Runs one of PostgreSQL's own programs and returns what it printed. Raises StoreUnusable."""
    password = database.engine.url.password
    secret = {"PGPASSWORD": str(password)} if password else {}
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, their arguments made here
            line,
            env={**environment, **secret},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        why = f"{line[0]} is needed for this: install PostgreSQL's client programs"
        raise StoreUnusable(database.name, why) from error
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or [f"{line[0]} failed"]
        raise StoreUnusable(database.name, said[0])
    return done.stdout
