"""Reads one query. The grammar, one function per line:

    rule  := or
    or    := and ("OR" and)*
    and   := not (["AND"] not)*                  side by side means AND
    not   := ("NOT" | "-") not | near
    near  := atom (("NEAR" | "ONEAR") ["/" n] atom)*     n = words between, 10 unless written, at most 100
    atom  := "(" or ")" | field ":" atom | "SENTENCE" "(" or ")"
           | "=" Word | "@" entity | "$" term | "phrase" | word | word*
    field := title | summary | body

Operators are upper case; quotes may be curly. Words and phrases go through the analyser that reads texts, so a
word of several parts (`cease-fire`) becomes a phrase. Source: rules design, "Grammar"; what is named there and not
here is refused by name.
"""

from __future__ import annotations

import difflib

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.lexer import Kind, Mark, marks
from monitor.core.rules.lints import lints
from monitor.core.rules.nodes import (
    And,
    EntityRef,
    Exact,
    Field,
    Near,
    Node,
    Not,
    Or,
    Piece,
    Sentence,
    TermRef,
    Words,
)
from monitor.core.text.normalize import american, exact_key
from monitor.core.text.tokens import analyse, is_spaceless

MAX_DEPTH = 50
"""Nesting of one query, terms counted in."""

SHORTEST_PREFIX = 3

FIELDS = ("title", "summary", "body")
# Of the full grammar:
_LATER_FIELDS = frozenset(
    {"lead", "url", "publisher", "language", "section", "author", "feed", "tag", "person", "org", "place"}
)
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
            raise self.wrong("NOT NEAR is not in this version yet", mark)
        self.deeper(mark)
        child = self.negated()
        self.depth -= 1
        return Not(source=self.since(mark.start), at=mark.start, child=child)

    def close_by(self) -> Node:
        start = self.now.start
        left, chained = self.atom(), 0
        while self.at(Kind.NEAR):
            mark = self.take()
            if self.at(Kind.NOT):
                raise self.wrong("NOT cannot stand inside NEAR", self.now)
            self.deeper(mark)
            chained += 1
            right = self.atom()
            left = Near(
                source=self.since(start), at=start, left=left, right=right,
                distance=mark.distance, ordered=mark.ordered,
            )  # fmt: skip
        self.depth -= chained
        return left

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
                return self.exact(mark)
            case Kind.PHRASE | Kind.WORD:
                return self.words(mark)
            case Kind.ENTITY:
                return EntityRef(source=self.since(mark.start), at=mark.start, id=self.name(mark))
            case Kind.TERM:
                return TermRef(source=self.since(mark.start), at=mark.start, name=self.name(mark))
            case Kind.FAMILY:
                raise self.wrong(
                    "~word is not in this version yet; list the forms, or write a prefix: clos*", mark
                )
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
        if mark.text != "SENTENCE":
            raise self.wrong(f"{mark.text}(…) is not in this version yet", mark)
        child = self.bracketed(self.take())
        return Sentence(source=self.since(mark.start), at=mark.start, child=child)

    def field(self, mark: Mark) -> Node:
        if mark.text in _LATER_FIELDS:
            raise self.wrong(
                f"the field {mark.text}: is not in this version yet; there are: {', '.join(FIELDS)}", mark
            )
        if mark.text not in FIELDS:
            near = difflib.get_close_matches(mark.text.lower(), FIELDS, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(FIELDS)}"
            raise self.wrong(f'unknown field "{mark.text}"; {hint}', mark)
        if self.at(*_NO_OPERAND, Kind.NOT):
            raise self.wrong(f"expected a term after {mark.text}:, found {self.now.said}", self.now)
        self.deeper(mark)
        child = self.atom()
        self.depth -= 1
        return Field(source=self.since(mark.start), at=mark.start, name=mark.text, child=child)

    def name(self, mark: Mark) -> str:
        if not mark.text:
            raise self.wrong(f"expected a name after {self.since(mark.start)}", mark)
        return mark.text

    def exact(self, mark: Mark) -> Node:
        if "*" in mark.text:
            raise self.wrong("=Word and * do not go together", mark)
        pieces = self.pieces(mark)
        if len(pieces) != 1:
            raise self.wrong("=Word takes one word", mark)
        return Exact(source=self.since(mark.start), at=mark.start, piece=pieces[0], key=exact_key(mark.text))

    def words(self, mark: Mark) -> Node:
        quoted = mark.kind is Kind.PHRASE
        return Words(source=self.since(mark.start), at=mark.start, pieces=tuple(self.pieces(mark)), quoted=quoted)

    def pieces(self, mark: Mark) -> list[Piece]:
        found = [piece for word in mark.text.split() if (piece := self.piece(word, mark))]
        if not found:
            raise self.wrong(
                "the quotes hold no word" if mark.kind is Kind.PHRASE else f"{mark.said} holds no word", mark
            )
        return found

    def piece(self, word: str, mark: Mark) -> Piece | None:
        stem = word.removesuffix("*")
        prefix = stem != word
        if stem.startswith("*"):
            raise self.wrong('"*" can only end a word: there is no leading wildcard', mark)
        if "*" in stem:
            raise self.wrong('"*" can only end a word', mark)
        if not stem:
            raise self.wrong('a lone "*" is no word; NEAR/n leaves room between two words', mark)
        analysed = analyse(stem)
        if not analysed.tokens:
            if prefix:
                raise self.wrong(f'"{word}" holds no word', mark)
            return None
        terms = [token.term for token in analysed.tokens]
        last = analysed.tokens[-1]
        prefix = prefix and not is_spaceless(stem[last.start : last.end])
        if prefix and len(terms[-1]) < SHORTEST_PREFIX:
            raise self.wrong(f'"{word}" is too short: a prefix needs at least {SHORTEST_PREFIX} letters', mark)
        whole = analysed.compounds[0] if analysed.compounds else None
        joined = whole.term if whole and whole.size == len(terms) else None
        parts = [american(term) for term in terms[:-1]] + [terms[-1] if prefix else american(terms[-1])]
        return Piece(tuple(parts), joined, prefix)


def spelling_node(spelling: str) -> Words:
    """The node that finds an entity's spelling as a phrase. Raises QueryInvalid when it holds no word."""
    words = spelling.replace("*", " ").split()
    mark = Mark(Kind.PHRASE, spelling, 0, len(spelling))
    reader = _Reader("x")
    pieces = [piece for word in words if (piece := reader.piece(word, mark))]
    if not pieces:
        raise QueryInvalid(f'"{spelling}" holds no word', spelling, 0, len(spelling))
    return Words(source=spelling, at=0, pieces=tuple(pieces), quoted=True)


def acronym_node(acronym: str) -> Exact:
    """The node that finds an acronym in exact case. Raises QueryInvalid unless it is one word."""
    words = spelling_node(acronym)
    if len(words.pieces) != 1:
        raise QueryInvalid(f'"{acronym}" is no acronym: it holds a space', acronym, 0, len(acronym))
    return Exact(source=acronym, at=0, piece=words.pieces[0], key=exact_key(acronym))
