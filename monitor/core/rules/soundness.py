"""Whether a query that reads well can work: it rests on something found, and what stands in NEAR has a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from monitor.core.rules.fields import METADATA, TEXTS
from monitor.core.rules.nodes import (
    And,
    AtLeast,
    EntityRef,
    Field,
    Near,
    Node,
    Not,
    NotNear,
    Or,
    TermRef,
    Within,
    walk,
)
from monitor.core.rules.nodes import children as operands
from monitor.core.rules.parser import MAX_DEPTH
from monitor.model.errors import MonitorError

MAX_SIZE = 20_000
"""Operands of one query with its terms written out."""


class Anchor(IntEnum):
    """What a yes of a query rests on at least."""

    NONE = 0  # only on what is absent: nearly every article would do
    LANGUAGE = 1  # on the language alone: half of all articles would do
    FIELD = 2  # on words of a field that is no text: a feed, a publisher
    TEXT = 3  # on words of the text


@dataclass(eq=False)
class Unsound(MonitorError):
    """A query that reads well and still cannot work; `node` is the operand that is to blame."""

    message: str
    node: Node


def check(node: Node, terms: Mapping[str, Node], is_term: bool = False) -> None:
    """Raises Unsound where a query finds nothing by itself, or puts into NEAR what has no place.

    `terms` are those already found sound: nothing under a reference is judged twice. A term may speak of the
    language alone: the rule that uses it says the rest.
    """
    nodes = list(walk(node))
    if any(isinstance(one, TermRef) for one in nodes):  # else the parser has seen to the size
        _measure(node, terms)  # first: the others write terms out
    _check_anchor(node, nodes, terms, Anchor.LANGUAGE if is_term else Anchor.FIELD)
    _check_places(nodes, terms)
    _check_fields(node, node, terms, None)


def anchor(node: Node, terms: Mapping[str, Node]) -> Anchor:
    """What every yes of this node rests on."""
    match node:
        case Not():
            return Anchor.NONE
        case And():
            return max(anchor(child, terms) for child in node.children)
        case Or():
            return min(anchor(child, terms) for child in node.children)
        case Within() | AtLeast():
            return anchor(node.child, terms)
        case NotNear():
            return anchor(node.left, terms)
        case Field():
            inside = anchor(node.child, terms)
            if node.name not in METADATA:
                return inside
            return min(inside, Anchor.LANGUAGE if node.name == "language" else Anchor.FIELD)
        case TermRef():
            return anchor(terms[node.name], terms)
        case _:
            return Anchor.TEXT


def _check_anchor(node: Node, nodes: Sequence[Node], terms: Mapping[str, Node], least: Anchor) -> None:
    for inner in (n for n in nodes if isinstance(n, Within)):
        if anchor(inner.child, terms) in (Anchor.LANGUAGE, Anchor.FIELD):
            raise Unsound(f"no word of this {inner.unit}(…) has to be in the text", inner.child)
        _require(inner.child, anchor(inner.child, terms), Anchor.TEXT)
    _require(node, anchor(node, terms), least)


def _require(node: Node, found: Anchor, least: Anchor) -> None:
    if found >= least:
        return
    if found is Anchor.LANGUAGE:
        raise Unsound("the query says in which language only; say what must be there too", node)
    if any(not isinstance(n, Not | And | Or | Field | Within) for n in _outside_not(node)):
        raise Unsound(
            "this alternative only says what must be absent, so nearly everything matches", _culprit(node)
        )
    raise Unsound("the query only says what must be absent; say what must be there too", _culprit(node))


def _culprit(node: Node) -> Node:
    return next((n for n in walk(node) if isinstance(n, Not)), node)


def _outside_not(node: Node) -> Iterator[Node]:
    if not isinstance(node, Not):
        yield node
        for child in operands(node):
            yield from _outside_not(child)


def _check_places(nodes: Sequence[Node], terms: Mapping[str, Node]) -> None:
    for found in nodes:
        if isinstance(found, Near | NotNear):
            for operand in (found.left, found.right):
                _check_operand(operand, operand, terms, "NEAR")
        elif isinstance(found, AtLeast):
            _check_operand(found.child, found.child, terms, "ATLEAST")


def _check_operand(node: Node, written: Node, terms: Mapping[str, Node], around: str) -> None:
    """`written` is what stands in the query itself: a term's inside is reported at its `$name`."""
    match node:
        case And():
            instead = 'use OR, a "phrase" or another NEAR' if around == "NEAR" else "use OR or NEAR"
            advice = f"AND cannot stand inside {around}; {instead}"
        case Not():
            advice = f"NOT cannot stand inside {around}"
        case Within():
            advice = f"{node.unit}(…) cannot stand inside {around}"
        case AtLeast():
            advice = f"ATLEAST(…) cannot stand inside {around}"
        case Field() if node.name in METADATA:
            advice = f"{node.name}: is no part of the text and cannot stand inside {around}; use AND"
        case TermRef():
            return _check_operand(terms[node.name], written, terms, around)
        case _:
            for child in operands(node):
                _check_operand(child, child if written is node else written, terms, around)
            return None
    where = "" if written is node else f" (inside {written.source})"
    raise Unsound(advice + where, written)


def _check_fields(node: Node, written: Node, terms: Mapping[str, Node], around: Field | None) -> None:
    """A field inside a field that it is no part of finds nothing, and nobody would be told."""
    if isinstance(node, TermRef):
        return _check_fields(terms[node.name], written, terms, around) if around else None
    if isinstance(node, Field):
        if around and not _is_part(node.name, around.name):
            where = "" if written is node else f" (inside {written.source})"
            raise Unsound(f"{node.name}: inside {around.name}: is never found{where}", written)
        if node.name in TEXTS or node.name in METADATA:
            around = node
    for child in operands(node):
        _check_fields(child, child if written is node else written, terms, around)
    return None


def _is_part(inner: str, outer: str) -> bool:
    if outer in METADATA:
        return inner == outer
    return inner not in TEXTS or inner == outer or {inner, outer} == {"body", "lead"}


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
