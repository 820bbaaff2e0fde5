"""The last polls of each feed, what it said instead of a feed, and pauses by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Columns without a copy of a table, and new tables."""
    op.add_column("feeds", sa.Column("paused_by", sa.Text()))
    op.add_column("feeds", sa.Column("paused_at", _moment()))
    op.add_column("feeds", sa.Column("lists", sa.Integer()))
    op.create_table(
        "polls",
        sa.Column("feed_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("at", _moment(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("outcome", "reason")),
        sa.Column("next_poll_at", _moment(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("feed_id", "at", name="pk_polls"),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_polls_feed_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "said_instead",
        sa.Column("feed_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", name="pk_said_instead"),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_said_instead_feed_id"),
    )


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.Integer().with_variant(sa.BigInteger(), "postgresql")
