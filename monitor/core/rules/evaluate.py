"""Answers a query on one document: does it hold, and what was found. Each answer is about a scope."""

from __future__ import annotations

from collections.abc import Iterable

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
from monitor.core.rules.reading import Hit, Reading, Scope
from monitor.model.article import Document


class Evaluation:
    """One document read by one rule set. Finds of leaves are kept: rules share words, terms and entities."""

    def __init__(self, reading: Reading, lexicon: Lexicon) -> None:
        self.reading = reading
        self.lexicon = lexicon
        self.finds = Finds(reading, lexicon)
        self.naming = Naming(reading, self.finds, lexicon, lambda node: self.holds(node, reading.whole))
        self._pairs: dict[tuple[Node, Scope], list[Hit]] = {}
        self._metadata: dict[str, Evaluation] = {}

    def holds(self, node: Node, scope: Scope) -> bool:
        """Whether the query holds inside `scope`; for the article that is `reading.whole`."""
        match node:
            case And():
                return all(self.holds(child, scope) for child in node.children)
            case Or():
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
                return sorted({hit for child in node.children for hit in self.hits(child, scope)})
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
        """Every stretch of words that a yes rests on; nothing for what does not hold, and nothing from a NOT."""
        match node:
            case Not():
                return set()
            case And():
                return _union(self.evidence(child, scope) for child in node.children)
            case Or():
                return _union(self.evidence(child, scope) for child in node.children if self.holds(child, scope))
            case Field() if node.name in METADATA:
                return set()
            case Field():
                holding = (one for one in self.stretches(node, scope) if self.holds(node.child, one))
                return _union(self.evidence(node.child, one) for one in holding)
            case TermRef():
                return self.evidence(self.lexicon.terms[node.name].node, scope)
            case Within():
                holding = (one for one in self.units(node, scope) if self.holds(node.child, one))
                return _union(self.evidence(node.child, one) for one in holding)
            case AtLeast():
                return {words for hit in self.hits(node.child, scope) for words in hit.words}
            case _:
                return {words for hit in self.hits(node, scope) for words in hit.words}

    def units(self, node: Within, scope: Scope) -> list[Scope]:
        """The sentences or paragraphs inside `scope` in which something the query needs was found, in order."""
        seeds = self._seeds(node.child, scope)
        if seeds is None:
            return [one.within(scope) for one in self.reading.units(node.unit)]
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
            known = self._metadata[field] = Evaluation(Reading(words), self.lexicon)
        return known

    def _seeds(self, node: Node, scope: Scope) -> list[int] | None:
        """Positions one of which lies in every stretch where the node holds: the rarest operand of an AND.

        None where a stretch without any may do.
        """
        match node:
            case And():
                found = [seeds for child in node.children if (seeds := self._seeds(child, scope)) is not None]
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
            case _:
                return [hit.start for hit in self.hits(node, scope)]

    def _near(self, node: Near | NotNear, scope: Scope) -> list[Hit]:
        # a match asks three times: does it hold, what are the spans, why
        known = self._pairs.get((node, scope))
        if known is None:
            left = self.hits(node.left, scope)
            right = self.hits(node.right, scope) if left else []
            known = self._pairs[node, scope] = (
                near(left, right, node.distance, node.ordered)
                if isinstance(node, Near)
                else not_near(left, right, node.distance)
            )
        return known


def apart(hits: list[Hit]) -> list[Hit]:
    """As many of the hits, in order, as share no word: what ATLEAST counts."""
    found: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.end, -one.start)):
        if not found or hit.start >= found[-1].end:
            found.append(hit)
    return found


def _union(parts: Iterable[set[tuple[int, int]]]) -> set[tuple[int, int]]:
    return {one for part in parts for one in part}
