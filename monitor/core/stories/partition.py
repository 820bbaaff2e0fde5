"""Which articles are one story: average-link agglomeration over sparse edges, a function of the set. Pure.

Streams of centroids depend on the order of arrival (agreement after shuffling .73), single links chain; averages
over all pairs do neither (stories design).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence, Sequence, Set

from monitor.model.story import StoryNode

THRESHOLD = 0.3
"""The average likeness from which on two groups are one story. Without one edge of at least this much between them
two articles are never in one group: whoever looks for the component of an article may follow these edges only."""

_UNIT = 1_000_000  # weights as whole numbers: their sums do not depend on an order
_LEAST = round(THRESHOLD * _UNIT)

_Rows = MutableSequence[dict[int, int]]


def partition(
    nodes: Sequence[StoryNode],
    edges: Mapping[tuple[int, int], float],
    apart: Set[tuple[int, int]],
    cap: int,
) -> tuple[tuple[int, ...], ...]:
    """The groups of the nodes' ids, each ascending, in ascending order of their first.

    `edges` are likenesses by pair of ids, a missing pair is 0; `apart` are pairs that must not be in one group;
    what names other nodes is left out. Of a node's edges the `cap` strongest count: that bounds the time to about
    that of nodes times `cap`, and splits a story of many more articles; among up to `cap` it changes nothing.
    """
    ranked = sorted(nodes, key=lambda node: (node.order, node.id))
    rank = {node.id: place for place, node in enumerate(ranked)}
    bars: list[set[int]] = [set() for _ in ranked]
    for one, other in apart:
        if one in rank and other in rank:
            bars[rank[one]].add(rank[other])
            bars[rank[other]].add(rank[one])
    rows: _Rows = [{} for _ in ranked]
    for (one, other), weight in edges.items():
        a, b = rank.get(one), rank.get(other)
        if a is not None and b is not None and a != b:
            rows[a][b] = rows[b][a] = int(weight * _UNIT)
    _keep_strongest(rows, cap)
    for place, barred in enumerate(bars):
        for other in barred:
            rows[place].pop(other, None)
    groups = _agglomerate(rows, bars)
    return tuple(sorted(tuple(sorted(ranked[place].id for place in group)) for group in groups))


def _keep_strongest(rows: _Rows, cap: int) -> None:
    """Leaves the edges that are among the `cap` strongest of both their ends."""
    kept = {}
    for place, row in enumerate(rows):
        if len(row) > cap:
            kept[place] = set(sorted(row, key=lambda other: (-row[other], other))[:cap])
    for place, strongest in kept.items():
        for other in [other for other in rows[place] if other not in strongest]:
            del rows[place][other]
            rows[other].pop(place, None)


def _agglomerate(rows: _Rows, bars: Sequence[set[int]]) -> list[list[int]]:
    """Merges by chains of nearest neighbours: as merging the best pair first, without looking for it.

    A group's average likeness to a merged one is never above that to its better half. So two that are nearest to
    each other may merge at once, and one that has no neighbour above the threshold is done.
    """
    groups: list[list[int]] = [[place] for place in range(len(rows))]
    sizes = [1] * len(rows)
    done: list[list[int]] = []
    chain: list[int] = []
    for start in range(len(rows)):
        while sizes[start]:
            if not chain:
                chain.append(start)
            top = chain[-1]
            before = chain[-2] if len(chain) > 1 else None
            nearest = _nearest(rows[top], sizes, sizes[top], before)
            if nearest is None:
                done.append(groups[chain.pop()])
                sizes[top] = 0
                for other in rows[top]:
                    del rows[other][top]
            elif nearest == before:
                del chain[-2:]
                kept, gone = min(top, nearest), max(top, nearest)
                groups[kept] += groups[gone]
                sizes[kept], sizes[gone] = len(groups[kept]), 0
                _merge(rows, bars, kept, gone)
            else:
                chain.append(nearest)
    return done


def _nearest(row: Mapping[int, int], sizes: Sequence[int], size: int, before: int | None) -> int | None:
    """The group that is most alike on average; among equals the chain's last, then the first."""
    if not row:
        return None
    # Divided once, by a whole number: the same from both sides, and rounded without changing what is larger
    averages = [total / (size * sizes[other]) for other, total in row.items()]
    best = max(averages)
    if best < _LEAST:
        return None
    equals = [other for other, average in zip(row, averages, strict=True) if average == best]
    return before if before in equals else min(equals)


def _merge(rows: _Rows, bars: Sequence[set[int]], kept: int, gone: int) -> None:
    row, lost = rows[kept], rows[gone]
    del row[gone], lost[kept]
    for other, total in lost.items():
        its = rows[other]
        del its[gone]
        its[kept] = row[other] = row.get(other, 0) + total
    if bars[gone] or bars[kept]:
        for barred in bars[gone]:
            bars[barred].discard(gone)
            bars[barred].add(kept)
        bars[kept] |= bars[gone]
        for barred in bars[kept] & row.keys():
            del row[barred], rows[barred][kept]
