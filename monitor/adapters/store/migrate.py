"""Brings a database to this version's schema."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from monitor.adapters.store.database import Database
from monitor.adapters.store.tables import SCHEMA, metadata
from monitor.model.errors import StoreMissing, StoreNewer, StoreOlder, StoreUnfinished

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

UNFINISHED = "unfinished copy"
"""The version of a database that `monitor db copy` fills: one that no version of the monitor knows."""

_UPGRADE_LOCK = 0x6D6F6E75706772  # "monupgr": an advisory lock of PostgreSQL, held for the transaction


def upgrade(database: Database, begins: Callable[[], None] = lambda: None) -> str | None:
    """Applies the missing migrations in one transaction; an up-to-date database is not touched.

    `begins` is called before the migrations of a database that is not empty: they may take a while.
    Returns the version found, None for an empty database. Raises StoreNewer when a newer version of the monitor
    wrote it, StoreUnfinished for half a copy, StoreUnusable when it cannot be written. A file that is made is its
    owner's alone: it holds addresses of readers and the key that signs their links.
    """
    make_file(database)
    found = _known(database)
    if found == SCHEMA:
        return found
    if found is not None:
        begins()
    with database.write() as connection:
        migrate(connection)
    return found


def migrate(connection: Connection) -> None:
    """Applies the missing migrations within a transaction."""
    from alembic import command

    if connection.dialect.name != "sqlite":  # of two at a time the second finds nothing left to do
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
    config = alembic_config()
    config.attributes.update(connection=connection, metadata=metadata)
    command.upgrade(config, "head")


def make_file(database: Database) -> None:
    """Makes the file of a SQLite store where it is not there, its owner's alone."""
    if database.path is not None and not database.path.startswith("file:"):
        with suppress(OSError):  # it is there, or SQLite says what is wrong
            make_private(Path(database.path))


def make_private(path: Path) -> None:
    """An empty new file that only its owner reads; SQLite gives its log the same rights. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def expect_current(database: Database) -> None:
    """Raises StoreOlder, StoreNewer, StoreUnfinished or StoreMissing unless the schema is this version's."""
    found = _known(database)
    if found is None:
        raise StoreMissing(database.name)
    if found != SCHEMA:
        raise StoreOlder(database.name, found, SCHEMA)


def _known(database: Database) -> str | None:
    """The version found. Raises StoreNewer for one that this version of the monitor does not know."""
    found = current(database)
    if found is None or found == SCHEMA:
        return found
    if found not in known_versions():
        raise StoreNewer(database.name, found, SCHEMA)
    return found


def known_versions() -> frozenset[str]:
    """Every schema version that this version of the monitor can bring up to date."""
    # Imported here: a command that only asks need not wait for it.
    from alembic.script import ScriptDirectory

    return frozenset(one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions())


def alembic_config() -> Config:
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "monitor:adapters/store/migrations")
    return config


def current(database: Database) -> str | None:
    """The schema version found in the database; None for an empty one. Raises StoreUnfinished."""
    found = noted_version(database)
    if found == UNFINISHED:
        raise StoreUnfinished(database.name)
    return found


def noted_version(database: Database) -> str | None:
    """What the database says of its schema version: UNFINISHED, too."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
