"""Entries to be read and articles to be matched, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import add, index_terms
from monitor.adapters.store.database import Database
from monitor.adapters.store.prepared import Prepared
from monitor.adapters.store.reading import lock_for, remember
from monitor.adapters.store.rows import (
    FEED_OF_ENTRY,
    MENTIONS,
    article_columns,
    article_of,
    entry_of,
    match_columns,
    new_entry_of,
)
from monitor.adapters.store.shares import ALL, DatabaseShares, Undivided, ours_to_read
from monitor.adapters.store.upsert import insert_or_update, insert_unless_there
from monitor.model.article import Article, EntityMention, NewArticle
from monitor.model.entry import NEVER_READ, Entry, Fate, ParsedEntry
from monitor.model.jobs import PARTS
from monitor.model.ledger import KeptRuleset, NewMatch, RoutingState
from monitor.model.reading import Remembered
from monitor.model.rule import RuleFailure
from monitor.model.telling import Earlier

# Made once, for they run for every article: to build a statement anew costs SQLAlchemy more than to run it.
_a = t.articles.c
_ARTICLE = t.articles.update().where(_a.id == sa.bindparam("article"))
PART: sa.ColumnElement[int] = _a.feed_id % PARTS
"""Of the articles of a feed, so that the wordings of an entry are matched in their order."""
_MATCHED = _ARTICLE.where(_a.stage == "grouped").values(stage="matched", stage_error=None)
_ENTRY_READ = Prepared(
    t.entries.update()
    .where(t.entries.c.id == sa.bindparam("entry"), t.entries.c.fate == Fate.WAITING.value)
    .values(fate=Fate.READ.value)
    .returning(t.entries.c.id)
)
_REVISED_ROW = sa.select(t.entries.c.revision_of).where(t.entries.c.id == sa.bindparam("entry")).scalar_subquery()
_REVISED_ARTICLE = sa.select(t.articles).where(_a.entry_row == _REVISED_ROW, _a.stage != "read")
_REVISED_WORDS = sa.select(t.entries).where(
    t.entries.c.id == _REVISED_ROW,
    t.entries.c.fate.in_([fate.value for fate in NEVER_READ]),
)


@cache
def _new_article(dialect: str) -> Prepared:
    return Prepared(insert_unless_there(dialect, t.articles).returning(_a.id))


def unmatched_at(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The articles that wait for rules, and whose time has come."""
    return _a.stage == "grouped", sa.or_(_a.next_stage_at.is_(None), _a.next_stage_at <= now)


class SqlArticleStore:
    """`ports.ArticleStore` over `entries`, `articles`, `matches` and `routings`."""

    def __init__(self, database: Database, shares: DatabaseShares | Undivided = ALL) -> None:
        self._db = database
        self._shares = shares

    def waiting(
        self, now: datetime, limit: int, besides: Collection[int] = (), besides_feeds: Collection[int] = ()
    ) -> Sequence[Entry]:
        """Entries to be read whose time has come, besides those rows and all of those feeds, oldest first."""
        query = (
            sa.select(t.entries, *FEED_OF_ENTRY)
            .join(t.feeds, t.feeds.c.id == t.entries.c.feed_id)
            .where(t.entries.c.fate == Fate.WAITING.value, t.entries.c.next_read_at <= now)
            .order_by(t.entries.c.id)
            .limit(limit)
        )
        if besides:
            query = query.where(t.entries.c.id.not_in(sorted(besides)))
        if besides_feeds:
            query = query.where(t.entries.c.feed_id.not_in(sorted(besides_feeds)))
        with self._db.read() as connection:
            return [entry_of(row) for row in ours_to_read(connection, "new", query, self._shares, besides)]

    def record_read(self, article: NewArticle, remembered: Remembered | None = None) -> int | None:
        """The article, its place in the full-text index and the fate of its entry in one transaction."""
        terms = index_terms(article.title, article.summary, article.text)
        columns = article_columns(article)
        with self._db.write() as connection:
            lock_for(connection, remembered)
            if not _ENTRY_READ.rows(connection, entry=article.entry_row):
                return None  # it was read before, or forgotten while its page was fetched
            made: int | None = None
            for (made,) in _new_article(connection.dialect.name).once(connection, columns):
                add(connection, {made: terms})
                if remembered is not None:
                    remember(connection, article.entry_row, remembered)
        return made

    def postpone_read(self, row: int, until: datetime, *, attempted: bool = True) -> None:
        """The entry waits until then; a failed attempt is counted."""
        with self._db.write() as connection:
            connection.execute(
                t.entries.update()
                .where(t.entries.c.id == row)
                .values(next_read_at=until, read_attempts=t.entries.c.read_attempts + int(attempted))
            )

    def unmatched(self, now: datetime, limit: int, part: int | None = None) -> Sequence[Article]:
        """Grouped articles that no rule set has read yet and whose time has come, oldest first."""
        query = sa.select(t.articles).where(*unmatched_at(now)).order_by(_a.id).limit(limit)
        if part is not None:
            query = query.where(PART.in_([part]))
        with self._db.read() as connection:
            return [article_of(row) for row in connection.execute(query).mappings()]

    def postpone(self, article_id: int, why: str, until: datetime) -> None:
        """An article that broke its stage waits until then."""
        with self._db.write() as connection:
            connection.execute(
                t.articles.update()
                .where(t.articles.c.id == article_id)
                .values(next_stage_at=until, stage_error=why)
            )

    def revised_article(self, article: Article) -> Article | None:
        """The grouped article of the entry that this article's entry revises."""
        with self._db.read() as connection:
            row = connection.execute(_REVISED_ARTICLE, {"entry": article.entry_row}).mappings().first()
            return article_of(row) if row is not None else None

    def revised_words(self, article: Article) -> ParsedEntry | None:
        """The words of the entry that this article's entry revises, where that one was never read."""
        with self._db.read() as connection:
            row = connection.execute(_REVISED_WORDS, {"entry": article.entry_row}).mappings().first()
            return new_entry_of(row).parsed if row is not None else None

    def sentences_of(self, article_id: int) -> Mapping[str, Set[str]]:
        """The sentences (hashes) that each rule stood on when it matched the article, by rule id."""
        m = t.matches.c
        with self._db.read() as connection:
            rows = connection.execute(sa.select(m.rule_id, m.sentences).where(m.article_id == article_id))
            return {row.rule_id: frozenset(row.sentences) for row in rows}

    def unheard_in(self, article_id: int) -> Set[str]:
        """The rules that held in the article only where words from before the subscription had held them."""
        m = t.matches.c
        query = sa.select(m.rule_id).where(m.article_id == article_id, m.earlier == Earlier.UNHEARD.value)
        with self._db.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def record_matches(
        self,
        article: Article,
        ruleset: str,
        matches: Sequence[NewMatch],
        failures: Sequence[RuleFailure],
        entities: Sequence[EntityMention],
        now: datetime,
    ) -> Mapping[str, int]:
        """Matches, their routing, failed rules and entities in one transaction; the ids of the matches by rule."""
        names = MENTIONS.dump_python(tuple(entities), mode="json")
        with self._db.write() as connection:
            done = connection.execute(_MATCHED, {"article": article.id, "ruleset": ruleset, "entities": names})
            if not done.rowcount:  # matched before: running a stage twice changes nothing
                return {}
            ids: dict[str, int] = {}
            for new in matches:
                match_id = connection.execute(
                    t.matches.insert().values(**match_columns(article.id, new, now)).returning(t.matches.c.id)
                ).scalar_one()
                ids[new.rule.id] = match_id
                for digest in new.digests:
                    connection.execute(
                        t.routings.insert().values(
                            match_id=match_id, digest=digest, state=RoutingState.PENDING.value
                        )
                    )
            for failure in failures:
                connection.execute(
                    t.rule_failures.insert().values(
                        article_id=article.id, rule_id=failure.rule, why=failure.why, failed_at=now
                    )
                )
        return ids

    def record_ruleset(self, version: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
        """Keeps the text of a rule set, as the last that was loaded."""
        # The text too: title, tags and examples are no part of a version, and who falls back needs the newest.
        values = {"files": [list(pair) for pair in files], "loaded_at": now}
        with self._db.write() as connection:
            insert_or_update(connection, t.rulesets, {"version": version}, values)

    def last_ruleset(self) -> KeptRuleset | None:
        """The rule set that was loaded last."""
        r = t.rulesets.c
        query = sa.select(r.version, r.files, r.loaded_at).order_by(r.loaded_at.desc(), r.version).limit(1)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return KeptRuleset(row.version, tuple((name, text) for name, text in row.files), row.loaded_at)

    def ruleset_files(self, version: str) -> Sequence[tuple[str, str]] | None:
        """The (name, text) of the files of a rule set kept before."""
        with self._db.read() as connection:
            files = connection.execute(
                sa.select(t.rulesets.c.files).where(t.rulesets.c.version == version)
            ).scalar_one_or_none()
        return None if files is None else [(name, text) for name, text in files]
