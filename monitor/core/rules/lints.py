"""What is allowed in a query but may not mean what its author thinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.fields import METADATA
from monitor.core.rules.lexer import Kind, Mark
from monitor.core.rules.nodes import Field, Node, Or, Piece, Words, children, render
from monitor.core.text.families import Families

# Capitals of two to four letters that are also everyday English words, so that the bare word matches too much.
_WORDS = (
    "act add age aid aim air all am an and any apt arc are arm art as ask at bad ban bar bat be bed best bid big "
    "bit but by call can cap car care case cat city cop core cost cut dam day deal did do dog dot dry due ears "
    "eat end era eye fact fair fan far fast fat few fit fix fly for fund gap gas gem get go goal gun had has hat "
    "he her hit hot how ice if ill in is it its jet job key kid kit lab land last law lead led let lid link lip "
    "live log lot low mad made main man map mat may me men met mid miss mix mob more most net new no nor not now "
    "oath of off oil old on one opt or our out over pact pad pan park part past pat pay pen per pet pin plan "
    "play pop port post pot push put rail ran rat raw real red rest rice rid rim rise rob rod role row rub run "
    "safe sat save saw say sea seal see set she ship sir sit six sky smart so son star stop sun swat tap tar tax "
    "tea team ten the them tie tip to toe too top toy trap try two unit up us use van vat vet via war was way we "
    "wet when who why win wind wise wit wolf won yes yet you zip"
)
_ENGLISH = frozenset(_WORDS.split())
_MOST_OTHERS = 3  # words named in a warning


def lints(query: str, node: Node, marks: Sequence[Mark], mixed: Sequence[Or]) -> tuple[QueryInvalid, ...]:
    """The warnings of one query that parsed, in order of appearance."""
    found = [
        *_mixed(query, mixed),
        *_side_by_side(query, marks),
        *_lower_case(query, marks),
        *_capitals(query, node),
    ]
    return tuple(sorted(found, key=lambda lint: lint.start))


def _mixed(query: str, mixed: Sequence[Or]) -> Iterator[QueryInvalid]:
    for node in mixed:
        yield QueryInvalid(
            f"AND and OR are mixed without parentheses; it reads as: {_shortened(render(node))}",
            query,
            node.at,
            node.at + 1,
        )


def _side_by_side(query: str, marks: Sequence[Mark]) -> Iterator[QueryInvalid]:
    starters = (
        Kind.OPEN, Kind.FUNCTION, Kind.FIELD, Kind.PHRASE, Kind.EXACT, Kind.ENTITY, Kind.TERM, Kind.WORD
    )  # fmt: skip
    enders = (Kind.CLOSE, Kind.PHRASE, Kind.EXACT, Kind.ENTITY, Kind.TERM, Kind.WORD)
    for left, right in pairwise(marks):
        if left.kind in enders and right.kind in starters:
            yield QueryInvalid(
                'two terms side by side mean AND; write AND, or "…" for a phrase', query, right.start, right.end
            )
            return


def _lower_case(query: str, marks: Sequence[Mark]) -> Iterator[QueryInvalid]:
    for mark in marks:
        if mark.kind is Kind.WORD and mark.text in ("and", "or", "not"):
            yield QueryInvalid(
                f'"{mark.text}" is read as a word; the operator is {mark.text.upper()}',
                query,
                mark.start,
                mark.end,
            )


def _capitals(query: str, node: Node) -> Iterator[QueryInvalid]:
    if isinstance(node, Words) and not node.quoted:
        word = node.source
        if 2 <= len(word) <= 4 and word.isalpha() and word.isupper() and word.lower() in _ENGLISH:
            yield QueryInvalid(
                f'"{word}" matches the word {word.lower()}; write ={word} for the organisation',
                query,
                node.at,
                node.at + len(word),
            )
    for child in children(node):
        yield from _capitals(query, child)


def reach_lints(query: str, node: Node, families: Families) -> tuple[QueryInvalid, ...]:
    """The warnings about operands that reach less or more than they seem to say: ~بند, protest*."""
    return tuple(_reach(query, node, families))


def _reach(query: str, node: Node, families: Families) -> Iterator[QueryInvalid]:
    if isinstance(node, Words):
        for piece in node.pieces:
            said = _said_of_family(piece, families) if piece.family else _said_of_prefix(piece, families)
            if said:
                yield QueryInvalid(said, query, node.at, node.at + len(node.source))
    elif not (isinstance(node, Field) and node.name in METADATA):
        for child in children(node):
            yield from _reach(query, child, families)


def _said_of_family(piece: Piece, families: Families) -> str | None:
    (word,) = piece.parts
    if not families.is_exact(word):
        return None
    return f"~{word} finds the very word only: no family lists it, and its script has no stemmer"


def _said_of_prefix(piece: Piece, families: Families) -> str | None:
    """Of a prefix that is a listed word by itself; of others nobody knows what their authors mean."""
    start = piece.parts[-1]
    if not piece.prefix or len(piece.parts) > 1 or not families.of(start):
        return None
    meant = families.keys_of_query(start)
    other = [word for word in families.beginning_with(start) if meant.isdisjoint(families.keys_of_text(word))]
    if not other:
        return None
    more = ", …" if len(other) > _MOST_OTHERS else ""
    return f"{start}* also reaches {', '.join(other[:_MOST_OTHERS])}{more}; ~{start} is {start} and its family"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
