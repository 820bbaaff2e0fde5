"""Answers a query on one document: does it hold, and what was found. Each answer is about a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

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
from monitor.core.rules.patience import ENDLESS
from monitor.core.rules.reading import Hit, Reading, Scope
from monitor.model.article import Document

ENOUGH = 400
"""Stretches of words after which no more are gathered: the spans of a match are the first 200 that are not inside
others. A text that repeats two words ten thousand times is not explained better by all of its pairs."""

_FEW = 3  # stretches to look into, so few that it does not pay to ask where another operand is rarer


class Evaluation:
    """One document read by one rule set. Finds of leaves are kept: rules share words, terms and entities."""

    def __init__(
        self, reading: Reading, lexicon: Lexicon, finds: Finds | None = None, effort: Effort | None = None
    ) -> None:
        self.reading = reading
        self.lexicon = lexicon
        self.effort = effort or Effort()
        self.finds = finds or Finds(reading, lexicon)
        self.naming = Naming(reading, self.finds, lexicon, _holding(reading, self.finds, lexicon, self.effort))
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
                either = {hit for child in node.children for hit in self.hits(child, scope)}
                self.effort.spend(len(node.children) + len(either))
                return sorted(either)
            case Near() | NotNear():
                return self._near(node, scope)
            case Field():
                return [hit for one in self.stretches(node, scope) for hit in self.hits(node.child, one)]
            case TermRef():
                return self._term(node, scope)
            case _:
                raise TypeError(f"{type(node).__name__} has no place")

    def evidence(self, node: Node, scope: Scope) -> Set[tuple[int, int]]:
        """The stretches of words that a yes rests on, the first ENOUGH of each operand; nothing from a NOT."""
        # Each operator shows that of its operands again.
        known = self._evidence.get((id(node), scope))
        if known is None:
            known = self._evidence[id(node), scope] = self._rests_on(node, scope)
        self.effort.spend(len(known))
        return known

    def _rests_on(self, node: Node, scope: Scope) -> Set[tuple[int, int]]:
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
            known = self._metadata[field] = Evaluation(Reading(words), self.lexicon, effort=self.effort)
        return known

    def _seeds(self, node: Node, scope: Scope) -> list[int] | None:
        """Positions one of which lies in every stretch where the node holds: the rarest operand of an AND or NEAR.

        None where a stretch without any may do. What is found in a stretch and not in all of `scope` (a NOT NEAR
        whose right side stands in the next sentence) must not be asked for in `scope`.
        """
        match node:
            case And() | Near():
                found: list[int] | None = None
                for child in operands(node):
                    seeds = self._seeds(child, scope)
                    if seeds is not None and (found is None or len(seeds) < len(found)):
                        found = seeds
                    if found is not None and len(found) <= _FEW:
                        break
                return found
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
        # a match asks three times: does it hold, what are the spans, why
        known = self._found.get((id(node), scope))
        if known is None:
            known = self._found[id(node), scope] = self._pairs(node, scope)
        return known

    def _pairs(self, node: Near | NotNear, scope: Scope) -> list[Hit]:
        # What is nowhere in the article needs no places.
        if not self._anywhere(node):
            return []
        self.patience.check()
        left = self.hits(node.left, scope)
        right = self.hits(node.right, scope) if left else []
        if isinstance(node, Near):
            pairs = near(left, right, node.distance, node.ordered)
        else:
            pairs = not_near(left, right, node.distance)
        self.effort.spend(3 * len(left) + len(right) + 2 * len(pairs))  # a pair takes as long as some operands
        return pairs

    def _anywhere(self, node: Node) -> bool:
        """Whether the words of a node are in the article at all, so that it may be found in some part of it.

        A NOT NEAR may hold in one sentence and not in the article, where its right side stands next to it.
        """
        match node:
            case Near():
                return self._anywhere(node.left) and self._anywhere(node.right)
            case NotNear():
                return self._anywhere(node.left)
            case Or():
                return any(self._anywhere(child) for child in node.children)
            case TermRef():
                return self._anywhere(self.lexicon.terms[node.name].node)
            case Field():
                return self._anywhere(node.child)
            case _:
                return self.holds(node, self.reading.whole)

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
        evaluation.effort.spend(1 + len(operands(node.child)))
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


def _holding(reading: Reading, finds: Finds, lexicon: Lexicon, effort: Effort) -> Callable[[Node], bool]:
    """What answers queries that name no entity. It is another evaluation than the one that asks: one that refers
    to itself would wait for the garbage collector, with thousands of objects.
    """

    def holds(node: Node) -> bool:
        return Evaluation(reading, lexicon, finds, effort).holds(node, reading.whole)

    return holds


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
