"""What copies and events are told by: fingerprints, their indexes, likeness, and what people said of stories."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# Null is what articles of the time before mean: nothing is compared with them but address and words.
_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("wire", sa.Text()),
    sa.Column("sketch", sa.LargeBinary()),
    sa.Column("features", sa.LargeBinary()),
    sa.Column("duplicate_why", sa.Text()),
    sa.Column("series_key", sa.BigInteger()),
    sa.Column("series", sa.Boolean()),
)


def upgrade() -> None:
    """Columns without a copy of the table, and new tables."""
    for column in _COLUMNS:
        op.add_column("articles", column)
    op.create_index("ix_articles_series_key_first_seen", "articles", ["series_key", "first_seen"])
    op.create_index(
        "ix_articles_first_seen_id",
        "articles",
        ["first_seen", "id"],
        sqlite_where=sa.text("sketch IS NOT NULL"),
        postgresql_where=sa.text("sketch IS NOT NULL"),
    )
    op.create_table(
        "bands",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("article_id", _row_id(), nullable=False),
        sa.PrimaryKeyConstraint("day", "key", "article_id", name="pk_bands"),
        sqlite_with_rowid=False,
    )
    _classes()
    op.create_table(
        "story_edges",
        *_pair("story_edges"),
        sa.Column("weight", sa.Float(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_edges_other", "story_edges", ["other"])
    op.create_table(
        "must_not_links",
        *_pair("must_not_links"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_must_not_links_other", "must_not_links", ["other"])
    op.create_table(
        "story_aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alias", name="pk_story_aliases"),
    )
    op.create_index("ix_story_aliases_story_id", "story_aliases", ["story_id"])
    op.create_table(
        "idf_snapshots",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_idf_snapshots"),
    )


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def _classes() -> None:
    op.create_table(
        "story_nodes",
        sa.Column("root", _row_id(), nullable=False),
        sa.Column("article_id", _row_id(), nullable=False),
        sa.Column("dated", sa.DateTime(timezone=True)),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title_only", sa.Boolean(), nullable=False),
        sa.Column("content_order", sa.Text(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["root"], ["articles.id"], name="fk_story_nodes_root"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_story_nodes_article_id"),
        sa.PrimaryKeyConstraint("root", name="pk_story_nodes"),
    )
    op.create_index("ix_story_nodes_article_id", "story_nodes", ["article_id"])
    op.create_index("ix_story_nodes_seen", "story_nodes", ["seen"])
    op.create_table(
        "story_keys",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("root", _row_id(), nullable=False),
        sa.ForeignKeyConstraint(["root"], ["articles.id"], name="fk_story_keys_root"),
        sa.PrimaryKeyConstraint("day", "key", "root", name="pk_story_keys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_keys_root", "story_keys", ["root"])


def _pair(table: str) -> tuple[Any, ...]:
    return (
        sa.Column("one", _row_id(), nullable=False),
        sa.Column("other", _row_id(), nullable=False),
        sa.ForeignKeyConstraint(["one"], ["articles.id"], name=f"fk_{table}_one"),
        sa.ForeignKeyConstraint(["other"], ["articles.id"], name=f"fk_{table}_other"),
        sa.PrimaryKeyConstraint("one", "other", name=f"pk_{table}"),
    )
