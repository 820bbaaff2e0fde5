"""Who took a feed last from a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A new column."""
    op.add_column("feeds", sa.Column("lease_token", sa.Integer(), nullable=False, server_default="0"))
