"""Matches by the tags of their rules: the one label whose values the user writes, and so bounded in number."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from monitor.model.measure import LONGEST_TAG, MOST_TAGS, NO_TAG, OTHER_TAGS


class TagCounts:
    """Counts by tag, at most MOST_TAGS of them for as long as the process lives; what comes later is OTHER_TAGS.

    A tag that is no longer declared keeps its place: a series that vanished and came back at 0 would be a rate
    that never was. May be asked by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter({NO_TAG: 0, OTHER_TAGS: 0})

    def declare(self, tags: Iterable[str]) -> None:
        """These have a series from now on, in this order while there is room, though nothing matched yet."""
        with self._lock:
            for tag in tags:
                self._place(tag)

    def count(self, tags: Sequence[str]) -> None:
        """A match of a rule with these tags: one for each of them."""
        with self._lock:
            for tag in dict.fromkeys(self._named(tag) for tag in tags or (NO_TAG,)):
                self._counts[tag] += 1

    def all(self) -> Sequence[tuple[str, int]]:
        """Every tag that has a series, by name."""
        with self._lock:
            return sorted(self._counts.items())

    def _named(self, tag: str) -> str:
        return tag if tag == NO_TAG or self._place(tag) else OTHER_TAGS

    def _place(self, tag: str) -> bool:
        """Whether the tag has a series, made here while there is room."""
        if tag not in self._counts and len(tag) <= LONGEST_TAG and len(self._counts) < MOST_TAGS + 2:
            self._counts[tag] = 0
        return tag in self._counts
