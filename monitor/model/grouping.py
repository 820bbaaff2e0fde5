"""What grouping finds in the store and decides of it, as values: classes of copies, and their stories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.article import Article, DuplicateReason
from monitor.model.story import StoryNode


class Scope(StrEnum):
    """What a story was settled over."""

    WHOLE = "whole"  # over everything that hangs together with it: no order of arrival counts
    PLACED = "placed"  # more hangs together than is looked at: put beside what it is most like, the rest stays


@dataclass(frozen=True, slots=True)
class ClassNode:
    """Copies and revisions of one text as one point among stories. `node.id` is the oldest row of them.

    `article` is the row that stands for all, the first by content order; `story_id` where they stand now.
    """

    node: StoryNode
    article: int
    story_id: str | None = None


@dataclass(frozen=True, slots=True)
class Twins:
    """What may be a copy of some articles, without texts; the articles themselves may be among them.

    `of` names the others by article; `articles` has them all. `revisions` are (revision, revised), both ways round
    of arrival. `crowded` counts look-ups that found more than is read.
    """

    of: Mapping[int, Sequence[int]]
    articles: Mapping[int, Article]
    revisions: frozenset[tuple[int, int]] = frozenset()
    crowded: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles that are one text, `one` < `other`, and why."""

    one: int
    other: int
    reason: DuplicateReason
    why: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """An article that is not the oldest of its class."""

    article: int
    duplicate_of: int
    reason: DuplicateReason
    why: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Classes after new pairs: what is a copy of what, the classes that changed, and those that are no more."""

    copies: tuple[Copy, ...]
    changed: tuple[ClassNode, ...]
    fresh: frozenset[int]  # of the changed and the gone, those that were no class before
    gone: Mapping[int, int]  # root that was → root that is
    stands: Mapping[int, str | None]  # by the root that is: the story it stood in before


@dataclass(frozen=True, slots=True)
class Component:
    """Classes that hang together by edges. `whole` is False where there are more of them than were read."""

    nodes: Mapping[int, ClassNode]
    edges: Mapping[tuple[int, int], float]
    apart: frozenset[tuple[int, int]]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Stories as they are now: only classes whose story changed, and the ids of stories that went into others."""

    stories: Mapping[int, str]  # by class
    aliases: Mapping[str, str]
    left: frozenset[str]  # stories that lost a class
    scope: Scope = Scope.WHOLE


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Term weights that are kept: which, since when they are in force, of how many documents they were made."""

    version: str
    made_at: datetime
    documents: int
