"""What operating a store needs: entries still listed, texts dropped, deliveries retried by hand.

Also mends stores of the first days: 0001 was changed three times before the first release without a number of its
own, so that a store marked 0001 may lack some of its columns and indexes.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)
# What later forms of 0001 had and earlier ones lack. The defaults are what a row of that time meant: before
# `words_only` and `news` every entry was read whole and every match was news. They stay, which does no harm.
_FIRST_DAYS: tuple[tuple[str, sa.Column[Any]], ...] = (
    ("articles", sa.Column("page_key", sa.Text(), nullable=False, server_default="")),
    ("articles", sa.Column("next_stage_at", _TIME)),
    ("articles", sa.Column("stage_error", sa.Text())),
    ("entries", sa.Column("words_only", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("matches", sa.Column("news", sa.Boolean(), nullable=False, server_default=sa.true())),
)
_COLUMNS: tuple[tuple[str, sa.Column[Any]], ...] = (
    ("articles", sa.Column("text_gone", sa.Text())),
    ("deliveries", sa.Column("retried_at", _TIME)),
    ("entries", sa.Column("language", sa.Text())),
    ("entries", sa.Column("listed_at", _TIME)),
    ("entries", sa.Column("text_gone", sa.Text())),
    ("feeds", sa.Column("listed_at", _TIME)),
)
_INDEXES = (
    ("articles", ["duplicate_of"]),
    ("articles", ["first_seen"]),
    ("articles", ["page_key"]),  # of the first days
    ("entries", ["feed_id", "listed_at"]),
    ("entries", ["feed_id", "url_key"]),  # of the first days
    ("entries", ["revision_of"]),
    ("matches", ["rule_id", "matched_at"]),
    ("routings", ["digest", "batch"]),
)


def upgrade() -> None:
    """Adds columns and indexes; plain ADD COLUMN, so that no table is copied however large it is."""
    found = sa.inspect(op.get_bind())
    for table, column in (*_FIRST_DAYS, *_COLUMNS):
        if column.name not in {one["name"] for one in found.get_columns(table)}:
            op.add_column(table, column)
    # Nobody noted which entries are still listed: all of them count as listed when their feed last answered.
    op.execute("UPDATE feeds SET listed_at = last_success_at")
    op.execute(
        "UPDATE entries SET listed_at = coalesce("
        "(SELECT last_success_at FROM feeds WHERE feeds.id = entries.feed_id), first_seen)"
    )
    for table, columns in _INDEXES:
        op.create_index(op.f("_".join(["ix", table, *columns])), table, columns, if_not_exists=True)
