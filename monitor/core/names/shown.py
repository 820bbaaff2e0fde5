"""Examples of the spellings that count for a name: what its author is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from monitor.core.names.index import VariantIndex
from monitor.core.names.particles import PARTICLES, is_mohammad
from monitor.core.names.text import NameText
from monitor.core.text.tokens import analyse

MOST_SHOWN = 12

# How the press writes one sound in two ways; each is tried on each word of the name, first from left to right.
_TURNS = (
    (r"^khawaja", "khwaja"), (r"ullah$", "ollah"), (r"hull", "ull"), (r"ee", "i"), (r"oo", "u"), (r"aa", "a"),
    (r"ou", "u"),
    (r"i(?=[^aeiouy]+$)", "ee"), (r"u(?=[bdqrst]$)", "oo"), (r"i(?=[^aeiouy]+$)", "e"), (r"kh", "k"), (r"gh", "g"),
    (r"q+", "k"), (r"w", "v"), (r"v", "w"), (r"y$", "i"), (r"i$", "y"), (r"([^aeiou])\1", r"\1"), (r"o", "u"),
    (r"u", "o"), (r"^i", "e"), (r"^e", "i"), (r"ah", "eh"), (r"eh", "ah"), (r"^as", "aas"), (r"h$", ""),
)  # fmt: skip
_MOHAMMADS = ("Mohammad", "Muhammad", "Mohammed", "Muhammed", "Mohamed")


def variants_shown(name: str, is_person: bool = False, most: int = MOST_SHOWN) -> tuple[str, ...]:
    """At most `most` spellings of a Latin name that the method accepts; none for a name in another script.

    Plausible ones, made by turning one word at a time; the method accepts many more.
    """
    index = VariantIndex.of([("", name)])
    kept: dict[str, None] = {}
    seen = {_plain(name)}
    for candidate in _alternately(name, is_person):
        if len(kept) == most:
            break
        if _plain(candidate) not in seen and is_variant(index, candidate):
            seen.add(_plain(candidate))
            kept[candidate] = None
    return tuple(kept)


def spellings_shown(names: Sequence[str], is_person: bool = False, most: int = MOST_SHOWN) -> tuple[str, ...]:
    """At most `most` spellings that count beside the listed names of one entity, some of each name in turn.

    A name that is a variant of one before it adds none: it reaches the same.
    """
    apart: list[str] = []
    for name in names:
        if not is_variant(VariantIndex.of([("", one) for one in apart]), name):
            apart.append(name)
    in_turn = chain(*zip_longest(*(variants_shown(name, is_person, most) for name in apart)))
    seen = set(map(_plain, names))
    kept = {_plain(spelling): spelling for spelling in in_turn if spelling and _plain(spelling) not in seen}
    return tuple(kept.values())[:most]


def is_variant(index: VariantIndex, text: str) -> bool:
    """Whether a text, as a whole and in the middle of a sentence, is a spelling of a name in the index."""
    running = NameText.of(f"said {text}")
    end = running.positions[-1] + 1
    return any((find.start, find.end) == (1, end) for find in index.find(running))


def _alternately(name: str, is_person: bool) -> Iterator[str]:
    """Candidates, one of each word and of the joints in turn, so that the first few show every kind."""
    sources = [_joints(name, is_person)] + [
        _turned(name, token.start, token.end) for token in analyse(name).tokens
    ]
    while sources:
        for source in list(sources):
            candidate = next(source, None)
            if candidate is None:
                sources.remove(source)
            else:
                yield candidate


def _joints(name: str, is_person: bool) -> Iterator[str]:
    """The words of the name joined otherwise, without its small words, with a Mohammad in the middle."""
    tokens = analyse(name).tokens
    surfaces = [name[token.start : token.end] for token in tokens]
    inner = [
        at for at in range(1, len(tokens) - 1) if tokens[at].term in PARTICLES or is_mohammad(tokens[at].term)
    ]
    if is_person and len(surfaces) == 2 and not is_mohammad(tokens[0].term):
        yield f"{surfaces[0]} {_MOHAMMADS[0]} {surfaces[1]}"
    for at in inner:
        yield " ".join(surfaces[:at] + surfaces[at + 1 :])
    if inner and len(tokens) - len(inner) < 3:
        yield surfaces[0] + "".join(surfaces[1:]).lower()


def _turned(name: str, start: int, end: int) -> Iterator[str]:
    surface = name[start:end]
    if is_mohammad(surface.lower()):
        turned = [one for one in _MOHAMMADS if one != surface]
    else:
        turned = [re.sub(pattern, by, surface.lower(), count=1) for pattern, by in _TURNS]
        if surface[:1].isupper():
            turned = [one[:1].upper() + one[1:] for one in turned]
    for one in turned:
        if one and one != surface:
            yield name[:start] + one + name[end:]


def _plain(name: str) -> str:
    return " ".join(token.term for token in analyse(name).tokens)
