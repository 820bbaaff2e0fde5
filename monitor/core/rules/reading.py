"""A document cut into words once, for all rules: which word stands where.

Title, summary and body are laid one behind the other on one line of positions with a gap between them that no
NEAR can cross. A field or a sentence is then a stretch of positions (`Scope`), and so is every find (`Hit`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from monitor.core.names import NameText
from monitor.core.rules.fields import LEAD
from monitor.core.rules.nodes import Unit
from monitor.core.text.normalize import american, exact_key
from monitor.core.text.paragraphs import paragraphs
from monitor.core.text.sentences import sentences
from monitor.core.text.tokens import MAX_TOKENS, Token, analyse
from monitor.model.article import Document
from monitor.model.rule import Span

FIELD_GAP = 1_000  # more than the longest NEAR


_LONGER = 4  # letters; "and", "the", "of" stay small in headlines
_OPENERS = frozenset("\"'“”‘’«»„:(–—•")


class Scope(NamedTuple):
    """Positions from `start` up to, not including, `end`."""

    start: int
    end: int

    def within(self, other: Scope) -> Scope:
        """What both have in common; empty when nothing."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Scope(start, max(start, end))


class Hit(NamedTuple):
    """A find over positions `start` … `end` - 1. `pair` are its two operands when it is a NEAR."""

    start: int
    end: int
    pair: tuple[Hit, Hit] | None = None

    @property
    def words(self) -> tuple[tuple[int, int], ...]:
        """The stretches really found, without what lies between them, in order."""
        if self.pair is None:
            return ((self.start, self.end),)
        left, right = self.pair
        return tuple(sorted({*left.words, *right.words}))


class _FieldText(NamedTuple):
    name: str
    text: str
    tokens: list[Token]
    scope: Scope


class Reading:
    """The words of one document and their places. At most `limit` words are read, the title's first."""

    def __init__(self, document: Document, limit: int = MAX_TOKENS) -> None:
        self.document = document
        self.fields: dict[str, _FieldText] = {}
        self._places: dict[str, list[Hit]] = {}
        self._tokens: dict[int, tuple[str, Token]] = {}
        position = 0
        for name, text in (("title", document.title), ("summary", document.summary), ("body", document.body)):
            analysed = analyse(text, position, limit - len(self._tokens))
            if len(self._tokens) + len(analysed.tokens) == limit:
                # of a text of a megabyte only the part that is read is cut into sentences
                text = text[: analysed.tokens[-1].end + 1] if analysed.tokens else ""
            self.fields[name] = _FieldText(name, text, analysed.tokens, Scope(position, analysed.next_position))
            for token in analysed.tokens:
                self._tokens[token.position] = (name, token)
                self._add(token.term, Hit(token.position, token.position + 1))
            for compound in analysed.compounds:
                self._add(compound.term, Hit(compound.position, compound.position + compound.size))
            position = analysed.next_position + FIELD_GAP
        self.whole = Scope(0, position)
        for places in self._places.values():
            places.sort()

    def _add(self, term: str, hit: Hit) -> None:
        self._places.setdefault(term, []).append(hit)
        twin = american(term)
        if twin != term:
            self._places.setdefault(twin, []).append(hit)

    @property
    def terms(self) -> Sequence[str]:
        """Every distinct searchable form, sorted."""
        return self._sorted_terms

    @cached_property
    def _sorted_terms(self) -> list[str]:
        return sorted(self._places)

    def places(self, term: str) -> list[Hit]:
        """Where a term stands, in order."""
        return self._places.get(term, [])

    def starting_with(self, prefix: str) -> list[Hit]:
        """Where words beginning with `prefix` stand, in order."""
        found: set[Hit] = set()
        for index in range(bisect_left(self.terms, prefix), len(self.terms)):
            if not self.terms[index].startswith(prefix):
                break
            found.update(self._places[self.terms[index]])
        return sorted(found)

    def span(self, start: int, end: int) -> Span:
        """The piece of the original field that positions `start` … `end` - 1 stand for."""
        name, first = self._tokens[start]
        last = self._tokens[end - 1][1]
        return Span(name, first.start, last.end, self.fields[name].text[first.start : last.end])

    def key(self, hit: Hit) -> str:
        """The exact-case key of what a hit covers."""
        return exact_key(self.span(hit.start, hit.end).text)

    def field(self, name: str) -> Scope:
        """The stretch of a part of the text: `title`, `summary`, `body`, or `lead`, the body's first words."""
        if name != "lead":
            return self.fields[name].scope
        body = self.fields["body"]
        return (
            Scope(body.scope.start, body.tokens[LEAD - 1].position + 1) if len(body.tokens) > LEAD else body.scope
        )

    def units(self, unit: Unit) -> list[Scope]:
        """The sentences or the paragraphs of all fields, in order."""
        return self.sentences if unit is Unit.SENTENCE else self.paragraphs

    def unit_at(self, unit: Unit, position: int) -> Scope | None:
        """The sentence or paragraph that holds a position; None for a position without a word."""
        every = self.units(unit)
        index = bisect_right(every, position, key=lambda one: one.start) - 1
        return every[index] if index >= 0 and position < every[index].end else None

    @cached_property
    def sentences(self) -> list[Scope]:
        """The sentences of all fields, in order, as stretches of positions."""
        return [scope for field in self.fields.values() for scope in _stretches(field, sentences(field.text))]

    @cached_property
    def paragraphs(self) -> list[Scope]:
        """The paragraphs of all fields, in order, as stretches of positions."""
        return [scope for field in self.fields.values() for scope in _stretches(field, paragraphs(field.text))]

    @cached_property
    def names(self) -> NameText:
        """The words of all fields, as names are looked for in them."""
        return NameText((field.text, field.tokens) for field in self.fields.values())

    def is_name(self, position: int) -> bool:
        """Whether the word looks like a name: capitalised inside a sentence that is no headline."""
        field, token = self._tokens[position]
        text = self.fields[field].text
        if not text[token.start].isupper() or _begins(text, token.start):
            return False
        sentence = self.unit_at(Unit.SENTENCE, position)
        return sentence is not None and sentence.start != position and not self._is_headline(sentence)

    def _is_headline(self, sentence: Scope) -> bool:
        """Whether most longer words are capitalised (Taliban Closes Torkham), so that a capital says nothing."""
        letters = []
        for position in range(sentence.start, sentence.end):
            if position in self._tokens:
                field, token = self._tokens[position]
                if token.end - token.start >= _LONGER:
                    letters.append(self.fields[field].text[token.start])
        return 2 * sum(letter.isupper() for letter in letters) > len(letters)

    @cached_property
    def shouted(self) -> list[Scope]:
        """Paragraphs all in capitals: there the case of a word says nothing (TELL US MORE)."""
        return [
            scope
            for field in self.fields.values()
            for scope in _stretches(field, _shouted(field.text))
            if scope.end - scope.start >= 3
        ]


def _begins(text: str, start: int) -> bool:
    """Whether a word stands behind an opening quote, a colon or a dash: a capital is usual there."""
    before = text[max(0, start - 2) : start].rstrip()
    return bool(before) and before[-1] in _OPENERS


def _shouted(text: str) -> Iterator[tuple[int, int]]:
    for start, end in paragraphs(text):
        if text[start:end].isupper():
            yield start, end


def _stretches(field: _FieldText, bounds: Iterator[tuple[int, int]]) -> Iterator[Scope]:
    """Bounds in characters, ascending, as positions; bounds without a word are left out."""
    index = 0
    for start, end in bounds:
        while index < len(field.tokens) and field.tokens[index].start < start:
            index += 1
        first = index
        while index < len(field.tokens) and field.tokens[index].start < end:
            index += 1
        if index > first:
            yield Scope(field.tokens[first].position, field.tokens[index - 1].position + 1)
