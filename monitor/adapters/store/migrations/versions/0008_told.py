"""What was told follows from what was planned: reasons and facts beside it, and no second record of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Columns without a copy of the table. What `alerted` held stands in matches, routings and batches."""
    for name in ("why", "draft_why"):
        op.add_column("routings", sa.Column(name, sa.Text()))
    for name in ("names", "figures", "bare"):
        op.add_column("matches", sa.Column(name, sa.JSON()))
    op.add_column("matches", sa.Column("earlier", sa.Text()))
    op.drop_table("alerted")
