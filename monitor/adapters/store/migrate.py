"""Brings a database to this version's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from monitor.adapters.store.database import Database
from monitor.adapters.store.tables import SCHEMA, metadata
from monitor.model.errors import StoreNewer

if TYPE_CHECKING:
    from alembic.config import Config


def upgrade(database: Database) -> None:
    """Applies the missing migrations in one transaction; an up-to-date database is not touched.

    Raises StoreNewer when a newer version of the monitor wrote it, StoreUnusable when it cannot be written.
    """
    found = current(database)
    if found == SCHEMA:
        return
    # Imported here: a command that only asks need not wait for it.
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config()
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreNewer(database.name, found, SCHEMA)
    with database.write() as connection:
        config.attributes.update(connection=connection, metadata=metadata)
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "monitor:adapters/store/migrations")
    return config


def current(database: Database) -> str | None:
    """The schema version found in the database; None for an empty one."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
