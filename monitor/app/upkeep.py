"""`monitor db …`: schema, copies and soundness of the store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.adapters.clock import SystemClock
from monitor.adapters.store.backup import Progress, back_up, restore
from monitor.adapters.store.checkup import Finding, check_store
from monitor.adapters.store.database import Database
from monitor.adapters.store.migrate import current, expect_current
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import SCHEMA
from monitor.app.check import settings_of
from monitor.app.counting import counted, size_text
from monitor.model.errors import StoreMissing, StoreUnusable
from monitor.model.jobs import Engine


def store_url_of(config: Path, environment: Mapping[str, str]) -> str:
    """The URL of the store that a config file names; nothing else of it is needed. Raises ConfigInvalid."""
    return settings_of(config, environment, secrets=False).store_url


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to a store: `lines` for people, `row` for programs."""

    lines: tuple[str, ...]
    row: dict[str, Any]


def upgrade_store(
    url: str, *, copy: bool, progress: Progress, environment: Mapping[str, str], engine: Engine = Engine.IN_PROCESS
) -> Done:
    """Brings a store up to date while no daemon holds it; with `copy` a SQLite file is copied before.

    With an `engine` that has a queue, its tables too. Raises StoreBusy, StoreNewer, StoreUnusable.
    """
    path = SqlStore.file_of(url)
    found = _version_of(url, path)
    kept = None
    if copy and path is not None and found not in (None, SCHEMA):
        kept = Path(f"{path}.schema-{found}")
        if not kept.exists():  # of an upgrade that was broken off: the older copy is the one to keep
            back_up(url, kept, progress, environment)
    with closing(SqlStore(url, hold=os.getpid())) as store:
        queue = _with_queue(store) if engine is not Engine.IN_PROCESS else None
    if found == SCHEMA:
        lines = [f"{store.name}: is up to date (schema {SCHEMA})"]
    else:
        lines = [f"{store.name}: schema {found} → {SCHEMA}" if found else f"{store.name}: made (schema {SCHEMA})"]
    if kept is not None:
        lines.append(f"The store as it was: {kept}")
    if queue is not None:
        lines.append(f"Its queue is up to date ({queue})")
    row = {
        "store": store.name,
        "found": found,
        "schema": SCHEMA,
        "copy": str(kept) if kept else None,
        "queue": queue,
    }
    return Done(tuple(lines), row)


def _with_queue(store: SqlStore) -> str:
    """Makes or upgrades the tables of the queue; whose they are."""
    try:
        from monitor.adapters.jobs import ensure_schema, library  # here: who has no queue needs none of it
    except ImportError as error:
        raise StoreUnusable(store.name, "its queue needs the extra: pip install 'media-monitor[jobs]'") from error
    store.in_transaction(lambda connection: ensure_schema(connection, store.name))
    return library()


def _version_of(url: str, path: Path | None) -> str | None:
    """The schema found, None where there is nothing yet: to look must not make a file."""
    if path is not None and not path.exists():
        return None
    database = Database(url)
    try:
        return current(database)
    finally:
        database.close()


def backup_store(url: str, target: Path, progress: Progress, environment: Mapping[str, str]) -> Done:
    """Copies the store into a new file while a daemon may work on it. Raises StoreMissing, StoreUnusable."""
    path = SqlStore.file_of(url)
    if path is not None and not path.exists():
        raise StoreMissing(str(path))
    size = back_up(url, target, progress, environment)
    lines = (
        f"{target}: {size_text(size)}, the store at one moment, checked",
        f"To put it back: stop the daemon, then monitor db restore {target}",
    )
    return Done(lines, {"file": str(target), "bytes": size})


def restore_store(url: str, source: Path, *, progress: Progress, environment: Mapping[str, str]) -> Done:
    """Puts a backup in the store's place, and brings it up to date. Raises StoreError."""
    path = SqlStore.file_of(url)
    there = path is not None and path.exists()
    aside = Path(f"{path}.replaced-{SystemClock().now():%Y%m%dT%H%M%SZ}")
    version = restore(url, source, aside, pid=os.getpid(), progress=progress, environment=environment)
    SqlStore(url, hold=os.getpid()).close()
    lines = [f"Restored {source}" + (f", schema {version} → {SCHEMA}" if version != SCHEMA else "")]
    if there:
        lines.append(f"The store as it was: {aside}")
    return Done(tuple(lines), {"file": str(source), "schema": version, "replaced": str(aside) if there else None})


@contextmanager
def looks(url: str) -> Iterator[Iterator[tuple[str, tuple[Finding, ...]]]]:
    """The looks of `monitor db check`, one after the other as they are made.

    Raises StoreMissing, StoreOlder, StoreNewer, StoreUnusable.
    """
    database = Database(url)
    try:
        if database.path is not None and not Path(database.path).exists():
            raise StoreMissing(database.path)
        expect_current(database)
        yield check_store(database)
    finally:
        database.close()


def finding_line(found: Finding) -> str:
    """One finding, for people."""
    rows = f"{counted(found.rows, 'row')} of {found.table}: " if found.table else ""
    ids = f" (ids {', '.join(found.first)}{' …' if found.rows > len(found.first) else ''})" if found.first else ""
    return f"{rows}{found.what}{ids}"
