"""What a document must hold for a query to hold on it, as a tree of words and prefixes.

The law that everything rests on: a document on which the query holds has all of it among its terms
(`core.text.terms`). A looser requirement costs time, a stricter one a match. Source: rules design, "Required
terms".

- AND needs what each operand needs, OR what one of them needs; a phrase, NEAR, SENTENCE and PARA all their words;
- NOT NEAR needs its left side, `~word` a listed form of its family or a word that begins like one of its stems;
- NOT needs nothing, and an OR with an alternative that needs nothing needs nothing either;
- `@entity` needs one of its spellings, `$term` what its query needs, `=Word` the word in any case;
- a word of several parts (`cease-fire`) needs its parts or the joined form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from monitor.core.rules.fields import NAMES, TEXTS
from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import (
    And,
    AtLeast,
    EntityRef,
    Exact,
    Field,
    Near,
    Node,
    NotNear,
    Or,
    Piece,
    TermRef,
    Within,
    Words,
)
from monitor.core.text.families import Families
from monitor.model.required import AllOf, AnyOf, Prefix, Required, Word

MOST_TERMS = 2_000
"""Words and prefixes that a filter is made of; PostgreSQL and FTS5 take more."""

DEEPEST = 10
"""Levels of AND and OR; the parser of FTS5 gives up at some thirty."""

_NEVER = AnyOf(())


def required_terms(node: Node, lexicon: Lexicon) -> Required | None:
    """What every document on which the query holds has; None when that is nothing: all documents are candidates.

    At most `MOST_TERMS` terms, `DEEPEST` levels: what goes beyond is left out where that loses no document.
    """
    found = _required(node, lexicon)
    return None if found is None else _bounded(found, DEEPEST)


def satisfied(required: Required, terms: Sequence[str]) -> bool:
    """Whether a document with these terms, sorted, has what is required."""
    match required:
        case Word(term):
            place = bisect_left(terms, term)
            return term in terms[place : place + 1]
        case Prefix(start):
            place = bisect_left(terms, start)
            return any(term.startswith(start) for term in terms[place : place + 1])
        case AllOf(parts):
            return all(satisfied(part, terms) for part in parts)
        case AnyOf(parts):
            return any(satisfied(part, terms) for part in parts)


def _required(node: Node, lexicon: Lexicon) -> Required | None:
    match node:
        case Words():
            return _all(_piece(piece, lexicon) for piece in node.pieces)
        case Exact():
            return _piece(node.piece, lexicon)
        case EntityRef() if lexicon.entities[node.id].variants:
            return None  # any word may begin a variant
        case EntityRef():
            return _any(_required(spelling, lexicon) for spelling in lexicon.spellings.get(node.id, ()))
        case TermRef():
            return _required(lexicon.terms[node.name].node, lexicon)
        case And():
            return _all(_required(child, lexicon) for child in node.children)
        case Near():
            return _all(_required(child, lexicon) for child in (node.left, node.right))
        case Or():
            return _any(_required(child, lexicon) for child in node.children)
        case NotNear():
            return _required(node.left, lexicon)
        case Within() | AtLeast():
            return _required(node.child, lexicon)
        case Field() if node.name in TEXTS or node.name in NAMES:
            return _required(node.child, lexicon)
        case _:  # NOT, and fields whose words are no words of the text
            return None


def _family(term: str, families: Families) -> Required:
    """Any word that `~term` reaches: those listed, and all that begin like one of its stems.

    The stemmer changes at most the last two letters of what it leaves of a word (happy: happi; hoping: hope;
    sensibility: sensibl), but for vying, lying and their like; tried on 104,000 words of a dictionary.
    """
    words = {term}
    starts: set[str] = set()
    for key in families.keys_of_query(term):
        kind, name = key[0], key[1:]
        if kind == "=":
            words.update(member for family in families.of(name) for member in family.members)
        elif kind in "~-":
            starts.add(name[: max(2, len(name) - 2)])
            if len(name) == 3 and name.endswith("ie"):  # dying: die
                words.add(f"{name[0]}ying")
    shortest = [start for start in sorted(starts) if not any(start[:n] in starts for n in range(2, len(start)))]
    listed = [word for word in sorted(words) if not word.startswith(tuple(shortest))]
    found = _any([*map(Word, listed), *map(Prefix, shortest)])
    assert found is not None
    return found


def _piece(piece: Piece, lexicon: Lexicon) -> Required | None:
    if piece.family:
        return _family(piece.parts[0], lexicon.families)
    *front, last = piece.parts
    parts: list[Required] = [Word(part) for part in front]
    together = _all([*parts, Prefix(last) if piece.prefix else Word(last)])
    assert together is not None
    if piece.joined is None:
        return together
    return AnyOf((together, Prefix(piece.joined) if piece.prefix else Word(piece.joined)))


def _all(parts: Iterable[Required | None]) -> Required | None:
    """What all of the parts ask for; None asks for nothing."""
    flat: dict[Required, None] = {}
    for part in parts:
        if part == _NEVER:
            return _NEVER
        if part is not None:
            flat.update(dict.fromkeys(part.parts if isinstance(part, AllOf) else (part,)))
    if not flat:
        return None
    return AllOf(tuple(flat)) if len(flat) > 1 else next(iter(flat))


def _any(parts: Iterable[Required | None]) -> Required | None:
    """What one of the parts asks for."""
    flat: dict[Required, None] = {}
    for part in parts:
        if part is None:
            return None
        flat.update(dict.fromkeys(part.parts if isinstance(part, AnyOf) else (part,)))
    return AnyOf(tuple(flat)) if len(flat) != 1 else next(iter(flat))


def _bounded(required: Required, levels: int) -> Required | None:
    """The same, or less, within the limits."""
    if isinstance(required, Word | Prefix):
        return required
    if not levels:
        return None
    parts = [_bounded(part, levels - 1) for part in required.parts]
    if isinstance(required, AllOf):
        return _all(_fitting(part for part in parts if part is not None))
    fits = sum(_size(part) for part in parts if part is not None) <= MOST_TERMS
    return _any(parts) if fits else None


def _fitting(parts: Iterable[Required]) -> Iterator[Required]:
    """Of the operands of an AND the smallest, as many as there is room for."""
    room = MOST_TERMS
    for part in sorted(parts, key=_size):
        room -= _size(part)
        if room < 0:
            return
        yield part


def _size(required: Required) -> int:
    return 1 if isinstance(required, Word | Prefix) else sum(map(_size, required.parts))
