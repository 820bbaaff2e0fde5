"""Where a database and the tables that the queries expect part company."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor.adapters.store.archive import index_metadata
from monitor.adapters.store.database import Database
from monitor.adapters.store.full_text import INDEX
from monitor.adapters.store.tables import metadata


def schema_differences(database: Database, *, defaults: bool = True) -> list[object]:
    """What one has and the other lacks; but for the full-text index, which SQLAlchemy cannot describe.

    Without `defaults` those of columns may differ: stores of the first days keep some.
    """
    expected = [metadata, index_metadata]
    opts = {
        "compare_type": True,
        "compare_server_default": defaults,
        "render_as_batch": True,
        "include_object": lambda _object, name, kind, *_: kind != "table" or not name.startswith(INDEX),
        "target_metadata": expected,
    }
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts=opts)
        return compare_metadata(context, expected)  # type: ignore[arg-type,return-value]  # several, as in env.py
