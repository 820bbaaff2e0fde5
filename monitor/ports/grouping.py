"""What the store promises of grouping: everything that is compared, and one transaction to decide in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from monitor.model.article import Article
from monitor.model.grouping import ClassNode, Component, Joined, Regrouping, Snapshot, Twins
from monitor.model.story import Features, MustNotLink


class GroupingSession(Protocol):
    """One transaction in which nobody else groups: what it reads is what its writes are decided on.

    "Class": an article with its copies and revisions, named by its oldest row, its root.
    """

    def claim(self, ids: Collection[int]) -> Sequence[Article]:
        """Those of the articles that are still without a story, as grouped now, oldest first."""
        ...

    def release(self, ids: Collection[int]) -> Sequence[Article]:
        """Takes the classes of these articles apart, and returns their members without texts, each a class of its
        own; of a very large class only the articles named leave it."""
        ...

    def twins(self, articles: Sequence[Article]) -> Twins:
        """What may be a copy of these: revised or revising, with an equal address, hash or band. Bounded: where
        there is a crowd, the oldest and the newest. From now on these are found themselves."""
        ...

    def articles(self, ids: Collection[int]) -> Mapping[int, Article]:
        """Articles by id, with all that two are compared by."""
        ...

    def classes(self, roots: Collection[int]) -> Mapping[int, ClassNode]:
        """The classes of these roots."""
        ...

    def apart(self, roots: Collection[int]) -> Set[tuple[int, int]]:
        """Pairs of roots, one of them among these, that have members which a person said are not one story."""
        ...

    def record_classes(self, joined: Joined, seen: Mapping[int, datetime]) -> Set[int]:
        """Copies, the classes that changed, and those that are no more; keys and edges of both go.

        `seen` says by root when the newest member was first seen. Returns the other roots those edges led to.
        """
        ...

    def record_keys(self, keys: Sequence[tuple[ClassNode, Collection[int]]]) -> None:
        """What these classes are found by from now on."""
        ...

    def candidates(
        self, keys: Sequence[tuple[ClassNode, Collection[int]]], days: int
    ) -> Mapping[int, Sequence[int]]:
        """Roots of classes that share a key with each of these and are dated at most so many calendar days apart.
        Bounded: those that share most keys."""
        ...

    def record_edges(self, edges: Mapping[tuple[int, int], float]) -> None:
        """Likenesses by pair of roots, the smaller first; a negative one keeps the two apart."""
        ...

    def component(self, roots: Collection[int], least: float, most: int) -> Component:
        """All that hangs together with these classes by likenesses of at least `least`; over `most` of them, these
        and their neighbours only."""
        ...

    def record_stories(self, regrouping: Regrouping) -> int:
        """Stories of classes with all their members, and aliases.

        Matches that were merged, and that stand now in a story of which their digest has planned nothing of their
        rule, wait again: a story that was put together wrongly for a while removes no alert. Returns how many.
        """
        ...

    def wake_too_few(self, stories: Collection[str]) -> int:
        """Stories with a new article: what digests gave up of them for want of publishers waits again, while the
        texts are there. Returns how many matches."""
        ...

    def set_apart(self, links: Sequence[MustNotLink]) -> None:
        """Keeps what a person said: these articles are not one story. A second time changes nothing."""
        ...

    def lift_apart(self, pairs: Collection[tuple[int, int]]) -> int:
        """Takes back what was said of these pairs (either way round); returns how many there were."""
        ...


class GroupingStore(Protocol):
    """Articles to be grouped, and what they are compared by."""

    def ungrouped(self, now: datetime, limit: int) -> Sequence[int]:
        """The ids of articles without a story whose time has come, oldest first."""
        ...

    def article(self, article_id: int) -> Article | None:
        """One article, whole."""
        ...

    def stand_alone(self, article_id: int, why: str) -> str | None:
        """Gives an article that cannot be compared a story of its own, a revision that of what it revises, so that
        it is matched at once; `why` is kept for the ledger. Returns the story; None for one that has one."""
        ...

    def session(self) -> AbstractContextManager[GroupingSession]:
        """A transaction under the grouping lock: all of it holds, or, when the block raises, nothing."""
        ...

    def weights(self) -> Sequence[Snapshot]:
        """The snapshots of term weights that are kept, newest first."""
        ...

    def weights_of(self, version: str) -> bytes:
        """A snapshot as it was recorded."""
        ...

    def studied(self, most: int) -> int:
        """How many articles can be learned from; counted up to `most`."""
        ...

    def sample(self, after: int, limit: int) -> Sequence[tuple[int, Features]]:
        """Features of stored articles by id, those below `after` (0: the newest), newest first."""
        ...

    def record_weights(
        self, version: str, made_at: datetime, documents: int, packed: bytes, keep: datetime
    ) -> None:
        """A new snapshot, in force from now on; those that were replaced before `keep` go. One transaction."""
        ...
