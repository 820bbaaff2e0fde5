"""Cuts a query into marks: parentheses, operators, phrases, words, references. Knows no grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from monitor.core.rules.errors import QueryInvalid

MAX_QUERY = 10_000
"""Characters of one query; names with many spellings belong into entities and terms."""

MAX_DISTANCE = 100
MAX_COUNT = 1_000
DEFAULT_DISTANCE = 10

_QUOTES = '"\u201c\u201d\u201e\u201f\uff02«»'
_WORD = re.compile(rf"[^\s(){_QUOTES}]+")
_FIELD = re.compile(r"([^\W\d_]+):")
_NEAR = re.compile(r"(O?)NEAR(?:/(.*))?\Z")


class Kind(Enum):
    """What a mark is; the value is how an error names it."""

    OPEN = '"("'
    CLOSE = '")"'
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    NEAR = "NEAR"
    FUNCTION = "function"
    FIELD = "field"
    PHRASE = "phrase"
    EXACT = "=word"
    FAMILY = "~word"
    ENTITY = "@entity"
    TERM = "$term"
    WORD = "word"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: `query[start:end]`; `text` without its sign (`@`, quotes), `number` of NEAR and ATLEAST."""

    kind: Kind
    text: str
    start: int
    end: int
    number: int = 0
    ordered: bool = False

    @property
    def said(self) -> str:
        """The mark as an error message names it."""
        if self.kind is Kind.END:
            return "the end of the query"
        if self.kind in (Kind.OPEN, Kind.CLOSE):
            return str(self.kind.value)
        return f'"{self.text}"' if self.kind is Kind.WORD else self.text or str(self.kind.value)


_SIGNS = {"=": Kind.EXACT, "~": Kind.FAMILY, "@": Kind.ENTITY, "$": Kind.TERM}
_OPERATORS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT}
_FUNCTIONS = frozenset({"SENTENCE", "PARA", "ATLEAST"})
_COUNT = re.compile(r"\(\s*(\d{1,9})\s*,")


def marks(query: str) -> Iterator[Mark]:
    """The marks of a query in order, closed by one of kind END. Raises QueryInvalid."""
    if len(query) > MAX_QUERY:
        raise QueryInvalid(
            f"the query has {len(query):,} characters, at most {MAX_QUERY:,} are allowed; "
            "move its parts into [terms] and [entities]",
            query,
            MAX_QUERY,
            MAX_QUERY + 1,
        )
    at = 0
    while at < len(query):
        character = query[at]
        if character.isspace():
            at += 1
        elif character in "()":
            yield Mark(Kind.OPEN if character == "(" else Kind.CLOSE, character, at, at + 1)
            at += 1
        elif character in _QUOTES:
            mark = _phrase(query, at)
            yield mark
            at = mark.end
        else:
            mark = _word(query, at)
            yield mark
            at = mark.end
            if mark.kind is Kind.FIELD and mark.text == "url":
                yield from (address := _address(query, at))
                at = address[-1].end if address else at
    yield Mark(Kind.END, "", len(query), len(query))


def _phrase(query: str, at: int) -> Mark:
    closing = next((i for i in range(at + 1, len(query)) if query[i] in _QUOTES), -1)
    if closing < 0:
        raise QueryInvalid("this quote is never closed", query, at, at + 1)
    return Mark(Kind.PHRASE, query[at + 1 : closing], at, closing + 1)


def _word(query: str, at: int) -> Mark:
    found = _WORD.match(query, at)
    assert found is not None, "the caller has seen a word character"
    text, end = found.group(), found.end()
    if text in _OPERATORS:
        return Mark(_OPERATORS[text], text, at, end)
    near = _NEAR.match(text)
    if near:
        return _near(query, at, end, near)
    if text in _FUNCTIONS and query[end : end + 1] == "(":
        return _at_least(query, at, end) if text == "ATLEAST" else Mark(Kind.FUNCTION, text, at, end)
    if text[0] == "-":
        return Mark(Kind.NOT, "-", at, at + 1)
    if text[0] in _SIGNS:
        return Mark(_SIGNS[text[0]], text[1:], at, end)
    field = _FIELD.match(text)
    if field:
        return Mark(Kind.FIELD, field.group(1), at, at + field.end())
    return Mark(Kind.WORD, text, at, end)


def _address(query: str, at: int) -> list[Mark]:
    """The bare word behind `url:`, whatever it holds (`https://…` is no field of its own)."""
    found = _WORD.match(query, at)
    return [Mark(Kind.WORD, found.group(), at, found.end())] if found else []


def _at_least(query: str, at: int, end: int) -> Mark:
    """`ATLEAST(3,` as one mark, its parenthesis included."""
    count = _COUNT.match(query, end)
    if not count:
        raise QueryInvalid("ATLEAST needs a number and a comma first: ATLEAST(2, Torkham)", query, at, end)
    number = int(count.group(1))
    if not 1 <= number <= MAX_COUNT:
        raise QueryInvalid(f"ATLEAST counts from 1 to {MAX_COUNT}", query, *count.span(1))
    return Mark(Kind.FUNCTION, "ATLEAST", at, count.end(), number)


def _near(query: str, at: int, end: int, near: re.Match[str]) -> Mark:
    written = near.group(2)
    distance = DEFAULT_DISTANCE
    if written is not None:
        if not (written.isascii() and written.isdigit() and len(written) < 9):
            raise QueryInvalid(f'"{near.group()}" needs a number: NEAR/5', query, at, end)
        distance = int(written)
    if distance > MAX_DISTANCE:
        raise QueryInvalid(f"NEAR reaches over at most {MAX_DISTANCE} words", query, at, end)
    return Mark(Kind.NEAR, near.group(), at, end, distance, bool(near.group(1)))
