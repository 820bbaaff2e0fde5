"""What pruning asks for: texts not dropped yet, and which rule sets articles still refer to."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_INDEXES = (("articles", ["text_gone", "first_seen"]), ("articles", ["ruleset"]))


def upgrade() -> None:
    """Adds two indexes."""
    for table, columns in _INDEXES:
        op.create_index(op.f("_".join(["ix", table, *columns])), table, columns)
