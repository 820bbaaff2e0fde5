"""What a term weighs: the rarer it is among documents, the more. Frozen and versioned, so that edges are too."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from monitor.core.stories.features import name_hash, term_hash
from monitor.core.text.normalize import normalize
from monitor.model.story import Features

MOST_TERMS = 50_000
"""Terms that a snapshot keeps, the commonest; 600 kB."""

_PRIOR = 200.0  # documents that the shipped shares weigh as much as, in a snapshot of the archive
_SCALE = 64  # shares of documents are kept as counts of 1/64 document
_HEAD = struct.Struct("<4sdqI")  # format, documents, made at (seconds), terms
_FORMAT = b"idf1"


class Idf:
    """How telling terms and names are; immutable. `version` names its content, `made_at` does not count in it."""

    __slots__ = ("_counts", "_rare", "_weights", "documents", "made_at", "version")

    def __init__(self, documents: float, counts: Mapping[int, int], made_at: datetime) -> None:
        """`counts` are 64ths of documents by term hash."""
        self.documents = documents
        self.made_at = made_at
        self._counts = dict(sorted(counts.items()))
        self._rare = math.log(documents + 1)
        self._weights = {
            term: max(0.0, math.log((documents + 1) / max(1.0, count / _SCALE)))
            for term, count in self._counts.items()
        }
        self.version = blake2b(self._body(), digest_size=8).hexdigest()

    def weight(self, term: int) -> float:
        """The weight of a term or name, 0 … log(documents + 1); one that is not in the snapshot weighs most."""
        return self._weights.get(term, self._rare)

    def to_bytes(self) -> bytes:
        """The snapshot as bytes; see `from_bytes`."""
        return _HEAD.pack(_FORMAT, self.documents, int(self.made_at.timestamp()), len(self._counts)) + self._body()

    def _body(self) -> bytes:
        size = len(self._counts)
        return struct.pack(f"<d{size}q{size}I", self.documents, *self._counts.keys(), *self._counts.values())

    @classmethod
    def from_bytes(cls, packed: bytes) -> Idf:
        """The snapshot that `to_bytes` wrote; ValueError for anything else."""
        try:
            form, documents, made_at, size = _HEAD.unpack_from(packed)
            if form != _FORMAT or len(packed) != _HEAD.size + 8 + 12 * size:
                raise ValueError("these bytes are no snapshot of term weights")
            numbers = struct.unpack_from(f"<{size}q{size}I", packed, _HEAD.size + 8)
            counts = dict(zip(numbers[:size], numbers[size:], strict=True))
            return cls(documents, counts, datetime.fromtimestamp(made_at, UTC))
        except (struct.error, OverflowError, OSError) as error:
            raise ValueError("these bytes are no snapshot of term weights") from error

    @staticmethod
    def shipped() -> Idf:
        """The weights before any archive: common words of the news in several languages, all others rare."""
        return _shipped()


def build_idf(documents: Iterable[Features], made_at: datetime) -> Idf:
    """The weights that an archive teaches; the shipped ones count as much as 200 documents of it."""
    counts: Counter[int] = Counter()
    read = 0
    for features in documents:
        read += 1
        counts.update(term for term, _ in features.terms)
        counts.update(name for name, _ in features.names)
    kept = {term: count * _SCALE for term, count in counts.items() if count > 1}
    for term, share in _shipped_shares().items():
        kept[term] = round(counts.get(term, 0) * _SCALE + share * _PRIOR * _SCALE)
    most = sorted(kept.items(), key=lambda item: (-item[1], item[0]))[:MOST_TERMS]
    return Idf(read + _PRIOR, dict(most), made_at)


@cache
def _shipped() -> Idf:
    return build_idf((), datetime(2026, 1, 1, tzinfo=UTC))


@cache
def _shipped_shares() -> Mapping[int, float]:
    """Shares of documents by hash: of a stem the largest share of its words."""
    shares: dict[int, float] = {}
    for line in files(__package__).joinpath("shares.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        share, *words = line.split()
        for word in map(normalize, words):
            for term in (term_hash(word), term_hash(word, english=False), name_hash(word)):
                shares[term] = max(float(share), shares.get(term, 0.0))
    return shares
