"""The nodes of a query: frozen, comparable, each with the text the user wrote and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Piece:
    """One word as written: its parts stand side by side in a text, or joined (`cease-fire`, `ceasefire`).

    With `prefix` the last part is the beginning of a word, with `family` the one part stands for its word family.
    """

    parts: tuple[str, ...]
    joined: str | None = None
    prefix: bool = False
    family: bool = False
    plain: bool = field(init=False, repr=False, compare=False)  # one word and nothing else

    def __post_init__(self) -> None:
        """Looks once at what is asked of every word of every document."""
        plain = len(self.parts) == 1 and self.joined is None and not self.prefix and not self.family
        object.__setattr__(self, "plain", plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`source` is the operand as written, `at` its offset in its query; neither makes two nodes different."""

    source: str = field(compare=False)
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Node):
    """A word, a prefix, a word family or a quoted phrase: pieces side by side."""

    pieces: tuple[Piece, ...]
    quoted: bool = False
    word: str | None = field(init=False, repr=False, compare=False)  # the term, where it is one plain word

    def __post_init__(self) -> None:
        """Keeps the term of a plain word at hand: with 100,000 rules each step to it is a wait for memory."""
        plain = len(self.pieces) == 1 and self.pieces[0].plain
        object.__setattr__(self, "word", self.pieces[0].parts[0] if plain else None)


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
    """`title:x`, `publisher:x`, `person:x`: x holds in this field."""

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
class NotNear(Node):
    """`a NOT NEAR/n b`: some a without a b that has at most `distance` words between."""

    left: Node
    right: Node
    distance: int

    @property
    def operator(self) -> str:
        """`NOT NEAR/5`."""
        return f"NOT NEAR/{self.distance}"


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


class Unit(StrEnum):
    """What `SENTENCE(x)` and `PARA(x)` ask x to hold in one of; the value is how it is written."""

    SENTENCE = "SENTENCE"
    PARAGRAPH = "PARA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(Node):
    """`SENTENCE(x)`, `PARA(x)`: one sentence or one paragraph in which x holds."""

    unit: Unit
    child: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast(Node):
    """`ATLEAST(n, x)`: x is found `count` times."""

    count: int
    child: Node


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node, in order; none for a leaf."""
    match node:
        case And() | Or():
            return node.children
        case Near() | NotNear():
            return (node.left, node.right)
        case Not() | Within() | Field() | AtLeast():
            return (node.child,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it; references are not followed."""
    yield node
    for child in children(node):
        yield from walk(child)


def render(node: Node) -> str:
    """The query with every AND and OR in parentheses: what it really says. Reads as an equal tree again."""
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
        case Near() | NotNear():
            # a chain is read from the left
            left = _inner(node.left) if isinstance(node.left, Near | NotNear) else _operand(node.left)
            return f"{left} {node.operator} {_operand(node.right)}"
        case Within():
            return f"{node.unit}({render(node.child)})"
        case AtLeast():
            return f"ATLEAST({node.count}, {render(node.child)})"
        case Field():
            # a word right behind url: is an address, whatever it begins with
            whole = node.name != "url" or isinstance(node.child, Words | And | Or)
            return f"{node.name}:{_operand(node.child)}" if whole else f"url:({_inner(node.child)})"
        case _:
            return node.source


def _operand(node: Node) -> str:
    text = _inner(node)
    return f"({text})" if isinstance(node, Near | NotNear | Not) else text
