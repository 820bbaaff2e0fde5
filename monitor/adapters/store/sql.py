"""The SQL store: its parts over one database."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from shutil import disk_usage
from typing import Any

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import SqlArchive
from monitor.adapters.store.articles import SqlArticleStore
from monitor.adapters.store.database import Database, libpq_options
from monitor.adapters.store.digests import SqlDigestStore
from monitor.adapters.store.dispatching import SqlDispatchedArticles, SqlDispatchedFeeds, SqlGivenFeeds
from monitor.adapters.store.facts import SqlHealthFacts
from monitor.adapters.store.feed_book import SqlFeedBook
from monitor.adapters.store.feeds import SqlFeedStore
from monitor.adapters.store.gaps import SqlGapStore
from monitor.adapters.store.grouping import SqlGroupingStore
from monitor.adapters.store.holder import DatabaseHolder, Holder, StoreHolder, daemons_of, holder_of
from monitor.adapters.store.incidents import SqlIncidents
from monitor.adapters.store.ledger import SqlLedger
from monitor.adapters.store.members import at_work_words, work_name
from monitor.adapters.store.migrate import current, expect_current, upgrade
from monitor.adapters.store.outbox import SqlOutbox
from monitor.adapters.store.reading import SqlReadingMemory
from monitor.adapters.store.receivers import SqlReceivers
from monitor.adapters.store.renaming import SqlRenames
from monitor.adapters.store.retention import SqlRetention
from monitor.adapters.store.sessions import SqlEndedSessions
from monitor.adapters.store.shares import ALL, DatabaseShares, Undivided
from monitor.adapters.store.signals import DatabaseSignals, Unheard
from monitor.adapters.store.silences import SqlSilenceStore
from monitor.adapters.store.stories import SqlStoryStore
from monitor.adapters.store.suppressions import SqlSuppressions
from monitor.adapters.store.tables import SCHEMA
from monitor.adapters.store.websub import SqlHubSubscriptions
from monitor.model.daemons import Daemon
from monitor.model.entry import Fate
from monitor.model.errors import StoreBusy, StoreMissing
from monitor.model.measure import Disk
from monitor.model.reading import RereadState
from monitor.ports import (
    Archive,
    ArticleStore,
    DigestStore,
    DispatchedArticles,
    DispatchedFeeds,
    EndedSessions,
    FeedBook,
    FeedStore,
    GapStore,
    GivenFeeds,
    GroupingStore,
    HealthFacts,
    HubSubscriptions,
    Incidents,
    Ledger,
    Outbox,
    ReadingMemory,
    Receivers,
    Renames,
    Retention,
    Shares,
    Signals,
    SilenceStore,
    StoryStore,
    Suppressions,
)

# The longest that each may rightly wait (schedule: 24 h and jitter; stages: minutes; retries: Retry-After).
_DAY = 86_400.0
_LONGEST_POLL = timedelta(hours=30)
_LONGEST_STAGE = timedelta(hours=1)
_LONGEST_REREAD = timedelta(hours=6)
_LONGEST_RETRY = timedelta(hours=30)
_LONGEST_LEASE = timedelta(days=30)  # core/feeds/websub.py
_LONGEST_REFUSAL = timedelta(hours=1)  # core/circuit.py
_UPGRADED_WITHIN = 60.0  # seconds: two daemons may be started together on a store that has to be upgraded
_LOOK_AGAIN = 0.2


class SqlStore:
    """`ports.Store` on SQLite (a file, or `sqlite://` in memory) and PostgreSQL.

    Opening brings the schema up to date, unless `ask_only`: then a store that is not there or not up to date is
    refused (StoreMissing, StoreOlder). Raises StoreNewer, StoreUnusable; with `hold`, which a daemon passes as its
    own pid, also StoreBusy when another daemon has the store. `upgrading` is called before a migration begins. On
    PostgreSQL a `daemon` shares the store with other daemons of the same config; everybody else holds it alone.
    With `polls_by_jobs` a queue says which of them polls what.
    """

    def __init__(
        self,
        url: str,
        *,
        hold: int | None = None,
        daemon: Daemon | None = None,
        ask_only: bool = False,
        polls_by_jobs: bool = False,
        upgrading: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = Database(url, work_name(daemon.token) if daemon is not None else "")
        self._holder: Holder | None = None
        claims: DatabaseShares | Undivided = ALL
        try:
            if hold is not None:
                claims = self._hold(hold, daemon, upgrading, polls=not polls_by_jobs)
            if ask_only:
                if self._db.path is not None and not Path(self._db.path).exists():
                    raise StoreMissing(self._db.path)  # asking must not make an empty file
                expect_current(self._db)
            else:
                upgrade(self._db, upgrading)
        except BaseException:
            self.close()
            raise
        self.name = self._db.name
        self.one_writer = self._db.sqlite
        """Whether who writes holds up all others who write."""
        self.path = Path(self._db.path) if self._db.path else None
        self.shares: Shares = claims
        self.signals: Signals = Unheard()
        if daemon is not None and not self._db.sqlite:
            self.signals = DatabaseSignals(self.conninfo(work_name(daemon.token)), daemon.token)
        feeds = SqlFeedStore(self._db, claims)
        self.feeds: FeedStore = feeds
        self.dispatched: DispatchedFeeds = SqlDispatchedFeeds(self._db)
        self.unmatched: DispatchedArticles = SqlDispatchedArticles(self._db)
        self.given: GivenFeeds = SqlGivenFeeds(self._db, feeds)
        self.feed_book: FeedBook = SqlFeedBook(self._db)
        self.gaps: GapStore = SqlGapStore(self._db, claims)
        self.articles: ArticleStore = SqlArticleStore(self._db, claims)
        self.reading: ReadingMemory = SqlReadingMemory(self._db, claims)
        self.grouping: GroupingStore = SqlGroupingStore(self._db)
        self.digests: DigestStore = SqlDigestStore(self._db)
        self.outbox: Outbox = SqlOutbox(self._db, claims)
        self.receivers: Receivers = SqlReceivers(self._db)
        self.ledger: Ledger = SqlLedger(self._db)
        self.archive: Archive = SqlArchive(self._db)
        self.retention: Retention = SqlRetention(self._db)
        self.stories: StoryStore = SqlStoryStore(self._db)
        self.incidents: Incidents = SqlIncidents(self._db)
        self.facts: HealthFacts = SqlHealthFacts(self._db)
        self.silences: SilenceStore = SqlSilenceStore(self._db)
        self.suppressions: Suppressions = SqlSuppressions(self._db)
        self.hubs: HubSubscriptions = SqlHubSubscriptions(self._db)
        self.renames: Renames = SqlRenames(self._db)
        self.sessions: EndedSessions = SqlEndedSessions(self._db)

    def set_right(self, now: datetime) -> int:
        """Pulls back what waits longer than anything may, as a clock set back leaves it; returns how many rows."""
        f, d = t.feeds.c, t.digest_states.c
        longest = (
            (t.feeds, f.next_poll_at, _LONGEST_POLL, f.interval_seconds.is_(None) | (f.interval_seconds <= _DAY)),
            (t.entries, t.entries.c.next_read_at, _LONGEST_STAGE, t.entries.c.fate == Fate.WAITING.value),
            (t.rereads, t.rereads.c.next_at, _LONGEST_REREAD, t.rereads.c.state == RereadState.WAITING.value),
            (t.articles, t.articles.c.next_stage_at, _LONGEST_STAGE, t.articles.c.stage != "matched"),
            (t.deliveries, t.deliveries.c.next_attempt_at, _LONGEST_RETRY, sa.true()),
            (t.feeds, f.lease_until, _LONGEST_STAGE, sa.true()),
            (t.feeds, f.pushed_until, _LONGEST_POLL, sa.true()),
            (t.websub, t.websub.c.next_try_at, _LONGEST_LEASE, sa.true()),
            (t.deliveries, t.deliveries.c.lease_until, _LONGEST_STAGE, sa.true()),
            (t.gaps, t.gaps.c.next_try_at, _LONGEST_POLL, sa.true()),
            (t.gaps, t.gaps.c.lease_until, _LONGEST_STAGE, sa.true()),
            (t.broken_receivers, t.broken_receivers.c.next_try_at, _LONGEST_REFUSAL, sa.true()),
            (t.host_pauses, t.host_pauses.c.until, _LONGEST_POLL, sa.true()),
            (t.matches, t.matches.c.matched_at, timedelta(0), sa.true()),
            (t.rulesets, t.rulesets.c.loaded_at, timedelta(0), sa.true()),
            (t.digest_states, d.last_end, timedelta(0), sa.true()),
            (t.digest_states, d.last_draft_end, timedelta(0), sa.true()),
        )
        rows = 0
        with self._db.write() as connection:
            for table, column, most, among in longest:
                late = table.update().where(column > now + most, among).values({column.name: now})
                rows += connection.execute(late).rowcount
            # Of a feed the latest polls are kept: those of a time that never was would be so for ever.
            rows += connection.execute(t.polls.delete().where(t.polls.c.at > now)).rowcount
        return rows

    @property
    def held(self) -> bool:
        """Whether this process alone works on the store: a lease can only be that of a daemon that died."""
        return self._holder is not None and not self.shares.divided

    def holder(self) -> int | None:
        """The pid of the daemon at work on this store, or of one of them; None where there is none."""
        return next((one.pid for one in self.daemons()), None)

    def daemons(self) -> Sequence[Daemon]:
        """Who works on this store, or holds it."""
        if self.path is not None:
            pid = holder_of(self.path)
            return [Daemon(pid)] if pid is not None else []
        return [] if self._db.sqlite else [one for one in daemons_of(self._db) if one.pid]

    def size(self) -> int | None:
        """Bytes on disk, as the database counts them; None in memory."""
        if self.path is not None:
            beside = (self.path.with_name(f"{self.path.name}{end}") for end in ("-wal", "-shm"))
            return self.path.stat().st_size + sum(one.stat().st_size for one in beside if one.exists())
        if self._db.sqlite:
            return None
        with self._db.read() as connection:
            return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())

    def disk(self) -> Disk | None:
        """The file system that the store's file is on; None in memory and on a server."""
        if self.path is None:
            return None
        found = disk_usage(self.path.parent)
        return Disk(size=found.total, free=found.free)

    def _hold(
        self, pid: int, daemon: Daemon | None, upgrading: Callable[[], None], *, polls: bool
    ) -> DatabaseShares | Undivided:
        if self._db.path is not None:
            self._holder = StoreHolder(Path(self._db.path))
            self._holder.hold(pid)
        elif not self._db.sqlite:
            holder = DatabaseHolder(self._db, daemon)
            self._holder = holder
            if daemon is None:
                holder.hold(pid)
            else:
                self._join(holder, pid, upgrading)
            self._db.guard_writes(holder.keep)
            if daemon is not None:
                return DatabaseShares(holder, polls=polls)
        return ALL

    def _join(self, holder: DatabaseHolder, pid: int, upgrading: Callable[[], None]) -> None:
        """Takes the store together with others: those must have the same schema, and the same config."""
        until = time.monotonic() + _UPGRADED_WITHIN
        while current(self._db) != SCHEMA:
            try:
                holder.hold_alone(pid)
                upgrade(self._db, upgrading)
                holder.share()
                return
            except StoreBusy as error:
                at_work = [one for one in daemons_of(self._db) if not one.exclusive]
                if at_work and current(self._db) != SCHEMA:  # they are of an older version
                    them = at_work_words(at_work)
                    why = f"has to be brought up to date, and at work on it is {them}; stop that first"
                    raise StoreBusy(self._db.name, error.holder, why) from error
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOK_AGAIN)  # the other one may be at the same
        self._hold_with_others(holder, pid, until)
        holder.expect_schema()
        assert holder.daemon is not None
        me = holder.daemon
        before = [
            one
            for one in daemons_of(self._db)
            if one.token != me.token and (one.loaded, one.token) < (me.loaded, me.token)
        ]
        differing = [one for one in before if one.config != me.config]
        if differing:
            why = (
                f"at work on it is {at_work_words(differing)} with another config or other rules; all daemons on "
                "one store need the same: give it that one's, or reload (SIGHUP) or stop that one first"
            )
            raise StoreBusy(self._db.name, differing[0].pid, why)

    def _hold_with_others(self, holder: DatabaseHolder, pid: int, until: float) -> None:
        """One that has just brought the store up to date holds it alone for a moment yet."""
        while True:
            try:
                holder.hold(pid)
                return
            except StoreBusy:
                # Whoever works alone has no token; one that begins to share has its own before it lets others in.
                there = daemons_of(self._db)
                alone = any(one.exclusive and not one.upgrades and not one.token for one in there)
                if alone or time.monotonic() > until:
                    raise
            time.sleep(_LOOK_AGAIN)

    @staticmethod
    def file_of(url: str) -> Path | None:
        """The SQLite file an URL names; None in memory and elsewhere."""
        database = Database(url)
        database.close()
        return Path(database.path) if database.path else None

    def conninfo(self, called: str) -> dict[str, str | int]:
        """How others connect to this PostgreSQL database, in libpq's words; it may hold a password.

        `called` is the name of their connections.
        """
        url = self._db.engine.url
        where = url.translate_connect_args(username="user", database="dbname")
        more = {key: value for key, value in url.query.items() if isinstance(value, str)}
        return {**where, **libpq_options(url, called), **more}

    def in_transaction(self, act: Callable[[Any], object]) -> None:
        """Lets somebody else act in a transaction of this store, by the driver's own connection."""
        with self._db.write() as connection:
            act(connection.connection.driver_connection)

    def close(self) -> None:
        """Closes every connection and gives the store back; safe to call twice."""
        if hasattr(self, "signals"):  # else it was never opened
            self.signals.close()
        if self._holder is not None:
            self._holder.release()
        self._db.close()
