"""Which articles are one story: average-link agglomeration over sparse edges, a function of the set alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from monitor.model.story import StoryNode

THRESHOLD = 0.2
"""Average likeness from which two groups are one story."""

_UNIT = 1_000_000  # weights as whole numbers: their sums do not depend on an order
_RUNGS = (0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def partition(
    nodes: Sequence[StoryNode],
    edges: Mapping[tuple[int, int], float],
    apart: Set[tuple[int, int]],
    cap: int,
) -> tuple[tuple[int, ...], ...]:
    """The groups of the nodes' ids, each ascending, in ascending order of their first.

    `edges` are likenesses by pair of ids (a missing pair is 0), `apart` pairs that must not be in one group, both
    in either direction; what names other nodes is left out. A component of more than `cap` nodes is cut at rising
    likenesses until its parts are small enough.
    """
    ranked = sorted(nodes, key=lambda node: (node.order, node.id))
    rank = {node.id: place for place, node in enumerate(ranked)}
    weights: dict[tuple[int, int], int] = {}
    for (one, other), weight in edges.items():
        if one in rank and other in rank and one != other:
            a, b = sorted((rank[one], rank[other]))
            weights[a, b] = max(weights.get((a, b), 0), round(weight * _UNIT))
    barred: list[set[int]] = [set() for _ in ranked]
    for one, other in apart:
        if one in rank and other in rank:
            barred[rank[one]].add(rank[other])
            barred[rank[other]].add(rank[one])
    groups: list[list[int]] = []
    for members, inner in _components(range(len(ranked)), weights):
        groups += _cut(members, inner, barred, cap, 0)
    return tuple(sorted(tuple(sorted(ranked[place].id for place in group)) for group in groups))


def _cut(
    members: Sequence[int], weights: Mapping[tuple[int, int], int], barred: Sequence[Set[int]], cap: int, rung: int
) -> list[list[int]]:
    if len(members) <= cap:
        return _agglomerate(members, weights, barred)
    if rung == len(_RUNGS):
        return _linked(members, weights, barred)
    least = round(_RUNGS[rung] * _UNIT)
    strong = {pair: weight for pair, weight in weights.items() if weight >= least}
    groups: list[list[int]] = []
    for part, inner in _components(members, strong):
        groups += _cut(part, inner, barred, cap, rung + 1)
    return groups


def _components(
    members: Iterable[int], weights: Mapping[tuple[int, int], int]
) -> list[tuple[list[int], dict[tuple[int, int], int]]]:
    """The connected parts, each with its edges; members ascending, parts by their first."""
    root = {member: member for member in members}

    def find(member: int) -> int:
        while root[member] != member:
            root[member] = root[root[member]]
            member = root[member]
        return member

    for one, other in weights:
        a, b = find(one), find(other)
        if a != b:
            root[max(a, b)] = min(a, b)
    parts: dict[int, tuple[list[int], dict[tuple[int, int], int]]] = {}
    for member in sorted(root):
        parts.setdefault(find(member), ([], {}))[0].append(member)
    for pair, weight in weights.items():
        parts[find(pair[0])][1][pair] = weight
    return list(parts.values())


def _agglomerate(
    members: Sequence[int], weights: Mapping[tuple[int, int], int], barred: Sequence[Set[int]]
) -> list[list[int]]:
    """Average-link by chains of nearest neighbours: as merging the best pair first, without looking for it.

    A group's average likeness to a merged one is never above that to its better half, so what is nearest to each
    other may merge at once, and what has no neighbour above the threshold is done.
    """
    groups = {member: [member] for member in members}
    sums: dict[int, dict[int, int]] = {member: {} for member in members}
    for (one, other), weight in weights.items():
        if other not in barred[one]:
            sums[one][other] = sums[other][one] = weight
    bars = {member: set(barred[member]) & groups.keys() for member in members}
    least = round(THRESHOLD * _UNIT)
    done: list[list[int]] = []
    waiting = sorted(members, reverse=True)
    chain: list[int] = []
    while True:
        if not chain:
            while waiting and waiting[-1] not in groups:
                waiting.pop()
            if not waiting:
                return done
            chain.append(waiting[-1])
        top = chain[-1]
        nearest = _nearest(top, chain[-2] if len(chain) > 1 else None, sums[top], groups, least)
        if nearest is None:
            done.append(groups.pop(top))
            chain.pop()
            for other in sums.pop(top):
                sums[other].pop(top, None)
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            _merge(min(top, nearest), max(top, nearest), groups, sums, bars)
        else:
            chain.append(nearest)


def _nearest(
    top: int, before: int | None, row: Mapping[int, int], groups: Mapping[int, list[int]], least: int
) -> int | None:
    """The group that is most alike on average, the chain's last one among equals, then the first."""
    size = len(groups[top])
    best, best_sum, best_size = None, 0, 1
    for other, total in row.items():
        other_size = len(groups[other])
        difference = total * best_size - best_sum * other_size
        if difference < 0:
            continue
        if difference > 0 or best is None or (best != before and (other == before or other < best)):
            best, best_sum, best_size = other, total, other_size
    return best if best is not None and best_sum >= least * size * best_size else None


def _merge(
    kept: int, gone: int, groups: dict[int, list[int]], sums: dict[int, dict[int, int]], bars: dict[int, set[int]]
) -> None:
    groups[kept] += groups.pop(gone)
    bars[kept] |= bars.pop(gone)
    row, lost = sums[kept], sums.pop(gone)
    for other, total in lost.items():
        del sums[other][gone]
        if other != kept:
            row[other] = row.get(other, 0) + total
            sums[other][kept] = row[other]
    for other in [other for other in row if not bars[kept].isdisjoint(groups[other])]:
        del row[other], sums[other][kept]


def _linked(
    members: Sequence[int], weights: Mapping[tuple[int, int], int], barred: Sequence[Set[int]]
) -> list[list[int]]:
    """One group of all that is linked, strongest links first, but for what must stay apart."""
    group = {member: [member] for member in members}
    for one, other in sorted(weights, key=lambda pair: (-weights[pair], pair)):
        a, b = group[one], group[other]
        if a is b or any(not barred[member].isdisjoint(b) for member in a):
            continue
        if len(a) < len(b):
            a, b = b, a
        a += b
        for member in b:
            group[member] = a
    return list({id(found): found for found in group.values()}.values())
