"""Answers a query on one document: does it hold, and what was found. Each answer is about a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

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
from monitor.core.rules.patience import ENDLESS
from monitor.core.rules.reading import Hit, Reading, Scope
from monitor.model.article import Document


class Evaluation:
    """One document read by one rule set. Finds of leaves are kept: rules share words, terms and entities."""

    def __init__(self, reading: Reading, lexicon: Lexicon, finds: Finds | None = None) -> None:
        self.reading = reading
        self.lexicon = lexicon
        self.finds = finds or Finds(reading, lexicon)
        self.naming = Naming(reading, self.finds, lexicon, _holding(reading, self.finds, lexicon))
        # By identity: the nodes are those of the rules and terms, which outlive every evaluation.
        self._found: dict[tuple[int, Scope], list[Hit]] = {}
        self._evidence: dict[tuple[int, Scope], Set[tuple[int, int]]] = {}
        self.patience = ENDLESS
        """Asked wherever one query can take long: before a NEAR, before a sentence or paragraph."""
        self._metadata: dict[str, Evaluation] = {}

    def holds(self, node: Node, scope: Scope) -> bool:
        """Whether the query holds inside `scope`; for the article that is `reading.whole`."""
        return _HOLDS[node.__class__](self, node, scope)

    def hits(self, node: Node, scope: Scope) -> list[Hit]:
        """What a node that has a place found inside `scope`, in order: leaves, NEAR, and OR and fields of them."""
        match node:
            case Words() | Exact():
                found = self.finds.of(node)
                return found if scope is self.reading.whole else inside(found, scope)
            case EntityRef():
                return inside(self.naming.entity(node.id), scope)
            case Or():
                return sorted({hit for child in node.children for hit in self.hits(child, scope)})
            case Near() | NotNear():
                return self._near(node, scope)
            case Field():
                return [hit for one in self.stretches(node, scope) for hit in self.hits(node.child, one)]
            case TermRef():
                return self._term(node, scope)
            case _:
                raise TypeError(f"{type(node).__name__} has no place")

    def evidence(self, node: Node, scope: Scope) -> Set[tuple[int, int]]:
        """Every stretch of words that a yes rests on; nothing for what does not hold, and nothing from a NOT."""
        # Each operator shows that of its operands again.
        known = self._evidence.get((id(node), scope))
        if known is None:
            known = self._evidence[id(node), scope] = self._rests_on(node, scope)
        return known

    def _rests_on(self, node: Node, scope: Scope) -> Set[tuple[int, int]]:
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
        known = self._found.get((id(node), scope))
        if known is None:
            known = self._found[id(node), scope] = self._pairs(node, scope)
        return known

    def _pairs(self, node: Near | NotNear, scope: Scope) -> list[Hit]:
        whole = self.reading.whole
        # What is nowhere in the article needs no places.
        if not self.holds(node.left, whole) or (isinstance(node, Near) and not self.holds(node.right, whole)):
            return []
        self.patience.check()
        left = self.hits(node.left, scope)
        right = self.hits(node.right, scope) if left else []
        if isinstance(node, Near):
            return near(left, right, node.distance, node.ordered)
        return not_near(left, right, node.distance)

    def _term(self, node: TermRef, scope: Scope) -> list[Hit]:
        """Many rules use the same terms: what they find in the article is kept."""
        below = self.lexicon.terms[node.name].node
        if scope is not self.reading.whole:
            return self.hits(below, scope)
        known = self._found.get((id(below), scope))
        if known is None:
            known = self._found[id(below), scope] = self.hits(below, scope)
        return known


# No generators in these two: they would take as long as what they ask.
def _all_hold(evaluation: Evaluation, node: And, scope: Scope) -> bool:
    for child in node.children:  # noqa: SIM110
        if not _HOLDS[child.__class__](evaluation, child, scope):
            return False
    return True


def _one_holds(evaluation: Evaluation, node: Or, scope: Scope) -> bool:
    for child in node.children:  # noqa: SIM110
        if _HOLDS[child.__class__](evaluation, child, scope):
            return True
    return False


def _holds_not(evaluation: Evaluation, node: Not, scope: Scope) -> bool:
    return not evaluation.holds(node.child, scope)


def _field_holds(evaluation: Evaluation, node: Field, scope: Scope) -> bool:
    if node.name in METADATA:
        below = evaluation.metadata(node.name)
        return below.holds(node.child, below.reading.whole)
    return any(evaluation.holds(node.child, one) for one in evaluation.stretches(node, scope))


def _term_holds(evaluation: Evaluation, node: TermRef, scope: Scope) -> bool:
    return evaluation.holds(evaluation.lexicon.terms[node.name].node, scope)


def _unit_holds(evaluation: Evaluation, node: Within, scope: Scope) -> bool:
    for one in evaluation.units(node, scope):
        evaluation.patience.check()
        if evaluation.holds(node.child, one):
            return True
    return False


def _often_enough(evaluation: Evaluation, node: AtLeast, scope: Scope) -> bool:
    return len(apart(evaluation.hits(node.child, scope))) >= node.count


def _words_found(evaluation: Evaluation, node: Words, scope: Scope) -> bool:
    word = node.word
    found = word in evaluation.reading.forms if word is not None else evaluation.finds.any(node)
    # Most are not in the article at all.
    return found and (scope is evaluation.reading.whole or bool(inside(evaluation.finds.of(node), scope)))


def _exact_found(evaluation: Evaluation, node: Exact, scope: Scope) -> bool:
    return bool(evaluation.hits(node, scope))


def _has_hits(evaluation: Evaluation, node: Node, scope: Scope) -> bool:
    return bool(evaluation.hits(node, scope))


# A table: a chain of cases takes as long as most of the answers. Each function takes the class it stands under.
_HOLDS: Mapping[type[Node], Callable[[Evaluation, Any, Scope], bool]] = {
    And: _all_hold,
    Or: _one_holds,
    Not: _holds_not,
    Field: _field_holds,
    TermRef: _term_holds,
    Within: _unit_holds,
    AtLeast: _often_enough,
    Words: _words_found,
    Exact: _exact_found,
    EntityRef: _has_hits,
    Near: _has_hits,
    NotNear: _has_hits,
}


def _holding(reading: Reading, finds: Finds, lexicon: Lexicon) -> Callable[[Node], bool]:
    """What answers queries that name no entity. It is another evaluation than the one that asks: one that refers
    to itself would wait for the garbage collector, with thousands of objects.
    """

    def holds(node: Node) -> bool:
        return Evaluation(reading, lexicon, finds).holds(node, reading.whole)

    return holds


def apart(hits: list[Hit]) -> list[Hit]:
    """As many of the hits, in order, as share no word: what ATLEAST counts."""
    found: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.end, -one.start)):
        if not found or hit.start >= found[-1].end:
            found.append(hit)
    return found


def _union(parts: Iterable[Set[tuple[int, int]]]) -> Set[tuple[int, int]]:
    return {one for part in parts for one in part}
