"""How alike two articles are as reports of one event, and which articles are compared at all. Pure, symmetric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import NamedTuple

from monitor.core.stories.idf import Idf
from monitor.model.story import Features, StoryNode

WINDOW = timedelta(days=7)
TITLE_WINDOW = timedelta(hours=48)
KEY_TERMS = 8
_FADE = 3 * 86_400.0
_NAMES_WEIGH = 0.5
_TITLE_COSINE = 0.3
_SHARED_NAMES = 2


class _Weighed(NamedTuple):
    terms: Mapping[int, float]
    terms_norm: float
    names: Mapping[int, float]
    names_norm: float


def edge_weight(one: StoryNode, other: StoryNode, idf: Idf, window: timedelta = WINDOW) -> float:
    """The likeness of two articles, 0 … 1.5; 0.0 where they cannot be one event or share nothing."""
    if one.when is None or other.when is None or _other_language(one, other):
        return 0.0
    apart = abs(one.when - other.when)
    title_only = one.title_only or other.title_only
    if apart > (min(window, TITLE_WINDOW) if title_only else window):
        return 0.0
    a, b = _weighed(one.features, idf), _weighed(other.features, idf)
    words = _cosine(a.terms, a.terms_norm, b.terms, b.terms_norm)
    if title_only and (words < _TITLE_COSINE or len(a.names.keys() & b.names.keys()) < _SHARED_NAMES):
        return 0.0
    names = _cosine(a.names, a.names_norm, b.names, b.names_norm)
    fade = 0.5 + 0.5 * math.exp(-apart.total_seconds() / _FADE)
    return (words + _NAMES_WEIGH * names) * fade


def keys_of(node: StoryNode, idf: Idf) -> tuple[int, ...]:
    """Signed 64-bit keys: two articles are compared if they share one. None for an article without a date."""
    if node.when is None:
        return ()
    terms = _weighed(node.features, idf).terms
    top = sorted(terms, key=lambda term: (-terms[term], term))[:KEY_TERMS]
    return tuple(sorted({_key(*sorted(pair)) for pair in combinations(top, 2)}))


def _other_language(one: StoryNode, other: StoryNode) -> bool:
    return bool(one.language) and bool(other.language) and one.language != other.language


@lru_cache(maxsize=4_096)
def _weighed(features: Features, idf: Idf) -> _Weighed:
    terms = {term: (1 + math.log(count)) * idf.weight(term) for term, count in features.terms}
    names = {name: (1 + math.log(count)) * idf.weight(name) for name, count in features.names}
    return _Weighed(terms, _norm(terms), names, _norm(names))


def _norm(vector: Mapping[int, float]) -> float:
    return math.sqrt(math.fsum(weight * weight for weight in vector.values()))


def _cosine(one: Mapping[int, float], one_norm: float, other: Mapping[int, float], other_norm: float) -> float:
    if not one_norm or not other_norm:
        return 0.0
    # fsum: the sum does not depend on the order of its parts, so that the cosine is exactly symmetric
    return math.fsum(one[key] * other[key] for key in one.keys() & other.keys()) / (one_norm * other_norm)


def _key(one: int, other: int) -> int:
    packed = one.to_bytes(8, "little", signed=True) + other.to_bytes(8, "little", signed=True)
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little", signed=True)
