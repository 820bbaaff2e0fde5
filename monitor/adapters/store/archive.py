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
from typing import Any

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
from monitor.model.ledger import ArchiveExtent, ArchivePlace, Unindexed
from monitor.model.required import Required

_CHUNK = 400
_LOOKED = 2_000  # articles that are looked through at a time: some milliseconds


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
_i = indexed_articles.c


class SqlArchive:
    """`ports.Archive` over `articles` and the full-text index."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def waiting(self) -> int:
        """How many articles wait to be indexed."""
        with self._db.read() as connection:
            return waiting(connection)

    def unindexed(self, below: ArchivePlace | None = None) -> Unindexed:
        """Those that wait among the next 2,000 articles below a place, newest first."""
        a = t.articles.c
        page = sa.select(a.id, a.first_seen).order_by(a.first_seen.desc(), a.id.desc()).limit(_LOOKED)
        if below is not None:
            newer = sa.or_(a.first_seen < below.first_seen, a.id < below.article)
            page = page.where(a.first_seen <= below.first_seen, newer)
        found = page.subquery()
        query = sa.select(found.c.id, found.c.first_seen, _known(found.c.id))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(found.c.first_seen.desc(), found.c.id.desc())).all()
        last = ArchivePlace(rows[-1][1], rows[-1][0]) if len(rows) == _LOOKED else None
        return Unindexed(tuple(one for one, _, known in rows if not known), last)

    def index(self, ids: Collection[int]) -> int:
        """Indexes those of the articles that wait for it; how many it indexed, or found without a text."""
        wanted = sorted(set(ids))
        return sum(self._index(wanted[start : start + _CHUNK]) for start in range(0, len(wanted), _CHUNK))

    def _index(self, ids: Collection[int]) -> int:
        # Cut into words before the write lock is taken, which is most of the work: texts go, but never change.
        a = t.articles.c
        with self._db.read() as connection:
            rows = connection.execute(_waiting(ids, a.title, a.summary, a.text)).all()
        cut = {row.id: index_terms(row.title, row.summary, row.text) for row in rows}
        if not cut:
            return 0
        with self._db.write() as connection:
            if self._db.sqlite and _is_outdated(connection, cut):
                clear(connection)  # FTS5 takes out single articles by the very words that were put in
            # Locked (on PostgreSQL): a text that is being dropped must not come back as terms. What another
            # process holds it is just dropping or indexing: waiting for each other two could wait for ever.
            query = _waiting(cut, a.text_gone).with_for_update(key_share=True, skip_locked=True)
            still = connection.execute(query).all()
            unindex(connection, [row.id for row in still if row.text_gone is not None])
            terms = {row.id: cut[row.id] for row in still if row.text_gone is None}
            if not add(connection, terms):
                clear(connection)  # it is damaged: all others wait again
                if not add(connection, terms):
                    return 0
        return len(still)

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
                # Of that span, too: to look for them among all articles takes as long as the archive is old.
                sure = _known(other.c.id, IndexState.GONE, IndexState.HELD)
                unsure = sa.select(other.c.id).where(*_seen(since, until, other), ~sure)
                holding = full_text.holding(connection, required, _range(connection, since, until))
                wanted = sa.union(holding, unsure)
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


def waiting(connection: Connection) -> int:
    """How many articles wait to be indexed: all, less those for which the index speaks."""
    # Each along an index, or a table of short rows: no article is looked up, and no text read.
    stored = sa.select(sa.func.count(t.articles.c.first_seen)).scalar_subquery()
    spoken_for = sa.select(sa.func.count(_i.article_id)).where(~_outdated()).scalar_subquery()
    return max(0, int(connection.execute(sa.select(stored - spoken_for)).scalar_one()))


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

    On SQLite an index made by another analyser cannot give up single articles: it is emptied, and filled again.
    """
    wanted = sorted(set(rows))
    for start in range(0, len(wanted), _CHUNK):
        stored = sa.select(t.articles.c.id).where(t.articles.c.id.in_(wanted[start : start + _CHUNK]))
        chunk = (
            connection.execute(stored.order_by(t.articles.c.id).with_for_update(key_share=True)).scalars().all()
        )
        _remove(connection, chunk)
        _note(connection, dict.fromkeys(chunk, IndexState.GONE))


def clear(connection: Connection) -> None:
    """Empties the index; all articles but those whose text is gone wait to be indexed again."""
    full_text.clear(connection)  # first: what another process adds in between is then indexed twice, not lost
    gone = _i.state == IndexState.GONE.value
    connection.execute(indexed_articles.delete().where(~gone))


def _remove(connection: Connection, rows: Sequence[int]) -> None:
    held = sa.select(_i.article_id).where(_i.article_id.in_(rows), _i.state == IndexState.HELD.value)
    some = connection.execute(held).scalars().all()
    if not some:
        return
    if connection.dialect.name != "sqlite" or not _is_outdated(connection, some):
        with _unless_damaged(connection) as work:
            full_text.remove(connection, _terms(connection, some))
        if work.done:
            return
    clear(connection)  # which also mends a damaged one


def _range(connection: Connection, since: datetime | None, until: datetime | None) -> tuple[int, int] | None:
    """The lowest and the highest id of a span; None for all there are. What holds a common word is looked up
    between them alone: a page asks for hours out of years."""
    if since is None and until is None:
        return None
    # + 0: else PostgreSQL goes along the ids, and finds the first of a week behind the articles of all years.
    id_ = t.articles.c.id + 0
    lowest, highest = connection.execute(
        sa.select(sa.func.min(id_), sa.func.max(id_)).where(*_seen(since, until))
    ).one()
    return lowest or 0, highest or 0


def _seen(
    since: datetime | None, until: datetime | None, articles: sa.FromClause = t.articles
) -> list[sa.ColumnElement[bool]]:
    first_seen = articles.c.first_seen
    return [
        *([first_seen >= since] if since is not None else []),
        *([first_seen < until] if until is not None else []),
    ]


def _known(article_id: sa.ColumnElement[int], *states: IndexState) -> sa.Exists:
    """Whether the index can speak for an article, or only for reasons of those states."""
    query = sa.select(_i.article_id).where(_i.article_id == article_id, ~_outdated())
    if states:
        query = query.where(_i.state.in_([state.value for state in states]))
    return query.exists()


def _outdated() -> sa.ColumnElement[bool]:
    return sa.and_(_i.analyser != TERMS_VERSION, _i.state != IndexState.GONE.value)


def _is_outdated(connection: Connection, rows: Collection[int]) -> bool:
    """Whether another analyser cut one of the articles."""
    query = sa.select(_i.article_id).where(_i.article_id.in_(rows), _outdated()).limit(1)
    return connection.execute(query).first() is not None


def _waiting(ids: Collection[int], *columns: sa.Column[Any]) -> sa.Select[Any]:
    """Those of the articles that wait to be indexed, in one order."""
    a = t.articles.c
    return sa.select(a.id, *columns).where(a.id.in_(ids), ~_known(a.id)).order_by(a.id)


def _terms(connection: Connection, rows: Collection[int]) -> dict[int, frozenset[str]]:
    a = t.articles.c
    query = sa.select(a.id, a.title, a.summary, a.text).where(a.id.in_(rows))
    return {row.id: terms_of((row.title, row.summary, row.text)) for row in connection.execute(query)}


def _note(connection: Connection, states: Mapping[int, IndexState]) -> None:
    rows = [{"article_id": one, "analyser": TERMS_VERSION, "state": state.value} for one, state in states.items()]
    replace_rows(connection, indexed_articles, rows)
