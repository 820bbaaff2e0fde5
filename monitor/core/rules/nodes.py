"""The nodes of a query: frozen, comparable, each with the text the user wrote and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Piece:
    """One word as written: its parts stand side by side in a text, or joined (`cease-fire`, `ceasefire`).

    With `prefix` the last part is the beginning of a word.
    """

    parts: tuple[str, ...]
    joined: str | None = None
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`source` is the operand as written, `at` its offset in its query; neither makes two nodes different."""

    source: str = field(compare=False)
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Node):
    """A word, a prefix or a quoted phrase: pieces side by side."""

    pieces: tuple[Piece, ...]
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(Node):
    """`=Word`: the piece in the very case of `key`."""

    piece: Piece
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRef(Node):
    """`@id`."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRef(Node):
    """`$name`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Node):
    """`title:x`."""

    name: str
    child: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Near(Node):
    """`a NEAR/n b`, or `a ONEAR/n b` where a comes first; `distance` is the most words between them."""

    left: Node
    right: Node
    distance: int
    ordered: bool

    @property
    def operator(self) -> str:
        """`NEAR/5` or `ONEAR/5`."""
        return f"{'O' if self.ordered else ''}NEAR/{self.distance}"


@dataclass(frozen=True, slots=True, kw_only=True)
class And(Node):
    """All of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or(Node):
    """Any of them."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    """Absent: from the whole article, or from the sentence or field it is written in."""

    child: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence(Node):
    """`SENTENCE(x)`: one sentence in which x holds."""

    child: Node


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node, in order; none for a leaf."""
    match node:
        case And() | Or():
            return node.children
        case Near():
            return (node.left, node.right)
        case Not() | Sentence() | Field():
            return (node.child,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it; references are not followed."""
    yield node
    for child in children(node):
        yield from walk(child)


def render(node: Node) -> str:
    """The query with every AND and OR in parentheses: what it really says."""
    text = _inner(node)
    return text[1:-1] if isinstance(node, And | Or) else text


def _inner(node: Node) -> str:
    match node:
        case And():
            return "(" + " AND ".join(map(_inner, node.children)) + ")"
        case Or():
            return "(" + " OR ".join(map(_inner, node.children)) + ")"
        case Not():
            return f"NOT {_inner(node.child)}"
        case Near():
            return f"{_inner(node.left)} {node.operator} {_inner(node.right)}"
        case Sentence():
            return f"SENTENCE({render(node.child)})"
        case Field():
            return f"{node.name}:{_inner(node.child)}"
        case _:
            return node.source
