"""Classes as points among stories, in SQL: their keys, their edges, and what hangs together by them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.packed import readable_features
from monitor.adapters.store.prepared import Prepared, insert_plain, replace_rows
from monitor.adapters.store.twins import articles_of, day_of, outlines_of
from monitor.core.stories.group import believed_date, class_of, content_order
from monitor.model.grouping import ClassNode, Component
from monitor.model.story import Features, StoryNode

MOST_CANDIDATES = 200
"""Classes that one is compared with, those that share most keys; more have it on election nights only."""

_FREE = 40  # classes that one key may have in the whole window before it counts as crowded
_EDGE = 10  # of such a key so many of the oldest and of the newest of each day are read
_CHUNK = 400
_NOTHING = Features(0)

_a, _n, _k, _e, _m = (one.c for one in (t.articles, t.story_nodes, t.story_keys, t.story_edges, t.must_not_links))
_root_row = t.articles.alias("root_row")
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_NODES = (
    sa.select(_n.root, _n.article_id, _n.dated, _n.language, _n.title_only, _n.content_order, _root_row.c.story_id)
    .join(_root_row, _root_row.c.id == _n.root)
    .where(_n.root.in_(_IDS))
)
_WHOLE_NODES = _NODES.join(t.articles, _a.id == _n.article_id).add_columns(_a.features)
_SHARED = Prepared(
    sa.select(_k.key, _k.root)
    .where(_k.day.in_(sa.bindparam("days", expanding=True)), _k.key.in_(sa.bindparam("keys", expanding=True)))
    .limit(sa.bindparam("most"))
)
_EDGES = Prepared(
    sa.union_all(
        sa.select(_e.one, _e.other, _e.weight).where(_e.one.in_(_IDS)),
        sa.select(_e.one, _e.other, _e.weight).where(_e.other.in_(_IDS)),
    )
)
_EDGES_FROM = Prepared(sa.select(_e.one, _e.other, _e.weight).where(_e.one.in_(_IDS)))
_LEAST: sa.BindParameter[Any] = sa.bindparam("least")
_STRONG = Prepared(
    sa.union(
        sa.select(_e.other.label("root")).where(_e.one.in_(_IDS), _e.weight >= _LEAST),
        sa.select(_e.one).where(_e.other.in_(_IDS), _e.weight >= _LEAST),
    )
)
_STAND = t.story_nodes.update().where(_n.root == sa.bindparam("class_root"))
_DROP_KEYS = t.story_keys.delete().where(_k.root.in_(_IDS))
_DROP_EDGES = (t.story_edges.delete().where(_e.one.in_(_IDS)), t.story_edges.delete().where(_e.other.in_(_IDS)))
_one_row, _other_row = t.articles.alias("one_row"), t.articles.alias("other_row")
_ONE = sa.func.coalesce(_one_row.c.duplicate_of, _one_row.c.id).label("one")
_OTHER = sa.func.coalesce(_other_row.c.duplicate_of, _other_row.c.id).label("other")
# Few rows in all: what people said by hand.
_APART = (
    sa.select(_ONE, _OTHER)
    .select_from(t.must_not_links)
    .join(_one_row, _one_row.c.id == _m.one)
    .join(_other_row, _other_row.c.id == _m.other)
)
_ANY_APART = sa.select(_m.one).limit(1)
_OF_THESE = _APART.where(sa.or_(_ONE.in_(_IDS), _OTHER.in_(_IDS)))


def nodes_of(connection: Connection, roots: Collection[int]) -> dict[int, ClassNode]:
    """Classes by root, with features; also those that have no row."""
    found: dict[int, ClassNode] = {}
    for some in _pieces(roots):
        for row in connection.execute(_WHOLE_NODES, {"ids": some}):
            found[row.root] = _node_of(row, readable_features(row.features))
    missing = set(roots) - found.keys()
    if missing:  # of before there were classes, or so old that theirs was dropped
        found.update((root, class_of(article)) for root, article in articles_of(connection, missing).items())
    return found


def _node_of(row: Any, features: Features) -> ClassNode:
    order = tuple(row.content_order.split("\n"))
    node = StoryNode(row.root, row.dated, row.language, features, row.title_only, order)
    return ClassNode(node, row.article_id, row.story_id)


def record_nodes(connection: Connection, classes: Iterable[ClassNode], seen: Mapping[int, datetime]) -> None:
    """Rows of classes that are new or changed; `seen` says when the newest of each was first seen."""
    rows = [
        {
            "root": one.node.id,
            "article_id": one.article,
            "dated": one.node.when,
            "language": one.node.language,
            "title_only": one.node.title_only,
            "content_order": "\n".join(one.node.order),
            "seen": seen[one.node.id],
        }
        for one in classes
    ]
    replace_rows(connection, t.story_nodes, rows)


def stand_anew(connection: Connection, root: int) -> None:
    """Who stands for a class that lost members, and its date. Its keys stay: its members say the same."""
    members = {one.id: one for one in outlines_of(connection, root)}
    best = min(members.values(), key=lambda one: (content_order(one), one.id))
    standing = class_of(articles_of(connection, [best.id])[best.id])
    whens = [when for one in members.values() if (when := believed_date(one)) is not None]
    values = {
        "article_id": standing.article,
        "dated": min(whens, default=None),
        "language": standing.node.language,
        "title_only": standing.node.title_only,
        "content_order": "\n".join(standing.node.order),
    }
    connection.execute(_STAND, {"class_root": root, **values})


def drop_classes(connection: Connection, roots: Collection[int]) -> set[int]:
    """Takes keys and edges of classes; returns the other roots that those edges led to."""
    neighbours: set[int] = set()
    for some in _pieces(roots):
        for one, other, _ in _EDGES.rows(connection, ids=some):
            neighbours |= {one, other}
        connection.execute(_DROP_KEYS, {"ids": some})
        for statement in _DROP_EDGES:
            connection.execute(statement, {"ids": some})
    return neighbours.difference(roots)


def record_keys(connection: Connection, keys: Iterable[tuple[ClassNode, Collection[int]]]) -> None:
    """The keys of dated classes."""
    rows = [
        (day, key, one.node.id)
        for one, some in keys
        if one.node.when is not None
        for day in [day_of(one.node.when)]
        for key in some
    ]
    insert_plain(connection, t.story_keys, ("day", "key", "root"), rows)


def record_edges(connection: Connection, edges: Mapping[tuple[int, int], float]) -> None:
    """Likenesses by pair of roots."""
    rows = [{"one": one, "other": other, "weight": weight} for (one, other), weight in edges.items()]
    replace_rows(connection, t.story_edges, rows)


def candidates_of(
    connection: Connection, keys: Iterable[tuple[ClassNode, Collection[int]]], days: int
) -> dict[int, list[int]]:
    """Roots of classes that share a key with each of these, dated at most so many calendar days apart."""
    shared: defaultdict[int, Counter[int]] = defaultdict(Counter)
    asked: defaultdict[int, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one, some in keys:
        if one.node.when is not None:
            of_day = asked[day_of(one.node.when)]
            for key in some:
                of_day[key].append(one.node.id)
    for day, of in asked.items():
        for key, root in _sharing(connection, day, days, sorted(of)):
            for asking in of[key]:
                if asking != root:
                    shared[asking][root] += 1
    return {
        asking: [root for root, _ in sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_CANDIDATES]]
        for asking, found in shared.items()
    }


def _sharing(connection: Connection, day: int, days: int, keys: list[int]) -> Iterator[tuple[int, int]]:
    most = max(_FREE, 4 * len(keys))
    window = list(range(day - days, day + days + 1))
    rows = _SHARED.rows(connection, days=window, keys=keys, most=most + 1)
    if len(rows) <= most:
        yield from rows
    elif len(keys) > 1:
        middle = len(keys) // 2
        yield from _sharing(connection, day, days, keys[:middle])
        yield from _sharing(connection, day, days, keys[middle:])
    else:
        # The oldest, too: the newest may be those of this batch, which stand in no story yet.
        found = connection.execute(_ends(len(window)), {"first": window[0], "key": keys[0]})
        yield from ((keys[0], root) for root in set(found.scalars()))


@cache
def _ends(days: int) -> sa.CompoundSelect[Any]:
    """Roots at both ends of one key of so many days, each end along the primary key."""
    first = sa.bindparam("first", type_=sa.Integer)
    key: sa.BindParameter[Any] = sa.bindparam("key")
    ends = [
        sa.select(_k.root).where(_k.day == first + day, _k.key == key).order_by(order).limit(_EDGE).subquery()
        for day in range(days)
        for order in (_k.root, _k.root.desc())
    ]
    return sa.union_all(*(sa.select(one.c.root) for one in ends))


def component_of(connection: Connection, roots: Collection[int], least: float, most: int) -> Component:
    """All that hangs together with these by edges of at least `least`; over `most` classes, only these and those
    that they have such an edge to."""
    reached, frontier = set(roots), set(roots)
    near: set[int] | None = None
    while frontier and len(reached) <= most:
        found: set[int] = set()
        for some in _pieces(frontier):
            found.update(row for (row,) in _STRONG.rows(connection, ids=some, least=least))
        frontier = found - reached
        reached |= frontier
        near = near or set(reached)
    whole = not frontier
    if not whole and near is not None:
        reached = near
    edges: dict[tuple[int, int], float] = {}
    apart = apart_of(connection, reached)
    # Of a crowd only what leads to these: all edges between their neighbours are tens of thousands.
    statement, of = (_EDGES_FROM, reached) if whole else (_EDGES, set(roots))
    for some in _pieces(of) if len(reached) > 1 else ():
        for one, other, weight in statement.rows(connection, ids=some):
            if one in reached and other in reached:
                edges[one, other] = weight
    apart |= {pair for pair, weight in edges.items() if weight < 0}
    nodes: dict[int, ClassNode] = {}
    for some in _pieces(reached):
        nodes.update((row.root, _node_of(row, _NOTHING)) for row in connection.execute(_NODES, {"ids": some}))
    within = {pair for pair in apart if pair[0] in nodes and pair[1] in nodes}
    return Component(
        nodes, {pair: weight for pair, weight in edges.items() if weight > 0}, frozenset(within), whole
    )


def apart_of(connection: Connection, roots: Collection[int]) -> set[tuple[int, int]]:
    """Pairs of roots, one of them among these, with members that a person keeps asunder."""
    if connection.execute(_ANY_APART).first() is None:
        return set()
    return {
        (row.one, row.other) for some in _pieces(roots) for row in connection.execute(_OF_THESE, {"ids": some})
    }


def _pieces(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(sorted(ids))
    while some := list(islice(rest, _CHUNK)):
        yield some
