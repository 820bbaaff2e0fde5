"""What the fields of the rules' language ask of a document, and the analyser that a match was found with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# Null is what rows of the time before mean: the language is only stated, no section, nobody noted the analyser.
_COLUMNS: tuple[tuple[str, sa.Column[Any]], ...] = (
    ("articles", sa.Column("language_confidence", sa.Float())),
    ("articles", sa.Column("section", sa.Text())),
    ("entries", sa.Column("section", sa.Text())),
    ("entries", sa.Column("tags", sa.JSON())),
    ("matches", sa.Column("analyser_version", sa.Text())),
)


def upgrade() -> None:
    """Adds columns; plain ADD COLUMN, so that no table is copied however large it is."""
    for table, column in _COLUMNS:
        op.add_column(table, column)
