"""All rules of a user, ready to read documents. One bad rule on one document is a value, never a stop."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

from monitor.core.rules.compiled import CompiledRule
from monitor.core.rules.effort import MOST_STEPS, TooMuchWork
from monitor.core.rules.evaluate import Evaluation
from monitor.core.rules.explain import Explainer
from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import Node
from monitor.core.rules.reading import Reading
from monitor.core.rules.required import required_terms
from monitor.core.rules.table import Path
from monitor.core.text.normalize import ANALYSER_VERSION
from monitor.model.article import Document, EntityMention
from monitor.model.required import Required
from monitor.model.rule import Entity, Explanation, Match, Rule, RuleFailure, Span


class RuleSet:
    """Immutable; safe to share between threads. Made by `load_rules`."""

    def __init__(
        self,
        compiled: Sequence[CompiledRule],
        lexicon: Lexicon,
        sources: Mapping[str, str] | None = None,
        *,
        meaning: str = "",
    ) -> None:
        self._compiled = {one.rule.id: one for one in compiled}
        self.lexicon = lexicon
        """What `@` and `$` mean in the queries."""
        self.sources = dict(sources or {})
        """The text of each rule file by name: examples report their lines in it."""
        self.rules: tuple[Rule, ...] = tuple(one.rule for one in compiled)
        self.entities: tuple[Entity, ...] = tuple(lexicon.entities.values())
        self.version = _version(self.rules, meaning)
        # match() and entities_in() are asked about the same document one after the other
        self._last: tuple[Document, Evaluation] | None = None

    @property
    def compiled(self) -> Collection[CompiledRule]:
        """The rules with their trees, in file order."""
        return self._compiled.values()

    def rule(self, id: str) -> Rule:  # noqa: A002  # the word of the rule files
        """The rule with this id. Raises KeyError."""
        return self._compiled[id].rule

    def path(self, id: str) -> Path:  # noqa: A002  # the word of the rule files
        """Where the rule's table stands in its file: `("rules", 3)`. Raises KeyError."""
        return self._compiled[id].path

    def node(self, id: str) -> Node:  # noqa: A002  # the word of the rule files
        """The tree of the rule's query. Raises KeyError."""
        return self._compiled[id].node

    def required_terms(self, id: str) -> Required | None:  # noqa: A002  # the word of the rule files
        """What every document that the rule matches holds; None when that is nothing. Raises KeyError."""
        return required_terms(self._compiled[id].node, self.lexicon)

    def match(self, document: Document) -> tuple[Match | RuleFailure, ...]:
        """Every rule that holds on the document, in file order, and every rule that could not be evaluated.

        Explanations leave out the alternatives of an OR that found nothing; `explain` has them all.
        """
        answers: list[Match | RuleFailure] = []
        for one in self._compiled.values():
            try:
                found = self._match(one, document)
            except TooMuchWork as problem:
                answers.append(RuleFailure(document.id, one.rule.id, str(problem)))
                continue
            except Exception as problem:
                why = f"{type(problem).__name__}: {problem}"
                answers.append(RuleFailure(document.id, one.rule.id, why[:300]))
                continue
            if found:
                answers.append(found)
        return tuple(answers)

    def explain(self, rule_id: str, document: Document) -> Explanation:
        """Why a rule holds on a document or not, operand by operand. Raises KeyError for an unknown rule."""
        node = self._compiled[rule_id].node
        evaluation = self._evaluation(document)
        query, holds = self.rule(rule_id).query, False
        try:
            holds = _holds(evaluation, node)
            with evaluation.effort.at_most(2 * MOST_STEPS):  # all alternatives are explained
                return Explainer(evaluation).explain(node, evaluation.reading.whole)
        except TooMuchWork as problem:
            return Explanation(query, holds, note=str(problem))

    def holds(self, rule_id: str, document: Document) -> bool:
        """Whether a rule holds on a document, without saying why; what takes too much work does not.

        Raises KeyError for an unknown rule.
        """
        try:
            return _holds(self._evaluation(document), self._compiled[rule_id].node)
        except TooMuchWork:
            return False

    def entities_in(self, document: Document) -> tuple[EntityMention, ...]:
        """The entities named in a document, each once, in order of appearance."""
        evaluation = self._evaluation(document)
        first = {entity.id: found[0] for entity in self.entities if (found := evaluation.naming.entity(entity.id))}
        return tuple(
            EntityMention(entity.name, entity.type, entity.id)
            for entity in sorted((e for e in self.entities if e.id in first), key=lambda e: first[e.id])
        )

    def _match(self, one: CompiledRule, document: Document) -> Match | None:
        evaluation = self._evaluation(document)
        if not _holds(evaluation, one.node):
            return None
        explainer = Explainer(evaluation, full=False)
        spans: tuple[Span, ...] = ()
        try:
            with evaluation.effort.at_most(MOST_STEPS):
                spans = explainer.spans(one.node, evaluation.reading.whole)
                tree = explainer.explain(one.node, evaluation.reading.whole)
        except TooMuchWork as problem:  # a match all the same
            tree = Explanation(one.rule.query, True, spans, note=str(problem))
        return Match(document.id, one.rule.id, one.rule.version, spans, tree)

    def _evaluation(self, document: Document) -> Evaluation:
        last = self._last
        if last is not None and last[0] is document:
            return last[1]
        evaluation = Evaluation(Reading(document), self.lexicon)
        self._last = (document, evaluation)
        return evaluation


def _holds(evaluation: Evaluation, node: Node) -> bool:
    with evaluation.effort.at_most(MOST_STEPS):
        return evaluation.holds(node, evaluation.reading.whole)


def _version(rules: Sequence[Rule], meaning: str) -> str:
    # All names, too: which of them an article holds is stored beside its matches.
    digest = blake2b(f"analyser {ANALYSER_VERSION}\0{meaning}".encode(), digest_size=4)
    for rule in sorted(rules, key=lambda one: one.id):
        digest.update(f"\0{rule.id}\0{rule.version}".encode())
    return digest.hexdigest()
