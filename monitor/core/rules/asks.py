"""Which rules ask for which fields: some need what not every document, or not every desk, has."""

from __future__ import annotations

import re
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
    needs. Only the trees of rules that may do so are looked at: others may not have been made yet."""
    below = _Below(ruleset.lexicon, names)
    for rule in ruleset.rules:
        if below.may_ask(rule.query):
            found = below.fields_of(ruleset.node(rule.id))
            if found:
                yield Asking(rule, tuple(dict.fromkeys(found)))


def asks_for(ruleset: RuleSet, name: str, rule: str | None = None) -> bool:
    """Whether any rule, or the one with that id, asks for the field."""
    return any(rule in (None, one.rule.id) for one in asking(ruleset, (name,)))


class _Below:
    """Which terms and entities ask for the fields: they are few, and many rules share them."""

    def __init__(self, lexicon: Lexicon, names: Collection[str]) -> None:
        self._lexicon = lexicon
        self._names = frozenset(names)
        self._terms: dict[str, Sequence[Field]] = {}
        self._entities: dict[str, Sequence[Field]] = {}  # a context names no entity
        self._entities |= {
            id_: found
            for id_, context in lexicon.contexts.items()
            if (found := [field for one in (context.need, context.banned) if one for field in self.fields_of(one)])
        }
        references = ["$" + name for name in lexicon.terms if self._of_term(name)]
        references += ["@" + id_ for id_ in self._entities]
        self._sign = re.compile("|".join(map(re.escape, [*sorted(self._names), *references])), re.IGNORECASE)

    def may_ask(self, query: str) -> bool:
        """Whether a query holds the name of a field, or of what asks for one; cheap, and never wrongly no."""
        return self._sign.search(query) is not None

    def fields_of(self, node: Node) -> list[Field]:
        """Every field asked for by a tree, and by what it refers to."""
        found: list[Field] = []
        for one in walk(node):
            if isinstance(one, Field) and one.name in self._names:
                found.append(one)
            elif isinstance(one, TermRef):
                found += self._of_term(one.name)
            elif isinstance(one, EntityRef):
                found += self._entities.get(one.id, ())
        return found

    def _of_term(self, name: str) -> Sequence[Field]:
        if name not in self._terms:
            self._terms[name] = self.fields_of(self._lexicon.terms[name].node)
        return self._terms[name]
