"""The tables of digests, deliveries and whoever gets them."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.adapters.store.columns import AnyText, Ordered, RowId, UtcDateTime, metadata, row_id

routings = sa.Table(
    "routings",
    metadata,
    sa.Column("match_id", sa.ForeignKey("matches.id"), primary_key=True),
    sa.Column("digest", AnyText, primary_key=True),
    sa.Column("state", AnyText, nullable=False),
    sa.Column("batch", AnyText),
    sa.Column("draft_batch", AnyText),  # a dry run planned it: a real run still has it before it
    sa.Column("why", AnyText),  # why it was told or merged; null = from before reasons were kept
    sa.Column("draft_why", AnyText),  # the same of the dry run
    sa.Column("silence", RowId),  # the silence that discarded it
    sa.Index(None, "digest", "state"),
    sa.Index(None, "digest", "batch"),
    sa.Index(None, "silence"),
)

digest_states = sa.Table(
    "digest_states",
    metadata,
    sa.Column("name", AnyText, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("last_end", UtcDateTime, nullable=False),
    sa.Column("last_draft_end", UtcDateTime, nullable=False),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("digest", AnyText, primary_key=True),
    sa.Column("batch", Ordered, primary_key=True),
    sa.Column("draft", sa.Boolean, primary_key=True),
    sa.Column("window_start", UtcDateTime, nullable=False),
    sa.Column("window_end", UtcDateTime, nullable=False),
    sa.Column("stories", sa.Integer, nullable=False),
    sa.Column("planned_at", UtcDateTime, nullable=False),
    sa.Column("suppressed", sa.JSON(none_as_null=True)),  # addresses left out, since they want no more of it
    sa.Index(None, "digest", "planned_at"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    row_id(),
    sa.Column("key", AnyText, nullable=False, unique=True),
    sa.Column("digest", AnyText, nullable=False),
    sa.Column("batch", AnyText, nullable=False),
    sa.Column("receiver", AnyText, nullable=False),
    sa.Column("channel", AnyText, nullable=False),
    sa.Column("recipient", AnyText, nullable=False),
    sa.Column("message", sa.JSON, nullable=False),
    sa.Column("state", AnyText, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("next_attempt_at", UtcDateTime, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_error", AnyText),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("receipt", AnyText),
    sa.Column("retried_at", UtcDateTime),  # retried by hand: the time to give up counts from here
    sa.Column("thread", AnyText),  # key of the delivery to the same recipient that it follows
    sa.Column("reference", AnyText),  # what the other side calls the message it took
    sa.Column("also", sa.JSON(none_as_null=True)),  # further receivers that name the same address
    sa.Index(None, "state", "next_attempt_at", "receiver", "channel"),  # `Outbox.claim` reads nothing else
    # How a batch stands with each recipient, without a look at the messages, which stand before in the row.
    sa.Index(
        "ix_deliveries_digest_batch_receiver_channel_recipient_state_sen",
        "digest",
        "batch",
        "receiver",
        "channel",
        "recipient",
        "state",
        "sent_at",
        "created_at",
    ),
)

attempts = sa.Table(
    "attempts",
    metadata,
    row_id(),
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id"), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("outcome", AnyText, nullable=False),
    sa.Column("detail", AnyText, nullable=False),
    sa.Index(None, "delivery_id"),
)

# Who does not want to be told what, until when.
silences = sa.Table(
    "silences",
    metadata,
    row_id(),
    sa.Column("mode", AnyText, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("author", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("story", AnyText),
    sa.Column("digests", sa.JSON, nullable=False),
    sa.Index(None, "ends_at"),
)

# Stories that a batch showed short, or not at all, to somebody who has them from another digest.
sent_before = sa.Table(
    "sent_before",
    metadata,
    sa.Column("digest", AnyText, primary_key=True),
    sa.Column("batch", Ordered, primary_key=True),
    sa.Column("story", AnyText, primary_key=True),
    sa.Column("receiver", AnyText, primary_key=True),
    sa.Column("channel", AnyText, primary_key=True),
    sa.Column("recipient", AnyText, primary_key=True),
    sa.Column("shown", AnyText, nullable=False),  # brief or skip
    sa.Column("by_digest", AnyText, nullable=False),
    sa.Column("by_batch", AnyText, nullable=False),
    sa.Column("sent_at", UtcDateTime, nullable=False),  # when the other digest's message was taken
    sa.Column("matches", sa.JSON, nullable=False),  # those of the story that were to be told
)

# Receivers that refuse everything: one delivery at a time is tried until they take one.
broken_receivers = sa.Table(
    "broken_receivers",
    metadata,
    sa.Column("receiver", AnyText, primary_key=True),
    sa.Column("channel", AnyText, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("error", AnyText, nullable=False),
    sa.Column("next_try_at", UtcDateTime, nullable=False),
)

# Addresses whose owners want no more of a digest.
suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("digest", AnyText, primary_key=True),
    sa.Column("recipient", AnyText, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("by", AnyText, nullable=False),
)

# Random keys that this store signs with; they are shown nowhere.
signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("name", AnyText, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
)

# Troubles of the monitor itself, from their beginning to their end.
incidents = sa.Table(
    "incidents",
    metadata,
    row_id(),
    sa.Column("kind", AnyText, nullable=False),
    sa.Column("subject", AnyText, nullable=False),
    sa.Column("detail", AnyText, nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("told_at", UtcDateTime),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("told_end_at", UtcDateTime),
    sa.Index(None, "closed_at"),
    # One that is open for each subject.
    sa.Index(
        None,
        "kind",
        "subject",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
)

# What only the daemon knows, for who asks beside it: one row.
daemon = sa.Table(
    "daemon",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("reloaded_at", UtcDateTime),
    sa.Column("reload_problem", AnyText),
    sa.Column("size", sa.BigInteger),  # of the store, at the last daily health digest
    sa.Column("sized_at", UtcDateTime),
)

# Names of before: history of `was` stands under `now`. Of a digest the keys of its deliveries hold the old name.
renames = sa.Table(
    "renames",
    metadata,
    sa.Column("kind", AnyText, primary_key=True),
    sa.Column("was", AnyText, primary_key=True),
    sa.Column("now", AnyText, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)

# Sessions of the dashboard whose visitors logged out, until they would have ended by themselves.
ended_sessions = sa.Table(
    "ended_sessions",
    metadata,
    sa.Column("session", AnyText, primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
)
