"""Finds listed names in a text in any Latin spelling: a tree of their words, entered by consonants.

A word of a text is looked at when the skeleton of its consonants begins a listed name; each distinct word is judged
once (memo). From there the words of the name must follow one to one, or written together (Ziaulhaq), with articles,
izafe and Mohammad between them left out or put in. Time is linear in the text: every step is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from monitor.core.names.letter_case import NameWord, headlines, is_behind
from monitor.core.names.particles import ARTICLES, PARTICLES, TITLES, is_mohammad
from monitor.core.names.sounds import MOHAMMAD, distance, heard, limit, skeleton, sounds
from monitor.core.text.tokens import analyse

MOST_WORDS = 12
"""Words of one listed name; a longer one has no variants."""

_MOST_SKIPPED = 3  # particles and a Mohammad between two words of a name
_MOST_REMEMBERED = 100_000
_PLAIN = 0.5
_WHOLE_JOINED = 0.3  # a whole name written as one word; with more "American" were Amir Khan


class NameFind(NamedTuple):
    """A listed name over positions `start` … `end` - 1; `name` is the listed spelling that it is a variant of."""

    entity: str
    start: int
    end: int
    name: str


class _Part(NamedTuple):
    """One word of a form of a name, or several written together."""

    term: str
    is_joined: bool


class _End(NamedTuple):
    entity: str
    name: str
    has_article: bool  # Al-Shabaab: an article stands before
    begins_with_mohammad: bool
    alone: str  # the sounds of a name of one word, else ""
    term: str  # that word


@dataclass(slots=True)
class _Node:
    edges: dict[str, list[_Edge]] = field(default_factory=dict)  # by skeleton
    ends: list[_End] = field(default_factory=list)


@dataclass(slots=True)
class _Edge:
    row: str
    limit: float
    is_joined: bool  # several words of the name
    node: _Node


class _Begin(NamedTuple):
    """What a word of a text may begin."""

    nodes: tuple[_Node, ...]
    may_join: bool  # with the words behind it


class VariantIndex:
    """All names to be found in any spelling. Immutable but for what it remembers; safe to share between threads."""

    def __init__(self, root: _Node) -> None:
        self._root = root
        self._begins: dict[str, _Begin] = {}
        self._joined: dict[str, tuple[_Node, ...]] = {}
        # beginnings of what may be written apart: Jalal, of Jalalabad
        single = [key for key, edges in root.edges.items() if not all(edge.is_joined for edge in edges)]
        self._openings = {key[:size] for key in single for size in range(len(key))}

    @classmethod
    def of(cls, names: Iterable[tuple[str, str]]) -> VariantIndex:
        """An index of (entity id, name) pairs. Names in other scripts than Latin are left out."""
        root = _Node()
        for entity, name in names:
            _add(root, entity, name)
        return cls(root)

    def find(self, words: Sequence[NameWord]) -> list[NameFind]:
        """Every name in the text, in order; of finds of one entity that begin at one word the longest."""
        found: dict[tuple[int, str], NameFind] = {}
        text = _Text(words)
        known = self._begins.get
        for index, word in enumerate(words):
            begin = known(word.term) or self._begin(word.term)
            waiting = [(node, index + 1) for node in begin.nodes] if begin.nodes else []
            if begin.may_join and word.surface[:1].isupper():
                for size, joined in text.joined(index):
                    waiting += [(node, index + size) for node in self._begin_joined(joined)]
            if not waiting:
                continue
            for one in _walk(text, index, waiting):
                longest = found.get((one.start, one.entity))
                if longest is None or one.end > longest.end:
                    found[one.start, one.entity] = one
        return sorted(found.values(), key=lambda one: (one.start, -one.end, one.entity))

    def _begin(self, term: str) -> _Begin:
        if len(self._begins) >= _MOST_REMEMBERED:
            self._begins.clear()
        row, key = heard(term)
        # where two words meet their letters may make another sound: the last one counts for nothing
        may_join = row != "" and key[:-1] in self._openings
        begin = self._begins[term] = _Begin(tuple(_agreeing(self._root, term)), may_join)
        return begin

    def _begin_joined(self, term: str) -> tuple[_Node, ...]:
        known = self._joined.get(term)
        if known is None:
            if len(self._joined) >= _MOST_REMEMBERED:
                self._joined.clear()
            known = self._joined[term] = tuple(_agreeing(self._root, term, is_joined=True))
        return known


def _walk(text: _Text, index: int, waiting: list[tuple[_Node, int]]) -> Iterator[NameFind]:
    """The names that begin at the word at `index`, from the places in the tree that it leads to."""
    seen: set[tuple[int, int]] = set()
    while waiting:
        node, after = waiting.pop()
        if (id(node), after) in seen:
            continue
        seen.add((id(node), after))
        for end in node.ends:
            if text.allows(end, index, after):
                yield text.find(end, index, after)
        if node.edges:
            waiting += text.steps(node, after)


class _Text:
    """The words of one text, and which of them may be a name."""

    def __init__(self, words: Sequence[NameWord]) -> None:
        self._words = words
        self._headlines: list[bool] | None = None

    def find(self, end: _End, index: int, after: int) -> NameFind:
        words = self._words
        start = words[index].position - (1 if end.has_article and self._article_before(index) else 0)
        return NameFind(end.entity, start, words[after - 1].position + 1, end.name)

    def steps(self, node: _Node, index: int) -> Iterator[tuple[_Node, int]]:
        """Where a name may go on from the word at `index`, with small words left out before it."""
        mohammads = 0
        for at in range(index, index + _MOST_SKIPPED + 1):
            if not self._follows(at):
                return
            term = self._words[at].term
            for child in _agreeing(node, term):
                yield child, at + 1
            for size, joined in self.joined(at):
                for child in _agreeing(node, joined, is_joined=True):
                    yield child, at + size
            if term == "m" or is_mohammad(term):
                mohammads += 1
            elif term not in PARTICLES:
                return
            if mohammads > 1:
                return

    def joined(self, index: int) -> Iterator[tuple[int, str]]:
        """The word with the next one or two written together: how many words, and what they make."""
        words = self._words
        term, position = words[index].term, words[index].position
        for size, word in enumerate(words[index + 1 : index + 3], 1):
            if word.position != position + size:
                return
            term += word.term
            yield size + 1, term

    def allows(self, end: _End, index: int, after: int) -> bool:
        """Whether what lies before the name, and the case of its letters, let it be that name."""
        words = self._words
        if end.has_article and not self._article_before(index):
            return False
        if self._follows(index) and not end.begins_with_mohammad and is_mohammad(words[index - 1].term):
            return False
        if not end.alone:
            return True
        word = words[index]
        if after - index > 1:  # Jalal Abad is Jalalabad, "I ran" not Iran
            return len(skeleton(end.alone)) > 3 and word.is_capital and words[after - 1].is_capital
        if word.is_capital and self._follows(index) and not word.apart and not self._is_headline(index):
            return True
        return _is_plain(end, word.term)

    def _article_before(self, index: int) -> bool:
        return self._follows(index) and self._words[index - 1].term in ARTICLES

    def _follows(self, index: int) -> bool:
        return is_behind(self._words, index)

    def _is_headline(self, index: int) -> bool:
        if self._headlines is None:
            self._headlines = headlines(self._words)
        return self._headlines[index]


def _is_plain(end: _End, term: str) -> bool:
    """Whether a word is this name even where any word is capitalised, or none: it must sound the same.

    With two consonants it must be the listed word itself, with four it may differ a little. Otherwise "Send" were
    Sindh and "Homes" Hamas.
    """
    consonants = len(skeleton(end.alone))
    if consonants < 3:
        return term == end.term
    row = sounds(term)
    return row.rstrip("h") == end.alone.rstrip("h") if consonants == 3 else distance(end.alone, row) <= _PLAIN


def _agreeing(node: _Node, term: str, is_joined: bool = False) -> list[_Node]:
    """Where a word leads from here. Joined words agree with one word only: else Farid Khan were Farida Khan."""
    row, key = heard(term)
    edges = node.edges.get(key) if row else None
    if not edges:
        return []
    return [
        edge.node
        for edge in edges
        if not (is_joined and edge.is_joined) and distance(edge.row, row, edge.limit) <= edge.limit
    ]


def _add(root: _Node, entity: str, name: str) -> None:
    terms = [token.term for token in analyse(name).tokens]
    if not 0 < len(terms) <= MOST_WORDS or not all(map(sounds, terms)):
        return
    untitled = _without_titles(terms)
    has_article = len(untitled) > 1 and untitled[0] in ARTICLES
    for form in _forms(untitled[1:] if has_article else untitled):
        _add_form(root, form, entity, name, has_article)
    if has_article:
        _add_form(root, [_Part("".join(untitled), True)], entity, name, False)


def _add_form(root: _Node, form: list[_Part], entity: str, name: str, has_article: bool) -> None:
    node = root
    rows = [sounds(part.term) for part in form]
    if not all(rows):  # joined, it is too long
        return
    for row, part in zip(rows, form, strict=True):
        most = limit(row, alone=len(rows) == 1)
        if part.is_joined and len(rows) == 1:
            most = min(most, _WHOLE_JOINED)
        edges = node.edges.setdefault(skeleton(row), [])
        kind = (row, most, part.is_joined)
        edge = next((one for one in edges if (one.row, one.limit, one.is_joined) == kind), None)
        if edge is None:
            edge = _Edge(*kind, _Node())
            edges.append(edge)
        node = edge.node
    alone = (rows[0], form[0].term) if len(rows) == 1 and not has_article else ("", "")
    end = _End(entity, name, has_article, rows[0] == MOHAMMAD, *alone)
    if end not in node.ends:
        node.ends.append(end)


def _without_titles(terms: list[str]) -> list[str]:
    """The words without titles at the front, as long as two words are left: Mullah Omar stays."""
    first = next((index for index, term in enumerate(terms) if term not in TITLES), len(terms))
    return terms[first:] if len(terms) - first > 1 else terms


def _forms(terms: list[str]) -> Iterator[list[_Part]]:
    """The words of a name that count, and the same with neighbours written together."""
    last = len(terms) - 1
    counting = [
        at for at, term in enumerate(terms) if at in (0, last) or not (term in PARTICLES or is_mohammad(term))
    ]
    parts = [_Part(terms[at], False) for at in counting]
    yield parts
    for place, (left, right) in enumerate(pairwise(counting)):
        before, after = parts[:place], parts[place + 2 :]
        yield [*before, _Part("".join(terms[left : right + 1]), True), *after]
        if right - left > 1:
            yield [*before, _Part(terms[left] + terms[right], True), *after]
            yield [*before, _Part("".join(terms[left:right]), True), parts[place + 1], *after]
    if len(counting) == 3:
        yield [_Part("".join(terms), True)]
