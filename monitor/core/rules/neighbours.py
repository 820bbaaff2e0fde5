"""Words that stand side by side in a text, under all the forms by which a phrase finds them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import compress, product
from typing import TypeVar

from monitor.core.text.normalize import american
from monitor.core.text.tokens import Analysed

T = TypeVar("T")
Pairs = Mapping[str, Mapping[str, T]]
"""Something by the first and the second of two words."""


def shown(text: Analysed, unusual: Iterable[tuple[str, str]], pairs: Pairs[T]) -> Iterator[T]:
    """What stands in a table for words that are side by side in the text, and for some that a paragraph parts."""
    terms = text.terms
    # Most words begin no pair of the table: those are passed over without a step of Python for each.
    for index in compress(range(len(terms) - 1), map(pairs.get, terms)):
        found = pairs[terms[index]].get(terms[index + 1])
        if found is not None:
            yield found
    for left, right in unusual:
        if left in pairs and right in pairs[left]:
            yield pairs[left][right]


def unusual(text: Analysed, british: Set[str]) -> Iterator[tuple[str, str]]:
    """Neighbours of which one is a joined compound, or the twin of a British word: `shown` asks for them.

    `british` are the words of the text that have an American twin, by which they are found too.
    """
    terms = text.terms
    if british:
        for index in compress(range(len(terms)), map(british.__contains__, terms)):
            if index > 0:
                yield american(terms[index - 1]), american(terms[index])
            if index + 1 < len(terms):
                yield american(terms[index]), american(terms[index + 1])
    starts: dict[int, list[str]] = {}
    ends: dict[int, list[str]] = {}
    for term, position, size in text.compounds:
        starts.setdefault(position, []).append(american(term))
        ends.setdefault(position + size, []).append(american(term))
    for place, compounds in starts.items():
        yield from product([*_word_at(text, place - 1), *ends.get(place, ())], compounds)
    for place, compounds in ends.items():
        yield from product(compounds, _word_at(text, place))


def _word_at(text: Analysed, position: int) -> tuple[str, ...]:
    index = bisect_left(text.positions, position)
    here = index < len(text.positions) and text.positions[index] == position
    return (american(text.terms[index]),) if here else ()
