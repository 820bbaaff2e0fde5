"""What the operands of a query stand for: the forms of `~word` and `word*`, the names of `@entity`, the query of
`$term`. Pure; which words an archive adds is told from outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import EntityRef, Node, Piece, TermRef, Words, walk
from monitor.core.text.families import Families, Family
from monitor.core.text.stems import has_stemmer
from monitor.model.rule import Entity


@dataclass(frozen=True, slots=True)
class Form:
    """A word that an operand reaches.

    `is_listed`: some family lists it; `is_surprise`: a prefix reaches it, and it is not of the family meant.
    """

    word: str
    is_listed: bool = True
    is_surprise: bool = False


@dataclass(frozen=True, slots=True)
class FamilyOf:
    """`~word`: its families, or those that the stem of an unlisted word reaches.

    `is_exact`: it finds the very word and no other; `is_by_stem`: also forms that no family lists, by their stems.
    """

    source: str
    term: str
    families: tuple[Family, ...]
    is_exact: bool
    is_by_stem: bool


@dataclass(frozen=True, slots=True)
class PrefixOf:
    """`word*`: the family it seems to mean, by its head; None where no word that it reaches is listed."""

    source: str
    start: str
    family: str | None


@dataclass(frozen=True, slots=True)
class EntityOf:
    """`@id`."""

    source: str
    entity: Entity


@dataclass(frozen=True, slots=True)
class TermOf:
    """`$name`: its query with the queries of its own `$terms` put in."""

    source: str
    query: str


Expansion = FamilyOf | PrefixOf | EntityOf | TermOf


def expansions(node: Node, lexicon: Lexicon) -> tuple[Expansion, ...]:
    """What the operands of a query stand for, each once, in order; those inside a `$term` behind it."""
    return tuple(dict.fromkeys(_expansions(node, lexicon)))


def _expansions(node: Node, lexicon: Lexicon) -> Iterator[Expansion]:
    for found in walk(node):
        match found:
            case Words():
                yield from (one for piece in found.pieces if (one := _of_piece(piece, lexicon.families)))
            case EntityRef():
                yield EntityOf(found.source, lexicon.entities[found.id])
            case TermRef():
                yield TermOf(found.source, written_out(lexicon.terms[found.name].query, found, lexicon))
                yield from _expansions(lexicon.terms[found.name].node, lexicon)
            case _:
                pass


def _of_piece(piece: Piece, families: Families) -> FamilyOf | PrefixOf | None:
    term = piece.joined or piece.parts[-1]
    if piece.family:
        found = families.of(term) or families.near(term)
        by_stem = has_stemmer(term) or any(has_stemmer(word) for family in found for word in family.members)
        return FamilyOf(f"~{term}", term, found, families.is_exact(term), by_stem)
    return PrefixOf(f"{term}*", term, _meant(term, families)) if piece.prefix else None


def _meant(start: str, families: Families) -> str | None:
    """The family of the word that the prefix is, else the one with the most words that begin so."""
    own = families.of(start)
    if own:
        return own[0].head
    heads = [family.head for word in families.beginning_with(start) for family in families.of(word)]
    counts = Counter(sorted(heads, key=len))  # of equal counts the first is taken
    return max(counts, key=counts.__getitem__, default=None)


def written_out(query: str, node: TermRef, lexicon: Lexicon) -> str:
    """The query of a term with the queries of the terms in it, in parentheses."""
    inside = [one for one in walk(lexicon.terms[node.name].node) if isinstance(one, TermRef)]
    for one in sorted(inside, key=lambda one: one.at, reverse=True):
        inner = written_out(lexicon.terms[one.name].query, one, lexicon)
        query = f"{query[: one.at]}({inner}){query[one.at + len(one.source) :]}"
    return query


def shipped_forms(one: FamilyOf | PrefixOf, families: Families) -> tuple[Form, ...]:
    """The forms that families list: a family's in its order, a prefix's with the surprising ones last."""
    if isinstance(one, FamilyOf):
        listed = (word for family in one.families for word in family.members)
        return tuple(Form(word) for word in dict.fromkeys((one.term, *listed)) if word != one.term or one.families)
    words = families.beginning_with(one.start)
    return tuple(sorted(forms_among(one, words, families), key=lambda form: form.is_surprise))


def forms_among(one: FamilyOf | PrefixOf, words: Iterable[str], families: Families) -> Iterator[Form]:
    """Those of the words that an operand reaches."""
    keys: Collection[str] = families.keys_of_query(one.term) if isinstance(one, FamilyOf) else ()
    meant = families.keys_of_query(one.family or one.start) if isinstance(one, PrefixOf) else frozenset[str]()
    for word in words:
        if isinstance(one, PrefixOf):
            if word.startswith(one.start):
                yield Form(word, bool(families.of(word)), meant.isdisjoint(families.keys_of_text(word)))
        elif any(key in keys for key in families.keys_of_text(word)):
            yield Form(word, bool(families.of(word)))
