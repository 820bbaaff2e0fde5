"""Answers a query on one document: does it hold, and what was found. Each answer is about a scope."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from monitor.core.rules.lexicon import Lexicon, is_anchored
from monitor.core.rules.near import near
from monitor.core.rules.nodes import (
    And,
    EntityRef,
    Exact,
    Field,
    Near,
    Node,
    Not,
    Or,
    Piece,
    Sentence,
    TermRef,
    Words,
)
from monitor.core.rules.reading import Hit, Reading, Scope


class Evaluation:
    """One document read by one rule set. Finds of leaves are kept: rules share words, terms and entities."""

    def __init__(self, reading: Reading, lexicon: Lexicon) -> None:
        self.reading = reading
        self.lexicon = lexicon
        self._leaves: dict[Node, list[Hit]] = {}
        self._pairs: dict[tuple[Node, Scope], list[Hit]] = {}
        self._entities: dict[str, list[Hit]] | None = None

    def holds(self, node: Node, scope: Scope) -> bool:
        """Whether the query holds inside `scope`; for the article that is `reading.whole`."""
        match node:
            case And():
                return all(self.holds(child, scope) for child in node.children)
            case Or():
                return any(self.holds(child, scope) for child in node.children)
            case Not():
                return not self.holds(node.child, scope)
            case Field():
                return self.holds(node.child, self.field(node, scope))
            case TermRef():
                return self.holds(self.lexicon.terms[node.name].node, scope)
            case Sentence():
                return any(self.holds(node.child, one) for one in self.sentences(node, scope))
            case _:
                return bool(self.hits(node, scope))

    def hits(self, node: Node, scope: Scope) -> list[Hit]:
        """What a node that has a place found inside `scope`, in order: leaves, NEAR, and OR and fields of them."""
        match node:
            case Or():
                return sorted({hit for child in node.children for hit in self.hits(child, scope)})
            case Near():
                return self._near(node, scope)
            case Field():
                return self.hits(node.child, self.field(node, scope))
            case TermRef():
                return self.hits(self.lexicon.terms[node.name].node, scope)
            case _:
                return _inside(self.leaf(node), scope)

    def evidence(self, node: Node, scope: Scope) -> set[tuple[int, int]]:
        """Every stretch of words that a yes rests on; nothing for what does not hold, and nothing from a NOT."""
        match node:
            case Not():
                return set()
            case And():
                return _union(self.evidence(child, scope) for child in node.children)
            case Or():
                return _union(self.evidence(child, scope) for child in node.children if self.holds(child, scope))
            case Field():
                return self.evidence(node.child, self.field(node, scope))
            case TermRef():
                return self.evidence(self.lexicon.terms[node.name].node, scope)
            case Sentence():
                holding = (one for one in self.sentences(node, scope) if self.holds(node.child, one))
                return _union(self.evidence(node.child, one) for one in holding)
            case _:
                return {words for hit in self.hits(node, scope) for words in hit.words}

    def sentences(self, node: Sentence, scope: Scope) -> list[Scope]:
        """The sentences inside `scope` in which something the query needs was found, in order."""
        every = self.reading.sentences
        starts = self.reading.sentence_starts
        found = {bisect_right(starts, start) - 1 for start in self._seeds(node.child, scope)}
        return [every[index].within(scope) for index in sorted(found) if index >= 0]

    def field(self, node: Field, scope: Scope) -> Scope:
        """The part of `scope` that lies in the node's field."""
        return scope.within(self.reading.fields[node.name].scope)

    def entity(self, name: str) -> list[Hit]:
        """Where an entity is named, in order. Inside a longer name of another entity it is not."""
        if self._entities is None:
            self._entities = self._find_entities()
        return self._entities.get(name, [])

    def leaf(self, node: Node) -> list[Hit]:
        """Everything a leaf finds in the document, in order."""
        if isinstance(node, EntityRef):
            return self.entity(node.id)
        known = self._leaves.get(node)
        if known is None:
            known = self._leaves[node] = self._find(node)
        return known

    def shouted_only(self, node: Exact) -> bool:
        """Whether the exact form stands in all-capitals paragraphs and nowhere else."""
        return not self.leaf(node) and bool(self._exact(node))

    def _seeds(self, node: Node, scope: Scope) -> list[int]:
        """Positions one of which lies in every stretch where the node holds: the rarest operand of an AND."""
        match node:
            case And():
                return min((self._seeds(c, scope) for c in node.children if is_anchored(c)), key=len)
            case Or():
                return [at for child in node.children for at in self._seeds(child, scope)]
            case Field():
                return self._seeds(node.child, self.field(node, scope))
            case TermRef():
                return self._seeds(self.lexicon.terms[node.name].node, scope)
            case Sentence():
                return self._seeds(node.child, scope)
            case _:
                return [hit.start for hit in self.hits(node, scope)]

    def _near(self, node: Near, scope: Scope) -> list[Hit]:
        # a match asks three times: does it hold, what are the spans, why
        known = self._pairs.get((node, scope))
        if known is None:
            left = self.hits(node.left, scope)
            right = self.hits(node.right, scope) if left else []
            known = self._pairs[node, scope] = near(left, right, node.distance, node.ordered)
        return known

    def _find(self, node: Node) -> list[Hit]:
        match node:
            case Words():
                return self._phrase(node.pieces)
            case Exact():
                found = self._exact(node)
                calm = [hit for hit in found if not _inside_any(hit, self.reading.shouted)]
                # one exact form in running text confirms those of an all-capitals headline
                return found if calm else []
            case _:
                raise TypeError(f"{type(node).__name__} is no leaf")

    def _exact(self, node: Exact) -> list[Hit]:
        return [hit for hit in self._piece(node.piece) if self.reading.key(hit) == node.key]

    def _phrase(self, pieces: tuple[Piece, ...]) -> list[Hit]:
        found = self._piece(pieces[0])
        for piece in pieces[1:]:
            if not found:
                return []
            found = _side_by_side(found, self._piece(piece))
        return found

    def _piece(self, piece: Piece) -> list[Hit]:
        *front, last = piece.parts
        ending = self.reading.starting_with(last) if piece.prefix else self.reading.places(last)
        found = [self.reading.places(part) for part in front] + [ending]
        parts = found[0]
        for more in found[1:]:
            parts = _side_by_side(parts, more)
        if piece.joined is None:
            return parts
        whole = self.reading.starting_with if piece.prefix else self.reading.places
        return sorted({*parts, *whole(piece.joined)})

    def _find_entities(self) -> dict[str, list[Hit]]:
        named: set[tuple[Hit, str]] = set()
        for term in self.lexicon.by_first_term.keys() & set(self.reading.terms):
            for alias in self.lexicon.by_first_term[term]:
                named.update((hit, alias.entity) for hit in self.leaf(alias.node))
        found: dict[str, list[Hit]] = {}
        for hit, entity in _longest(named):
            found.setdefault(entity, []).append(hit)
        return found


def _longest(named: set[tuple[Hit, str]]) -> list[tuple[Hit, str]]:
    """Without the names that lie inside a longer name of another entity, in order."""
    kept: list[tuple[Hit, str]] = []
    reach: list[tuple[int, int, str]] = []  # (end, length, entity) of names that may still cover others
    for hit, entity in sorted(named, key=lambda one: (one[0].start, -one[0].end, one[1])):
        reach = [one for one in reach if one[0] > hit.start]
        covered = any(
            end >= hit.end and length > hit.end - hit.start and other != entity for end, length, other in reach
        )
        if not covered:
            kept.append((hit, entity))
            reach.append((hit.end, hit.end - hit.start, entity))
    return kept


def _side_by_side(left: list[Hit], right: list[Hit]) -> list[Hit]:
    ends: dict[int, list[int]] = {}
    for hit in right:
        ends.setdefault(hit.start, []).append(hit.end)
    return sorted({Hit(hit.start, end) for hit in left for end in ends.get(hit.end, ())})


def _inside(hits: list[Hit], scope: Scope) -> list[Hit]:
    if not hits:
        return hits
    low = bisect_left(hits, scope.start, key=lambda hit: hit.start)
    high = bisect_left(hits, scope.end, key=lambda hit: hit.start)
    return [hit for hit in hits[low:high] if hit.end <= scope.end]


def _inside_any(hit: Hit, scopes: list[Scope]) -> bool:
    return any(scope.start <= hit.start and hit.end <= scope.end for scope in scopes)


def _union(parts: Iterable[set[tuple[int, int]]]) -> set[tuple[int, int]]:
    return {one for part in parts for one in part}
