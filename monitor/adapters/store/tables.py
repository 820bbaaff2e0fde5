"""The tables, as SQLAlchemy Core sees them; the same on SQLite and PostgreSQL.

Made and changed by the migrations only; a test holds both together. Times are UTC; lists and trees are JSON.
"""

from __future__ import annotations

import sqlalchemy as sa

from monitor.adapters.store.columns import AnyText, Hash, Ordered, RowId, UtcDateTime, metadata, only, row_id
from monitor.adapters.store.delivery_tables import (
    attempts,
    batches,
    broken_receivers,
    daemon,
    deliveries,
    digest_states,
    ended_sessions,
    incidents,
    renames,
    routings,
    sent_before,
    signing_keys,
    silences,
    suppressions,
)
from monitor.adapters.store.polling_tables import gaps, host_pauses, polls, pushes, said_instead, websub

SCHEMA = "0014"
"""The newest migration: a database at this version is not looked at by Alembic, which takes long to import."""

__all__ = [
    "SCHEMA",
    "AnyText",
    "Hash",
    "Ordered",
    "RowId",
    "UtcDateTime",
    "articles",
    "attempts",
    "bands",
    "batches",
    "broken_receivers",
    "daemon",
    "deliveries",
    "digest_states",
    "ended_sessions",
    "entries",
    "feeds",
    "gaps",
    "host_pauses",
    "idf_snapshots",
    "incidents",
    "matches",
    "metadata",
    "must_not_links",
    "page_parts",
    "poll_counts",
    "polls",
    "pushes",
    "renames",
    "rereads",
    "routings",
    "rule_failures",
    "rulesets",
    "said_instead",
    "sent_before",
    "signing_keys",
    "silences",
    "story_aliases",
    "story_edges",
    "story_keys",
    "story_nodes",
    "suppressions",
    "websub",
]

feeds = sa.Table(
    "feeds",
    metadata,
    row_id(),
    sa.Column("declared_url", AnyText, nullable=False, unique=True),
    sa.Column("url", AnyText, nullable=False),
    sa.Column("declared_name", AnyText),
    sa.Column("name", AnyText, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("interval_seconds", sa.Float),
    sa.Column("full_text", sa.Boolean, nullable=False),
    sa.Column("backfill_seconds", sa.Float, nullable=False),
    sa.Column("origin", AnyText, nullable=False),
    sa.Column("status", AnyText, nullable=False),
    sa.Column("subscribed_at", UtcDateTime, nullable=False),
    sa.Column("next_poll_at", UtcDateTime, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("listed_at", UtcDateTime),  # when a body was last read; what it listed has a like time
    sa.Column("etag", AnyText),
    sa.Column("last_modified", AnyText),
    sa.Column("body_hash", AnyText),
    sa.Column("first_success_at", UtcDateTime),
    sa.Column("last_polled_at", UtcDateTime),
    sa.Column("last_success_at", UtcDateTime),
    sa.Column("last_outcome", AnyText),
    sa.Column("last_error", AnyText),
    sa.Column("last_reason", AnyText),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("may_have_lost_at", UtcDateTime),  # the last time that all it listed was new
    sa.Column("cadence", sa.JSON(none_as_null=True)),  # what its last body said of its rhythm
    sa.Column("rhythm", sa.JSON(none_as_null=True)),  # what its polls taught
    sa.Column("boost_seconds", sa.Float),
    sa.Column("boost_until", UtcDateTime),
    sa.Column("hub_url", AnyText),
    sa.Column("hub_topic", AnyText),
    sa.Column("pushed_until", UtcDateTime),  # its hub announces what is new until then
    sa.Column("paused_by", AnyText),
    sa.Column("paused_at", UtcDateTime),
    sa.Column("lists", sa.Integer),  # entries of the body that was read last
    sa.Column("lease_token", sa.Integer, nullable=False, server_default="0"),  # of whoever took it last from a job
    sa.Index(None, "status", "next_poll_at"),
    # Of a million feeds few have a hub: each is looked for among those alone.
    sa.Index(None, "hub_url", **only("hub_url IS NOT NULL")),
    sa.Index(None, "pushed_until", **only("pushed_until IS NOT NULL")),
)

poll_counts = sa.Table(
    "poll_counts",
    metadata,
    sa.Column("minute", UtcDateTime, primary_key=True),
    sa.Column("outcome", AnyText, primary_key=True),
    sa.Column("polls", sa.Integer, nullable=False),
)

entries = sa.Table(
    "entries",
    metadata,
    row_id(),
    sa.Column("feed_id", sa.ForeignKey("feeds.id"), nullable=False),
    sa.Column("identity", AnyText, nullable=False),  # hash of id, URL key, words, revised row: unique in the feed
    sa.Column("entry_id", AnyText, nullable=False),
    sa.Column("id_hash", AnyText, nullable=False),  # ids may be of any length: the index holds their hash
    sa.Column("url_key", AnyText, nullable=False),
    sa.Column("link", AnyText),
    sa.Column("title", AnyText, nullable=False),
    sa.Column("summary", AnyText, nullable=False),
    sa.Column("content", AnyText, nullable=False),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("language", AnyText),
    sa.Column("section", AnyText),
    sa.Column("tags", sa.JSON(none_as_null=True)),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("published", UtcDateTime),
    sa.Column("updated", UtcDateTime),
    sa.Column("text_hash", AnyText, nullable=False),
    sa.Column("revision_of", sa.ForeignKey("entries.id")),
    sa.Column("words_only", sa.Boolean, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("pushed", sa.Boolean, nullable=False, server_default=sa.false()),  # a hub brought it, no poll
    sa.Column("listed_at", UtcDateTime),  # when the feed last listed it, to within a day
    sa.Column("text_gone", AnyText),  # why summary and content are empty, when they were dropped
    sa.Column("fate", AnyText, nullable=False),
    sa.Column("read_attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_read_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("feed_id", "identity"),
    sa.Index(None, "revision_of"),
    sa.Index(None, "fate", "next_read_at"),
    sa.Index(None, "feed_id", "id_hash"),
    sa.Index(None, "feed_id", "url_key"),
    sa.Index(None, "feed_id", "listed_at"),
    sa.Index(None, "url_key"),
    sa.Index(None, "first_seen"),
)

# Pages of which only the feed's words are known, by the entry; they are asked again for some hours.
rereads = sa.Table(
    "rereads",
    metadata,
    sa.Column("entry_row", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("state", AnyText, nullable=False),
    sa.Column("why", AnyText, nullable=False),  # the page could not be had, or the wall it showed
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", UtcDateTime, nullable=False),
    sa.Column("result", sa.ForeignKey("entries.id")),  # the entry that a success made
    sa.Index(None, "state", "next_at"),
    sa.Index(None, "result"),
)

# What the pages of a host carried of late: hashes of paragraphs, of whole texts, of stated addresses.
page_parts = sa.Table(
    "page_parts",
    metadata,
    sa.Column("host", Hash, primary_key=True, autoincrement=False),  # of its name
    sa.Column("key", Hash, primary_key=True, autoincrement=False),
    sa.Column("entry_row", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("day", sa.Integer, nullable=False),  # days since 1970
    sa.Index(None, "entry_row"),
    sa.Index(None, "day"),
    sqlite_with_rowid=False,
)

articles = sa.Table(
    "articles",
    metadata,
    row_id(),
    sa.Column("entry_row", sa.ForeignKey("entries.id"), nullable=False, unique=True),
    sa.Column("feed_id", sa.ForeignKey("feeds.id"), nullable=False),
    sa.Column("feed_name", AnyText, nullable=False),
    sa.Column("feed_tags", sa.JSON, nullable=False),
    sa.Column("url", AnyText, nullable=False),
    sa.Column("url_key", AnyText, nullable=False),
    sa.Column("title", AnyText, nullable=False),
    sa.Column("text", AnyText, nullable=False),
    sa.Column("summary", AnyText, nullable=False),
    sa.Column("publisher", AnyText, nullable=False),
    sa.Column("quality", AnyText, nullable=False),
    sa.Column("content_hash", AnyText, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("published", UtcDateTime),
    sa.Column("language", AnyText),
    sa.Column("language_confidence", sa.Float),  # of detection; null = the language is only stated
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("section", AnyText),
    sa.Column("entities", sa.JSON, nullable=False),
    sa.Column("dropped", sa.JSON, nullable=False),
    sa.Column("note", AnyText),
    sa.Column("page_key", AnyText, nullable=False),
    sa.Column("wire", AnyText),  # the agency whose report it carries; null = its own
    sa.Column("sketch", sa.LargeBinary),  # what copies are found by; gone once no new article can be one
    sa.Column("features", sa.LargeBinary),  # what events are told apart by; likewise
    sa.Column("series_key", sa.BigInteger),  # host and headline without numbers; null = nothing left
    sa.Column("series", sa.Boolean),  # one of a daily series; null = no
    sa.Column("stage", AnyText, nullable=False),  # read → grouped → matched
    sa.Column("next_stage_at", UtcDateTime),  # set, with the reason, for an article that broke its stage
    sa.Column("stage_error", AnyText),
    sa.Column("story_id", AnyText),
    sa.Column("duplicate_of", sa.ForeignKey("articles.id")),
    sa.Column("duplicate_reason", AnyText),
    sa.Column("duplicate_why", AnyText),  # the reason in figures, for people
    sa.Column("ruleset", AnyText),
    sa.Column("text_gone", AnyText),  # why the text is empty, when it was dropped
    sa.Index(None, "stage", "id"),
    sa.Index(None, "first_seen"),
    sa.Index(None, "text_gone", "first_seen"),
    sa.Index(None, "ruleset"),
    sa.Index(None, "duplicate_of"),
    sa.Index(None, "url_key"),
    sa.Index(None, "content_hash", "first_seen"),
    sa.Index(None, "series_key", "first_seen"),
    sa.Index(None, "page_key"),
    sa.Index(None, "story_id"),
    # What still can be compared: little beside the archive.
    sa.Index(
        None,
        "first_seen",
        "id",
        sqlite_where=sa.text("sketch IS NOT NULL"),
        postgresql_where=sa.text("sketch IS NOT NULL"),
    ),
)

# Where near-copies are looked for: one row a band of each text, by the day of its date. No reference and no second
# index, which would cost as much again: its rows go by what the article's sketch says, before that goes.
bands = sa.Table(
    "bands",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True),  # days since 1970
    sa.Column("key", Hash, primary_key=True),
    sa.Column("article_id", RowId, primary_key=True),
    sqlite_with_rowid=False,
)

# Classes of copies and revisions, by the oldest row of each, as points among stories.
story_nodes = sa.Table(
    "story_nodes",
    metadata,
    sa.Column("root", sa.ForeignKey("articles.id"), primary_key=True, autoincrement=False),
    sa.Column("article_id", sa.ForeignKey("articles.id"), nullable=False),  # the one that stands for all
    sa.Column("dated", UtcDateTime),  # the earliest date of them that can be believed
    sa.Column("language", AnyText, nullable=False),
    sa.Column("title_only", sa.Boolean, nullable=False),
    sa.Column("content_order", AnyText, nullable=False),  # a line each of what it is sorted by
    sa.Column("seen", UtcDateTime, nullable=False),  # when the newest of them was first seen
    sa.Index(None, "article_id"),
    sa.Index(None, "seen"),
)

# Where articles about one event are looked for: one row a telling key of each class, by the day of its date.
story_keys = sa.Table(
    "story_keys",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("key", Hash, primary_key=True),
    sa.Column("root", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Index(None, "root"),
    sqlite_with_rowid=False,
)

# How alike two classes are, where that is anything at all; roots, `one` < `other`.
story_edges = sa.Table(
    "story_edges",
    metadata,
    sa.Column("one", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("other", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("weight", sa.Float, nullable=False),
    sa.Index(None, "other"),
    sqlite_with_rowid=False,
)

# "Not the same story": what a person said stands over every likeness. `one` < `other`.
must_not_links = sa.Table(
    "must_not_links",
    metadata,
    sa.Column("one", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("other", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("author", AnyText, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
    sa.Index(None, "other"),
)

# Ids of stories that went into others: links, messages and commands of before still find them.
story_aliases = sa.Table(
    "story_aliases",
    metadata,
    sa.Column("alias", AnyText, primary_key=True),
    sa.Column("story_id", AnyText, nullable=False),
    sa.Index(None, "story_id"),
)

# How rare words are, frozen: rebuilt from the archive once a week, under a new version.
idf_snapshots = sa.Table(
    "idf_snapshots",
    metadata,
    sa.Column("version", AnyText, primary_key=True),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("documents", sa.Integer, nullable=False),
    sa.Column("weights", sa.LargeBinary, nullable=False),
)

rulesets = sa.Table(
    "rulesets",
    metadata,
    sa.Column("version", AnyText, primary_key=True),
    sa.Column("files", sa.JSON, nullable=False),
    sa.Column("loaded_at", UtcDateTime, nullable=False),
)

matches = sa.Table(
    "matches",
    metadata,
    row_id(),
    sa.Column("article_id", sa.ForeignKey("articles.id"), nullable=False),
    sa.Column("rule_id", AnyText, nullable=False),
    sa.Column("rule_version", AnyText, nullable=False),
    sa.Column("analyser_version", AnyText),  # null = from before it was noted
    sa.Column("rule", sa.JSON, nullable=False),  # title, query, tags, severity as they were
    sa.Column("spans", sa.JSON, nullable=False),
    sa.Column("explanation", sa.JSON, nullable=False),
    sa.Column("because", AnyText, nullable=False),
    sa.Column("sentences", sa.JSON, nullable=False),
    sa.Column("names", sa.JSON(none_as_null=True)),  # hashes of the matched names; null = from before them
    sa.Column("figures", sa.JSON(none_as_null=True)),  # numbers in its sentences; null likewise, or dropped
    sa.Column("bare", sa.JSON(none_as_null=True)),  # the sentences without datelines; null likewise
    sa.Column("earlier", AnyText),  # what the wording before an edit was to it, where that makes a difference
    sa.Column("news", sa.Boolean, nullable=False),
    sa.Column("matched_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("article_id", "rule_id"),
    sa.Index(None, "matched_at"),
    sa.Index(None, "rule_id", "matched_at"),
)

rule_failures = sa.Table(
    "rule_failures",
    metadata,
    sa.Column("article_id", sa.ForeignKey("articles.id"), primary_key=True),
    sa.Column("rule_id", AnyText, primary_key=True),
    sa.Column("why", AnyText, nullable=False),
    sa.Column("failed_at", UtcDateTime, nullable=False),
    sa.Index(None, "failed_at"),
)
