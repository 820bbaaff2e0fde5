"""What a term weighs: the rarer it is among documents, the more. Frozen and versioned, so that edges are too.

What weighs little before any archive was read stands in `shares.txt` beside this file, which is edited by hand.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b

from monitor.core.stories.features import name_hash, term_hash
from monitor.core.stories.named_days import is_day
from monitor.core.stories.shares import common_words
from monitor.model.story import Features

MOST_TERMS = 50_000
"""Terms that a snapshot keeps, the commonest; 600 kB."""

_PRIOR = 200.0  # documents that the shipped shares weigh as much as, in a snapshot of the archive
_SCALE = 64  # shares of documents are kept as counts of 1/64 document
_MOST_COUNTING = 300_000  # terms; 30 MB
_MOST_COUNTED = 2**32 - 1
_HEAD = struct.Struct("<4sqI")  # format, made at (seconds), terms
_FORMAT = b"idf1"


class Idf:
    """How telling terms and names are; immutable.

    `version` names its content, in which `made_at` does not count; `documents` is how many it was learned from,
    the shipped guesses counted as 200; `rarest` is the weight of what is not in it.
    """

    __slots__ = ("_body", "_size", "_weights", "documents", "made_at", "rarest", "version")

    def __init__(self, documents: float, counts: Mapping[int, int], made_at: datetime) -> None:
        """`counts` are 64ths of documents by term hash."""
        self.documents = documents
        self.made_at = made_at
        ordered = dict(sorted(counts.items()))
        self.rarest = math.log(documents + 1)
        self._weights = {
            term: max(0.0, math.log((documents + 1) / max(1.0, count / _SCALE))) for term, count in ordered.items()
        }
        # Packed, in a tenth of the memory: several snapshots are in force for a while.
        self._size = len(ordered)
        self._body = struct.pack(f"<d{self._size}q{self._size}I", documents, *ordered.keys(), *ordered.values())
        self.version = blake2b(self._body, digest_size=8).hexdigest()

    def weight(self, term: int) -> float:
        """The weight of a term or name, 0 … log(documents + 1); one that is not in the snapshot weighs most."""
        return self._weights.get(term, self.rarest)

    def weights(self, terms: Iterable[int]) -> list[float]:
        """The weight of each."""
        weight, rarest = self._weights.get, self.rarest
        return [weight(term, rarest) for term in terms]

    def known(self, terms: Iterable[int]) -> Iterator[bool]:
        """Whether each is in the snapshot: common words of every language that it was learned for are."""
        return map(self._weights.__contains__, terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Idf) and other.version == self.version

    def __hash__(self) -> int:
        return hash(self.version)

    def to_bytes(self) -> bytes:
        """The snapshot as bytes; see `from_bytes`."""
        return _HEAD.pack(_FORMAT, int(self.made_at.timestamp()), self._size) + self._body

    @classmethod
    def from_bytes(cls, packed: bytes) -> Idf:
        """The snapshot that `to_bytes` wrote; ValueError for anything else."""
        try:
            form, made_at, size = _HEAD.unpack_from(packed)
            if form != _FORMAT or len(packed) != _HEAD.size + 8 + 12 * size:
                raise ValueError("these bytes are no snapshot of term weights")
            documents, *numbers = struct.unpack_from(f"<d{size}q{size}I", packed, _HEAD.size)
            counts = dict(zip(numbers[:size], numbers[size:], strict=True))
            return cls(documents, counts, datetime.fromtimestamp(made_at, UTC))
        except (struct.error, OverflowError, OSError) as error:
            raise ValueError("these bytes are no snapshot of term weights") from error

    @staticmethod
    def shipped() -> Idf:
        """The weights before any archive: common words of the news in several languages, all others rare."""
        return _shipped()


def build_idf(documents: Iterable[Features], made_at: datetime) -> Idf:
    """The weights that an archive teaches; the shipped ones count as much as 200 documents of it.

    0.5 s for ten thousand documents, and some 35 MB however many there are: what was met once in many is
    forgotten, so that in a large archive the order of the documents has a small say.
    """
    counts: Counter[int] = Counter()
    read = 0
    for features in documents:
        read += 1
        counts.update([term for term, _ in features.terms if not is_day(term)])
        counts.update([name for name, _ in features.names])
        if len(counts) > _MOST_COUNTING:
            least = 1
            while len(counts) > _MOST_COUNTING // 2:
                counts = Counter({term: count for term, count in counts.items() if count > least})
                least *= 2
    kept = {term: count * _SCALE for term, count in counts.items() if count > 1}
    for term, share in _shipped_shares().items():
        kept[term] = round(counts.get(term, 0) * _SCALE + share * _PRIOR * _SCALE)
    most = sorted(kept.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]
    return Idf(read + _PRIOR, {term: min(count, _MOST_COUNTED) for term, count in most}, made_at)


@cache
def _shipped() -> Idf:
    return build_idf((), datetime(2026, 1, 1, tzinfo=UTC))


@cache
def _shipped_shares() -> Mapping[int, float]:
    """Shares of documents by hash: of a stem the largest share of its words."""
    shares: dict[int, float] = {}
    for word, common in common_words().items():
        for term in (term_hash(word), term_hash(word, english=False), name_hash(word)):
            shares[term] = max(common.share, shares.get(term, 0.0))
    return shares
