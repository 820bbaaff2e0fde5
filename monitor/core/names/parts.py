"""The part of a name that stands for the whole: "Asif", "Mr. Asif" once an article has named Khawaja Asif.

What counts as a part, and what keeps a word from being one, is in `part_names`; docs/explanation/names.md gives
the reasons.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from monitor.core.names.index import NameFind
from monitor.core.names.particles import HONORIFICS, NO_NAMES, OFFICES, PARTICLES, is_mohammad
from monitor.core.names.text import NameText
from monitor.core.text.tokens import analyse

_FEWEST_LETTERS = 2
_SON_OF = frozenset(("bin", "ben", "ibn"))
_JOINTS = _SON_OF | {"al", "el", "ul", "ur", "ud"}


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
    is_father: bool  # bin Salman is the son, Salman the father


def part_names(finds: Sequence[FullName], text: NameText, body_start: int = 0) -> list[NameFind]:
    """Where the first or the last word of a found person's name stands for the person, in order.

    - In the body after the full name; before `body_start` (title, summary) wherever the full name stands: a title
      is read first and written last.
    - Not inside a full name, and not beside another capitalised word of a name ("Asif Ali Zardari"), unless that
      is a title, an office, or a word of the own name. In a headline case says nothing about neighbours.
    - A part that two persons share counts for both.
    - Only in scripts with capital letters. Titles, Mohammad, Abdul, Khawaja and their like are never a part.
    """
    parts = _parts(finds, text)
    if not parts:
        return []
    covered = {at for find in finds for at in range(find.start, find.end)}
    found = []
    for index in compress(range(len(text.terms)), map(parts.__contains__, text.terms)):
        position = text.positions[index]
        for part in parts[text.terms[index]]:
            told = position >= part.after or position < body_start
            if part.is_father and not (text.follows(index) and text.terms[index - 1] in _SON_OF):
                continue
            if told and position not in covered and _stands_alone(text, index, part.own):
                found.append(NameFind(part.entity, position, position + 1, part.name))
    return found


def _parts(finds: Sequence[FullName], text: NameText) -> dict[str, list[_Part]]:
    """The parts of all persons found, by their word; each from its first full name on."""
    persons = sorted((find for find in finds if find.is_person), key=lambda find: find.end)
    if not persons:
        return {}
    known: dict[tuple[str, str], _Part] = {}
    own: dict[str, frozenset[str]] = {}
    for find in persons:
        first = bisect_left(text.positions, find.start)
        written = tuple(text.terms[first : bisect_left(text.positions, find.end, first)])
        own[find.entity] = own.get(find.entity, frozenset()) | {*written, *_terms(find.name)}
        for term, is_father in {*_ends(written), *_ends(_terms(find.name))}:
            part = _Part(find.entity, find.name, frozenset(), find.end, is_father)
            known.setdefault((find.entity, term), part)
    parts: dict[str, list[_Part]] = {}
    for (entity, term), part in known.items():
        parts.setdefault(term, []).append(part._replace(own=own[entity]))
    return parts


@lru_cache(maxsize=20_000)
def _terms(name: str) -> tuple[str, ...]:
    return tuple(token.term for token in analyse(name).tokens)


@lru_cache(maxsize=20_000)
def _ends(terms: tuple[str, ...]) -> frozenset[tuple[str, bool]]:
    """The first and the last word of a name that may stand for it, with whether it names the father.

    None of a name of one word.
    """
    return frozenset(_each_end(terms)) if len(terms) > 1 else frozenset()


def _each_end(terms: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    named = [term for term in terms if not (term in OFFICES or term in PARTICLES or is_mohammad(term))]
    last = [term for term in named if term not in HONORIFICS]
    for term in {*named[:1], *last[-1:]}:
        if term not in HONORIFICS and len(term) >= _FEWEST_LETTERS and term.upper() != term:
            at = terms.index(term)
            yield term, at > 0 and terms[at - 1] in _SON_OF


def _stands_alone(text: NameText, index: int, own: frozenset[str]) -> bool:
    """Whether the word at `index` is no part of a longer name of somebody else."""
    if text.is_headline(index):
        return True
    return text.is_capital(index) and not (_named_before(text, index, own) or _named_behind(text, index, own))


def _named_before(text: NameText, index: int, own: frozenset[str]) -> bool:
    while text.adjoins(index):
        index -= 1
        term = text.terms[index]
        if term in _JOINTS:  # Bashar al-Assad: the word before tells
            continue
        if not text.is_capital(index) or _is_possessive(text.surfaces[index]) or term in own:
            return False
        if term in OFFICES or term in NO_NAMES:
            return False
        # the first word of a sentence is capitalised whatever it is
        return text.adjoins(index) or term not in text.plain_terms
    return False


def _named_behind(text: NameText, index: int, own: frozenset[str]) -> bool:
    behind = index + 1
    if _is_possessive(text.surfaces[index]) or not text.adjoins(behind) or not text.is_capital(behind):
        return False
    term = text.terms[behind]
    return not (term in own or term in NO_NAMES or term in HONORIFICS)


def _is_possessive(surface: str) -> bool:
    return surface[-2:].lower() in ("'s", "’s") or surface[-1:] in "'’"
