"""Under which keys the index keeps a rule: what a document must show before it is worth evaluating the rule on it.

The law that everything rests on: on a document that shows none of a rule's keys the query does not hold. A key too
many costs time, one too few a match. Which of several sufficient sets of keys is taken is a matter of cost alone.

- AND and the pieces of a phrase need all of their operands: the cheapest is enough. OR needs one of them, and
  nothing when one of them needs nothing. NEAR takes its cheaper side, NOT NEAR its left.
- A phrase is known by two neighbours, which are rarer together than either.
- `~word` has the keys of its family, `=Word` its exact form, `@entity` the entity found, a field its own table.
- NOT has no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import pairwise
from typing import NamedTuple

from monitor.core.rules.fields import METADATA
from monitor.core.rules.frequencies import Frequencies
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
from monitor.core.text.stems import has_stemmer, stem

TEXT = "text"
"""The zone of title, summary and body together; the others are `title` and the fields of METADATA."""


class Kind(Enum):
    """What a key looks at."""

    WORD = auto()
    PREFIX = auto()
    FAMILY = auto()  # a key of `core.text.families`
    PAIR = auto()  # two words side by side: `term` and `second`
    BOTH = auto()  # two words anywhere: `term`, the rarer, and `second`
    EXACT = auto()  # the word `term` in the very case of `second`
    ENTITY = auto()


class Key(NamedTuple):
    """One thing that a document may show."""

    kind: Kind
    zone: str
    term: str
    second: str = ""


class Choice(NamedTuple):
    """Keys one of which a matching document shows, and the share of documents that probably show one."""

    cost: float
    keys: tuple[Key, ...]


# Guesses where no word can be counted. Shares of documents.
_OF_ENTITY = 0.002
_OF_METADATA = 0.02
_OF_LANGUAGE = 0.5
_IN_TITLE = 0.05  # of the documents that hold a word, those that hold it in the title
_IN_CASE = 0.05  # and those that hold a common word in an odd case
_TOGETHER = 3.0  # words of one query keep company: so much likelier together than by chance
_SIDE_BY_SIDE = 0.05  # and of those that hold the rarer of two words, those that hold both side by side


class Chooser:
    """Chooses keys for the queries of one lexicon. What a `$term` or a family needs is worked out once."""

    def __init__(self, lexicon: Lexicon, frequencies: Frequencies) -> None:
        self._lexicon = lexicon
        self._frequencies = frequencies
        self._terms: dict[tuple[str, str], Choice | None] = {}
        self._families: dict[tuple[str, str], Choice] = {}

    def choose(self, node: Node) -> Choice | None:
        """The cheapest keys of a query; None when a document that shows nothing may match."""
        return self._choose(node, TEXT)

    def _choose(self, node: Node, zone: str) -> Choice | None:
        match node:
            case Words():
                return self._phrase(node.pieces, zone)
            case Exact():
                return self._exact(node, zone)
            case EntityRef():
                # In the fields of METADATA entities are found too, by rules of their own.
                return None if zone in METADATA else Choice(_OF_ENTITY, (Key(Kind.ENTITY, TEXT, node.id),))
            case TermRef():
                if (node.name, zone) not in self._terms:
                    self._terms[node.name, zone] = self._choose(self._lexicon.terms[node.name].node, zone)
                return self._terms[node.name, zone]
            case And():
                return self._all_of(node.children, zone)
            case Or():
                return _together(self._choose(child, zone) for child in node.children)
            case Near():
                return _cheapest(self._choose(child, zone) for child in (node.left, node.right))
            case NotNear():
                return self._choose(node.left, zone)
            case Within() | AtLeast():
                return self._choose(node.child, zone)
            case Field() if zone in METADATA:
                return None
            case Field():
                inner = node.name if node.name in METADATA or node.name == "title" else zone
                return self._choose(node.child, inner)
            case _:  # NOT, and whatever else the language may learn
                return None

    def _all_of(self, children: Sequence[Node], zone: str) -> Choice | None:
        choices = sorted(_known(self._choose(child, zone) for child in children), key=lambda choice: choice.cost)
        words = [choice for choice in choices if len(choice.keys) == 1 and choice.keys[0].kind is Kind.WORD]
        if len(words) > 1 and words[0] is choices[0]:
            # Two words are rarer together: of a query of common words hardly any document is left.
            (first,), (second,) = words[0].keys, words[1].keys
            if first.zone == second.zone and first.term != second.term:
                cost = words[0].cost * min(1.0, _TOGETHER * words[1].cost)
                return Choice(cost, (Key(Kind.BOTH, first.zone, first.term, second.term),))
        return choices[0] if choices else None

    def _phrase(self, pieces: Sequence[Piece], zone: str) -> Choice | None:
        pairs = (
            self._pair(left.parts[-1], right.parts[0], zone)
            for left, right in pairwise(pieces)
            if _ends_plainly(left) and _begins_plainly(right)
        )
        return _cheapest([*pairs, *(self._piece(piece, zone) for piece in pieces)])

    def _piece(self, piece: Piece, zone: str) -> Choice | None:
        if piece.family:
            family = (piece.parts[0], zone)
            if family not in self._families:
                self._families[family] = self._family(*family)
            return self._families[family]
        *front, last = piece.parts
        words = [*front] if piece.prefix else [*front, last]
        options = [self._word(word, zone) for word in words]
        options += [self._pair(left, right, zone) for left, right in pairwise(words)]
        if piece.prefix:
            options.append(self._prefix(last, zone))
        apart = _cheapest(options)
        if piece.joined is None:
            return apart
        joined = self._prefix(piece.joined, zone) if piece.prefix else self._word(piece.joined, zone)
        return _together([apart, joined])

    def _exact(self, node: Exact, zone: str) -> Choice | None:
        piece = node.piece
        if piece.family or piece.prefix or piece.joined is not None or len(piece.parts) > 1:
            return self._piece(piece, zone)
        word = piece.parts[0]
        return Choice(self._cost(word, zone) * _IN_CASE, (Key(Kind.EXACT, zone, word, node.key),))

    def _word(self, word: str, zone: str) -> Choice:
        return Choice(self._cost(word, zone), (Key(Kind.WORD, zone, word),))

    def _pair(self, left: str, right: str, zone: str) -> Choice:
        cost = min(self._cost(left, zone), self._cost(right, zone)) * _SIDE_BY_SIDE
        return Choice(cost, (Key(Kind.PAIR, zone, left, right),))

    def _prefix(self, prefix: str, zone: str) -> Choice:
        return Choice(_in(zone, self._frequencies.of_prefix(prefix)), (Key(Kind.PREFIX, zone, prefix),))

    def _family(self, term: str, zone: str) -> Choice:
        families = self._lexicon.families
        # Never nothing: a family that nobody counted yet would be taken for the rarest.
        cost = self._frequencies.of_any({term, *(word for one in families.of(term) for word in one.members)})
        if has_stemmer(term):
            cost += self._frequencies.of_prefix(stem(term))
        keys = (Key(Kind.FAMILY, zone, key) for key in sorted(families.keys_of_query(term)))
        return Choice(_in(zone, cost), (Key(Kind.WORD, zone, term), *keys))

    def _cost(self, word: str, zone: str) -> float:
        return _in(zone, self._frequencies.of(word))


def _in(zone: str, cost: float) -> float:
    match zone:
        case "text":
            return cost
        case "title":
            return cost * _IN_TITLE
        case "language":
            return _OF_LANGUAGE
        case _:
            return _OF_METADATA


def _ends_plainly(piece: Piece) -> bool:
    return piece.joined is None and not piece.prefix and not piece.family


def _begins_plainly(piece: Piece) -> bool:
    return piece.joined is None and not piece.family and (not piece.prefix or len(piece.parts) > 1)


def _cheapest(choices: Iterable[Choice | None]) -> Choice | None:
    return min(_known(choices), key=lambda choice: choice.cost, default=None)


def _together(choices: Iterable[Choice | None]) -> Choice | None:
    cost, keys = 0.0, dict[Key, None]()
    for choice in choices:
        if choice is None:
            return None
        cost += choice.cost
        keys.update(dict.fromkeys(choice.keys))
    return Choice(cost, tuple(keys))


def _known(choices: Iterable[Choice | None]) -> Iterator[Choice]:
    return (choice for choice in choices if choice is not None)
