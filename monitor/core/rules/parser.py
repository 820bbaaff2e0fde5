"""Reads one query. The grammar, one function per line:

    rule  := or
    or    := and ("OR" and)*
    and   := not (["AND"] not)*                  side by side means AND
    not   := ("NOT" | "-") not | near
    near  := atom (("NEAR" | "ONEAR" | "NOT NEAR") ["/" n] atom)*     n = words between
    atom  := "(" or ")" | field ":" atom | func | "~" word | "=" Word | "@" entity | "$" term
           | "phrase" | word | word*
    func  := "SENTENCE" "(" or ")" | "PARA" "(" or ")" | "ATLEAST" "(" n "," or ")"
    field := title | summary | body | lead | url | publisher | language | section | author | feed | tag
           | person | org | place

Without /n ten words may lie between, at most 100. Operators are upper case; quotes may be curly. Words and
phrases go through the analyser that reads texts, so a word of several parts (`cease-fire`) becomes a phrase.
Source: rules design, "Grammar".
"""

from __future__ import annotations

import difflib

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.fields import FIELDS
from monitor.core.rules.lexer import Kind, Mark, marks
from monitor.core.rules.lints import lints
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
    Unit,
    Within,
)
from monitor.core.rules.pieces import Pieces

MAX_DEPTH = 50
"""Nesting of one query, terms counted in."""

_BINARY = (Kind.AND, Kind.OR, Kind.NEAR)
_NO_OPERAND = (Kind.CLOSE, Kind.END, *_BINARY)


def parse(query: str) -> Node:
    """The tree of a query. Raises QueryInvalid, and nothing else, for whatever is wrong with it."""
    return parse_with_lints(query)[0]


def parse_with_lints(query: str) -> tuple[Node, tuple[QueryInvalid, ...]]:
    """The tree, and what may not mean what its author thinks. Raises QueryInvalid."""
    reader = _Reader(query)
    node = reader.rule()
    return node, lints(query, node, reader.marks, reader.mixed)


class _Reader:
    """The marks of one query and how far they are read."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.marks = tuple(marks(query))
        self.place = 0
        self.depth = 0
        self.pieces = Pieces(query)
        self.mixed: list[Or] = []  # AND inside OR without parentheses

    @property
    def now(self) -> Mark:
        return self.marks[self.place]

    def at(self, *kinds: Kind) -> bool:
        return self.now.kind in kinds

    def take(self) -> Mark:
        mark = self.now
        self.place += 1
        return mark

    def wrong(self, message: str, mark: Mark) -> QueryInvalid:
        return QueryInvalid(message, self.query, mark.start, max(mark.end, mark.start + 1))

    def since(self, start: int) -> str:
        """What was written from `start` up to the mark just taken."""
        return self.query[start : self.marks[self.place - 1].end]

    def deeper(self, mark: Mark) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(f"nested more than {MAX_DEPTH} deep", mark)

    def rule(self) -> Node:
        if len(self.marks) == 1:
            raise QueryInvalid("the query is empty", self.query, 0, 1)
        node = self.any_of()
        if not self.at(Kind.END):
            raise self.wrong('this ")" closes nothing', self.now)
        return node

    def any_of(self) -> Node:
        start = self.now.start
        first, bare = self.all_of()
        found = [first]
        while self.at(Kind.OR):
            self.take()
            node, is_bare = self.all_of()
            found.append(node)
            bare = bare or is_bare
        if len(found) == 1:
            return first
        either = Or(source=self.since(start), at=start, children=tuple(found))
        if bare:
            self.mixed.append(either)
        return either

    def all_of(self) -> tuple[Node, bool]:
        """The node, and whether it is an AND written without parentheses."""
        start = self.now.start
        found = [self.negated()]
        while not self.at(Kind.OR, Kind.CLOSE, Kind.END):
            if self.at(Kind.AND):
                self.take()
            found.append(self.negated())
        if len(found) == 1:
            return found[0], False
        return And(source=self.since(start), at=start, children=tuple(found)), True

    def negated(self) -> Node:
        if not self.at(Kind.NOT):
            return self.close_by()
        mark = self.take()
        if self.at(Kind.NEAR):
            raise self.wrong("NOT NEAR needs a term on its left: reopen* NOT NEAR/3 waiting", mark)
        self.deeper(mark)
        child = self.negated()
        self.depth -= 1
        return Not(source=self.since(mark.start), at=mark.start, child=child)

    def close_by(self) -> Node:
        start = self.now.start
        left, chained = self.atom(), 0
        while near := self.near_mark():
            negated, mark = near
            if self.at(Kind.NOT):
                raise self.wrong("NOT cannot stand inside NEAR", self.now)
            self.deeper(mark)
            chained += 1
            right = self.atom()
            source = self.since(start)
            left = (
                NotNear(source=source, at=start, left=left, right=right, distance=mark.number)
                if negated
                else Near(
                    source=source, at=start, left=left, right=right, distance=mark.number, ordered=mark.ordered
                )
            )
        self.depth -= chained
        return left

    def near_mark(self) -> tuple[bool, Mark] | None:
        """Takes NEAR, ONEAR or NOT NEAR where one comes next: whether it is the last, and its mark."""
        if self.at(Kind.NEAR):
            return False, self.take()
        if not self.at(Kind.NOT) or self.now.text != "NOT" or self.marks[self.place + 1].kind is not Kind.NEAR:
            return None
        self.take()
        if self.now.ordered:
            raise self.wrong("NOT ONEAR is no operator; NOT NEAR looks to both sides", self.now)
        return True, self.take()

    def atom(self) -> Node:
        mark = self.take()
        match mark.kind:
            case Kind.OPEN:
                return self.bracketed(mark)
            case Kind.FUNCTION:
                return self.function(mark)
            case Kind.FIELD:
                return self.field(mark)
            case Kind.EXACT:
                return self.pieces.exact(mark)
            case Kind.FAMILY:
                return self.pieces.family(mark)
            case Kind.PHRASE | Kind.WORD:
                return self.pieces.words(mark)
            case Kind.ENTITY:
                return EntityRef(source=self.since(mark.start), at=mark.start, id=self.name(mark))
            case Kind.TERM:
                return TermRef(source=self.since(mark.start), at=mark.start, name=self.name(mark))
            case _:
                pass
        raise self.wrong(f"expected a term, found {mark.said}", mark)

    def bracketed(self, mark: Mark) -> Node:
        self.deeper(mark)
        if self.at(Kind.END):
            raise self.wrong('this "(" is never closed', mark)
        node = self.any_of()
        if not self.at(Kind.CLOSE):
            raise self.wrong('this "(" is never closed', mark)
        self.take()
        self.depth -= 1
        return node

    def function(self, mark: Mark) -> Node:
        if mark.text == "ATLEAST":  # its "(" is part of the mark
            child = self.bracketed(mark)
            return AtLeast(source=self.since(mark.start), at=mark.start, count=mark.number, child=child)
        child = self.bracketed(self.take())
        return Within(source=self.since(mark.start), at=mark.start, unit=Unit(mark.text), child=child)

    def field(self, mark: Mark) -> Node:
        if mark.text not in FIELDS:
            near = difflib.get_close_matches(mark.text.lower(), FIELDS, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(FIELDS)}"
            if mark.text.lower() in ("http", "https"):
                hint = "words of an address are looked for with url:"
            raise self.wrong(f'unknown field "{mark.text}"; {hint}', mark)
        if self.at(*_NO_OPERAND, Kind.NOT):
            raise self.wrong(f"expected a term after {mark.text}:, found {self.now.said}", self.now)
        self.deeper(mark)
        outside = self.pieces
        if mark.text == "url":
            self.pieces = Pieces(self.query, address=True)
        child = self.atom()
        self.pieces = outside
        self.depth -= 1
        return Field(source=self.since(mark.start), at=mark.start, name=mark.text, child=child)

    def name(self, mark: Mark) -> str:
        if not mark.text:
            raise self.wrong(f"expected a name after {self.since(mark.start)}", mark)
        return mark.text
