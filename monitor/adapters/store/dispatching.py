"""Due feeds, and articles for the rules, on their way into a queue of jobs and out of it: in SQL, with tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.articles import PART, unmatched_at
from monitor.adapters.store.boosts import put_off
from monitor.adapters.store.database import Database
from monitor.adapters.store.feeds import DUE, SqlFeedStore, record_polls, recorded_since
from monitor.adapters.store.rows import feed_of
from monitor.model.entry import KnownEntry
from monitor.model.feed import Feed, FeedStatus, Polled
from monitor.model.jobs import PARTS, DueFeed
from monitor.ports.jobs import Put, PutParts

IDLE = 10.0
"""Seconds after which the server undoes what a process began to write and says no more of: its network went. Feeds
are free then before the jobs of a worker are found (12 s without a heartbeat), and places in the queue."""
_LOOK_AT = 5_000  # of the articles that wait, the oldest: some milliseconds, and work for a while
_MOST_IDS = 20_000  # in one statement, which takes 65,535 values
_f = t.feeds.c
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_LEASE = t.feeds.update().where(_f.id.in_(_IDS)).values(lease_until=sa.bindparam("until"))
# A lease of the dispatcher is for whoever takes the job; one of another job's taker ends with its token. As long
# as there is one nobody has polled the feed since it was due: by the dispatcher's clock, which may be ahead.
_TAKE = (
    sa.select(_f.id)
    .where(
        _f.id.in_(_IDS),
        _f.status == FeedStatus.ACTIVE.value,
        sa.or_(_f.next_poll_at <= sa.bindparam("now"), _f.lease_until.is_not(None)),
    )
    .order_by(_f.id)
    .with_for_update(key_share=True)
)
# One that left the config was leased for a job that nobody does: it must not wait for that when it comes back.
_UNWANTED = (
    t.feeds.update()
    .where(_f.id.in_(_IDS), _f.status != FeedStatus.ACTIVE.value, _f.lease_until.is_not(None))
    .values(lease_until=None)
)
_TAKEN = (
    t.feeds.update()
    .where(_f.id.in_(_IDS))
    .values(lease_until=sa.bindparam("until"), lease_token=_f.lease_token + 1)
    .returning(t.feeds)
)


class SqlDispatchedFeeds:
    """`ports.DispatchedFeeds` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def dispatch(self, now: datetime, lease: timedelta, again: timedelta, most: int, put: Put) -> Sequence[int]:
        """Leases due feeds and puts them into the queue."""
        with self._db.read() as connection:
            if connection.execute(DUE, {"now": now, "most": 1}).first() is None:
                return []
        with self._db.write(IDLE) as connection:
            due = DUE.with_for_update(key_share=True, skip_locked=True).add_columns(_f.url)
            feeds = [DueFeed(row.id, row.url) for row in connection.execute(due, {"now": now, "most": most})]
            if not feeds:
                return []
            ids = {one.id for one in feeds}
            into = set(put(connection.connection.driver_connection, feeds))
            for some, until in ((into, now + lease), (ids - into, now + again)):
                if some:
                    connection.execute(_LEASE, {"ids": sorted(some), "until": until})
            return sorted(ids)

    def free(self, feed_ids: Sequence[int]) -> Collection[int]:
        """Forgets the leases of these feeds, but for those of which somebody is writing, which it gives back."""
        if not feed_ids:
            return ()
        with self._db.write(IDLE) as connection:
            those = sa.select(_f.id).where(_f.id.in_(sorted(feed_ids)))
            there = set(connection.execute(those).scalars())
            idle = set(connection.execute(those.with_for_update(key_share=True, skip_locked=True)).scalars())
            connection.execute(_LEASE, {"ids": sorted(idle), "until": None})
            return there - idle


class SqlDispatchedArticles:
    """`ports.DispatchedArticles` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def dispatch_unmatched(self, now: datetime, put: PutParts) -> None:
        """Puts the parts in which grouped articles wait into the queue."""
        oldest = sa.select(PART.label("part")).where(*unmatched_at(now)).order_by(t.articles.c.id)
        waiting = oldest.limit(_LOOK_AT).subquery()
        query = sa.select(waiting.c.part, sa.func.count().label("number")).group_by(waiting.c.part)
        with self._db.read() as connection:
            found = {row.part: row.number for row in connection.execute(query)}
        # Of more than were looked at any part may have some: those of one feed must not hold up all others.
        parts = found if sum(found.values()) < _LOOK_AT else range(PARTS)
        if found:
            with self._db.write(IDLE) as connection:
                put(connection.connection.driver_connection, list(parts))


class SqlGivenFeeds:
    """`ports.GivenFeeds` on PostgreSQL."""

    def __init__(self, database: Database, feeds: SqlFeedStore) -> None:
        self._db = database
        self._feeds = feeds

    def take(self, feed_ids: Sequence[int], now: datetime, lease: timedelta) -> Sequence[Feed]:
        """Those of the feeds that are due, or given out and not polled yet, leased, each with a new token."""
        with self._db.write(IDLE) as connection:
            due = connection.execute(_TAKE, {"ids": sorted(feed_ids), "now": now}).scalars().all()
            if left := sorted(set(feed_ids).difference(due)):
                connection.execute(_UNWANTED, {"ids": left})
            if not due:
                return []
            rows = connection.execute(_TAKEN, {"ids": due, "until": now + lease}).mappings()
            return [feed_of(row) for row in rows]

    def give_back(self, tokens: Mapping[int, int]) -> None:
        """Ends the leases of these feeds where they are still those of these tokens."""
        if tokens:
            with self._db.write(IDLE) as connection:
                connection.execute(_LEASE, {"ids": self._still(connection, tokens), "until": None})

    def leave(self, feed_ids: Sequence[int]) -> None:
        """Ends the leases of feeds whose job was taken and none of them."""
        ids = sorted(feed_ids)
        for start in range(0, len(ids), _MOST_IDS):
            with self._db.write(IDLE) as connection:
                connection.execute(_LEASE, {"ids": ids[start : start + _MOST_IDS], "until": None})

    def put_off(self, until: Mapping[int, datetime], tokens: Mapping[int, int]) -> None:
        """Makes these feeds due then, where they are still those of these tokens."""
        with self._db.write(IDLE) as connection:
            put_off(connection, {one: until[one] for one in self._still(connection, tokens) if one in until})

    def record_polls(self, polls: Sequence[Polled]) -> int:
        """New entries, and what was learned of feeds that nobody took again."""
        with self._db.write(IDLE) as connection:
            feeds = [one.feed for one in polls]
            mine = set(self._still(connection, {feed.id: feed.lease_token for feed in feeds}))
            stale = {feed.id for feed in feeds} - mine | recorded_since(connection, feeds)
            return record_polls(connection, polls, stale)

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Entries of one feed that share an id or a URL key with the given ones, oldest first."""
        return self._feeds.known_entries(feed_id, ids, url_keys)

    def host_pauses(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        return self._feeds.host_pauses(now)

    @staticmethod
    def _still(connection: sa.Connection, tokens: Mapping[int, int]) -> list[int]:
        """The feeds that still have these tokens, locked in their order."""
        query = (
            sa.select(_f.id, _f.lease_token)
            .where(_f.id.in_(sorted(tokens)))
            .order_by(_f.id)
            .with_for_update(key_share=True)
        )
        return [row.id for row in connection.execute(query) if row.lease_token == tokens[row.id]]
