"""The first schema: feeds, entries, articles, matches, digests, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The first version made SQLite stores only: what PostgreSQL needs otherwise stands here, not in a later change.
_ROW_ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes every table."""
    op.create_table(
        "alerted",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", "rule_id", "story_id", "draft", name=op.f("pk_alerted")),
    )
    op.create_table(
        "batches",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("batch", _ORDERED, nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", "batch", "draft", name=op.f("pk_batches")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
    )
    op.create_index(op.f("ix_deliveries_digest_batch"), "deliveries", ["digest", "batch"], unique=False)
    op.create_index(
        op.f("ix_deliveries_state_next_attempt_at"), "deliveries", ["state", "next_attempt_at"], unique=False
    )
    op.create_table(
        "digest_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_draft_end", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_digest_states")),
    )
    op.create_table(
        "feeds",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("declared_url", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("declared_name", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("interval_seconds", sa.Float(), nullable=True),
        sa.Column("full_text", sa.Boolean(), nullable=False),
        sa.Column("backfill_seconds", sa.Float(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), nullable=True),
        sa.Column("first_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("declared_url", name=op.f("uq_feeds_declared_url")),
    )
    op.create_index(op.f("ix_feeds_status_next_poll_at"), "feeds", ["status", "next_poll_at"], unique=False)
    op.create_table(
        "poll_counts",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "outcome", name=op.f("pk_poll_counts")),
    )
    op.create_table(
        "rulesets",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rulesets")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", _ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_attempts_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_delivery_id"), "attempts", ["delivery_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("feed_id", _ROW_ID, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("id_hash", sa.Text(), nullable=False),
        sa.Column("url_key", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("revision_of", _ROW_ID, nullable=True),
        sa.Column("words_only", sa.Boolean(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("read_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_entries_feed_id")),
        sa.ForeignKeyConstraint(["revision_of"], ["entries.id"], name=op.f("fk_entries_revision_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("feed_id", "identity", name=op.f("uq_entries_feed_id_identity")),
    )
    op.create_index(op.f("ix_entries_fate_next_read_at"), "entries", ["fate", "next_read_at"], unique=False)
    op.create_index(op.f("ix_entries_feed_id_id_hash"), "entries", ["feed_id", "id_hash"], unique=False)
    op.create_index(op.f("ix_entries_feed_id_url_key"), "entries", ["feed_id", "url_key"], unique=False)
    op.create_index(op.f("ix_entries_first_seen"), "entries", ["first_seen"], unique=False)
    op.create_index(op.f("ix_entries_url_key"), "entries", ["url_key"], unique=False)
    op.create_table(
        "articles",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("entry_row", _ROW_ID, nullable=False),
        sa.Column("feed_id", _ROW_ID, nullable=False),
        sa.Column("feed_name", sa.Text(), nullable=False),
        sa.Column("feed_tags", sa.JSON(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("entities", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("page_key", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("next_stage_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage_error", sa.Text(), nullable=True),
        sa.Column("story_id", sa.Text(), nullable=True),
        sa.Column("duplicate_of", _ROW_ID, nullable=True),
        sa.Column("duplicate_reason", sa.Text(), nullable=True),
        sa.Column("ruleset", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["duplicate_of"], ["articles.id"], name=op.f("fk_articles_duplicate_of")),
        sa.ForeignKeyConstraint(["entry_row"], ["entries.id"], name=op.f("fk_articles_entry_row")),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_articles_feed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("entry_row", name=op.f("uq_articles_entry_row")),
    )
    op.create_index(
        op.f("ix_articles_content_hash_first_seen"), "articles", ["content_hash", "first_seen"], unique=False
    )
    op.create_index(op.f("ix_articles_page_key"), "articles", ["page_key"], unique=False)
    op.create_index(op.f("ix_articles_stage_id"), "articles", ["stage", "id"], unique=False)
    op.create_index(op.f("ix_articles_story_id"), "articles", ["story_id"], unique=False)
    op.create_index(op.f("ix_articles_url_key"), "articles", ["url_key"], unique=False)
    op.create_table(
        "matches",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("article_id", _ROW_ID, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("explanation", sa.JSON(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.Column("news", sa.Boolean(), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_matches_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("article_id", "rule_id", name=op.f("uq_matches_article_id_rule_id")),
    )
    op.create_index(op.f("ix_matches_matched_at"), "matches", ["matched_at"], unique=False)
    op.create_table(
        "rule_failures",
        sa.Column("article_id", _ROW_ID, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_rule_failures_article_id")),
        sa.PrimaryKeyConstraint("article_id", "rule_id", name=op.f("pk_rule_failures")),
    )
    op.create_table(
        "routings",
        sa.Column("match_id", _ROW_ID, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("draft_batch", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_routings_match_id")),
        sa.PrimaryKeyConstraint("match_id", "digest", name=op.f("pk_routings")),
    )
    op.create_index(op.f("ix_routings_digest_state"), "routings", ["digest", "state"], unique=False)
