"""Finds listed names in a text in any Latin spelling: a tree of their words, entered by consonants.

A word of a text is looked at when the skeleton of its consonants begins a listed name; each distinct word is
judged once (memo). From there the words of the name must follow one to one, or written together (Ziaulhaq), with
articles, izafe and Mohammad between them left out or put in. Time is linear in the text: every step is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitor.core.names.particles import ARTICLES, ENGLISH, NO_NAMES, PARTICLES, is_mohammad
from monitor.core.names.sounds import distance, heard, skeleton, sounds
from monitor.core.names.text import NameText
from monitor.core.names.tree import End, Node, add_name, agreeing

_MOST_SKIPPED = 3  # particles and a Mohammad between two words of a name
_MOST_REMEMBERED = 20_000  # words
_PLAIN = 50  # for a name of one word, at least four consonants, where capitals say nothing
_SPLIT = 3  # consonants of a word that a text may write in two: Jalal Abad

# A first word's last sound with an h behind it (coarse, as skeletons are): Is-haq is heard as ish-aq.
_WITH_H = {"t": "Sj", "p": "f", "k": "C"}


class NameFind(NamedTuple):
    """A listed name over positions `start` … `end` - 1; `name` is the listed spelling that it is a variant of."""

    entity: str
    start: int
    end: int
    name: str


class _Begin(NamedTuple):
    """What a word of a text may begin."""

    nodes: tuple[tuple[Node, int], ...]  # with what each costs
    may_join: bool  # with the words behind it


class VariantIndex:
    """All names to be found in any spelling. Immutable but for its memory; safe to share between threads."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._begins: dict[str, _Begin] = {}
        self._idle: set[str] = set()  # words that begin nothing: nearly all
        self._joined: dict[str, tuple[tuple[Node, int], ...]] = {}
        split = [key for key, edges in root.edges.items() if not all(edge.is_joined for edge in edges)]
        self._openings = {key[:size] for key in split if len(key) >= _SPLIT for size in range(len(key))}

    @classmethod
    def of(cls, names: Iterable[tuple[str, str]]) -> VariantIndex:
        """An index of (entity id, name) pairs. Names in other scripts than Latin are left out."""
        root = Node()
        for entity, name in names:
            add_name(root, entity, name)
        return cls(root)

    @property
    def is_empty(self) -> bool:
        """Whether it holds no name at all."""
        return not self._root.edges

    def find(self, text: NameText) -> list[NameFind]:
        """Every name in the text, in order; of finds of one entity that begin at one word the longest."""
        begins = {term: begin for term in set(text.terms) - self._idle if (begin := self._begin(term))}
        if not begins:
            return []
        found: dict[tuple[int, str], NameFind] = {}
        for index in [at for at, term in enumerate(text.terms) if term in begins]:
            begin = begins[text.terms[index]]
            is_capital = begin.may_join and text.surfaces[index][:1].isupper()
            if not (begin.nodes or is_capital):
                continue
            waiting = [(node, index + 1, cost) for node, cost in begin.nodes]
            if is_capital:
                for size, joined in _joined(text, index):
                    waiting += [(node, index + size, cost) for node, cost in self._begin_joined(joined)]
            for one in _walk(text, index, waiting):
                longest = found.get((one.start, one.entity))
                if longest is None or one.end > longest.end:
                    found[one.start, one.entity] = one
        return sorted(found.values(), key=lambda one: (one.start, -one.end, one.entity))

    def _begin(self, term: str) -> _Begin | None:
        known = self._begins.get(term)
        if known is None:
            if len(self._begins) + len(self._idle) >= _MOST_REMEMBERED:
                self._begins, self._idle = {}, set()
            row, key = heard(term)
            may_join = row != "" and term not in NO_NAMES and self._opens(key)
            known = _Begin(tuple(agreeing(self._root, term)), may_join)
            if not (known.nodes or known.may_join):
                self._idle.add(term)
                return None
            self._begins[term] = known
        return known

    def _opens(self, key: str) -> bool:
        """Whether a word with this skeleton may be the first piece of a longer one."""
        if key in self._openings:
            return True
        return any(key[:-1] + sound in self._openings for sound in _WITH_H.get(key[-1:], ""))

    def _begin_joined(self, term: str) -> tuple[tuple[Node, int], ...]:
        known = self._joined.get(term)
        if known is None:
            if len(self._joined) >= _MOST_REMEMBERED:
                self._joined = {}
            known = self._joined[term] = tuple(agreeing(self._root, term, is_joined=True))
        return known


def _walk(text: NameText, index: int, waiting: list[tuple[Node, int, int]]) -> Iterator[NameFind]:
    """The names that begin at the word at `index`, from the places in the tree that it leads to."""
    least: dict[tuple[int, int], int] = {}
    while waiting:
        node, after, cost = waiting.pop()
        if least.get((id(node), after), cost + 1) <= cost:
            continue
        least[id(node), after] = cost
        for end in node.ends:
            if cost <= end.most and _allows(text, end, index, after):
                start = text.positions[index] - (1 if end.has_article else 0)
                yield NameFind(end.entity, start, text.positions[after - 1] + 1, end.name)
        if node.edges:
            waiting += [(child, at, cost + more) for child, at, more in _steps(text, node, after)]


def _steps(text: NameText, node: Node, index: int) -> Iterator[tuple[Node, int, int]]:
    """Where a name may go on from the word at `index`, with small words left out before it, and at what cost."""
    mohammads = 0
    for at in range(index, index + _MOST_SKIPPED + 1):
        if not text.follows(at):
            return
        term = text.terms[at]
        for child, cost in agreeing(node, term):
            yield child, at + 1, cost
        for size, joined in _joined(text, at):
            for child, cost in agreeing(node, joined, is_joined=True):
                yield child, at + size, cost
        if term == "m" or is_mohammad(term):
            mohammads += 1
        elif term not in PARTICLES or (term in ENGLISH and not text.is_hyphened(at)):
            return
        if mohammads > 1:
            return


def _joined(text: NameText, index: int) -> Iterator[tuple[int, str]]:
    """The word with the next one or two written together: how many words, and what they make."""
    term, position = text.terms[index], text.positions[index]
    for size in (1, 2):
        at = index + size
        if at >= len(text.positions) or text.positions[at] != position + size:
            return
        term += text.terms[at]
        yield size + 1, term


def _allows(text: NameText, end: End, index: int, after: int) -> bool:
    """Whether what lies before the name, and the case of its letters, let it be that name."""
    before = text.terms[index - 1] if text.follows(index) else ""
    if end.has_article:
        return before in ARTICLES
    if is_mohammad(before) and not end.begins_with_mohammad:
        return False
    if not end.alone:
        return True
    if not text.is_capital(index):
        return text.is_headline(index) and _is_plain(end, text.terms[index])
    if after - index > 1:  # Jalal Abad is Jalalabad, "I Ran" not Iran
        joined = "".join(text.terms[index:after])
        return len(skeleton(end.alone)) >= _SPLIT and text.is_capital(after - 1) and _is_plain(end, joined)
    tells = text.adjoins(index) and not text.is_headline(index)  # a capital in the middle of a sentence
    return tells or _is_plain(end, text.terms[index])


def _is_plain(end: End, term: str) -> bool:
    """Whether a word is this name even where any word is capitalised, or none: it must sound the same.

    With two consonants it must be the listed word itself, with four it may differ a little. Otherwise "Send" were
    Sindh and "Homes" Hamas.
    """
    consonants = len(skeleton(end.alone))
    if consonants < 3:
        return term == end.term
    row = sounds(term)
    return row.rstrip("h") == end.alone.rstrip("h") if consonants == 3 else distance(end.alone, row) <= _PLAIN
