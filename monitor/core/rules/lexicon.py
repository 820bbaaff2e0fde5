"""What the names in a query stand for: `@entity` and `$term`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from monitor.core.rules.nodes import (
    And,
    EntityRef,
    Exact,
    Field,
    Near,
    Node,
    Not,
    Or,
    Sentence,
    TermRef,
    Words,
    walk,
)
from monitor.core.rules.nodes import children as operands
from monitor.core.rules.parser import MAX_DEPTH
from monitor.model.errors import MonitorError
from monitor.model.rule import Entity

MAX_SIZE = 20_000
"""Operands of one query with its terms written out."""


@dataclass(frozen=True, slots=True)
class Term:
    """A reusable part of queries."""

    name: str
    query: str
    node: Node


@dataclass(frozen=True, slots=True)
class Alias:
    """One spelling of an entity; acronyms count in exact case only."""

    entity: str
    node: Words | Exact

    @property
    def first_terms(self) -> tuple[str, ...]:
        """A text without any of these words does not hold the alias."""
        piece = self.node.pieces[0] if isinstance(self.node, Words) else self.node.piece
        return (piece.parts[0],) if piece.joined is None else (piece.parts[0], piece.joined)


@dataclass(frozen=True)
class Lexicon:
    """All entities and terms of a rule set; `by_first_term` finds the aliases worth looking for."""

    entities: Mapping[str, Entity]
    terms: Mapping[str, Term]
    by_first_term: Mapping[str, tuple[Alias, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, entities: Mapping[str, Entity], terms: Mapping[str, Term], aliases: Iterator[Alias]) -> Lexicon:
        """A lexicon with its aliases sorted by first word."""
        table: dict[str, list[Alias]] = {}
        for alias in aliases:
            for term in alias.first_terms:
                table.setdefault(term, []).append(alias)
        return cls(entities, terms, {term: tuple(found) for term, found in table.items()})

    @cached_property
    def spellings(self) -> Mapping[str, tuple[Words | Exact, ...]]:
        """What finds each entity, by its id."""
        found: dict[str, dict[Words | Exact, None]] = {}
        for aliases in self.by_first_term.values():
            for alias in aliases:
                found.setdefault(alias.entity, {})[alias.node] = None
        return {entity: tuple(nodes) for entity, nodes in found.items()}


@dataclass(eq=False)
class Unsound(MonitorError):
    """A query that reads well and still cannot work; `node` is the operand that is to blame."""

    message: str
    node: Node


def check(node: Node, terms: Mapping[str, Node]) -> None:
    """Raises Unsound where a query finds nothing by itself, or puts into NEAR what has no place.

    `terms` are those already found sound: nothing under a reference is judged twice.
    """
    _check_anchor(node)
    _check_near(node, terms)
    _measure(node, terms)


def is_anchored(node: Node) -> bool:
    """Whether a yes of this node always rests on something found. References are: terms are checked alone."""
    match node:
        case Not():
            return False
        case And():
            return any(map(is_anchored, node.children))
        case Or():
            return all(map(is_anchored, node.children))
        case Sentence() | Field():
            return is_anchored(node.child)
        case _:
            return True


def _check_anchor(node: Node) -> None:
    for inner in (node, *(n.child for n in walk(node) if isinstance(n, Sentence))):
        if is_anchored(inner):
            continue
        culprit = next(n for n in walk(inner) if isinstance(n, Not))
        if any(not isinstance(n, Not | And | Or | Field | Sentence) for n in _outside_not(inner)):
            raise Unsound("this alternative only says what must be absent, so nearly everything matches", culprit)
        raise Unsound("the query only says what must be absent; say what must be there too", culprit)


def _outside_not(node: Node) -> Iterator[Node]:
    if not isinstance(node, Not):
        yield node
        for child in operands(node):
            yield from _outside_not(child)


def _check_near(node: Node, terms: Mapping[str, Node]) -> None:
    for found in walk(node):
        if isinstance(found, Near):
            for operand in (found.left, found.right):
                _check_operand(operand, operand, terms)


def _check_operand(node: Node, written: Node, terms: Mapping[str, Node]) -> None:
    """`written` is what stands in the query itself: a term's inside is reported at its `$name`."""
    match node:
        case And():
            advice = 'AND cannot stand inside NEAR; use OR, a "phrase" or another NEAR'
        case Not():
            advice = "NOT cannot stand inside NEAR"
        case Sentence():
            advice = "SENTENCE(…) cannot stand inside NEAR"
        case TermRef():
            return _check_operand(terms[node.name], written, terms)
        case _:
            for child in operands(node):
                _check_operand(child, child if written is node else written, terms)
            return None
    where = "" if written is node else f" (inside {written.source})"
    raise Unsound(advice + where, written)


def _measure(node: Node, terms: Mapping[str, Node]) -> None:
    known: dict[int, tuple[int, int]] = {}

    def measure(inner: Node) -> tuple[int, int]:
        if id(inner) not in known:
            below = [terms[inner.name]] if isinstance(inner, TermRef) else operands(inner)
            sizes = [measure(child) for child in below]
            known[id(inner)] = (
                1 + sum(size for size, _ in sizes),
                1 + max((depth for _, depth in sizes), default=0),
            )
        return known[id(inner)]

    size, depth = measure(node)
    if size > MAX_SIZE:
        raise Unsound(
            f"with its terms written out the query has {size:,} operands; {MAX_SIZE:,} are allowed", node
        )
    # an AND, its OR and their parentheses are one level to the writer and two or three to the tree
    if depth > 3 * MAX_DEPTH:
        raise Unsound(f"with its terms written out the query is nested more than {MAX_DEPTH} deep", node)


def references(node: Node) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the entities and of the terms that a query mentions itself."""
    found = list(walk(node))
    return (
        frozenset(n.id for n in found if isinstance(n, EntityRef)),
        frozenset(n.name for n in found if isinstance(n, TermRef)),
    )
