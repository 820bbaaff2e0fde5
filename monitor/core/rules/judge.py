"""Whether a query among its names is sound, and what is wrong or doubtful about it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from monitor.core.rules.errors import QueryInvalid, caret
from monitor.core.rules.fields import NAMES
from monitor.core.rules.lints import reach_lints
from monitor.core.rules.nodes import EntityRef, Field, Node, TermRef, walk
from monitor.core.rules.parser import parse_with_lints
from monitor.core.rules.soundness import Unsound, check, references
from monitor.core.text.families import Families
from monitor.model.problem import Gravity


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a query, and the lines to show for it."""

    message: str
    gravity: Gravity
    context: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: QueryInvalid, gravity: Gravity = Gravity.ERROR) -> Fault:
        """The fault that an error of the parser or a lint tells."""
        return cls(error.message, gravity, error.context)


@dataclass(slots=True)
class Names:
    """What queries may refer to: `terms` are all that are written, `nodes` the sound ones."""

    entities: Collection[str]
    terms: Mapping[str, str]
    families: Families
    nodes: dict[str, Node] = field(default_factory=dict)
    # Names that are written down but did not load: who refers to them is not told that they are unknown.
    broken: set[str] = field(default_factory=set)

    def judge(self, query: str, *, is_term: bool = False) -> tuple[Node | None, tuple[Fault, ...]]:
        """The tree of a query, None when it cannot work, and its faults."""
        node, faults = self.parsed(query)
        if node is None:
            return None, faults
        wrong = self._unsound(query, node, is_term)
        return (node, faults) if wrong is None else (None, (*faults, wrong))

    def judge_context(self, query: str) -> tuple[Node | None, tuple[Fault, ...]]:
        """The same of the `need` or `not` of an entity."""
        node, faults = self.judge(query, is_term=True)
        if node is None or not self._asks_who_is_named(node):
            return node, faults
        # It would have to be known who is named before it is known who is named.
        fields = f"{', '.join(f'{name}:' for name in NAMES[:-1])} or {NAMES[-1]}:"
        advice = f"speaks of words only: it cannot use an @entity, nor {fields}, not through a $term either"
        return None, (*faults, Fault(advice, Gravity.ERROR))

    def parsed(self, query: str) -> tuple[Node | None, tuple[Fault, ...]]:
        """The tree of a query whose names are known; nothing is said of whether it can work."""
        try:
            node, lints = parse_with_lints(query)
        except QueryInvalid as error:
            return None, (Fault.of(error),)
        lints = (*lints, *reach_lints(query, node, self.families)) if "~" in query or "*" in query else lints
        faults = [Fault.of(lint, Gravity.WARNING) for lint in lints]
        unknown = list(self._unknown(query, node)) if "@" in query or "$" in query else []
        return None if unknown else node, (*faults, *map(Fault.of, unknown))

    def read_terms(self) -> Iterator[tuple[str, tuple[Fault, ...]]]:
        """Fills `nodes` and `broken` from `terms`; the faults of each term."""
        parsed: dict[str, Node] = {}
        for name, query in self.terms.items():
            node, faults = self.parsed(query)
            if node is None:
                self.broken.add(f"${name}")
            else:
                parsed[name] = node
            yield name, faults
        order, circles = _in_order(parsed)
        for circle in circles:
            path = " → ".join(f"${name}" for name in reversed(circle))
            for name in set(circle):
                self.broken.add(f"${name}")
                yield name, (Fault(f"refers to itself: {path}", Gravity.ERROR),)
        for name in order:
            wrong = self._unsound(self.terms[name], parsed[name], True)
            if wrong is None:
                self.nodes[name] = parsed[name]
            else:
                self.broken.add(f"${name}")
                yield name, (wrong,)

    def _unknown(self, query: str, node: Node) -> Iterator[QueryInvalid]:
        for one in walk(node):
            known: Collection[str]
            match one:
                case EntityRef():
                    what, sign, name, known = "entity", "@", one.id, self.entities
                case TermRef():
                    what, sign, name, known = "term", "$", one.name, self.terms
                case _:
                    continue
            if name not in known and f"{sign}{name}" not in self.broken:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {sign}{near[0]}?" if near else ""
                message = f"unknown {what} {sign}{name}{hint}"
                yield QueryInvalid(message, query, one.at, one.at + len(one.source))

    def _unsound(self, query: str, node: Node, is_term: bool) -> Fault | None:
        if self.broken and (broken := self._broken_in(node)):
            return Fault(f"refers to {', '.join(broken)}, which did not load", Gravity.ERROR)
        try:
            check(node, self.nodes, is_term)
        except Unsound as error:
            blamed = error.node
            context = caret(query, blamed.at, blamed.at + len(blamed.source))
            return Fault(error.message, Gravity.ERROR, context)
        return None

    def _asks_who_is_named(self, node: Node) -> bool:
        entities, terms = references(node)
        return (
            bool(entities)
            or any(isinstance(one, Field) and one.name in NAMES for one in walk(node))
            or any(self._asks_who_is_named(self.nodes[name]) for name in terms)
        )

    def _broken_in(self, node: Node) -> Sequence[str]:
        entities, names = references(node)
        return sorted(({f"@{name}" for name in entities} | {f"${name}" for name in names}) & self.broken)


def _in_order(nodes: Mapping[str, Node]) -> tuple[list[str], list[list[str]]]:
    """Names of terms with those referred to first, and the circles, whose terms are left out."""
    graph = {name: references(node)[1] & nodes.keys() for name, node in nodes.items()}
    circles: list[list[str]] = []
    while True:
        try:
            return [name for name in TopologicalSorter(graph).static_order() if name in graph], circles
        except CycleError as error:
            circles.append(error.args[1])
            for name in set(circles[-1]):
                graph.pop(name, None)
            graph = {name: wanted & graph.keys() for name, wanted in graph.items()}
