"""Which articles are one text, and which texts one story? Pure; the store's part is to find what is compared.

Copies and revisions are the connected parts of a relation between pairs, and stories the parts of a likeness
between those: both are functions of what is stored, whatever the order in which it came. Merging only ever joins
alerts; a copy is matched like any other article, so that nothing hides from a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from monitor.core.stories.duplicates import judge_pair, when_of
from monitor.core.stories.fingerprint import SHORT
from monitor.core.stories.partition import THRESHOLD, partition
from monitor.model.article import Article, DuplicateReason, Quality
from monitor.model.grouping import ClassNode, Component, Copy, Joined, Pair, Regrouping, Scope, Twins
from monitor.model.story import Features, StoryNode

CAP = 300
"""Classes that are agglomerated at once; a larger component is cut at rising likeness first (election nights)."""

_FULLNESS = {Quality.FULL: "0", Quality.FEED: "1", Quality.TITLE: "2", Quality.STUB: "3"}
# What an article is called that is several things at once: first what lets most be told anew (material.py).
_RANK = {
    DuplicateReason.REVISION: 0,
    DuplicateReason.SAME_URL: 1,
    DuplicateReason.SAME_CONTENT: 2,
    DuplicateReason.NEAR_DUPLICATE: 3,
}


def story_named_after(article_id: int) -> str:
    """The id of the story that an article starts."""
    return f"s_{article_id:x}"


def believed_date(article: Article) -> datetime | None:
    """When an article says it was published; None where it does not, or where that cannot be."""
    when = when_of(article)
    return when if when == article.published else None


def class_of(article: Article) -> ClassNode:
    """An article as a class of its own; of a copy, as the member that stands for its class."""
    node = StoryNode(
        id=article.id if article.duplicate_of is None else article.duplicate_of,
        when=believed_date(article),
        language=article.language or "",
        features=article.fingerprint.features if article.fingerprint else Features(0),
        title_only=_says_little(article),
        order=content_order(article),
    )
    return ClassNode(node, article.id, article.story_id)


def _says_little(article: Article) -> bool:
    """Whether words alone do not make it one event with another: so few are alike by chance."""
    prints = article.fingerprint
    return article.quality in (Quality.TITLE, Quality.STUB) or prints is None or prints.sketch.words < SHORT


def content_order(article: Article) -> tuple[str, ...]:
    """Sorts articles by what they are, not by when they came: the fullest and earliest first."""
    when = believed_date(article)
    return (
        _FULLNESS[article.quality],
        when.isoformat() if when else "undated",
        article.url_key,
        article.content_hash,
    )


def pairs_of(articles: Sequence[Article], twins: Twins) -> list[Pair]:
    """The pairs that are one text, in the order in which classes are joined.

    Of what is one class by other pairs already, no more is judged: a hundred copies are not 4,950 pairs.
    """
    joined = _Joining(twins)
    found = [Pair(*_sorted(one, other), DuplicateReason.REVISION) for one, other in sorted(twins.revisions)]
    for pair in found:
        joined.join(pair.one, pair.other)
    asked = {_sorted(one.id, other) for one in articles for other in twins.of.get(one.id, ()) if other != one.id}
    for _, one, other in sorted((_promise(twins, *pair), *pair) for pair in asked):
        if joined.are_one(one, other):
            continue
        a, b = twins.articles[one], twins.articles[other]
        verdict = judge_pair(a, b, series=a.series or b.series)
        if verdict.reason is not None:
            found.append(Pair(one, other, verdict.reason, verdict.why))
            joined.join(one, other)
    return sorted(found, key=lambda pair: (_RANK[pair.reason], pair.one, pair.other))


class _Joining:
    """Which articles are one class so far."""

    def __init__(self, twins: Twins) -> None:
        self._leads = {row: article.duplicate_of or row for row, article in twins.articles.items()}

    def join(self, one: int, other: int) -> None:
        self._leads[self._lead(one)] = self._lead(other)

    def are_one(self, one: int, other: int) -> bool:
        return self._lead(one) == self._lead(other)

    def _lead(self, row: int) -> int:
        while (lead := self._leads.setdefault(row, row)) != row:
            row = self._leads[row] = self._leads.setdefault(lead, lead)
        return row


def _promise(twins: Twins, one: int, other: int) -> int:
    """Sorts what may be judged by the reason it may have."""
    a, b = twins.articles[one], twins.articles[other]
    if a.url_key and a.url_key == b.url_key:
        return 0
    return 1 if a.content_hash == b.content_hash else 2


def _sorted(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def join_classes(
    pairs: Sequence[Pair],
    roots: Mapping[int, int],
    classes: Mapping[int, ClassNode],
    apart: Set[tuple[int, int]],
    new: Set[int],
) -> Joined:
    """The classes after these pairs hold.

    `roots` gives the root of every article in a pair and of every new article; `classes` those roots' classes, of
    new articles (`new`) as `class_of` makes them; `apart` pairs of roots (either way round) that a person keeps
    asunder.
    """
    groups = {root: [root] for root in classes}
    barred: dict[int, set[int]] = {root: set() for root in classes}
    for one, other in apart:
        if one in barred and other in barred:
            barred[one].add(other)
            barred[other].add(one)
    held: list[Pair] = []
    for pair in pairs:
        a, b = groups[roots[pair.one]], groups[roots[pair.other]]
        if a is not b:
            if any(not barred[root].isdisjoint(b) for root in a):
                continue
            a += b
            for root in b:
                groups[root] = a
        held.append(pair)
    now = {root: min(group) for root, group in groups.items()}
    changed = []
    for root in sorted(set(now.values())):
        folded = _folded([classes[one] for one in groups[root]])
        if folded != classes[root] or root in new:
            changed.append(folded)
    gone = {root: new for root, new in now.items() if new != root}
    stands = {root: classes[root].story_id for root in gone.values()}
    fresh = frozenset(new - {root for root in new if classes[root].story_id is not None})
    return Joined(_copies(held, roots, gone), tuple(changed), fresh, gone, stands)


def _folded(members: Sequence[ClassNode]) -> ClassNode:
    best = min(members, key=lambda one: (one.node.order, one.article))
    whens = [one.node.when for one in members if one.node.when is not None]
    first = min(members, key=lambda one: one.node.id)
    node = replace(best.node, id=first.node.id, when=min(whens, default=None))
    return ClassNode(node, best.article, first.story_id)


def _copies(pairs: Sequence[Pair], roots: Mapping[int, int], gone: Mapping[int, int]) -> tuple[Copy, ...]:
    """What is a copy since these pairs: the first article of each class that went into another one."""
    own: dict[int, Pair] = {}
    reached: dict[int, Pair] = {}
    for pair in pairs:
        for row in (pair.one, pair.other):
            own.setdefault(row, pair)
            reached.setdefault(roots[row], pair)
    # A class that was joined over one of its copies, its first article in no pair, is called what that copy is.
    named = {article: own.get(article) or reached[article] for article in sorted(gone)}
    return tuple(Copy(article, gone[article], best.reason, best.why) for article, best in named.items())


def told_apart(one: Article, other: Article) -> bool:
    """Whether two like articles are two events by a detail: a template of another day, the 12th and the 13th."""
    return judge_pair(one, other, series=one.series or other.series).apart


def start_stories(roots: Iterable[int]) -> Regrouping:
    """A story of its own for each of these classes, which are new and like nothing."""
    return Regrouping({root: story_named_after(root) for root in roots}, {}, frozenset())


def settle(
    component: Component, touched: Set[int], absorbed: Sequence[ClassNode], gone: Mapping[int, int]
) -> Regrouping:
    """The stories of a component: of all of it, or only of the classes in `touched` where it was not read whole.

    `absorbed` are classes that went into those of it, as they stood before, by `gone`.
    """
    if component.whole:
        groups = partition([one.node for one in component.nodes.values()], component.edges, component.apart, CAP)
        stories = {root: story_named_after(min(group)) for group in groups for root in group}
        scope = Scope.WHOLE
    else:
        stories, scope = _placed(component, touched), Scope.PLACED
    moved = [(one, stories[root]) for root, one in component.nodes.items() if root in stories]
    moved += [(one, stories[new]) for one in absorbed if (new := gone[one.node.id]) in stories]
    moved = [(one, story) for one, story in moved if one.story_id != story]
    left = {one.story_id for one, _ in moved if one.story_id is not None}
    return Regrouping(
        {root: story for root, story in stories.items() if component.nodes[root].story_id != story},
        {
            own: story
            for one, story in moved
            if one.story_id == (own := story_named_after(one.node.id)) and story != own
        },
        frozenset(left),
        scope,
    )


def _placed(component: Component, touched: Set[int]) -> dict[int, str]:
    """Each touched class beside the story that it is most like; nothing else moves."""
    nodes = component.nodes
    stands = {root: one.story_id for root, one in nodes.items() if root not in touched}
    near: dict[int, list[tuple[int, float]]] = {root: [] for root in touched}
    for (one, other), weight in component.edges.items():
        for root, neighbour in ((one, other), (other, one)):
            if root in near:
                near[root].append((neighbour, weight))
    placed: dict[int, str] = {}
    for root in sorted(touched, key=lambda one: (nodes[one].node.order, one)):
        barred = {stands.get(b if a == root else a) for a, b in component.apart if root in (a, b)}
        likeness: dict[str, list[float]] = {}
        for neighbour, weight in near[root]:
            story = stands.get(neighbour)
            if story is not None and story not in barred:
                likeness.setdefault(story, []).append(weight)
        alike = {story: sum(found) for story, found in likeness.items() if sum(found) / len(found) >= THRESHOLD}
        before = nodes[root].story_id
        best = before if before in alike else max(alike, key=lambda one: (alike[one], one), default=None)
        placed[root] = stands[root] = best or story_named_after(root)
    return placed
