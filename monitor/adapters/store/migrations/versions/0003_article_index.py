"""The full-text index for searching the archive. Articles stored before are indexed at the first search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the index, empty, and the list of the articles it answers for, empty too."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    row_id = sa.BigInteger() if postgresql else sa.Integer()
    op.create_table(
        "indexed_articles",
        sa.Column("article_id", row_id, autoincrement=False, nullable=False),
        sa.Column("analyser", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_indexed_articles")),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_indexed_articles_article_id"),
            ondelete="CASCADE",
        ),
    )
    if postgresql:
        op.execute(
            "CREATE TABLE article_index (id bigint CONSTRAINT pk_article_index PRIMARY KEY "
            "CONSTRAINT fk_article_index_id REFERENCES articles (id) ON DELETE CASCADE, tokens tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_article_index_tokens ON article_index USING gin (tokens)")
    else:
        # Neither texts, positions nor lengths are kept: it only finds candidates.
        op.execute(
            "CREATE VIRTUAL TABLE article_index USING fts5("
            "tokens, content='', columnsize=0, detail=none, tokenize='ascii')"
        )
