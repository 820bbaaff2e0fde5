"""What polling keeps: the rhythm of each feed, boosts, pauses of hosts, hubs that announce changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Columns without a copy of a table, and new tables."""
    for name in ("cadence", "rhythm"):
        op.add_column("feeds", sa.Column(name, sa.JSON()))
    op.add_column("feeds", sa.Column("boost_seconds", sa.Float()))
    op.add_column("feeds", sa.Column("boost_until", _moment()))
    for name in ("hub_url", "hub_topic"):
        op.add_column("feeds", sa.Column(name, sa.Text()))
    op.add_column("feeds", sa.Column("pushed_until", _moment()))
    op.add_column("entries", sa.Column("pushed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "host_pauses",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("until", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_host_pauses"),
    )
    _gaps()
    _websub()
    _pushes()
    for name in ("hub_url", "pushed_until"):
        some = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_feeds_{name}", "feeds", [name], sqlite_where=some, postgresql_where=some)


def _gaps() -> None:
    op.create_table(
        "gaps",
        sa.Column("feed_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("pages", "entries")),
        *(sa.Column(name, _moment(), nullable=False) for name in ("read_until", "found_at", "joins_before")),
        sa.Column("lost_before", _moment()),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text()),
        *(sa.Column(name, _moment()) for name in ("next_try_at", "lease_until")),
        sa.Column("ended", sa.Text()),
        sa.Column("ended_at", _moment()),
        sa.PrimaryKeyConstraint("feed_id", name="pk_gaps"),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_gaps_feed_id"),
    )
    op.create_index("ix_gaps_next_try_at", "gaps", ["next_try_at"])


def _websub() -> None:
    op.create_table(
        "websub",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("feed_id", _row_id(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("hub", "topic", "token", "public_url")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("secret", "state")),
        sa.Column("made_at", _moment(), nullable=False),
        *(sa.Column(name, _moment()) for name in ("asked_at", "verified_at", "lease_until", "pushed_at")),
        *(sa.Column(name, _moment()) for name in ("proven_at", "doubted_at")),
        sa.Column("doubt", sa.Text()),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", _moment(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_websub"),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_websub_feed_id"),
        sa.UniqueConstraint("token", name="uq_websub_token"),
    )
    op.create_index("ix_websub_feed_id", "websub", ["feed_id"])
    op.create_index("ix_websub_next_try_at", "websub", ["next_try_at"])


def _pushes() -> None:
    op.create_table(
        "pushes",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("feed_id", _row_id(), nullable=False),
        sa.Column("received_at", _moment(), nullable=False),
        sa.Column("content_type", sa.Text()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pushes"),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_pushes_feed_id"),
    )
    op.create_index("ix_pushes_feed_id", "pushes", ["feed_id"])


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.Integer().with_variant(sa.BigInteger(), "postgresql")
