"""Says why a query holds on a document or not: operand by operand, with what was found and what was missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from itertools import pairwise

from monitor.core.rules.evaluate import Evaluation, apart, first_words
from monitor.core.rules.fields import METADATA, NAMES
from monitor.core.rules.finds import inside
from monitor.core.rules.naming import Way
from monitor.core.rules.near import near
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
    Unit,
    Within,
    Words,
)
from monitor.core.rules.reading import Hit, Scope
from monitor.model.rule import Explanation, Span

MAX_SPANS = 200
"""Spans kept of one match; a text that repeats a word ten thousand times is explained as well by the first."""

_MOST_OF_AN_OPERAND = 10
_MOST_IN_A_TREE = 200
"""Spans kept in the operands of a match's tree, beside those of the match; beyond it one an operand. The tree is
stored with every match: one long story that fired 500 rules took 27 MB."""

_FIELD_ORDER = {"title": 0, "summary": 1, "body": 2}
_LONGEST_QUOTE = 160
_POSSESSIVE = re.compile(r"['’]s\Z")


class Explainer:
    """Explanations for one document. With `full`, alternatives that found nothing are listed too."""

    def __init__(self, evaluation: Evaluation, full: bool = True) -> None:
        self._evaluation = evaluation
        self._full = full
        # By identity: many rules share words, and the rules outlive the explainer.
        self._leaves: dict[tuple[int, Scope], Explanation] = {}
        self._room = _MOST_IN_A_TREE

    def spans(self, node: Node, scope: Scope) -> tuple[Span, ...]:
        """What a query that holds found, in order of reading, without spans inside longer ones."""
        return self._cut_out(self._evaluation.evidence(node, scope), MAX_SPANS)

    def tree(self, node: Node, scope: Scope) -> Explanation:
        """The explanation of one match, with room for as many spans as one may have."""
        self._room = _MOST_IN_A_TREE
        return self.explain(node, scope)

    def explain(self, node: Node, scope: Scope) -> Explanation:
        """The tree of one operand. Operators are named by themselves, leaves by what the user wrote."""
        match node:
            case And():
                return self._operator("AND", node, node.children, scope)
            case Or():
                return self._any_of(node, scope)
            case Not():
                child = self._banned(node.child, scope)
                note = f"{'present' if child.holds else 'absent'}: {_written(node.child)}"
                return Explanation("NOT", not child.holds, (), (child,), note)
            case Field() if node.name in METADATA:
                return self._metadata(node)
            case Field():
                return self._field(node, scope)
            case TermRef():
                term = self._evaluation.lexicon.terms[node.name]
                below = self.explain(term.node, scope)
                return Explanation(_written(node), below.holds, below.spans, (below,))
            case Within():
                return self._within(node, scope)
            case AtLeast():
                return self._at_least(node, scope)
            case Near():
                return self._near(node, scope)
            case NotNear():
                return self._not_near(node, scope)
            case _:
                return self._leaf(node, scope)

    def _operator(self, name: str, node: Node, operands: Iterable[Node], scope: Scope) -> Explanation:
        holds = self._evaluation.holds(node, scope)
        below = tuple(self.explain(child, scope) for child in operands)
        return Explanation(name, holds, self._spans(node, scope) if holds else (), below)

    def _any_of(self, node: Or, scope: Scope) -> Explanation:
        holds = self._evaluation.holds
        if self._full or not holds(node, scope):
            return self._operator("OR", node, node.children, scope)
        return self._operator("OR", node, (child for child in node.children if holds(child, scope)), scope)

    def _banned(self, node: Node, scope: Scope) -> Explanation:
        """What must not be there: where it is not, and only what was found is asked for, no word on its parts."""
        if self._full or self._evaluation.holds(node, scope):
            return self.explain(node, scope)
        return Explanation(_written(node), False, note=f"absent: {_written(node)}")

    def _field(self, node: Field, scope: Scope) -> Explanation:
        evaluation = self._evaluation
        parts = evaluation.stretches(node, scope)
        holding = next((one for one in parts if evaluation.holds(node.child, one)), None)
        name = f"{node.name}:"
        if holding is not None:
            return Explanation(name, True, self._spans(node, scope), (self.explain(node.child, holding),))
        if node.name not in NAMES:
            return Explanation(name, False, (), tuple(self.explain(node.child, one) for one in parts))
        below = self.explain(node.child, scope)
        who = {"person": "of a person", "org": "of an organisation", "place": "of a place"}[node.name]
        return Explanation(name, False, (), (below,), f"in the text, but in no name {who}" if below.holds else "")

    def _metadata(self, node: Field) -> Explanation:
        """Offsets into what is no text would mislead: the words found stand in the note."""
        evaluation = self._evaluation.metadata(node.name)
        below = Explainer(evaluation, self._full).explain(node.child, evaluation.reading.whole)
        said = evaluation.reading.document.title
        note = f"it is {_quoted(said)}" if said else "nothing is known of it"
        return Explanation(f"{node.name}:", below.holds, (), (_without_spans(below),), note)

    def _within(self, node: Within, scope: Scope) -> Explanation:
        evaluation = self._evaluation
        units = evaluation.units(node, scope)
        holding = next((one for one in units if evaluation.holds(node.child, one)), None)
        if holding is None:
            child = self.explain(node.child, scope)
            unit = "sentence" if node.unit is Unit.SENTENCE else "paragraph"
            note = f"all of it is there, but never in one {unit}" if child.holds else ""
            return Explanation(node.unit, False, (), (child,), note)
        text = evaluation.reading.span(holding.start, holding.end).text
        spans = self._spans(node, scope)
        return Explanation(node.unit, True, spans, (self.explain(node.child, holding),), f"in {_quoted(text)}")

    def _at_least(self, node: AtLeast, scope: Scope) -> Explanation:
        holds = self._evaluation.holds(node, scope)
        times = len(apart(self._evaluation.hits(node.child, scope)))
        spans = self._spans(node, scope) if holds else ()
        below = (self.explain(node.child, scope),)
        return Explanation(
            f"ATLEAST({node.count})", holds, spans, below, "found once" if times == 1 else f"found {times:,} times"
        )

    def _near(self, node: Near, scope: Scope) -> Explanation:
        found = self._evaluation.hits(node, scope)
        if not found:
            below = (self.explain(node.left, scope), self.explain(node.right, scope))
            return Explanation(node.operator, False, (), below, self._how_far(node, scope))
        window = min(found, key=lambda hit: (hit.end - hit.start, hit.start))
        inner = Scope(window.start, window.end)
        text = self._evaluation.reading.span(*inner).text
        words = first_words(found)
        below = (self.explain(node.left, inner), self.explain(node.right, inner))
        return Explanation(node.operator, True, self._kept(words), below, f"in {_quoted(text)}")

    def _not_near(self, node: NotNear, scope: Scope) -> Explanation:
        evaluation = self._evaluation
        alone = evaluation.hits(node, scope)
        left, right = self.explain(node.left, scope), self._banned(node.right, scope)
        if alone:
            words = first_words(alone)
            note = f"not near: {_written(node.right)}" if right.holds else f"absent: {_written(node.right)}"
            return Explanation(node.operator, True, self._kept(words), (left, right), note)
        if not left.holds:
            return Explanation(node.operator, False, (), (left, right))
        close = near(evaluation.hits(node.left, scope), evaluation.hits(node.right, scope), node.distance, False)
        text = evaluation.reading.span(close[0].start, close[0].end).text
        return Explanation(node.operator, False, (), (left, right), f"always near it: {_quoted(text)}")

    def _how_far(self, node: Near, scope: Scope) -> str:
        left, right = self._evaluation.hits(node.left, scope), self._evaluation.hits(node.right, scope)
        anywhere = near(left, right, scope.end - scope.start, False)
        if not anywhere:
            return ""
        if near(left, right, node.distance, False):
            return f"only the other way round: {_written(node.right)} before {_written(node.left)}"
        gap = min(_gap(hit) for hit in anywhere)
        return f"closest: {gap:,} words between" if gap < scope.end else ""

    def _leaf(self, node: Node, scope: Scope) -> Explanation:
        known = self._leaves.get((id(node), scope))
        if known is None:
            known = self._leaves[id(node), scope] = self._explained(node, scope)
        return known

    def _explained(self, node: Node, scope: Scope) -> Explanation:
        found = self._evaluation.hits(node, scope)
        if not found:
            return Explanation(_written(node), False, note=self._why_absent(node, scope))
        spans = self._kept(first_words(found))
        note = ""
        if isinstance(node, EntityRef):
            note = self._how_named(node.id, found)
        return Explanation(_written(node), True, spans, (), note)

    def _how_named(self, entity: str, found: list[Hit]) -> str:
        """What names the entity, the first full name before a part; "" when it is its own name."""
        naming = self._evaluation.naming
        ways = {hit: naming.way(entity, hit) for hit in found}
        first = min(found, key=lambda hit: ((ways[hit] or (None,))[0] is Way.PART, hit))
        spelling = _POSSESSIVE.sub("", self._evaluation.reading.span(first.start, first.end).text)
        match ways[first]:
            case (Way.VARIANT, str(name)):
                return f"by its variant {_quoted(spelling)} of {_quoted(name)}"
            case (Way.PART, str(name)):
                return f"by {_quoted(spelling)}, part of its name {_quoted(name)}"
            case _:
                own = self._evaluation.lexicon.entities[entity].name
                return "" if spelling.casefold() == own.casefold() else f"by its spelling {_quoted(spelling)}"

    def _why_absent(self, node: Node, scope: Scope) -> str:
        evaluation = self._evaluation
        if isinstance(node, Exact) and evaluation.finds.shouted_only(node):
            return "only where everything is in capitals"
        if isinstance(node, EntityRef):
            named = inside(evaluation.naming.written(node.id), scope)
            if named and (key := evaluation.naming.out_of_context(node.id)):
                text = evaluation.reading.span(named[0].start, named[0].end).text
                entity = evaluation.lexicon.entities[node.id]
                if key == "need":
                    return f"{_quoted(text)} is there, but not what it needs: {_short(entity.need)}"
                return f"{_quoted(text)} is there, but so is what rules it out: {_short(entity.banned)}"
        if isinstance(node, EntityRef | Exact | Words) and (
            evaluation.hits(node, evaluation.reading.whole) and scope != evaluation.reading.whole
        ):
            return f"elsewhere in the article: {_written(node)}"
        return f"absent: {_written(node)}"

    def _spans(self, node: Node, scope: Scope) -> tuple[Span, ...]:
        return self._kept(self._evaluation.evidence(node, scope))

    def _kept(self, words: Set[tuple[int, int]]) -> tuple[Span, ...]:
        """The spans of one operand of the tree, as many as there is room for."""
        room = MAX_SPANS if self._full else max(1, min(_MOST_OF_AN_OPERAND, self._room))
        spans = self._cut_out(words, room)
        self._room -= len(spans)
        return spans

    def _cut_out(self, words: Set[tuple[int, int]], most: int) -> tuple[Span, ...]:
        if len(words) == 1:
            return tuple(self._evaluation.reading.span(*word) for word in words)
        kept: list[tuple[int, int]] = []
        for start, end in sorted(words):
            if kept and start == kept[-1][0]:
                kept[-1] = (start, end)  # the longer one comes later
            elif len(kept) == most:
                break
            elif not kept or end > kept[-1][1]:
                kept.append((start, end))
        spans = (self._evaluation.reading.span(start, end) for start, end in kept)
        return tuple(sorted(spans, key=lambda span: (_FIELD_ORDER[span.field], span.start)))


def _without_spans(one: Explanation) -> Explanation:
    return Explanation(one.node, one.holds, (), tuple(map(_without_spans, one.children)), one.note)


def _gap(hit: Hit) -> int:
    """The widest empty stretch between the words of a pair."""
    words = hit.words
    return max((right[0] - left[1] for left, right in pairwise(words)), default=0)


def _quoted(text: str) -> str:
    return f'"{_short(text)}"'


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"


def _written(node: Node) -> str:
    """The operand as written, on one line."""
    return " ".join(node.source.split())
