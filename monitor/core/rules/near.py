"""Which finds stand close to each other, in bounded time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from monitor.core.rules.reading import Hit

ALL_PAIRS = 1_000
"""Pairs of one NEAR up to which all of them are kept."""

_INSIDE = 16  # finds looked at inside the window of a nested NEAR, of more pairs than that


def near(left: Sequence[Hit], right: Sequence[Hit], distance: int, ordered: bool) -> list[Hit]:
    """Pairs with at most `distance` positions between them that share no word; `ordered`: left before right.

    Up to ALL_PAIRS every pair: a NEAR around this one may need any of them. Where there are more, of all partners
    of one find the nearest and the farthest on each side, and of the pairs with the same beginning the shortest
    and the longest: the nearest decides whether there is a pair at all, the farthest how far the window reaches.
    Takes O((n + m) log m): nested loops took 138 ms on 750 × 750 repeats (rules design, guards).
    """
    if not left or not right:
        return []
    partners = _Partners(left, right, distance, ordered)
    every: list[Hit] = []
    for one in left:
        found = partners.all_of(one, ALL_PAIRS - len(every))
        if found is None:
            return _outermost(left, partners)
        every += (_joined(one, other) for other in found)
    return sorted(set(every))


def not_near(left: Sequence[Hit], right: Sequence[Hit], distance: int) -> list[Hit]:
    """Those of `left` that have none of `right` within `distance` positions on either side, in order.

    What shares a word with a find is not near it. Takes O((n + m) log m).
    """
    if not left or not right:
        return list(left)
    partners = _Partners(left, right, distance, ordered=False)
    return [one for one in left if not partners.any_of(one)]


class _Partners:
    """The right side of a NEAR, sorted by both ends."""

    def __init__(self, left: Sequence[Hit], right: Sequence[Hit], distance: int, ordered: bool) -> None:
        self._distance = distance
        self._ordered = ordered
        self._by_start = sorted(right)
        self._starts = [hit.start for hit in self._by_start]
        self._by_end = [] if ordered else sorted(right, key=lambda hit: hit.end)
        self._ends = [hit.end for hit in self._by_end]
        self._widest = max(hit.end - hit.start for hit in right)
        # words and phrases that overlap share a word; windows may hold each other's words apart
        self._may_overlap = not ordered and any(hit.pair for side in (left, right) for hit in side)

    def all_of(self, one: Hit, most: int) -> list[Hit] | None:
        """Every partner of a find, None where they are more than `most`."""
        first, last = self._behind(one)
        low, high = self._before(one)
        if last - first + high - low > most:
            return None
        found = self._by_start[first:last] + self._by_end[low:high]
        if self._may_overlap:
            for other in self._overlapping(one, most):
                if len(found) >= most:
                    return None
                found.append(other)
        return found

    def outermost(self, one: Hit) -> list[Hit]:
        """The nearest and the farthest partner on each side; where there is none, those inside its window."""
        first, last = self._behind(one)
        low, high = self._before(one)
        found = [self._by_start[first], self._by_start[last - 1]] if first < last else []
        found += [self._by_end[low], self._by_end[high - 1]] if low < high else []
        if not found and self._may_overlap:
            found += self._overlapping(one, _INSIDE)
        return found

    def any_of(self, one: Hit) -> bool:
        """Whether a find has a partner."""
        first, last = self._behind(one)
        low, high = self._before(one)
        return first < last or low < high or (self._may_overlap and any(self._overlapping(one, ALL_PAIRS)))

    def _behind(self, one: Hit) -> tuple[int, int]:
        return bisect_left(self._starts, one.end), bisect_right(self._starts, one.end + self._distance)

    def _before(self, one: Hit) -> tuple[int, int]:
        if self._ordered:
            return 0, 0
        return bisect_left(self._ends, one.start - self._distance), bisect_right(self._ends, one.start)

    def _overlapping(self, one: Hit, most: int) -> Iterator[Hit]:
        """Partners whose window overlaps but whose words do not (b in `a … b … c`), among the first `most`."""
        words = one.words
        first = bisect_left(self._starts, one.start - self._widest)
        last = bisect_left(self._starts, one.end)
        overlap = (other for other in self._by_start[first : min(last, first + most + 1)] if other.end > one.start)
        yield from (other for other in overlap if not _share(words, other.words))


def _outermost(left: Sequence[Hit], partners: _Partners) -> list[Hit]:
    """A bounded number of pairs: with each beginning the shortest and the longest."""
    shortest: dict[int, tuple[int, Hit, Hit]] = {}  # beginning → end, pair
    longest: dict[int, tuple[int, Hit, Hit]] = {}
    for one in left:
        for other in partners.outermost(one):
            start = one.start if one.start < other.start else other.start
            end = one.end if one.end > other.end else other.end
            known = shortest.get(start)
            if known is None:
                shortest[start] = longest[start] = (end, one, other)
            elif end < known[0]:
                shortest[start] = (end, one, other)
            elif end > longest[start][0]:
                longest[start] = (end, one, other)
    return [
        Hit(start, end, (one, other))
        for start in sorted(shortest)
        for end, one, other in {shortest[start][0]: shortest[start], longest[start][0]: longest[start]}.values()
    ]


def _share(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> bool:
    return any(a < d and c < b for a, b in one for c, d in other)


def _joined(one: Hit, other: Hit) -> Hit:
    return Hit(min(one.start, other.start), max(one.end, other.end), (one, other))
