"""How alike two articles are as reports of one event, and which articles are compared at all. Pure, symmetric.

The likeness of words and names is that of the stories design. What is added to it was tuned on the labelled
articles of tests/data/stories: docs/decisions/0044-what-makes-two-reports-one-event.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from heapq import nsmallest
from itertools import combinations, compress
from typing import NamedTuple

from monitor.core.stories.features import is_number, is_ordinal
from monitor.core.stories.idf import Idf
from monitor.core.stories.named_days import days_of, is_day, without_days
from monitor.model.story import STORY_WINDOW, StoryNode

TITLE_WINDOW = timedelta(hours=48)
"""The same for articles of which only the title is known."""

_LEAST = 0.1  # less is left out, and costs no row: among three articles it is no reason for or against
_NAMES_WEIGH = 0.5
_FADE, _FADED = 2 * 86_400.0, 0.3  # seconds; what stays of a likeness however far apart
_NO_DAY_SHARED = 0.4  # both name days, and none is the same
_DAYS_AGREE = 0.5  # a cosine of named days from which on they are no reason against
_NO_NUMBER_SHARED, _NO_ORDINAL_SHARED = 0.8, 0.6
_TELLING_NUMBER = 0.5  # of the weight of a rare word: that both say "three" is no agreement
_TEMPLATE, _DATED_TEMPLATE, _TEMPLATE_WINDOW = 0.85, 0.7, timedelta(hours=12)
# 7 names and 4 terms (27 rows) find 98 of 100 edges of the labelled articles and the samples, 8 terms alone 85
_KEY_NAMES, _KEY_TERMS, _KEY_TERMS_ALONE, _FEW_NAMES = 7, 4, 8, 4
_TITLES_ALIKE, _TITLE_IN_TEXT, _SHARED_NAMES = 0.3, 0.2, 2
# Of a text in a language that the weights were learned for, they know a seventh of the words at least; of all
# others a sixteenth at most (tests/data/language_texts.toml): then "and" weighs like a name, and proves nothing.
_KNOWN = 0.1


class _Weighed(NamedTuple):
    terms: Mapping[int, float]
    terms_norm: float
    names: Mapping[int, float]
    names_norm: float
    days: Mapping[int, float]
    days_norm: float
    numbers: frozenset[int]
    known: bool


def edge_weight(one: StoryNode, other: StoryNode, idf: Idf, window: timedelta = STORY_WINDOW) -> float:
    """The likeness of two articles, 0.1 … 1.5; 0.0 where they cannot be one event or share next to nothing.

    IDF cosine of the words and half that of the names, less where the names are less alike than the words (a
    template's), and less for the time between them, for naming other days and for naming other numbers. Articles
    of different languages are no event, nor is one without a date; in a language that the weights do not know two
    shared names are needed. Near-copies half a day apart or more are none,
    and less will do where they name other days: they are copies by other evidence, or a daily text's next issue.
    """
    if one.when is None or other.when is None or _other_language(one, other):
        return 0.0
    apart = abs(one.when - other.when)
    if apart > window:
        return 0.0
    a, b = _weighed_node(one, idf), _weighed_node(other, idf)
    words = _cosine(a.terms, a.terms_norm, b.terms, b.terms_norm)
    days = _same_days(a, b)
    copied = _TEMPLATE if days > _NO_DAY_SHARED else _DATED_TEMPLATE
    if words == 0.0 or (words >= copied and apart >= _TEMPLATE_WINDOW):
        return 0.0
    shared_names = len(a.names.keys() & b.names)
    if not (a.known and b.known) and shared_names < _SHARED_NAMES:
        return 0.0
    if (one.title_only or other.title_only) and not _titles_meet(one, other, words, shared_names):
        return 0.0
    names = _cosine(a.names, a.names_norm, b.names, b.names_norm) if a.names and b.names else words
    likeness = words + _NAMES_WEIGH * names - max(0.0, words - names)
    weight = likeness * _fade(apart) * days * _same_numbers(a, b)
    return weight if weight >= _LEAST else 0.0


def keys_of(node: StoryNode, idf: Idf) -> tuple[int, ...]:
    """Signed 64-bit keys, ascending: two articles are compared if they share one. None for one without a date.

    Each is a pair of the most telling terms or names: one telling term alone is shared by thousands of articles of
    a crisis, two by those of a story and its neighbours. Of names only, where the weights do not know the
    language: what it says most is then what all say.
    """
    if node.when is None:
        return ()
    terms = without_days(node.features.terms)
    names = _top(node.features.names, idf, _KEY_NAMES)
    most = _KEY_TERMS if len(names) >= _FEW_NAMES else _KEY_TERMS_ALONE
    tops = (names, _top(terms, idf, most) if _is_known(terms, idf) else ())
    return tuple(sorted({_key(*sorted(pair)) for top in tops for pair in combinations(top, 2)}))


def _top(counts: Sequence[tuple[int, int]], idf: Idf, most: int) -> Sequence[int]:
    """What an article says most of, its counts not damped: the rarest words are each report's own."""
    weights = idf.weights([term for term, _ in counts])
    ranked = [(-count * weight, term) for (term, count), weight in zip(counts, weights, strict=True)]
    return [term for _, term in nsmallest(most, ranked)]


def _is_known(terms: Sequence[tuple[int, int]], idf: Idf) -> bool:
    """Whether the weights were learned for the language of these terms, days left out."""
    counts = [count for _, count in terms]
    return sum(compress(counts, idf.known([term for term, _ in terms]))) >= _KNOWN * sum(counts)


def _other_language(one: StoryNode, other: StoryNode) -> bool:
    # where one is not known the words decide: other languages share few
    return bool(one.language) and bool(other.language) and one.language != other.language


def _titles_meet(one: StoryNode, other: StoryNode, words: float, shared_names: int) -> bool:
    assert one.when is not None
    assert other.when is not None
    least = _TITLES_ALIKE if one.title_only and other.title_only else _TITLE_IN_TEXT
    return abs(one.when - other.when) <= TITLE_WINDOW and words >= least and shared_names >= _SHARED_NAMES


def _fade(apart: timedelta) -> float:
    return _FADED + (1 - _FADED) * math.exp(-apart.total_seconds() / _FADE)


def _same_days(a: _Weighed, b: _Weighed) -> float:
    if not a.days or not b.days:
        return 1.0
    agree = min(1.0, _cosine(a.days, a.days_norm, b.days, b.days_norm) / _DAYS_AGREE)
    return _NO_DAY_SHARED + (1 - _NO_DAY_SHARED) * agree


def _same_numbers(a: _Weighed, b: _Weighed) -> float:
    of_one, of_other = set(filter(is_ordinal, a.numbers)), set(filter(is_ordinal, b.numbers))
    ordinals = _NO_ORDINAL_SHARED if of_one and of_other and of_one.isdisjoint(of_other) else 1.0
    numbers = _NO_NUMBER_SHARED if a.numbers and b.numbers and a.numbers.isdisjoint(b.numbers) else 1.0
    return min(ordinals, numbers)


def _weighed_node(node: StoryNode, idf: Idf) -> _Weighed:
    assert node.when is not None
    return _weighed(node.features.terms, node.features.names, node.when, idf)


@lru_cache(maxsize=512)  # 28 kB each, 14 MB; a new article is weighed against each of its candidates, at most 200
def _weighed(
    terms: tuple[tuple[int, int], ...], names: tuple[tuple[int, int], ...], when: datetime, idf: Idf
) -> _Weighed:
    said = [(term, count) for term, count in terms if not is_day(term)]
    weighed = {term: (1 + math.log(count)) * idf.weight(term) for term, count in said}
    of_names = {name: (1 + math.log(count)) * idf.weight(name) for name, count in names}
    days = days_of(terms, when)
    rare = _TELLING_NUMBER * idf.rarest
    numbers = frozenset(term for term in weighed if is_number(term) and idf.weight(term) >= rare)
    return _Weighed(
        weighed, _norm(weighed), of_names, _norm(of_names), days, _norm(days), numbers, _is_known(said, idf)
    )


def _norm(vector: Mapping[int, float]) -> float:
    return math.sqrt(math.fsum(weight * weight for weight in vector.values()))


def _cosine(one: Mapping[int, float], one_norm: float, other: Mapping[int, float], other_norm: float) -> float:
    if not one_norm or not other_norm:
        return 0.0
    # fsum does not depend on the order of what it sums: the cosine is the same both ways to the last bit
    return math.fsum([one[key] * other[key] for key in one.keys() & other.keys()]) / (one_norm * other_norm)


def _key(one: int, other: int) -> int:
    packed = one.to_bytes(8, "little", signed=True) + other.to_bytes(8, "little", signed=True)
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little", signed=True)
