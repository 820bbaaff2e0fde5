"""Names of before, under which history was kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "renames",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "was", "now")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "was", "now", name="pk_renames"),
    )
