"""Groups some articles within one store transaction: the one way, for what is new and for what a person says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from monitor.core.stories.edges import edge_weight, keys_of
from monitor.core.stories.group import class_of, join_classes, pairs_of, settle, start_stories, told_apart
from monitor.core.stories.idf import Idf
from monitor.core.stories.partition import THRESHOLD
from monitor.model.article import Article, Grouping
from monitor.model.grouping import ClassNode, Component, Joined, Regrouping, Scope
from monitor.ports.grouping import GroupingSession

MOST_TOGETHER = 300
"""Classes of one component that are settled together; over it a new one is put beside what it is most like."""

LEAST = THRESHOLD / 4
"""Likeness from which one is kept: less joins nothing, and there is a little of it between any two reports."""

APART = -1.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """What stories are told apart by: term weights, those in force first, and how far events reach.

    Classes from before a new snapshot are found by their keys of that time.
    """

    weights: Sequence[Idf]
    window: timedelta


@dataclass(frozen=True, slots=True)
class Grouped:
    """What came of it, by article; crowded look-ups, classes that were only placed, matches woken."""

    groupings: Mapping[int, Grouping]
    crowded: int = 0
    placed: frozenset[int] = frozenset()
    woken: int = 0


def group_new(session: GroupingSession, articles: Sequence[Article], likeness: Likeness) -> Grouped:
    """Groups articles that `session.claim` gave."""
    twins = session.twins(articles)
    pairs = pairs_of(articles, twins)
    new = {one.id for one in articles}
    roots = {one: one for one in new}
    for pair in pairs:
        for row in {pair.one, pair.other} - new:
            roots[row] = twins.articles[row].duplicate_of or row
    stored = session.classes(set(roots.values()) - new) if len(roots) > len(new) else {}
    classes = {**stored, **{one.id: class_of(one) for one in articles}}
    apart = session.apart(classes) if pairs else frozenset[tuple[int, int]]()
    joined = join_classes(pairs, roots, classes, apart, new)
    seen: dict[int, datetime] = {}
    for one in articles:
        root = joined.gone.get(one.id, one.id)
        seen[root] = max(one.first_seen, seen.get(root, one.first_seen))
    changed = {one.node.id for one in joined.changed}
    touched = session.record_classes(joined, seen) | changed
    linked = _link(session, joined.changed, likeness)
    stories: dict[int, str | None] = dict(joined.stands)
    placed, woken = set[int](), 0
    joined_to = {new for root, new in joined.gone.items() if root not in joined.fresh}
    lonely = (changed & joined.fresh) - linked - joined_to
    alone = start_stories(lonely)
    started = {*alone.stories.values()}
    for regrouping in (alone, *_settled(session, touched - lonely, joined, classes)):
        woken += session.record_stories(regrouping)
        placed.update(regrouping.stories if regrouping.scope is Scope.PLACED else ())
        stories.update(regrouping.stories)
    woken += session.wake_too_few({story for story in stories.values() if story} - started)
    return Grouped(_groupings(articles, joined, classes, stories), twins.crowded, frozenset(placed), woken)


def regroup(session: GroupingSession, article_ids: Collection[int], likeness: Likeness) -> Grouped:
    """Groups grouped articles anew, with all their copies: after a person said what is not, or is, one story."""
    return group_new(session, session.release(article_ids), likeness)


def _link(session: GroupingSession, changed: Sequence[ClassNode], likeness: Likeness) -> set[int]:
    """Keys and edges of new and changed classes; returns the classes that may be one story with another."""
    if not changed:
        return set()
    keys = [[(one, keys_of(one.node, idf)) for one in changed] for idf in likeness.weights]
    session.record_keys(keys[0])
    found: dict[int, set[int]] = {}
    for some in keys:
        for root, like in session.candidates(some, ceil(likeness.window / timedelta(days=1))).items():
            found.setdefault(root, set()).update(like)
    new = {one.node.id: one for one in changed}
    others = set().union(*found.values()) - new.keys() if found else set[int]()
    nodes = {**(session.classes(others) if others else {}), **new}
    edges: dict[tuple[int, int], float] = {}
    for root, candidates in found.items():
        for other in candidates:
            pair = (root, other) if root < other else (other, root)
            if pair not in edges and other in nodes:
                weight = edge_weight(nodes[root].node, nodes[other].node, likeness.weights[0], likeness.window)
                edges[pair] = weight
    edges = {pair: weight for pair, weight in edges.items() if weight >= LEAST}
    strong = [pair for pair, weight in edges.items() if weight >= THRESHOLD]
    texts = session.articles({nodes[root].article for pair in strong for root in pair}) if strong else {}
    for one, other in strong:
        if told_apart(texts[nodes[one].article], texts[nodes[other].article]):
            edges[one, other] = APART
    session.record_edges(edges)
    return {root for pair in strong for root in pair}


def _settled(
    session: GroupingSession, touched: Set[int], joined: Joined, before: Mapping[int, ClassNode]
) -> Iterator[Regrouping]:
    absorbed = [before[root] for root in joined.gone]
    for component, some in _components(session, touched):
        yield settle(component, some, absorbed, joined.gone)


def _components(session: GroupingSession, touched: Set[int]) -> Iterator[tuple[Component, Set[int]]]:
    """What hangs together with the touched classes: all at once, or, where that is too much, one by one."""
    if not touched:
        return
    component = session.component(touched, THRESHOLD, MOST_TOGETHER)
    if component.whole or len(touched) == 1:
        yield component, touched & component.nodes.keys()
        return
    left = set(touched)
    crowds: set[int] = set()  # what was seen of components that are too large
    while left:
        root = min(left)
        component = session.component([root], THRESHOLD, 1 if root in crowds else MOST_TOGETHER)
        some = {root}
        if component.whole:
            some |= left & component.nodes.keys()
        else:
            crowds |= component.nodes.keys()
        yield component, some
        left -= some


def _groupings(
    articles: Sequence[Article],
    joined: Joined,
    before: Mapping[int, ClassNode],
    stories: Mapping[int, str | None],
) -> dict[int, Grouping]:
    copies = {one.article: one for one in joined.copies}
    found: dict[int, Grouping] = {}
    for article in articles:
        root = joined.gone.get(article.id, article.id)
        story = stories.get(root) or before[root].story_id
        assert story is not None, "every class that was touched was settled"
        copy = copies.get(article.id)
        if copy is None:
            found[article.id] = Grouping(story)
        else:
            found[article.id] = Grouping(story, copy.duplicate_of, copy.reason, copy.why)
    return found
