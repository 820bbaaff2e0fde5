"""Brings a database to this version's schema."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from monitor.adapters.store.database import Database
from monitor.adapters.store.tables import metadata
from monitor.model.errors import StoreNewer


def upgrade(database: Database) -> None:
    """Applies the missing migrations in one transaction; an up-to-date database is not touched.

    Raises StoreNewer when a newer version of the monitor wrote it, StoreUnusable when it cannot be written.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    found = current(database)
    if found == head:
        return
    if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
        raise StoreNewer(database.name, found, head or "none")
    with database.write() as connection:
        config.attributes.update(connection=connection, metadata=metadata)
        command.upgrade(config, "head")


def current(database: Database) -> str | None:
    """The schema version found in the database; None for an empty one."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "monitor:adapters/store/migrations")
    return config
