"""The SQL store: its parts over one database."""

from __future__ import annotations

from pathlib import Path

from monitor.adapters.store.articles import SqlArticleStore
from monitor.adapters.store.database import Database
from monitor.adapters.store.digests import SqlDigestStore
from monitor.adapters.store.feeds import SqlFeedStore
from monitor.adapters.store.holder import StoreHolder
from monitor.adapters.store.ledger import SqlLedger
from monitor.adapters.store.migrate import upgrade
from monitor.adapters.store.outbox import SqlOutbox
from monitor.ports import ArticleStore, DigestStore, FeedStore, Ledger, Outbox


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
