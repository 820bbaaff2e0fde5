"""The tables of polling beside the feeds themselves."""

from __future__ import annotations

import sqlalchemy as sa

from monitor.adapters.store.columns import AnyText, RowId, UtcDateTime, metadata, row_id

# A host that said 429: none of its feeds is asked before then.
host_pauses = sa.Table(
    "host_pauses",
    metadata,
    sa.Column("host", AnyText, primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
)

# A feed that listed nothing of before, and says where older entries are (RFC 5005): read from `url` on until a
# page joins what was stored before `joins_before`. What it published up to `read_until` was there when the feed
# was last read. `found_at` is the last time that it listed nothing of before, and `lost_before` what was said of
# lost entries until then. The row of a gap that has ended stays until the next: it tells what came of it.
gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("feed_id", RowId, sa.ForeignKey("feeds.id"), primary_key=True, autoincrement=False),
    sa.Column("url", AnyText, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False, server_default="0"),  # read so far
    sa.Column("entries", sa.Integer, nullable=False, server_default="0"),  # that they brought
    sa.Column("read_until", UtcDateTime, nullable=False),
    sa.Column("found_at", UtcDateTime, nullable=False),
    sa.Column("joins_before", UtcDateTime, nullable=False),
    sa.Column("lost_before", UtcDateTime),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # of the page at `url`, in a row
    sa.Column("error", AnyText),
    sa.Column("next_try_at", UtcDateTime),  # null: it has ended
    sa.Column("lease_until", UtcDateTime),
    sa.Column("ended", AnyText),  # why no further page is read
    sa.Column("ended_at", UtcDateTime),
    sa.Index(None, "next_try_at"),
)

# The last polls of each feed, for people: a few are kept of each, which lie together.
polls = sa.Table(
    "polls",
    metadata,
    sa.Column("feed_id", RowId, sa.ForeignKey("feeds.id"), primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, primary_key=True),
    sa.Column("outcome", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),  # why the next is when it is
    sa.Column("next_poll_at", UtcDateTime, nullable=False),
    sa.Column("status", sa.Integer),  # null: no answer came
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes of the body
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),  # entries stored
    sa.Column("error", AnyText),
    sqlite_with_rowid=False,
)

# The begin of what a feed answered last instead of a feed.
said_instead = sa.Table(
    "said_instead",
    metadata,
    sa.Column("feed_id", RowId, sa.ForeignKey("feeds.id"), primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("text", AnyText, nullable=False),
)

# Subscriptions at the hubs of feeds (WebSub): one that lives a feed, and those that are being left. `token` is the
# path of the callback, `secret` signs what comes.
websub = sa.Table(
    "websub",
    metadata,
    row_id(),
    sa.Column("feed_id", RowId, sa.ForeignKey("feeds.id"), nullable=False),
    sa.Column("hub", AnyText, nullable=False),
    sa.Column("topic", AnyText, nullable=False),
    sa.Column("token", AnyText, nullable=False, unique=True),
    sa.Column("public_url", AnyText, nullable=False),  # the callback is below it
    sa.Column("secret", AnyText, nullable=False),  # "" where it would go in the clear
    sa.Column("state", AnyText, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("asked_at", UtcDateTime),
    sa.Column("verified_at", UtcDateTime),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("pushed_at", UtcDateTime),
    sa.Column("proven_at", UtcDateTime),  # when a push first brought what no poll had
    sa.Column("doubted_at", UtcDateTime),
    sa.Column("doubt", AnyText),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_try_at", UtcDateTime, nullable=False),
    sa.Column("error", AnyText),
    sa.Index(None, "feed_id"),
    sa.Index(None, "next_try_at"),
)

# Bodies that hubs sent, until they are read.
pushes = sa.Table(
    "pushes",
    metadata,
    row_id(),
    sa.Column("feed_id", RowId, sa.ForeignKey("feeds.id"), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("content_type", AnyText),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index(None, "feed_id"),
)
