"""Where words, phrases, exact forms and word families stand in one document."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import Exact, Piece, Words
from monitor.core.rules.reading import Hit, Reading, Scope
from monitor.core.rules.vocabulary import START, Seen

T = TypeVar("T")


class Finds:
    """What leaves find in one reading. Kept: the rules of a set share words and phrases."""

    def __init__(self, reading: Reading, lexicon: Lexicon) -> None:
        self._reading = reading
        self._lexicon = lexicon
        # By identity: to compare nodes by what they say takes as long as to look for it. The node is kept beside
        # what it found, so that no other gets its identity.
        self._known: dict[int, tuple[Words | Exact, list[Hit]]] = {}
        self._prefixes: dict[str, list[Hit]] = {}
        self._families: dict[str, list[Hit]] = {}
        self._beginnings: dict[str, list[str]] = {}
        self._related: dict[str, bool] = {}

    def any(self, node: Words | Exact) -> bool:
        """Whether a leaf finds anything in the document."""
        if node.__class__ is Words:
            first = node.pieces[0]
            if len(node.pieces) > 1:
                second = node.pieces[1]
                if first.plain and second.plain:
                    # Most phrases asked for are not there: two words tell.
                    reading = self._reading
                    return reading.may_stand_together(first.parts[0], second.parts[0]) and bool(self.of(node))
            elif first.plain:
                return first.parts[0] in self._reading.forms
            elif len(first.parts) == 1 and first.joined is None:
                if first.parts[0] in self._reading.forms:
                    return True
                if first.prefix:
                    return bool(self._beginning_with(first.parts[0]))
                return self._has_relatives(first.parts[0])
        return bool(self.of(node))

    def of(self, node: Words | Exact) -> list[Hit]:
        """Everything a leaf finds in the document, in order."""
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        found = self._exact(node) if isinstance(node, Exact) else self._phrase(node.pieces)
        self._known[id(node)] = (node, found)
        return found

    def shouted_only(self, node: Exact) -> bool:
        """Whether the exact form stands in all-capitals paragraphs and nowhere else."""
        return not self.of(node) and bool(self._in_this_case(node))

    def _exact(self, node: Exact) -> list[Hit]:
        found = self._in_this_case(node)
        calm = [hit for hit in found if not _inside_any(hit, self._reading.shouted)]
        # one exact form in running text confirms those of an all-capitals headline
        return found if calm else []

    def _in_this_case(self, node: Exact) -> list[Hit]:
        return [hit for hit in self._piece(node.piece) if self._reading.key(hit) == node.key]

    def _phrase(self, pieces: tuple[Piece, ...]) -> list[Hit]:
        first, *others = pieces
        if others:
            plain = first.plain and others[0].plain
            if plain and not self._reading.may_stand_together(first.parts[0], others[0].parts[0]):
                return []
        return _in_a_row(pieces, self._piece)

    def _piece(self, piece: Piece) -> list[Hit]:
        if piece.family:
            return self._family(piece.parts[0])
        *front, last = piece.parts
        ending = self._starting_with(last) if piece.prefix else self._reading.places(last)
        if not front and piece.joined is None:
            return ending
        parts = _in_a_row([*front, None], lambda part: ending if part is None else self._reading.places(part))
        if piece.joined is None:
            return parts
        whole = self._starting_with if piece.prefix else self._reading.places
        return sorted({*parts, *whole(piece.joined)})

    def _starting_with(self, prefix: str) -> list[Hit]:
        known = self._prefixes.get(prefix)
        if known is None:
            places = self._reading.places
            known = sorted({hit for form in self._beginning_with(prefix) for hit in places(form)})
            self._prefixes[prefix] = known
        return known

    def _beginning_with(self, prefix: str) -> list[str]:
        """The document's forms with this beginning."""
        known = self._beginnings.get(prefix)
        if known is None:
            alike = self._seen.by_start.get(prefix[:START], set[str]())
            known = [form for form in alike & self._reading.forms if form.startswith(prefix)]
            self._beginnings[prefix] = known
        return known

    def _family(self, term: str) -> list[Hit]:
        """The word itself and listed forms in any case; by its stem alone no word that looks like a name."""
        known = self._families.get(term)
        if known is None:
            known = self._families[term] = sorted({*self._reading.places(term), *self._relatives(term)})
        return known

    def _has_relatives(self, term: str) -> bool:
        """Whether the family has any other word in the document: the first one tells, most rules ask no more."""
        known = self._related.get(term)
        if known is None:
            known = self._related[term] = next(self._relatives(term), None) is not None
        return known

    def _relatives(self, term: str) -> Iterator[Hit]:
        reading, nothing = self._reading, set[str]()
        for key in self._lexicon.vocabulary.keys_of(term):
            for form in self._seen.by_key.get(key, nothing) & reading.forms:
                hits = reading.places(form)
                yield from hits if key[0] == "=" else (hit for hit in hits if not reading.is_name(hit.start))

    @cached_property
    def _seen(self) -> Seen:
        return self._lexicon.vocabulary.seen(self._reading.forms)


def inside(hits: list[Hit], scope: Scope) -> list[Hit]:
    """The hits, in order of their start, that lie in the scope."""
    if not hits:
        return hits
    low = bisect_left(hits, (scope.start,))
    high = bisect_left(hits, (scope.end,), low)
    return [hit for hit in hits[low:high] if hit.end <= scope.end]


def _in_a_row(wanted: Sequence[T], find: Callable[[T], list[Hit]]) -> list[Hit]:
    """Stretches that begin with a find of the first and go on with one of each other, side by side, in order."""
    found = find(wanted[0])
    if len(wanted) == 1:
        return found
    stretches = [(hit.start, hit.end) for hit in found]
    known: dict[T, dict[int, list[int]]] = {}
    for one in wanted[1:]:
        if not stretches:
            break
        ends = known.get(one)
        if ends is None:
            ends = known[one] = {}
            for hit in find(one):
                ends.setdefault(hit.start, []).append(hit.end)
        longer = [(start, end) for start, middle in stretches if middle in ends for end in ends[middle]]
        # where a word stands beside its joined form, two ways may lead to the same end
        stretches = longer if len(longer) <= len(stretches) else list(dict.fromkeys(longer))
    return sorted({Hit(start, end) for start, end in stretches})


def _inside_any(hit: Hit, scopes: list[Scope]) -> bool:
    return any(scope.start <= hit.start and hit.end <= scope.end for scope in scopes)
