"""A document cut into words once, for all rules: which word stands where.

Title, summary and body are laid one behind the other on one line of positions with a gap between them that no
NEAR can cross. A field or a sentence is then a stretch of positions (`Scope`), and so is every find (`Hit`).
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from monitor.core.names import NameText
from monitor.core.rules.fields import LEAD
from monitor.core.rules.neighbours import unusual
from monitor.core.rules.nodes import Unit
from monitor.core.text.normalize import exact_key
from monitor.core.text.sentences import sentences_between
from monitor.core.text.spellings import AMERICAN
from monitor.core.text.tokens import MAX_TOKENS, Analysed, analyse
from monitor.model.article import Document
from monitor.model.rule import Span

FIELD_GAP = 1_000  # more than the longest NEAR
_FAR = sys.maxsize
_SINGLE = 10  # words looked for one by one: the table of all takes as long as that many


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
    analysed: Analysed
    scope: Scope


class Reading:
    """The words of one document and their places. At most `limit` words are read, the title's first.

    Made for every document, whatever the rules: so it is columns and a set of forms. Places, spans, sentences are
    looked up when a rule asks for them.
    """

    def __init__(self, document: Document, limit: int = MAX_TOKENS) -> None:
        self.document = document
        self.fields: dict[str, _FieldText] = {}
        self._headlines: dict[int, bool] = {}
        self._compounds: dict[str, list[Hit]] = {}
        self._single: dict[str, list[int]] = {}
        self._hits: dict[str, list[Hit]] = {}
        self._unusual: dict[int, Collection[tuple[str, str]]] = {}
        self._spans: dict[tuple[int, int], Span] = {}
        self._sentences: dict[int, list[Scope]] = {}
        forms: set[str] = set()
        position = 0
        for name, text in (("title", document.title), ("summary", document.summary), ("body", document.body)):
            analysed = analyse(text, position, limit)
            limit -= len(analysed.terms)
            if not limit:  # of a text of a megabyte only the part that is read is cut into sentences
                text = text[: analysed.ends[-1] + 1] if analysed.terms else ""
            self.fields[name] = _FieldText(name, text, analysed, Scope(position, analysed.next_position))
            forms.update(analysed.terms)
            for term, place, size in analysed.compounds:
                self._compounds.setdefault(term, []).append(Hit(place, place + size))
            position = analysed.next_position + FIELD_GAP
        self.whole = Scope(0, position)
        self.british = AMERICAN.keys() & forms
        """Words of the text, compounds apart, that have an American twin; they answer to it too."""
        for british in AMERICAN.keys() & self._compounds.keys():
            twin = AMERICAN[british]
            self._compounds[twin] = sorted(self._compounds.get(twin, []) + self._compounds[british])
        self.forms = forms.union(self._compounds, (AMERICAN[british] for british in self.british))
        """Every distinct searchable form."""

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        """Where each word stands, in order; compounds apart."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for field in self.fields.values():
            for term, place in zip(field.analysed.terms, field.analysed.positions, strict=True):
                places[term].append(place)
        for british in self.british:
            twin = AMERICAN[british]
            places[twin] = sorted(places[twin] + places[british])
        return places

    def unusual(self, text: Analysed) -> Collection[tuple[str, str]]:
        """Neighbours in one of the fields that are not simply two of its words, for `neighbours.shown`."""
        known = self._unusual.get(id(text))
        if known is None:
            known = self._unusual[id(text)] = set(unusual(text, self.british))
        return known

    def _places_of(self, term: str) -> list[int]:
        """Where a word stands, in order; compounds apart. The table of all pays when many are asked for."""
        known = self._single.get(term)
        if known is not None:
            return known
        if term not in self.forms:
            return []
        if len(self._single) >= _SINGLE:
            return self._places[term]
        twins = [british for british in self.british if AMERICAN[british] == term]
        found = [place for word in (term, *twins) for place in self._looked_for(word)]
        self._single[term] = sorted(found) if twins else found
        return self._single[term]

    def _looked_for(self, word: str) -> Iterator[int]:
        for field in self.fields.values():
            terms, index = field.analysed.terms, -1
            # Quicker than a comparison of each: `index` needs no step of Python for a word.
            with suppress(ValueError):
                while True:
                    index = terms.index(word, index + 1)
                    yield field.analysed.positions[index]

    def may_stand_together(self, left: str, right: str) -> bool:
        """Whether one form may stand right before another, as far as a quick look tells."""
        if left not in self.forms or right not in self.forms:
            return False
        if left in self._compounds or right in self._compounds:
            return True
        behind = self._places_of(right)
        return any([place + 1 in behind for place in self._places_of(left)])  # noqa: C419  # few, and no generator

    def places(self, term: str) -> list[Hit]:
        """Where a term stands, in order."""
        known = self._hits.get(term)
        if known is None:
            known = [Hit(place, place + 1) for place in self._places_of(term)]
            if term in self._compounds:
                known = sorted(known + self._compounds[term])
            self._hits[term] = known
        return known

    def _word(self, position: int) -> tuple[_FieldText, int]:
        """The field of the word at a position, and which of its words it is. Raises KeyError for none."""
        for field in self.fields.values():
            if position < field.scope.end:
                index = bisect_left(field.analysed.positions, position)
                if index < len(field.analysed.positions) and field.analysed.positions[index] == position:
                    return field, index
                break
        raise KeyError(position)

    def span(self, start: int, end: int) -> Span:
        """The piece of the original field that positions `start` … `end` - 1 stand for."""
        known = self._spans.get((start, end))
        if known is None:
            field, first = self._word(start)
            _, last = self._word(end - 1) if end - 1 > start else (field, first)
            opened, closed = field.analysed.starts[first], field.analysed.ends[last]
            known = self._spans[start, end] = Span(field.name, opened, closed, field.text[opened:closed])
        return known

    def key(self, hit: Hit) -> str:
        """The exact-case key of what a hit covers."""
        return exact_key(self.span(hit.start, hit.end).text)

    def field(self, name: str) -> Scope:
        """The stretch of a part of the text: `title`, `summary`, `body`, or `lead`, the body's first words."""
        if name != "lead":
            return self.fields[name].scope
        body = self.fields["body"]
        places = body.analysed.positions
        return Scope(body.scope.start, places[LEAD - 1] + 1) if len(places) > LEAD else body.scope

    def units(self, unit: Unit) -> list[Scope]:
        """The sentences or the paragraphs of all fields, in order."""
        return self.sentences if unit is Unit.SENTENCE else self.paragraphs

    def unit_at(self, unit: Unit, position: int) -> Scope | None:
        """The sentence or paragraph that holds a position; None for a position without a word."""
        index = bisect_right(self.paragraphs, (position, _FAR)) - 1
        if index < 0 or position >= self.paragraphs[index].end:
            return None
        if unit is Unit.PARAGRAPH:
            return self.paragraphs[index]
        inside = self._sentences_of(index)
        return inside[bisect_right(inside, (position, _FAR)) - 1]

    @cached_property
    def sentences(self) -> list[Scope]:
        """The sentences of all fields, in order, as stretches of positions."""
        return [scope for index in range(len(self.paragraphs)) for scope in self._sentences_of(index)]

    def _sentences_of(self, paragraph: int) -> list[Scope]:
        """The sentences of one paragraph: rules ask for those around a few words, hardly ever for all."""
        known = self._sentences.get(paragraph)
        if known is None:
            field, (start, end) = self._bounds[paragraph]
            bounds = sentences_between(field.text, start, min(end, len(field.text)))
            known = self._sentences[paragraph] = list(_stretches(field, bounds))
        return known

    @cached_property
    def paragraphs(self) -> list[Scope]:
        """The paragraphs of all fields, in order, as stretches of positions."""
        return [scope for field, bounds in self._bounds for scope in _stretches(field, [bounds])]

    @cached_property
    def _bounds(self) -> list[tuple[_FieldText, tuple[int, int]]]:
        """The paragraphs that hold a word: field and bounds in characters."""
        return [
            (field, bounds)
            for field in self.fields.values()
            for bounds in field.analysed.paragraphs
            if any(_stretches(field, [bounds]))
        ]

    @cached_property
    def names(self) -> NameText:
        """The words of all fields, as names are looked for in them."""
        return NameText((field.text, field.analysed) for field in self.fields.values())

    def is_name(self, position: int) -> bool:
        """Whether the word looks like a name: capitalised inside a sentence that is no headline."""
        field, index = self._word(position)
        start = field.analysed.starts[index]
        if not field.text[start].isupper() or _begins(field.text, start):
            return False
        sentence = self.unit_at(Unit.SENTENCE, position)
        if sentence is None or sentence.start == position:
            return False
        known = self._headlines.get(sentence.start)
        if known is None:  # once a sentence: one may be as long as the text
            known = self._headlines[sentence.start] = self._is_headline(sentence)
        return not known

    def _is_headline(self, sentence: Scope) -> bool:
        """Whether most longer words are capitalised (Taliban Closes Torkham), so that a capital says nothing."""
        field, first = self._word(sentence.start)
        last = bisect_left(field.analysed.positions, sentence.end)
        longer = [word for word in field.analysed.surfaces[first:last] if len(word) >= _LONGER]
        return 2 * sum(word[0].isupper() for word in longer) > len(longer)

    @cached_property
    def shouted(self) -> list[Scope]:
        """Paragraphs all in capitals: there the case of a word says nothing (TELL US MORE)."""
        return [
            scope
            for scope, (field, (start, end)) in zip(self.paragraphs, self._bounds, strict=True)
            if scope.end - scope.start >= 3 and field.text[start:end].isupper()
        ]


def _begins(text: str, start: int) -> bool:
    """Whether a word stands behind an opening quote, a colon or a dash: a capital is usual there."""
    before = text[max(0, start - 2) : start].rstrip()
    return bool(before) and before[-1] in _OPENERS


def _stretches(field: _FieldText, bounds: Iterable[tuple[int, int]]) -> Iterator[Scope]:
    """Bounds in characters, ascending, as positions; bounds without a word are left out."""
    starts, positions = field.analysed.starts, field.analysed.positions
    index = 0
    for start, end in bounds:
        first = bisect_left(starts, start, index)
        index = bisect_left(starts, end, first)
        if index > first:
            yield Scope(positions[first], positions[index - 1] + 1)
