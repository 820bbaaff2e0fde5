"""Answers a query on one document: does it hold, and what was found. Each answer is about a scope."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.rules.effort import Effort
from monitor.core.rules.fields import METADATA, NAMES, metadata_text
from monitor.core.rules.finds import Finds, inside
from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.naming import Naming
from monitor.core.rules.near import near, not_near
from monitor.core.rules.nodes import (
    And,
    AtLeast,
    EntityRef,
    Exact,
    Field,
    Near,
    Node,
    Not,
    NotNear,
    Or,
    TermRef,
    Within,
    Words,
)
from monitor.core.rules.nodes import children as operands
from monitor.core.rules.reading import Hit, Reading, Scope
from monitor.model.article import Document

ENOUGH = 400
"""Stretches of words after which no more are gathered: the spans of a match are the first 200 that are not inside
others. A text that repeats two words ten thousand times is not explained better by all of its pairs."""


class Evaluation:
    """One document read by one rule set. Finds of leaves are kept: rules share words, terms and entities."""

    def __init__(self, reading: Reading, lexicon: Lexicon, effort: Effort | None = None) -> None:
        self.reading = reading
        self.lexicon = lexicon
        self.effort = effort or Effort()
        self.finds = Finds(reading, lexicon)
        self.naming = Naming(reading, self.finds, lexicon, lambda node: self.holds(node, reading.whole))
        self._pairs: dict[tuple[int, Scope], tuple[Node, list[Hit]]] = {}
        self._metadata: dict[str, Evaluation] = {}

    def holds(self, node: Node, scope: Scope) -> bool:
        """Whether the query holds inside `scope`; for the article that is `reading.whole`."""
        match node:
            case And():
                self.effort.spend(len(node.children))
                return all(self.holds(child, scope) for child in node.children)
            case Or():
                self.effort.spend(len(node.children))
                return any(self.holds(child, scope) for child in node.children)
            case Not():
                return not self.holds(node.child, scope)
            case Field() if node.name in METADATA:
                below = self.metadata(node.name)
                return below.holds(node.child, below.reading.whole)
            case Field():
                return any(self.holds(node.child, one) for one in self.stretches(node, scope))
            case TermRef():
                return self.holds(self.lexicon.terms[node.name].node, scope)
            case Within():
                return any(self.holds(node.child, one) for one in self.units(node, scope))
            case AtLeast():
                return len(apart(self.hits(node.child, scope))) >= node.count
            case _:
                return bool(self.hits(node, scope))

    def hits(self, node: Node, scope: Scope) -> list[Hit]:
        """What a node that has a place found inside `scope`, in order: leaves, NEAR, and OR and fields of them."""
        match node:
            case Or():
                found = {hit for child in node.children for hit in self.hits(child, scope)}
                self.effort.spend(len(node.children) + len(found))
                return sorted(found)
            case Near() | NotNear():
                return self._near(node, scope)
            case Field():
                return [hit for one in self.stretches(node, scope) for hit in self.hits(node.child, one)]
            case TermRef():
                return self.hits(self.lexicon.terms[node.name].node, scope)
            case EntityRef():
                return inside(self.naming.entity(node.id), scope)
            case Words() | Exact():
                return inside(self.finds.of(node), scope)
            case _:
                raise TypeError(f"{type(node).__name__} has no place")

    def evidence(self, node: Node, scope: Scope) -> set[tuple[int, int]]:
        """The stretches of words that a yes rests on, the first ENOUGH of each operand; nothing from a NOT."""
        match node:
            case Not():
                return set()
            case And():
                return {one for child in node.children for one in self.evidence(child, scope)}
            case Or():
                holding = (child for child in node.children if self.holds(child, scope))
                return {one for child in holding for one in self.evidence(child, scope)}
            case Field() if node.name in METADATA:
                return set()
            case Field():
                return self._evidence_in(node.child, self.stretches(node, scope))
            case TermRef():
                return self.evidence(self.lexicon.terms[node.name].node, scope)
            case Within():
                return self._evidence_in(node.child, self.units(node, scope))
            case _:
                found = first_words(self.hits(node.child if isinstance(node, AtLeast) else node, scope))
                self.effort.spend(len(found))
                return found

    def _evidence_in(self, node: Node, scopes: Iterable[Scope]) -> set[tuple[int, int]]:
        found: set[tuple[int, int]] = set()
        for one in scopes:
            if len(found) >= ENOUGH:
                break
            if self.holds(node, one):
                found |= self.evidence(node, one)
        return found

    def units(self, node: Within, scope: Scope) -> list[Scope]:
        """The sentences or paragraphs inside `scope` in which something the query needs was found, in order."""
        seeds = self._seeds(node.child, scope)
        if seeds is None:
            every = self.reading.units(node.unit)
            self.effort.spend(len(every))
            return [one.within(scope) for one in every]
        self.effort.spend(len(seeds))
        found = {one for start in seeds if (one := self.reading.unit_at(node.unit, start))}
        return [one.within(scope) for one in sorted(found)]

    def stretches(self, node: Field, scope: Scope) -> list[Scope]:
        """The parts of `scope` in which a field of the text lies: one of a title, as many as there are names."""
        if node.name in NAMES:
            return [
                one for one in self.naming.labelled(node.name) if scope.start <= one.start and one.end <= scope.end
            ]
        return [scope.within(self.reading.field(node.name))]

    def metadata(self, field: str) -> Evaluation:
        """What is known of the article, in one of METADATA, read as a text of its own."""
        known = self._metadata.get(field)
        if known is None:
            document = self.reading.document
            words = Document(document.id, metadata_text(document, field))
            known = self._metadata[field] = Evaluation(Reading(words), self.lexicon, self.effort)
        return known

    def _seeds(self, node: Node, scope: Scope) -> list[int] | None:
        """Positions one of which lies in every stretch where the node holds: the rarest operand of an AND or NEAR.

        None where a stretch without any may do. What is found in a stretch and not in all of `scope` (a NOT NEAR
        whose right side stands in the next sentence) must not be asked for in `scope`.
        """
        match node:
            case And() | Near():
                every = [self._seeds(child, scope) for child in operands(node)]
                found = [seeds for seeds in every if seeds is not None]
                return min(found, key=len) if found else None
            case Or():
                every = [self._seeds(child, scope) for child in node.children]
                return None if None in every else [at for seeds in every if seeds for at in seeds]
            case Not():
                return None
            case Field() if node.name in METADATA:
                return None
            case Field():
                parts = [self._seeds(node.child, one) for one in self.stretches(node, scope)]
                return None if None in parts else [at for seeds in parts if seeds for at in seeds]
            case TermRef():
                return self._seeds(self.lexicon.terms[node.name].node, scope)
            case Within() | AtLeast():
                return self._seeds(node.child, scope)
            case NotNear():
                return self._seeds(node.left, scope)
            case _:
                return [hit.start for hit in self.hits(node, scope)]

    def _near(self, node: Near | NotNear, scope: Scope) -> list[Hit]:
        # A match asks three times: does it hold, what are the spans, why. Kept by identity, since the hash of a
        # node takes in all that is under it; the node beside its pairs keeps its id from being given away.
        known = self._pairs.get((id(node), scope))
        if known is None:
            left = self.hits(node.left, scope)
            right = self.hits(node.right, scope) if left else []
            pairs = (
                near(left, right, node.distance, node.ordered)
                if isinstance(node, Near)
                else not_near(left, right, node.distance)
            )
            self.effort.spend(3 * len(left) + len(right) + 2 * len(pairs))  # a pair takes as long as some operands
            known = self._pairs[id(node), scope] = (node, pairs)
        return known[1]


def apart(hits: list[Hit]) -> list[Hit]:
    """As many of the hits, in order, as share no word: what ATLEAST counts."""
    found: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.end, -one.start)):
        if not found or hit.start >= found[-1].end:
            found.append(hit)
    return found


def first_words(hits: Iterable[Hit]) -> set[tuple[int, int]]:
    """The words of the first hits, ENOUGH of them or a few more."""
    found: set[tuple[int, int]] = set()
    for hit in hits:
        if len(found) >= ENOUGH:
            break
        if hit.pair is None:
            found.add((hit.start, hit.end))
        else:
            found.update(hit.words)
    return found
