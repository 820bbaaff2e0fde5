"""Alembic's entry: runs the migrations on the connection it was handed, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transactional_ddl=False,  # the caller's one transaction holds the whole upgrade
    render_as_batch=True,
)
context.run_migrations()
