"""Which rules ask for which fields: some need what not every document, or not every desk, has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import EntityRef, Field, Node, TermRef, walk
from monitor.core.rules.ruleset import RuleSet
from monitor.model.rule import Rule


@dataclass(frozen=True, slots=True)
class Asking:
    """A rule and every `field:…` in its query that asks for one of the fields looked for."""

    rule: Rule
    fields: tuple[Field, ...]


def asking(ruleset: RuleSet, names: Collection[str]) -> Iterator[Asking]:
    """The rules that ask for one of these fields, in file order: themselves, in a `$term`, or in what an entity
    needs."""
    below = _Below(ruleset.lexicon, frozenset(names))
    for rule in ruleset.rules:
        found = below.fields_of(ruleset.node(rule.id))
        if found:
            yield Asking(rule, tuple(dict.fromkeys(found)))


def asks_for(ruleset: RuleSet, name: str) -> bool:
    """Whether any rule asks for the field."""
    return next(asking(ruleset, (name,)), None) is not None


class _Below:
    """Keeps what terms and entities ask for: many rules share them."""

    def __init__(self, lexicon: Lexicon, names: frozenset[str]) -> None:
        self._lexicon = lexicon
        self._names = names
        self._known: dict[tuple[type[Node], str], Sequence[Field]] = {}

    def fields_of(self, node: Node) -> list[Field]:
        found: list[Field] = []
        for one in walk(node):
            if isinstance(one, Field) and one.name in self._names:
                found.append(one)
            elif isinstance(one, TermRef):
                found += self._reference(one, one.name)
            elif isinstance(one, EntityRef):
                found += self._reference(one, one.id)
        return found

    def _reference(self, node: TermRef | EntityRef, name: str) -> Sequence[Field]:
        key = (type(node), name)
        if key not in self._known:
            self._known[key] = ()  # a context may name its own entity: nothing more comes of it
            self._known[key] = [field for one in self._meant(node) for field in self.fields_of(one)]
        return self._known[key]

    def _meant(self, node: TermRef | EntityRef) -> Iterator[Node]:
        if isinstance(node, TermRef):
            yield self._lexicon.terms[node.name].node
            return
        context = self._lexicon.contexts.get(node.id)
        if context is not None:
            yield from (one for one in (context.need, context.banned) if one is not None)
