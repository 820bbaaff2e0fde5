"""What reading remembers: pages that are asked again, and what the pages of a host carried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """New tables; pages that failed before are not asked again."""
    op.create_table(
        "rereads",
        sa.Column("entry_row", _row_id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", _row_id()),
        sa.ForeignKeyConstraint(["entry_row"], ["entries.id"], name="fk_rereads_entry_row"),
        sa.ForeignKeyConstraint(["result"], ["entries.id"], name="fk_rereads_result"),
        sa.PrimaryKeyConstraint("entry_row", name="pk_rereads"),
    )
    op.create_index("ix_rereads_state_next_at", "rereads", ["state", "next_at"])
    op.create_index("ix_rereads_result", "rereads", ["result"])
    op.create_table(
        "page_parts",
        sa.Column("host", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("entry_row", _row_id(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_row"], ["entries.id"], name="fk_page_parts_entry_row"),
        sa.PrimaryKeyConstraint("host", "key", "entry_row", name="pk_page_parts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_page_parts_entry_row", "page_parts", ["entry_row"])
    op.create_index("ix_page_parts_day", "page_parts", ["day"])


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.Integer().with_variant(sa.BigInteger(), "postgresql")
