"""Grouping in SQL: one transaction under the grouping lock, in which all is read that is decided on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import components, twins
from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.discards import wake_discarded
from monitor.adapters.store.packed import unpack_features
from monitor.adapters.store.prepared import Prepared
from monitor.adapters.store.rows import article_of
from monitor.adapters.store.told import wake_merged, wake_too_few
from monitor.adapters.store.upsert import insert_new, insert_or_update
from monitor.core.stories.group import story_named_after
from monitor.model.article import Article, DuplicateReason
from monitor.model.grouping import ClassNode, Component, Joined, Regrouping, Snapshot, Twins
from monitor.model.story import Features, MustNotLink

MOST_RELEASED = 500
"""Members of a class that is taken apart whole."""

_LOCK = 0x6D6F6E69746F7201  # of ours among the advisory locks of a database
_a, _n, _s, _m, _i = (
    one.c for one in (t.articles, t.story_nodes, t.story_aliases, t.must_not_links, t.idf_snapshots)
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_UNGROUPED = Prepared(
    sa.select(_a.id)
    .where(_a.stage == "read", sa.or_(_a.next_stage_at.is_(None), _a.next_stage_at <= sa.bindparam("now")))
    .order_by(_a.id)
    .limit(sa.bindparam("most"))
)
_WEIGHTS = sa.select(_i.version, _i.made_at, _i.documents).order_by(_i.made_at.desc(), _i.version)
_ARTICLE = sa.select(t.articles).where(_a.id == sa.bindparam("article"))
_CLAIMED = sa.select(t.articles).where(_a.id.in_(_IDS), _a.stage == "read").order_by(_a.id)
_CLAIM = Prepared(
    t.articles.update()
    .where(_a.id.in_(_IDS), _a.stage == "read")
    .values(stage="grouped", next_stage_at=None, stage_error=None)
)
_revised = t.articles.alias("revised")
_REVISED = (
    sa.select(sa.func.coalesce(_revised.c.duplicate_of, _revised.c.id).label("root"), _revised.c.story_id)
    .select_from(t.articles)
    .join(t.entries, t.entries.c.id == _a.entry_row)
    .join(_revised, _revised.c.entry_row == t.entries.c.revision_of)
    .where(_a.id == sa.bindparam("article"), _revised.c.stage != "read")
)
_ALONE = t.articles.update().where(_a.id == sa.bindparam("article"), _a.stage == "read")
_RELEASE = t.articles.update().where(_a.id.in_(_IDS))
_ROOTS = sa.select(sa.func.coalesce(_a.duplicate_of, _a.id)).where(_a.id.in_(_IDS), _a.stage != "read")
_COPY = t.articles.update().where(_a.id == sa.bindparam("article"))
_MOVE_COPIES = t.articles.update().where(_a.duplicate_of == sa.bindparam("root"))
_FORGET_NODES = t.story_nodes.delete().where(_n.root.in_(_IDS))
_SEEN = t.story_nodes.update().where(_n.root == sa.bindparam("class_root"), _n.seen < sa.bindparam("newest"))
_STORY = Prepared(t.articles.update().where(_a.id == sa.bindparam("root")).values(story_id=sa.bindparam("story")))
_STORY_OF_COPIES = (
    t.articles.update().where(_a.duplicate_of == sa.bindparam("root")).values(story_id=sa.bindparam("story"))
)
_FOLLOW = (
    t.story_aliases.update().where(_s.story_id == sa.bindparam("before")).values(story_id=sa.bindparam("story"))
)
_LIVE_AGAIN = t.story_aliases.delete().where(_s.alias.in_(_IDS))


class SqlGroupingStore:
    """`ports.GroupingStore` over `articles` and the tables that they are compared by."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def ungrouped(self, now: datetime, limit: int) -> Sequence[int]:
        """The ids of articles without a story whose time has come, oldest first."""
        with self._db.read() as connection:
            return [row for (row,) in _UNGROUPED.rows(connection, now=now, most=limit)]

    def article(self, article_id: int) -> Article | None:
        """One article, whole."""
        with self._db.read() as connection:
            row = connection.execute(_ARTICLE, {"article": article_id}).mappings().first()
        return None if row is None else article_of(row)

    def stand_alone(self, article_id: int, why: str) -> str | None:
        """A story of its own, or that of what it revises."""
        values: dict[str, Any] = {"story_id": story_named_after(article_id), "duplicate_why": why}
        with self._db.write() as connection:
            take_grouping_lock(connection)
            revised = connection.execute(_REVISED, {"article": article_id}).first()
            if revised is not None:
                values |= {"story_id": revised.story_id, "duplicate_of": revised.root}
                values["duplicate_reason"] = DuplicateReason.REVISION.value
            own = {"article": article_id, "stage": "grouped", "next_stage_at": None, "stage_error": None}
            done = connection.execute(_ALONE, {**own, **values})
        return str(values["story_id"]) if done.rowcount else None

    @contextmanager
    def session(self) -> Iterator[SqlGroupingSession]:
        """A transaction under the grouping lock."""
        with self._db.write() as connection:
            take_grouping_lock(connection)
            yield SqlGroupingSession(connection)

    def weights(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, newest first."""
        with self._db.read() as connection:
            return [Snapshot(row.version, row.made_at, row.documents) for row in connection.execute(_WEIGHTS)]

    def weights_of(self, version: str) -> bytes:
        """A snapshot as it was recorded."""
        with self._db.read() as connection:
            return bytes(connection.execute(sa.select(_i.weights).where(_i.version == version)).scalar_one())

    def studied(self, most: int) -> int:
        """How many articles have features, at most `most`."""
        some = sa.select(_a.id).where(_a.sketch.is_not(None)).limit(most).subquery()
        with self._db.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()

    def sample(self, after: int, limit: int) -> Sequence[tuple[int, Features]]:
        """Features by article, those below `after` (0: the newest), newest first."""
        query = sa.select(_a.id, _a.features).where(_a.features.is_not(None)).order_by(_a.id.desc()).limit(limit)
        if after:
            query = query.where(_a.id < after)
        with self._db.read() as connection:
            return [(row.id, unpack_features(row.features)) for row in connection.execute(query)]

    def record_weights(
        self, version: str, made_at: datetime, documents: int, packed: bytes, keep: datetime
    ) -> None:
        """A new snapshot; those that were replaced before `keep` go."""
        with self._db.write() as connection:
            values = {"made_at": made_at, "documents": documents, "weights": packed}
            insert_or_update(connection, t.idf_snapshots, {"version": version}, values)
            before = sa.select(_i.version).where(_i.version != version, _i.made_at <= keep)
            # The newest of them was in force at that time, and is kept.
            old = list(connection.execute(before.order_by(_i.made_at.desc()).offset(1)).scalars())
            connection.execute(t.idf_snapshots.delete().where(_i.version.in_(old)))


def take_grouping_lock(connection: Connection) -> None:
    """Waits until nobody else groups, plans by stories, prunes or forgets; held to the end of the transaction.

    Taken before any row, so that no two wait for each other. On SQLite the transaction itself is that lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


class SqlGroupingSession:
    """`ports.GroupingSession` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._alone: set[int] = set()  # articles that were claimed, and have no copies

    def claim(self, ids: Collection[int]) -> Sequence[Article]:
        """Those of the articles that are still without a story, as grouped now, oldest first."""
        rows = self._connection.execute(_CLAIMED, {"ids": sorted(ids)}).mappings()
        found = [article_of(row) for row in rows]
        _CLAIM.rows(self._connection, ids=[one.id for one in found])
        self._alone.update(one.id for one in found)
        return found

    def release(self, ids: Collection[int]) -> Sequence[Article]:
        """The members of these articles' classes, each a class of its own."""
        roots = set(self._connection.execute(_ROOTS, {"ids": sorted(ids)}).scalars())
        members: list[Article] = []
        larger = []
        for root in sorted(roots):
            found = twins.members_of(self._connection, root, MOST_RELEASED + 1)
            if len(found) > MOST_RELEASED:
                named = twins.articles_of(self._connection, ids).values()
                found = [one for one in named if one.duplicate_of == root]
                larger.append(root)
            members += found
        free = {"duplicate_of": None, "duplicate_reason": None, "duplicate_why": None}
        self._connection.execute(_RELEASE, {"ids": [one.id for one in members], **free})
        for root in larger:
            components.stand_anew(self._connection, root)
        return list(twins.articles_of(self._connection, [one.id for one in members]).values())

    def twins(self, articles: Sequence[Article]) -> Twins:
        """What may be a copy of these; from now on they are found themselves."""
        found = twins.twins_of(self._connection, articles)
        twins.index_bands(self._connection, articles, found)
        return found

    def articles(self, ids: Collection[int]) -> Mapping[int, Article]:
        """Articles by id, with what two are compared by."""
        return twins.articles_of(self._connection, ids)

    def classes(self, roots: Collection[int]) -> Mapping[int, ClassNode]:
        """The classes of these roots."""
        return components.nodes_of(self._connection, roots)

    def apart(self, roots: Collection[int]) -> Set[tuple[int, int]]:
        """Pairs of roots that have members which a person said are not one story."""
        return components.apart_of(self._connection, roots)

    def record_classes(self, joined: Joined, seen: Mapping[int, datetime]) -> Set[int]:
        """Copies and classes; returns the other classes that lost an edge by it."""
        run = self._connection.execute
        self._alone.difference_update(one.duplicate_of for one in joined.copies)
        self._alone.difference_update(joined.gone.values())
        if joined.copies:
            run(
                _COPY,
                [
                    {
                        "article": one.article,
                        "duplicate_of": one.duplicate_of,
                        "duplicate_reason": one.reason.value,
                        "duplicate_why": one.why or None,
                        "story_id": joined.stands[one.duplicate_of],
                    }
                    for one in joined.copies
                ],
            )
        changed = {one.node.id for one in joined.changed}
        gone = joined.gone.keys() - joined.fresh
        if gone:
            run(_MOVE_COPIES, [_moved(root, joined) for root in sorted(gone)])
            run(_FORGET_NODES, {"ids": sorted(gone)})
        neighbours = components.drop_classes(self._connection, (gone | changed) - joined.fresh)
        components.record_nodes(self._connection, joined.changed, seen)
        later = [
            {"class_root": root, "newest": at, "seen": at} for root, at in seen.items() if root not in changed
        ]
        if later:
            run(_SEEN, later)
        return neighbours

    def record_keys(self, keys: Sequence[tuple[ClassNode, Collection[int]]]) -> None:
        """What these classes are found by from now on."""
        components.record_keys(self._connection, keys)

    def candidates(
        self, keys: Sequence[tuple[ClassNode, Collection[int]]], days: int
    ) -> Mapping[int, Sequence[int]]:
        """Roots of classes that share a key with each of these."""
        return components.candidates_of(self._connection, keys, days)

    def record_edges(self, edges: Mapping[tuple[int, int], float]) -> None:
        """Likenesses by pair of roots; a negative one keeps the two apart."""
        components.record_edges(self._connection, edges)

    def component(self, roots: Collection[int], least: float, most: int) -> Component:
        """All that hangs together with these classes."""
        return components.component_of(self._connection, roots, least, most)

    def record_stories(self, regrouping: Regrouping) -> int:
        """Stories of classes with all their members, and aliases; wakes what is told nowhere any more."""
        run = self._connection.execute
        stories = [{"root": root, "story": story} for root, story in regrouping.stories.items()]
        _STORY.each(self._connection, stories)
        with_copies = [one for one in stories if one["root"] not in self._alone]
        if with_copies:
            run(_STORY_OF_COPIES, with_copies)
        if regrouping.aliases:
            run(_FOLLOW, [{"before": one, "story": story} for one, story in regrouping.aliases.items()])
            for alias, story in regrouping.aliases.items():
                insert_or_update(self._connection, t.story_aliases, {"alias": alias}, {"story_id": story})
        if not regrouping.left:
            return 0
        run(_LIVE_AGAIN, {"ids": sorted({*regrouping.stories.values()} - regrouping.aliases.keys())})
        touched = regrouping.left | {*regrouping.stories.values()}
        return wake_merged(self._connection, touched) + wake_discarded(self._connection, touched)

    def wake_too_few(self, stories: Collection[str]) -> int:
        """Wakes what was given up of these for want of publishers."""
        return wake_too_few(self._connection, stories)

    def set_apart(self, links: Sequence[MustNotLink]) -> None:
        """Keeps what a person said."""
        rows = [
            {
                "one": min(link.one, link.other),
                "other": max(link.one, link.other),
                "made_at": link.at,
                "author": link.author,
                "reason": link.reason,
            }
            for link in links
        ]
        insert_new(self._connection, t.must_not_links, *rows)

    def lift_apart(self, pairs: Collection[tuple[int, int]]) -> int:
        """Takes back what was said of these pairs."""
        ordered = [(min(pair), max(pair)) for pair in pairs]
        gone = t.must_not_links.delete().where(sa.tuple_(_m.one, _m.other).in_(ordered))
        return self._connection.execute(gone).rowcount


def _moved(root: int, joined: Joined) -> dict[str, Any]:
    new = joined.gone[root]
    return {"root": root, "duplicate_of": new, "story_id": joined.stands[new]}
