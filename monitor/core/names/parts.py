"""The part of a name that stands for the whole: "Asif", "Mr. Asif" once an article has named Khawaja Asif.

What counts as a part, and what keeps a word from being one, is in `part_names`; docs/explanation/names.md gives the
reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from monitor.core.names.index import NameFind
from monitor.core.names.letter_case import NameWord, headlines, is_behind
from monitor.core.names.particles import HONORIFICS, NO_NAMES, OFFICES, PARTICLES, TITLES, is_mohammad
from monitor.core.text.tokens import analyse

_FEWEST_LETTERS = 2


class FullName(NamedTuple):
    """A full name found over positions `start` … `end` - 1, by the listed spelling `name`.

    Those of no person have no parts, but nothing inside them is part of another name.
    """

    entity: str
    start: int
    end: int
    name: str
    is_person: bool = True


class _Part(NamedTuple):
    entity: str
    name: str
    own: frozenset[str]  # every word of the full name
    after: int  # in the body it counts from here on


def part_names(finds: Sequence[FullName], words: Sequence[NameWord], body_start: int = 0) -> list[NameFind]:
    """Where the first or the last word of a found person's name stands for the person, in order.

    - In the body after the full name; before `body_start` (title, summary) wherever the full name stands: a title
      is read first and written last.
    - Not inside a full name, and not beside another capitalised word of a name ("Asif Ali Zardari"), unless that is a
      title, an office, or a word of the person's own name. In a headline case says nothing about neighbours.
    - A part that two persons share counts for both.
    - Only in scripts with capital letters. Titles, Mohammad, Abdul, Khawaja and their like are never a part.
    """
    parts = _parts(finds, words)
    if not parts:
        return []
    text = _Neighbours(words)
    covered = {at for find in finds for at in range(find.start, find.end)}
    found = []
    for index, word in enumerate(words):
        for part in parts.get(word.term, ()):
            told = word.position >= part.after or word.position < body_start
            if told and word.position not in covered and text.stands_alone(index, part.own):
                found.append(NameFind(part.entity, word.position, word.position + 1, part.name))
    return found


def _parts(finds: Sequence[FullName], words: Sequence[NameWord]) -> dict[str, list[_Part]]:
    """The parts of all persons found, by their word; each from its first full name on."""
    persons = sorted((find for find in finds if find.is_person), key=lambda find: find.end)
    if not persons:
        return {}
    at = {word.position: word.term for word in words}
    known: dict[tuple[str, str], _Part] = {}
    own: dict[str, frozenset[str]] = {}
    for find in persons:
        written = tuple(at[place] for place in range(find.start, find.end) if place in at)
        own[find.entity] = own.get(find.entity, frozenset()) | frozenset(written) | frozenset(_terms(find.name))
        for term in {*_ends(written), *_ends(_terms(find.name))}:
            known.setdefault((find.entity, term), _Part(find.entity, find.name, frozenset(), find.end))
    parts: dict[str, list[_Part]] = {}
    for (entity, term), part in known.items():
        parts.setdefault(term, []).append(part._replace(own=own[entity]))
    return parts


@lru_cache(maxsize=20_000)
def _terms(name: str) -> tuple[str, ...]:
    return tuple(token.term for token in analyse(name).tokens)


def _ends(terms: tuple[str, ...]) -> Iterator[str]:
    """The first and the last word of a name that may stand for it; none of a name of one word."""
    telling = [
        term
        for term in terms
        if not (term in TITLES or term in PARTICLES or term in HONORIFICS or is_mohammad(term))
    ]
    if len(terms) > 1:
        for term in {*telling[:1], *telling[-1:]}:
            if len(term) >= _FEWEST_LETTERS and term.upper() != term:
                yield term


class _Neighbours:
    """Which words of a text are capitalised as names are."""

    def __init__(self, words: Sequence[NameWord]) -> None:
        self._words = words
        self._plain = {word.term for word in words if not word.is_capital}
        self._headline = headlines(words)

    def stands_alone(self, index: int, own: frozenset[str]) -> bool:
        """Whether the word at `index` is no part of a longer name of somebody else."""
        word = self._words[index]
        if self._headline[index]:
            return True
        if not word.is_capital:
            return False
        return not (self._names_before(index, own) or self._names_after(index, own))

    def _names_before(self, index: int, own: frozenset[str]) -> bool:
        words = self._words
        while index and self._adjacent(index):
            index -= 1
            before = words[index]
            if before.term in PARTICLES or before.term in ("bin", "ben", "ibn"):
                continue
            if not before.is_capital or _is_possessive(before) or before.term in own:
                return False
            if before.term in OFFICES or before.term in NO_NAMES:
                return False
            # the first word of a sentence is capitalised whatever it is
            return self._adjacent(index) or before.term not in self._plain
        return False

    def _names_after(self, index: int, own: frozenset[str]) -> bool:
        words = self._words
        if _is_possessive(words[index]) or not self._adjacent(index + 1):
            return False
        after = words[index + 1]
        if not after.is_capital or after.term in own:
            return False
        return not (after.term in NO_NAMES or after.term in HONORIFICS)

    def _adjacent(self, index: int) -> bool:
        """Whether nothing but space or a hyphen stands between the word and the one before."""
        return is_behind(self._words, index) and not self._words[index].apart


def _is_possessive(word: NameWord) -> bool:
    return word.surface[-2:].lower() in ("'s", "’s") or word.surface[-1:] in "'’"
