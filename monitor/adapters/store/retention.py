"""What need not be kept any longer, in SQL: a piece at a time, so that no writer waits long.

Rows of the highest id stay whatever their age: SQLite gives the next row the highest id plus one, and a story is
named after its first article. An id that came back would join new articles to what an old story had alerted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import full_text
from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import unindex
from monitor.adapters.store.database import Database
from monitor.adapters.store.forget import erase, find, traces_of
from monitor.adapters.store.grouping import take_grouping_lock
from monitor.adapters.store.likeness import drop_empty_aliases, drop_points, drop_prints, let_go
from monitor.adapters.store.needed import being_revised, has_older, newest, pending, silences, unlisted, unsent
from monitor.adapters.store.reading import forget_pages, parts_to_prune
from monitor.adapters.store.texts import drop_messages, drop_names, drop_texts, drop_words
from monitor.adapters.store.upsert import story_of_batch
from monitor.model.delivery import DeliveryState
from monitor.model.entry import NEVER_READ, Fate
from monitor.model.retention import Gone, GoneReason, PruneLimits, PruneStep, Traces

_CHUNK = 400  # ids in one statement, as elsewhere
_SETTLED = tuple(one.value for one in DeliveryState if one is not DeliveryState.WAITING)
_UNREAD_FATES = tuple(fate.value for fate in NEVER_READ)

# Made once, as those of `needed`.
_same_id, _same_url = t.entries.alias(), t.entries.alias()
_newest_entry, _newest_article, _newest_delivery = (
    newest(table.alias().c.id) for table in (t.entries, t.articles, t.deliveries)
)

Found = sa.Select[Any]
Key = tuple[Any, ...]


class SqlRetention:
    """`ports.Retention` over every table that grows."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._merging = False  # a piece of the full-text index was written anew, and others are left

    def prune(self, step: PruneStep, limits: PruneLimits, most: int) -> int:
        """Takes at most so many rows one step further, in one short transaction; returns how many."""
        if step is PruneStep.INDEX:
            return int(self._merge())
        find, take = _STEPS[step]
        with self._db.read() as connection:
            # Found without the write lock: most rounds find nothing.
            query, key = find(connection, limits)
            keys = [tuple(row) for row in connection.execute(query.limit(most))]
        if not keys:
            return 0
        with self._db.write() as connection:
            take_grouping_lock(connection)  # before any row: who groups holds rows of the same articles
            query, key = find(connection, limits)
            # Looked at again: between the two somebody may have come to need one.
            still = [
                tuple(row)
                for start in range(0, len(keys), _CHUNK)
                for row in connection.execute(query.where(_one_of(key, keys[start : start + _CHUNK])))
            ]
            for start in range(0, len(still), _CHUNK):
                take(connection, still[start : start + _CHUNK], limits)
        return len(still)

    def traces(self, url: str, url_key: str) -> Traces:
        """What is kept of the text behind an address."""
        with self._db.read() as connection:
            return traces_of(connection, find(connection, url, url_key))

    def forget(self, url: str, url_key: str, now: datetime, *, even_unsent: bool) -> Traces:
        """Empties all of it in one transaction, and returns what it found."""
        with self._db.write() as connection:
            take_grouping_lock(connection)
            marked = find(connection, url, url_key)
            found = traces_of(connection, marked)
            if even_unsent or not found.waits:
                erase(connection, marked, now)
            return found

    def wipe(self) -> str | None:
        """Out of the full-text index and the write-ahead log; one line on what stays all the same, or None."""
        if not self._db.sqlite:
            return "PostgreSQL keeps removed rows in its files until VACUUM FULL"
        while self._merge():
            pass
        if self._db.checkpoint():
            return None
        return f"{self._db.name}: another process reads it just now: its -wal file keeps old pages for a while"

    def _merge(self) -> bool:
        with self._db.write() as connection:
            self._merging = full_text.merge(connection, begin=not self._merging)
        return self._merging


Finder = Callable[[Connection, PruneLimits], tuple[Found, Sequence[sa.ColumnElement[Any]]]]
Taker = Callable[[Connection, Sequence[Key], PruneLimits], None]


def _one_of(key: Sequence[sa.ColumnElement[Any]], keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    if len(key) == 1:
        return key[0].in_([one for (one,) in keys])
    return sa.tuple_(*key).in_(keys)


# ---- texts


def _read_texts(_connection: Connection, _limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    a = t.articles.c
    query = sa.select(a.id).where(a.text_gone.is_(None), a.stage == "matched", ~pending(a.id))
    return query.order_by(a.first_seen), (a.id,)


def _drop_read_texts(connection: Connection, keys: Sequence[Key], limits: PruneLimits) -> None:
    drop_texts(connection, [key for (key,) in keys], Gone(GoneReason.NOT_KEPT, limits.now))


def _old_texts(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    a = t.articles.c
    not_yet = sa.or_(a.text_gone.is_(None), a.text_gone.startswith(GoneReason.NOT_KEPT.value, autoescape=True))
    # An expression, so that SQLite goes along the index of times and not through all that is matched.
    matched = a.stage + "" == "matched"
    query = sa.select(a.id).where(a.first_seen < limits.texts, not_yet, matched, ~pending(a.id))
    return query.order_by(a.first_seen), (a.id,)


def _drop_old_texts(connection: Connection, keys: Sequence[Key], limits: PruneLimits) -> None:
    articles = [key for (key,) in keys]
    gone = Gone(GoneReason.RETENTION, limits.now)
    drop_texts(connection, articles, gone)
    drop_names(connection, articles)


def _unlisted_words(connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    e, f = t.entries.c, t.feeds.c
    query = (
        sa.select(e.id)
        .join(t.feeds, f.id == e.feed_id)
        .where(
            e.fate.in_(_UNREAD_FATES),
            e.text_gone.is_(None),
            e.listed_at < limits.unlisted,
            unlisted(connection),
            ~being_revised(e.id),
        )
    )
    return query, (e.id,)


def _drop_unlisted_words(connection: Connection, keys: Sequence[Key], limits: PruneLimits) -> None:
    drop_words(connection, t.entries.c.id, [key for (key,) in keys], Gone(GoneReason.NOT_KEPT, limits.now))


# ---- rows


def _entries(connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    e, f, a = t.entries.c, t.feeds.c, t.articles.c
    goes = partial(_goes, connection, limits)
    query = (
        sa.select(e.id)
        .select_from(t.feeds)
        # An expression, so that SQLite goes feed by feed along their listing times, not through all entries.
        .join(t.entries, e.feed_id == f.id + 0)
        .outerjoin(t.articles, a.entry_row == e.id)
        .where(
            _dropped(connection, limits, t.entries, t.feeds),
            sa.or_(a.id.is_(None), sa.and_(_done_with(t.articles), ~silences(a.id, a.story_id, goes))),
            ~has_older(_same_id.c.id_hash == e.id_hash, _same_id),
            sa.or_(e.url_key == "", ~has_older(_same_url.c.url_key == e.url_key, _same_url)),
        )
    )
    return query, (e.id,)


def _goes(
    connection: Connection, limits: PruneLimits, entry: sa.FromClause, article: sa.FromClause, feed: sa.FromClause
) -> sa.ColumnElement[bool]:
    """Whether an entry with its article may go, whatever others are kept for."""
    return sa.and_(_dropped(connection, limits, entry, feed), _done_with(article))


def _dropped(
    connection: Connection, limits: PruneLimits, entry: sa.FromClause, feed: sa.FromClause
) -> sa.ColumnElement[bool]:
    """Whether its feed has not listed an entry for as long as it is kept, and nothing compares with it."""
    e, f = entry.c, feed.c
    return sa.and_(
        e.listed_at < limits.rows,
        unlisted(connection, entry, feed),
        # A poll at work may just be judging by what is known.
        sa.or_(f.lease_until.is_(None), f.lease_until <= limits.now),
        e.fate != Fate.WAITING.value,
        e.id < _newest_entry,
        ~being_revised(e.id),
    )


def _done_with(article: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether no stage, digest or receiver has anything to do with an article any more."""
    m, a = t.matches.c, article.c
    last_matched = sa.select(m.article_id).order_by(m.id.desc()).limit(1).scalar_subquery()
    return sa.and_(
        a.stage == "matched",
        a.id < _newest_article,
        a.id != sa.func.coalesce(last_matched, 0),
        ~pending(a.id),
        ~unsent(a.id),
    )


def _delete_entries(connection: Connection, keys: Sequence[Key], _limits: PruneLimits) -> None:
    """Entries with all that hangs on them. What refers to them and stays, says only that there was something."""
    e, a, m = t.entries.c, t.articles.c, t.matches.c
    entries = [key for (key,) in keys]
    articles = list(connection.execute(sa.select(a.id).where(a.entry_row.in_(entries))).scalars())
    matches = list(connection.execute(sa.select(m.id).where(m.article_id.in_(articles))).scalars())
    stories = list(connection.execute(sa.select(a.story_id).where(a.id.in_(articles)).distinct()).scalars())
    unindex(connection, articles)
    let_go(connection, articles)
    forget_pages(connection, entries)
    for start in range(0, len(matches), _CHUNK):
        some = matches[start : start + _CHUNK]
        connection.execute(t.routings.delete().where(t.routings.c.match_id.in_(some)))
        connection.execute(t.matches.delete().where(m.id.in_(some)))
    connection.execute(t.rule_failures.delete().where(t.rule_failures.c.article_id.in_(articles)))
    connection.execute(t.articles.delete().where(a.id.in_(articles)))
    drop_empty_aliases(connection, [story for story in stories if story is not None])
    connection.execute(t.entries.update().where(e.revision_of.in_(entries)).values(revision_of=None))
    connection.execute(t.entries.delete().where(e.id.in_(entries)))


def _points(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    n = t.story_nodes.c
    query = sa.select(n.root).where(n.seen < limits.likeness if limits.likeness else sa.false())
    return query.order_by(n.seen), (n.root,)


def _drop_points(connection: Connection, keys: Sequence[Key], _limits: PruneLimits) -> None:
    drop_points(connection, [key for (key,) in keys])


def _prints(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    a = t.articles.c
    old = a.first_seen < limits.likeness if limits.likeness else sa.false()
    # What waits to be grouped is compared yet.
    query = sa.select(a.id).where(a.sketch.is_not(None), old, a.stage + "" == "matched")
    return query.order_by(a.first_seen, a.id), (a.id,)


def _drop_prints(connection: Connection, keys: Sequence[Key], _limits: PruneLimits) -> None:
    drop_prints(connection, [key for (key,) in keys])


def _deliveries(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    # By the next attempt, which is never before the making: an index has it, and not to read each message.
    d, r = t.deliveries.c, t.routings.c
    carried = sa.select(r.match_id).where(r.digest == d.digest, r.batch == d.batch).correlate(t.deliveries)
    query = sa.select(d.id).where(
        d.state.in_(_SETTLED),
        d.next_attempt_at < limits.rows,
        d.id < _newest_delivery,
        # A draft was never sent: nobody asks for it after so long.
        sa.or_(d.state == DeliveryState.DRAFT.value, ~carried.exists()),
    )
    return query, (d.id,)


def _delete_deliveries(connection: Connection, keys: Sequence[Key], _limits: PruneLimits) -> None:
    deliveries = [key for (key,) in keys]
    connection.execute(t.attempts.delete().where(t.attempts.c.delivery_id.in_(deliveries)))
    connection.execute(t.deliveries.delete().where(t.deliveries.c.id.in_(deliveries)))


def _messages(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    d = t.deliveries.c
    query = sa.select(d.id).where(
        d.state.in_(_SETTLED), d.next_attempt_at < limits.texts, d.message["gone"].as_string().is_(None)
    )
    return query, (d.id,)


def _drop_messages(connection: Connection, keys: Sequence[Key], limits: PruneLimits) -> None:
    drop_messages(connection, [key for (key,) in keys], Gone(GoneReason.RETENTION, limits.now))


def _batches(connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    b, d, r, a = t.batches.c, t.deliveries.c, t.routings.c, t.articles.c
    sent = sa.select(d.id).where(d.digest == b.digest, d.batch == b.batch).correlate(t.batches)
    carried = sa.select(r.match_id).where(r.digest == b.digest, r.batch == b.batch).correlate(t.batches)
    # The next message about a story is numbered after its batches: a number used twice would not be sent.
    alive = sa.select(a.id).where(a.story_id == story_of_batch(connection, b.batch)).correlate(t.batches)
    query = sa.select(b.digest, b.batch, b.draft).where(
        sa.or_(b.planned_at < limits.rows, sa.and_(b.stories == 0, b.planned_at < limits.counts)),
        ~sent.exists(),
        sa.or_(b.draft, ~carried.exists()),
        ~alive.exists(),
    )
    return query, (b.digest, b.batch, b.draft)


def _delete_batches(connection: Connection, keys: Sequence[Key], limits: PruneLimits) -> None:
    real = [(digest, batch) for digest, batch, draft in keys if not draft]
    shown = t.sent_before.c
    for digest in sorted({digest for digest, _ in real}):
        some = [batch for of, batch in real if of == digest]
        connection.execute(t.sent_before.delete().where(shown.digest == digest, shown.batch.in_(some)))
    _deletes(t.batches)(connection, keys, limits)


def _page_parts(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    return parts_to_prune(limits.counts), tuple(t.page_parts.primary_key.columns)


def _poll_counts(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    c = t.poll_counts.c
    return sa.select(c.minute, c.outcome).where(c.minute < limits.counts), (c.minute, c.outcome)


def _polls(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    f, p = t.feeds.c, t.polls.c
    # Feed by feed along the key, not through all polls.
    old = sa.and_(p.feed_id == f.id + 0, p.at < limits.counts)
    return sa.select(p.feed_id, p.at).select_from(t.feeds).join(t.polls, old), (p.feed_id, p.at)


def _answers(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    s = t.said_instead.c
    return sa.select(s.feed_id).where(s.at < limits.counts), (s.feed_id,)


def _rulesets(_connection: Connection, limits: PruneLimits) -> tuple[Found, Sequence[sa.ColumnElement[Any]]]:
    r = t.rulesets.c
    used = sa.select(t.articles.c.id).where(t.articles.c.ruleset == r.version).correlate(t.rulesets).exists()
    last = sa.select(sa.func.max(t.rulesets.alias().c.loaded_at)).scalar_subquery()
    query = sa.select(r.version).where(
        r.loaded_at < limits.counts, r.loaded_at < last, r.version != limits.ruleset, ~used
    )
    return query, (r.version,)


def _deletes(table: sa.Table) -> Taker:
    """Deletes rows by their primary key."""

    def take(connection: Connection, keys: Sequence[Key], _limits: PruneLimits) -> None:
        connection.execute(table.delete().where(_one_of(tuple(table.primary_key.columns), keys)))

    return take


_STEPS: dict[PruneStep, tuple[Finder, Taker]] = {
    PruneStep.READ_TEXTS: (_read_texts, _drop_read_texts),
    PruneStep.UNLISTED_WORDS: (_unlisted_words, _drop_unlisted_words),
    PruneStep.OLD_TEXTS: (_old_texts, _drop_old_texts),
    PruneStep.ENTRIES: (_entries, _delete_entries),
    PruneStep.POINTS: (_points, _drop_points),
    PruneStep.PRINTS: (_prints, _drop_prints),
    PruneStep.DELIVERIES: (_deliveries, _delete_deliveries),
    PruneStep.MESSAGES: (_messages, _drop_messages),
    PruneStep.BATCHES: (_batches, _delete_batches),
    PruneStep.PAGE_PARTS: (_page_parts, _deletes(t.page_parts)),
    PruneStep.POLL_COUNTS: (_poll_counts, _deletes(t.poll_counts)),
    PruneStep.POLLS: (_polls, _deletes(t.polls)),
    PruneStep.ANSWERS: (_answers, _deletes(t.said_instead)),
    PruneStep.RULESETS: (_rulesets, _deletes(t.rulesets)),
}
