"""Where words, phrases, exact forms and word families stand in one document."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import Exact, Piece, Words
from monitor.core.rules.reading import Hit, Reading, Scope

T = TypeVar("T")


class Finds:
    """What leaves find in one reading. Kept: the rules of a set share words and phrases."""

    def __init__(self, reading: Reading, lexicon: Lexicon) -> None:
        self._reading = reading
        self._lexicon = lexicon
        self._known: dict[Words | Exact, list[Hit]] = {}

    def of(self, node: Words | Exact) -> list[Hit]:
        """Everything a leaf finds in the document, in order."""
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._exact(node) if isinstance(node, Exact) else self._phrase(node.pieces)
        return known

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
        return _in_a_row(pieces, self._piece)

    def _piece(self, piece: Piece) -> list[Hit]:
        if piece.family:
            return self._family(piece.parts[0])
        *front, last = piece.parts
        ending = self._reading.starting_with(last) if piece.prefix else self._reading.places(last)
        parts = _in_a_row([*front, None], lambda part: ending if part is None else self._reading.places(part))
        if piece.joined is None:
            return parts
        whole = self._reading.starting_with if piece.prefix else self._reading.places
        return sorted({*parts, *whole(piece.joined)})

    def _family(self, term: str) -> list[Hit]:
        """The word itself and listed forms in any case; by its stem alone no word that looks like a name."""
        reading = self._reading
        found = set(reading.places(term))
        for key in self._lexicon.families.keys_of_query(term):
            for form in self._by_family.get(key, ()):
                hits = reading.places(form)
                found.update(hits if key[0] == "=" else (hit for hit in hits if not reading.is_name(hit.start)))
        return sorted(found)

    @cached_property
    def _by_family(self) -> Mapping[str, list[str]]:
        """The document's terms by the keys of their families."""
        table: dict[str, list[str]] = {}
        families = self._lexicon.families
        for term in self._reading.terms:
            for key in families.keys_of_text(term):
                table.setdefault(key, []).append(term)
        return table


def inside(hits: list[Hit], scope: Scope) -> list[Hit]:
    """The hits, in order of their start, that lie in the scope."""
    if not hits:
        return hits
    low = bisect_left(hits, scope.start, key=lambda hit: hit.start)
    high = bisect_left(hits, scope.end, key=lambda hit: hit.start)
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
