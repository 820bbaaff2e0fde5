"""The words of a document as names are looked for in them, and what their capital letters say."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

from monitor.core.names.particles import SMALL
from monitor.core.text.tokens import HYPHENS, Analysed, analyse

_TITLED = 3  # longer words; fewer, all capitalised, may be nothing but a name


class NameText:
    """The words of all fields of a document, in columns, in reading order.

    Where `positions` leave one out (a paragraph ends, a link, another field) no name goes on.
    """

    def __init__(self, fields: Iterable[tuple[str, Analysed]]) -> None:
        self.terms: list[str] = []
        self.surfaces: list[str] = []
        self.positions: list[int] = []
        self._fields: list[tuple[int, str, Analysed]] = []
        self._headlines: dict[int, bool] = {}
        for text, words in fields:
            self._fields.append((len(self.terms), text, words))
            self.terms += words.terms
            self.surfaces += words.surfaces
            self.positions += words.positions

    @classmethod
    def of(cls, text: str) -> NameText:
        """One text by itself."""
        return cls([(text, analyse(text))])

    def follows(self, index: int) -> bool:
        """Whether a word has its predecessor right before it, in one paragraph."""
        return 0 < index < len(self.positions) and self.positions[index] == self.positions[index - 1] + 1

    def adjoins(self, index: int) -> bool:
        """The same with nothing but space or a hyphen between them: neither comma nor full stop."""
        return self.follows(index) and not self._gap(index).strip(f" \t\r\n\u00a0{HYPHENS}")

    def is_hyphened(self, index: int) -> bool:
        """Whether a hyphen ties a word to the one before or to the one behind."""
        return any(
            self.follows(at) and any(sign in HYPHENS for sign in self._gap(at)) for at in (index, index + 1)
        )

    def _gap(self, index: int) -> str:
        place = bisect_right(self._fields, index, key=lambda field: field[0]) - 1
        first, text, words = self._fields[place]
        here = index - first
        return text[words.ends[here - 1] : words.starts[here]]

    def is_capital(self, index: int) -> bool:
        """Whether a word begins with a capital letter; scripts without case have none."""
        return self.surfaces[index][:1].isupper()

    def is_headline(self, index: int) -> bool:
        """Whether its paragraph is in one case, or every longer word is capitalised: capitals say nothing."""
        known = self._headlines.get(index)
        if known is None:
            begin, end = self._paragraph(index)
            known = _is_headline(self.surfaces[begin:end])
            self._headlines.update(dict.fromkeys(range(begin, end), known))
        return known

    @cached_property
    def plain_terms(self) -> frozenset[str]:
        """Words that stand somewhere without a capital letter."""
        words = zip(self.terms, self.surfaces, strict=True)
        return frozenset(term for term, surface in words if not surface[:1].isupper())

    def _paragraph(self, index: int) -> tuple[int, int]:
        begin = end = index
        while self.follows(begin):
            begin -= 1
        while self.follows(end + 1):
            end += 1
        return begin, end + 1


def _is_headline(surfaces: Sequence[str]) -> bool:
    longer = [surface for surface in surfaces if len(surface) > 3 and surface not in SMALL]
    capitals = sum(surface[:1].isupper() for surface in longer)
    in_one_case = capitals == 0 or all(surface.isupper() for surface in longer)
    return in_one_case or capitals == len(longer) >= _TITLED
