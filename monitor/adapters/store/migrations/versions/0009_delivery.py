"""What delivery keeps: silences, what was sent elsewhere, broken receivers, who unsubscribed, troubles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Columns without a copy of a table, and new tables."""
    op.add_column("routings", sa.Column("silence", _row_id()))
    op.create_index("ix_routings_silence", "routings", ["silence"])
    for name in ("thread", "reference"):
        op.add_column("deliveries", sa.Column(name, sa.Text()))
    op.add_column("deliveries", sa.Column("also", sa.JSON()))
    op.add_column("batches", sa.Column("suppressed", sa.JSON()))
    # In place of the one over its first two columns.
    names = ("digest", "batch", "receiver", "channel", "recipient", "state", "sent_at", "created_at")
    op.create_index("ix_deliveries_digest_batch_receiver_channel_recipient_state_sen", "deliveries", names)
    op.drop_index("ix_deliveries_digest_batch", "deliveries")
    op.drop_index("ix_deliveries_state_next_attempt_at", "deliveries")
    op.create_index(
        "ix_deliveries_state_next_attempt_at_receiver_channel",
        "deliveries",
        ["state", "next_attempt_at", "receiver", "channel"],
    )
    op.add_column("feeds", sa.Column("may_have_lost_at", _moment()))
    op.create_index("ix_batches_digest_planned_at", "batches", ["digest", "planned_at"])
    op.create_index("ix_rule_failures_failed_at", "rule_failures", ["failed_at"])
    _silences()
    _sent_before()
    _receivers()
    _incidents()
    _daemon()


def _silences() -> None:
    op.create_table(
        "silences",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("starts_at", _moment(), nullable=False),
        sa.Column("ends_at", _moment(), nullable=False),
        sa.Column("ended_at", _moment()),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("story", sa.Text()),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
    )
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"])


def _sent_before() -> None:
    keys = ("digest", "batch", "story", "receiver", "channel", "recipient")
    ordered = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "sent_before",
        *(sa.Column(name, ordered if name == "batch" else sa.Text(), nullable=False) for name in keys),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("shown", "by_digest", "by_batch")),
        sa.Column("sent_at", _moment(), nullable=False),
        sa.Column("matches", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(*keys, name="pk_sent_before"),
    )


def _receivers() -> None:
    op.create_table(
        "broken_receivers",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("since", _moment(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("next_try_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "channel", name="pk_broken_receivers"),
    )
    op.create_table(
        "suppressions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("since", _moment(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "recipient", name="pk_suppressions"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_signing_keys"),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_at", _moment(), nullable=False),
        sa.Column("told_at", _moment()),
        sa.Column("closed_at", _moment()),
        sa.Column("told_end_at", _moment()),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_closed_at", "incidents", ["closed_at"])
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_incidents_kind_subject",
        "incidents",
        ["kind", "subject"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _daemon() -> None:
    op.create_table(
        "daemon",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("reloaded_at", _moment()),
        sa.Column("reload_problem", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sized_at", _moment()),
        sa.PrimaryKeyConstraint("id", name="pk_daemon"),
    )


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.Integer().with_variant(sa.BigInteger(), "postgresql")
