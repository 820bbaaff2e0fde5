"""The SQL store: its parts over one database."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.articles import SqlArticleStore
from monitor.adapters.store.database import Database
from monitor.adapters.store.digests import SqlDigestStore
from monitor.adapters.store.feeds import SqlFeedStore
from monitor.adapters.store.holder import StoreHolder
from monitor.adapters.store.ledger import SqlLedger
from monitor.adapters.store.migrate import upgrade
from monitor.adapters.store.outbox import SqlOutbox
from monitor.model.entry import Fate
from monitor.ports import ArticleStore, DigestStore, FeedStore, Ledger, Outbox

# The longest that each may rightly wait (schedule: 24 h and jitter; stages: minutes; retries: Retry-After).
_DAY = 86_400.0
_LONGEST_POLL = timedelta(hours=30)
_LONGEST_STAGE = timedelta(hours=1)
_LONGEST_RETRY = timedelta(hours=30)


class SqlStore:
    """`ports.Store` on SQLite (a file, or `sqlite://` in memory).

    Opening brings the schema up to date. Raises StoreNewer, StoreUnusable; with `hold`, which a daemon
    passes as its own pid, also StoreBusy when another daemon has the file.
    """

    def __init__(self, url: str, *, hold: int | None = None) -> None:
        self._db = Database(url)
        self._holder: StoreHolder | None = None
        if hold is not None and self._db.path is not None:
            self._holder = StoreHolder(Path(self._db.path))
            self._holder.hold(hold)
        try:
            upgrade(self._db)
        except BaseException:
            self.close()
            raise
        self.name = self._db.name
        self.path = Path(self._db.path) if self._db.path else None
        self.feeds: FeedStore = SqlFeedStore(self._db)
        self.articles: ArticleStore = SqlArticleStore(self._db)
        self.digests: DigestStore = SqlDigestStore(self._db)
        self.outbox: Outbox = SqlOutbox(self._db)
        self.ledger: Ledger = SqlLedger(self._db)

    def set_right(self, now: datetime) -> int:
        """Pulls back what waits longer than anything may, as a clock set back leaves it; returns how many rows."""
        f, d = t.feeds.c, t.digest_states.c
        longest = (
            (t.feeds, f.next_poll_at, _LONGEST_POLL, f.interval_seconds.is_(None) | (f.interval_seconds <= _DAY)),
            (t.entries, t.entries.c.next_read_at, _LONGEST_STAGE, t.entries.c.fate == Fate.WAITING.value),
            (t.articles, t.articles.c.next_stage_at, _LONGEST_STAGE, t.articles.c.stage != "matched"),
            (t.deliveries, t.deliveries.c.next_attempt_at, _LONGEST_RETRY, sa.true()),
            (t.feeds, f.lease_until, _LONGEST_STAGE, sa.true()),
            (t.deliveries, t.deliveries.c.lease_until, _LONGEST_STAGE, sa.true()),
            (t.matches, t.matches.c.matched_at, timedelta(0), sa.true()),
            (t.digest_states, d.last_end, timedelta(0), sa.true()),
            (t.digest_states, d.last_draft_end, timedelta(0), sa.true()),
        )
        rows = 0
        with self._db.write() as connection:
            for table, column, most, among in longest:
                late = table.update().where(column > now + most, among).values({column.name: now})
                rows += connection.execute(late).rowcount
        return rows

    @staticmethod
    def file_of(url: str) -> Path | None:
        """The SQLite file an URL names; None in memory and elsewhere."""
        database = Database(url)
        database.close()
        return Path(database.path) if database.path else None

    def close(self) -> None:
        """Closes every connection and gives the file back; safe to call twice."""
        self._db.close()
        if self._holder is not None:
            self._holder.release()
