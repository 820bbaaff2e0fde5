"""All rules of a user, ready to read documents. One bad rule on one document is a value, never a stop."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from functools import cached_property
from hashlib import blake2b
from operator import itemgetter

from monitor.core.rules.compiled import CompiledRule
from monitor.core.rules.effort import MOST_STEPS, TooMuchWork
from monitor.core.rules.evaluate import Evaluation
from monitor.core.rules.explain import Explainer
from monitor.core.rules.index import Index, NoIndex, RuleIndex
from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import Node
from monitor.core.rules.patience import ENDLESS, OutOfPatience, Patience
from monitor.core.rules.reading import Reading
from monitor.core.rules.required import required_terms
from monitor.core.rules.table import Path
from monitor.core.text.normalize import ANALYSER_VERSION
from monitor.model.article import Document, EntityMention
from monitor.model.required import Required
from monitor.model.rule import Entity, Explanation, Match, Rule, RuleFailure, Span

__all__ = ["CompiledRule", "RuleSet"]

_MOST_DEAD = 0.2  # of the rules in a shared index


class RuleSet:
    """Immutable; safe to share between threads. Made by `load_rules`.

    Made `after` another it shares that one's index, so that only rules which are not in both cost anything: they
    must be the very same objects.
    """

    def __init__(
        self,
        compiled: Sequence[CompiledRule],
        lexicon: Lexicon,
        sources: Mapping[str, str] | None = None,
        after: RuleSet | None = None,
        index: Index | None = None,
        meaning: str = "",
        renames: Mapping[str, str] | None = None,
    ) -> None:
        self._compiled = {one.rule.id: one for one in compiled}
        self._ranks = {one: rank for rank, one in enumerate(compiled)}
        self.lexicon = lexicon
        """What `@` and `$` mean in the queries."""
        self.sources = dict(sources or {})
        """The text of each rule file by name: examples report their lines in it."""
        self.renames = dict(renames or {})
        """What rules are called that had another id before, by that."""
        self.rules: tuple[Rule, ...] = tuple(one.rule for one in compiled)
        self.entities: tuple[Entity, ...] = tuple(lexicon.entities.values())
        self.version = _version(self.rules, meaning)
        self.index = index or self._made_after(after)
        """What names the candidates of a document; shared with the sets made after this one."""
        # match() and entities_in() are asked about the same document one after the other
        self._last: tuple[Document, Evaluation, Explainer] | None = None

    def _made_after(self, other: RuleSet | None) -> Index:
        if other is None or not isinstance(other.index, RuleIndex):
            index = RuleIndex(self.lexicon)
            index.add(self._ranks)
            return index
        new = [one for one in self._ranks if one not in other._ranks]
        dead = other.index.size + len(new) - len(self._ranks)
        if dead > _MOST_DEAD * len(self._ranks) or other.lexicon.families is not self.lexicon.families:
            index = RuleIndex(self.lexicon, other.index.frequencies)
            index.add(self._ranks)
            return index
        other.index.add(new, self.lexicon)
        return other.index

    def without_index(self) -> RuleSet:
        """The same rules, each of them evaluated on every document: slow, and beyond doubt."""
        return RuleSet(tuple(self._ranks), self.lexicon, self.sources, index=NoIndex())

    def rule(self, id: str) -> Rule:  # noqa: A002  # the word of the rule files
        """The rule with this id. Raises KeyError."""
        return self._compiled[id].rule

    def has(self, id: str) -> bool:  # noqa: A002  # the word of the rule files
        """Whether there is a rule with this id."""
        return id in self._compiled

    def node(self, id: str) -> Node:  # noqa: A002  # the word of the rule files
        """The tree of a rule's query. Raises KeyError."""
        return self._compiled[id].node

    @property
    def compiled(self) -> tuple[CompiledRule, ...]:
        """All rules with their trees, in file order."""
        return tuple(self._ranks)

    def path(self, id: str) -> Path:  # noqa: A002  # the word of the rule files
        """Where the rule's table stands in its file: `("rules", 3)`. Raises KeyError."""
        return self._compiled[id].path

    def required_terms(self, id: str) -> Required | None:  # noqa: A002  # the word of the rule files
        """What every document that the rule matches holds; None when that is nothing. Raises KeyError."""
        return required_terms(self._compiled[id].node, self.lexicon)

    def match(
        self, document: Document, patience: Patience = ENDLESS, only: Set[str] | None = None
    ) -> tuple[Match | RuleFailure, ...]:
        """Every rule that holds on the document, in file order, and every rule that could not be evaluated.

        Rules that are not finished when `patience` ends are failures, `unfinished`; ask again with their ids in
        `only`, and what was found out so far is still known. Explanations leave out the alternatives of an OR that
        found nothing; `explain` has them all.
        """
        answers: list[tuple[int, Match | RuleFailure]] = []
        ranks = self._ranks
        read: tuple[Evaluation, Explainer] | None = None
        for one in self._candidates(document):
            if only is not None and one.rule.id not in only:
                continue
            answer: Match | RuleFailure | None
            try:
                patience.check()
                read = read or self._read(document)
                read[0].patience = patience
                answer = self._match(one, *read)
            except OutOfPatience:
                why = f"not finished in {patience.limit.total_seconds():g} s"
                answer = RuleFailure(document.id, one.rule.id, why, unfinished=True)
            except TooMuchWork as problem:
                answer = RuleFailure(document.id, one.rule.id, str(problem))
            except Exception as problem:
                why = f"{type(problem).__name__}: {problem}"
                answer = RuleFailure(document.id, one.rule.id, why[:300])
            # Looked up for answers only: the table of ranks is large, and a candidate may be another set's rule.
            if answer and one in ranks:
                answers.append((ranks[one], answer))
        answers.sort(key=itemgetter(0))
        return tuple(answer for _, answer in answers)

    def candidates(self, document: Document) -> tuple[CompiledRule, ...]:
        """The rules that are evaluated on a document, in file order: all that hold are among them."""
        ranks = self._ranks
        return tuple(sorted((one for one in self._candidates(document) if one in ranks), key=ranks.__getitem__))

    def _candidates(self, document: Document) -> Collection[CompiledRule]:
        """The same in any order, with rules of other sets that share the index."""
        try:
            found = self.index.candidates(self._read(document)[0])
        except Exception:
            # Something is wrong with the document: every rule says so by itself.
            return self._ranks
        return self._ranks if found is None else found

    def explain(self, rule_id: str, document: Document) -> Explanation:
        """Why a rule holds on a document or not, operand by operand. Raises KeyError for an unknown rule."""
        node = self._compiled[rule_id].node
        evaluation, _ = self._read(document)
        query, holds = self.rule(rule_id).query, False
        try:
            holds = _holds(evaluation, node)
            evaluation.effort.allow(2 * MOST_STEPS)  # all alternatives are explained
            return Explainer(evaluation).explain(node, evaluation.reading.whole)
        except TooMuchWork as problem:
            return Explanation(query, holds, note=str(problem))

    def holds(self, rule_id: str, document: Document) -> bool:
        """Whether a rule holds on a document, without saying why; what takes too much work does not.

        Raises KeyError for an unknown rule.
        """
        node = self._compiled[rule_id].node
        try:
            return _holds(self._read(document)[0], node)
        except TooMuchWork:
            return False

    def entities_in(self, document: Document) -> tuple[EntityMention, ...]:
        """The entities named in a document, each once, in order of appearance."""
        evaluation, _ = self._read(document)
        evaluation.effort.allow()
        naming, entities, ranks = evaluation.naming, self.lexicon.entities, self._entity_ranks
        first = {id_: found[0] for id_ in ranks.keys() & naming.named if (found := naming.entity(id_))}
        return tuple(
            EntityMention(entities[id_].name, entities[id_].type, id_)
            for id_ in sorted(first, key=lambda id_: (first[id_], ranks[id_]))
        )

    @cached_property
    def _entity_ranks(self) -> Mapping[str, int]:
        return {id_: rank for rank, id_ in enumerate(self.lexicon.entities)}

    def _match(self, one: CompiledRule, evaluation: Evaluation, explainer: Explainer) -> Match | None:
        if not _holds(evaluation, one.node):
            return None
        whole = evaluation.reading.whole
        spans: tuple[Span, ...] = ()
        try:
            evaluation.effort.allow(MOST_STEPS)
            spans = explainer.spans(one.node, whole)
            tree = explainer.tree(one.node, whole)
        except TooMuchWork as problem:  # a match all the same
            tree = Explanation(one.rule.query, True, spans, note=str(problem))
        return Match(evaluation.reading.document.id, one.rule.id, one.rule.version, spans, tree)

    def _read(self, document: Document) -> tuple[Evaluation, Explainer]:
        last = self._last
        if last is not None and last[0] is document:
            return last[1], last[2]
        evaluation = Evaluation(Reading(document), self.lexicon)
        explainer = Explainer(evaluation, full=False)
        self._last = (document, evaluation, explainer)
        return evaluation, explainer


def _holds(evaluation: Evaluation, node: Node) -> bool:
    evaluation.effort.allow(MOST_STEPS)
    return evaluation.holds(node, evaluation.reading.whole)


def _version(rules: Sequence[Rule], meaning: str) -> str:
    # All names, too: which of them an article holds is stored beside its matches.
    digest = blake2b(f"analyser {ANALYSER_VERSION}\0{meaning}".encode(), digest_size=4)
    for rule in sorted(rules, key=lambda one: one.id):
        digest.update(f"\0{rule.id}\0{rule.version}".encode())
    return digest.hexdigest()
