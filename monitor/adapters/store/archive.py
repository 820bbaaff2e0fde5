"""Which stored articles the full-text index answers for, and the questions of the archive.

An article that is missing here, or was cut into words by another analyser, is a candidate of every query: the
index may be behind, and never hides a match.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from monitor.adapters.store import full_text
from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.prepared import replace_rows, run
from monitor.adapters.store.rows import article_of
from monitor.core.text.terms import TERMS_VERSION, terms_of
from monitor.model.article import Article
from monitor.model.errors import StoreUnusable
from monitor.model.ledger import ArchiveExtent
from monitor.model.required import Required

_CHUNK = 400


class IndexState(StrEnum):
    """What the index says of an article."""

    HELD = "held"  # its terms are in the index
    TOO_LONG = "too_long"  # they are not, there were too many: always a candidate
    GONE = "gone"  # its text is no longer stored: never a candidate


# Apart from the other tables: a copy of those must not claim an index it does not have.
index_metadata = sa.MetaData(naming_convention=t.metadata.naming_convention)
indexed_articles = sa.Table(
    "indexed_articles",
    index_metadata,
    sa.Column(
        "article_id", t.RowId, sa.ForeignKey(t.articles.c.id, ondelete="CASCADE"), primary_key=True,
        autoincrement=False,
    ),
    sa.Column("analyser", t.AnyText, nullable=False),
    sa.Column("state", t.AnyText, nullable=False),
)  # fmt: skip


class SqlArchive:
    """`ports.Archive` over `articles` and the full-text index."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def unindexed(self) -> Sequence[int]:
        """The ids of the articles that wait to be indexed, newest first."""
        a = t.articles.c
        query = sa.select(a.id).where(~_known(a.id)).order_by(a.first_seen.desc(), a.id.desc())
        with self._db.read() as connection:
            return connection.execute(query).scalars().all()

    def index(self, ids: Collection[int]) -> None:
        """Indexes those of the articles that wait for it."""
        a = t.articles.c
        with self._db.write() as connection:
            if connection.execute(sa.select(_stale().exists())).scalar_one():
                clear(connection)
            wanted = sorted(set(ids))
            for start in range(0, len(wanted), _CHUNK):
                waiting = sa.and_(a.id.in_(wanted[start : start + _CHUNK]), ~_known(a.id))
                query = sa.select(a.id, a.title, a.summary, a.text, a.text_gone).where(waiting)
                # Locked (on PostgreSQL): a text that is being dropped must not come back as terms.
                rows = connection.execute(query.order_by(a.id).with_for_update()).all()
                unindex(connection, [row.id for row in rows if row.text_gone is not None])
                kept = [row for row in rows if row.text_gone is None]
                terms = {row.id: index_terms(row.title, row.summary, row.text) for row in kept}
                if not add(connection, terms):
                    clear(connection)  # it is damaged: all others wait again
                    add(connection, terms)

    def candidates(
        self, required: Required | None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[int]:
        """The ids of all articles that may hold what is required, newest first."""
        try:
            return self._candidates(required, since, until)
        except StoreUnusable as error:
            if required is None or not _is_damage(error):
                raise
        # Where it is the index that is damaged it is emptied, which mends it; till then everything is read.
        with suppress(StoreUnusable), self._db.write() as connection:
            clear(connection)
        return self._candidates(None, since, until)

    def _candidates(
        self, required: Required | None, since: datetime | None, until: datetime | None
    ) -> Sequence[int]:
        a = t.articles.c
        with self._db.read() as connection:
            query = sa.select(a.id).where(*_seen(since, until), ~_known(a.id, IndexState.GONE))
            if required is not None:
                other = t.articles.alias()
                unsure = sa.select(other.c.id).where(~_known(other.c.id, IndexState.GONE, IndexState.HELD))
                wanted = sa.union(full_text.holding(connection, required), unsure)
                # + 0: the index by time holds all that is asked for; looked up one by one the articles would be
                # read with their texts.
                query = query.where((a.id + 0).in_(wanted))
            query = query.order_by(a.first_seen.desc(), a.id.desc())
            return connection.execute(query).scalars().all()

    def count(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """How many articles there are to search."""
        a = t.articles.c
        query = sa.select(sa.func.count(a.id)).where(*_seen(since, until), ~_known(a.id, IndexState.GONE))
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def extent(self, since: datetime | None = None, until: datetime | None = None) -> ArchiveExtent:
        """How many articles there are to search, how many no longer, and since when there are any."""
        a = t.articles.c
        there = sa.select(sa.func.count(a.id), sa.func.min(a.first_seen))
        there = there.where(*_seen(since, until), ~_known(a.id, IndexState.GONE))
        # Asked of the index, which knows: `text_gone` stands behind the texts in each row.
        gone = sa.select(sa.func.count(a.id)).where(*_seen(since, until), _known(a.id, IndexState.GONE))
        with self._db.read() as connection:
            articles, oldest = connection.execute(there).one()
            return ArchiveExtent(articles, connection.execute(gone).scalar_one(), oldest)

    def articles(self, ids: Sequence[int]) -> Sequence[Article]:
        """Those articles, in that order; without those whose text is no longer stored."""
        a = t.articles.c
        found: dict[int, Article] = {}
        with self._db.read() as connection:
            for start in range(0, len(ids), _CHUNK):
                query = sa.select(t.articles).where(a.id.in_(ids[start : start + _CHUNK]), a.text_gone.is_(None))
                found |= {row["id"]: article_of(row) for row in connection.execute(query).mappings()}
        return [found[one] for one in ids if one in found]


def _is_damage(error: StoreUnusable) -> bool:
    """Whether SQLite has found pages that make no sense."""
    said = getattr(error.__cause__, "orig", None)
    return str(getattr(said, "sqlite_errorname", "")).startswith("SQLITE_CORRUPT")


def index_terms(title: str, summary: str, text: str) -> frozenset[str] | None:
    """The terms of an article as the index takes them; None when they are too many, or cannot be told."""
    try:
        terms = terms_of((title, summary, text))
    except Exception:  # no reason not to store the article: it is searched without the index
        return None
    return terms if len("".join(terms).encode("utf-8", "replace")) <= full_text.MOST_BYTES else None


def add(connection: Connection, articles: Mapping[int, frozenset[str] | None]) -> bool:
    """Adds articles, none of which is held, with their `index_terms`; says whether the index took them.

    One that is damaged takes none, and nothing else of the transaction is lost: an article must reach its readers,
    and is searched without an index as well.
    """
    states = {one: IndexState.TOO_LONG if terms is None else IndexState.HELD for one, terms in articles.items()}
    with _unless_damaged(connection) as work:
        full_text.add(connection, {one: terms for one, terms in articles.items() if terms is not None})
        _note(connection, states)
    return work.done


@dataclass(slots=True)
class _Work:
    """What was done to the index, or came to nothing."""

    done: bool = False


@contextmanager
def _unless_damaged(connection: Connection) -> Iterator[_Work]:
    """Undoes and passes over what fails for the index alone.

    Raises when the transaction around it is lost, too: on a full disk SQLite rolls all of it back by itself, and
    what came after would be a transaction of its own, an entry marked as read without its article.
    """
    work = _Work()
    # Not `begin_nested`, which compiles each of these anew: it took as long as the index.
    run(connection, "SAVEPOINT index_work")
    try:
        yield work
        if connection.dialect.name == "sqlite":
            # Lets FTS5 write what it has gathered: else a damage would only show when all is committed.
            run(connection, "SAVEPOINT index_written")
            run(connection, "RELEASE SAVEPOINT index_written")
    except DBAPIError as error:
        raw = connection.connection.dbapi_connection
        if error.connection_invalidated or not getattr(raw, "in_transaction", True):
            raise
        run(connection, "ROLLBACK TO SAVEPOINT index_work")
        run(connection, "RELEASE SAVEPOINT index_work")
    else:
        run(connection, "RELEASE SAVEPOINT index_work")
        work.done = True


def unindex(connection: Connection, rows: Collection[int]) -> None:
    """Takes articles, by id, out of the index for good. To be called before their texts are emptied or changed.

    An index made by another analyser cannot give up single articles: it is emptied, and filled again at the next
    search.
    """
    wanted = sorted(set(rows))
    for start in range(0, len(wanted), _CHUNK):
        stored = sa.select(t.articles.c.id).where(t.articles.c.id.in_(wanted[start : start + _CHUNK]))
        chunk = connection.execute(stored.order_by(t.articles.c.id).with_for_update()).scalars().all()
        _remove(connection, chunk)
        _note(connection, dict.fromkeys(chunk, IndexState.GONE))


def clear(connection: Connection) -> None:
    """Empties the index; all articles but those whose text is gone wait to be indexed again."""
    full_text.clear(connection)  # first: what another process adds in between is then indexed twice, not lost
    gone = indexed_articles.c.state == IndexState.GONE.value
    connection.execute(indexed_articles.delete().where(~gone))


def _remove(connection: Connection, rows: Sequence[int]) -> None:
    held = _held(connection, rows)
    if not held:
        return
    if all(analyser == TERMS_VERSION for analyser in held.values()):
        with _unless_damaged(connection) as work:
            full_text.remove(connection, _terms(connection, held))
        if work.done:
            return
    clear(connection)  # which also mends a damaged one


def _seen(since: datetime | None, until: datetime | None) -> list[sa.ColumnElement[bool]]:
    first_seen = t.articles.c.first_seen
    return [
        *([first_seen >= since] if since is not None else []),
        *([first_seen < until] if until is not None else []),
    ]


def _known(article_id: sa.ColumnElement[int], *states: IndexState) -> sa.Exists:
    """Whether the index can speak for an article, or only for reasons of those states."""
    c = indexed_articles.c
    query = sa.select(c.article_id).where(c.article_id == article_id, ~_outdated())
    if states:
        query = query.where(c.state.in_([state.value for state in states]))
    return query.exists()


def _outdated() -> sa.ColumnElement[bool]:
    c = indexed_articles.c
    return sa.and_(c.analyser != TERMS_VERSION, c.state != IndexState.GONE.value)


def _stale() -> sa.Select[int]:
    return sa.select(indexed_articles.c.article_id).where(_outdated())


def _held(connection: Connection, rows: Collection[int]) -> dict[int, str]:
    """Those of the articles that are in the index, with the analyser that cut them."""
    c = indexed_articles.c
    query = sa.select(c.article_id, c.analyser).where(c.article_id.in_(rows), c.state == IndexState.HELD.value)
    return {row.article_id: row.analyser for row in connection.execute(query)}


def _terms(connection: Connection, rows: Collection[int]) -> dict[int, frozenset[str]]:
    a = t.articles.c
    query = sa.select(a.id, a.title, a.summary, a.text).where(a.id.in_(rows))
    return {row.id: terms_of((row.title, row.summary, row.text)) for row in connection.execute(query)}


def _note(connection: Connection, states: Mapping[int, IndexState]) -> None:
    rows = [{"article_id": one, "analyser": TERMS_VERSION, "state": state.value} for one, state in states.items()]
    replace_rows(connection, indexed_articles, rows)
