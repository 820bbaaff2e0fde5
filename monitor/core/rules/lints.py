"""What is allowed in a query but may not mean what its author thinks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.fields import METADATA
from monitor.core.rules.lexer import Kind, Mark
from monitor.core.rules.nodes import Field, Node, Or, Piece, Words, children, render
from monitor.core.text.families import Families
from monitor.core.text.tokens import analyse

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

_NEARLY_NEAR = re.compile(r"(?:(?i:o?near|w|within|adj|pre|prox)?|[NEARO]{3,6})/(\d+)|(?i:o?near)(?:/?(\d+))?")
_FOREIGN = re.compile(r"[?^~|&!+<>\[\]{}\\（）]")
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|O?NEAR)\b(?:/\d+)?")


def lints(query: str, node: Node, marks: Sequence[Mark], mixed: Sequence[Or]) -> tuple[QueryInvalid, ...]:
    """The warnings of one query that parsed, in order of appearance."""
    found = [
        *_mixed(query, mixed),
        *_side_by_side(query, marks),
        *_not_quite_operators(query, marks),
        *_not_quite_functions(query, marks),
        *_foreign_signs(query, marks),
        *_operators_in_quotes(query, marks),
        *_capitals(query, node),
    ]
    return tuple(sorted(found, key=lambda lint: lint.start))


def _lint(query: str, mark: Mark, message: str) -> QueryInvalid:
    return QueryInvalid(message, query, mark.start, mark.end)


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
        Kind.OPEN, Kind.FUNCTION, Kind.FIELD, Kind.PHRASE, Kind.EXACT, Kind.FAMILY, Kind.ENTITY,
        Kind.TERM, Kind.WORD
    )  # fmt: skip
    enders = (Kind.CLOSE, Kind.PHRASE, Kind.EXACT, Kind.FAMILY, Kind.ENTITY, Kind.TERM, Kind.WORD)
    for left, right in pairwise(marks):
        if left.kind in enders and right.kind in starters:
            yield QueryInvalid(
                'two terms side by side mean AND; write AND, or "…" for a phrase', query, right.start, right.end
            )
            return


def _not_quite_operators(query: str, marks: Sequence[Mark]) -> Iterator[QueryInvalid]:
    """`and`, `Not`, `near/5`, `NEAR5`, `NEAR /5`, `W/5`, `NAER/5`: words to us, meant as operators."""
    for mark in marks:
        if mark.kind is not Kind.WORD:
            continue
        if mark.text.upper() in ("AND", "OR", "NOT"):
            meant = mark.text.upper()
        elif near := _NEARLY_NEAR.fullmatch(mark.text):
            meant = f"NEAR/{near.group(1) or near.group(2) or 'n'}"
        else:
            continue
        yield _lint(query, mark, f'"{mark.text}" is read as a word; the operator is {meant}')


def _not_quite_functions(query: str, marks: Sequence[Mark]) -> Iterator[QueryInvalid]:
    for mark, after in pairwise(marks):
        if mark.kind is Kind.WORD and after.kind is Kind.OPEN and mark.end == after.start:
            known = "SENTENCE(…), PARA(…) and ATLEAST(n, …)"
            yield _lint(query, mark, f'"{mark.text}" is read as a word; the functions are {known}')


def _foreign_signs(query: str, marks: Sequence[Mark]) -> Iterator[QueryInvalid]:
    """Signs that mean something to other search engines: `!x`, `tor?ham`, `x~2`, `x^4`, 'a b'."""
    for index, mark in enumerate(marks):
        before = marks[index - 1] if index else mark
        if mark.kind is not Kind.WORD or (before.kind is Kind.FIELD and before.text == "url"):
            continue
        words = " ".join(token.term for token in analyse(mark.text).tokens)
        if mark.text[0] == "!":
            yield _lint(query, mark, f'"{mark.text}" is read as the word {words}; to exclude it write NOT {words}')
        elif mark.text[0] in "'‘" and any(later.text[-1:] in ("'", "’") for later in marks[index:]):
            yield _lint(query, mark, 'single quotes make no phrase; write double ones: "border crossing"')
        elif sign := _FOREIGN.search(mark.text):
            yield _lint(query, mark, f'"{sign.group()}" means nothing here; it is read as "{words}"')


def _operators_in_quotes(query: str, marks: Sequence[Mark]) -> Iterator[QueryInvalid]:
    for mark in marks:
        if mark.kind is Kind.PHRASE and (found := _OPERATOR.search(mark.text)):
            yield _lint(query, mark, f'"{found.group()}" in quotes is read as a word of the phrase')


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
