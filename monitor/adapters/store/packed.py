"""Fingerprints as bytes in columns of `articles`: little-endian, a head of counts, then the numbers."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from monitor.model.story import Features, Fingerprint, Sketch

_SKETCH = struct.Struct("<HIHI")  # version, words, bands, grams
_FEATURES = struct.Struct("<HHH")  # version, terms, names
_MOST = 65_535


def pack_sketch(sketch: Sketch) -> bytes:
    """The bytes of a sketch."""
    head = _SKETCH.pack(sketch.version, sketch.words, len(sketch.bands), len(sketch.grams))
    return head + _hashes(sketch.bands) + _hashes(sketch.grams)


def unpack_sketch(packed: bytes) -> Sketch:
    """What `pack_sketch` packed."""
    version, words, bands, grams = _SKETCH.unpack_from(packed)
    numbers = struct.unpack_from(f"<{bands + grams}q", packed, _SKETCH.size)
    return Sketch(version, words, numbers[:bands], numbers[bands:])


def pack_features(features: Features) -> bytes:
    """The bytes of features."""
    both = (*features.terms, *features.names)
    head = _FEATURES.pack(features.version, len(features.terms), len(features.names))
    counts = [count for _, count in both]
    if max(counts, default=0) > _MOST:
        counts = [min(count, _MOST) for count in counts]
    return head + _hashes([term for term, _ in both]) + struct.pack(f"<{len(both)}H", *counts)


def unpack_features(packed: bytes) -> Features:
    """What `pack_features` packed."""
    version, terms, names = _FEATURES.unpack_from(packed)
    both = terms + names
    hashes = struct.unpack_from(f"<{both}q", packed, _FEATURES.size)
    counts = struct.unpack_from(f"<{both}H", packed, _FEATURES.size + 8 * both)
    pairs = tuple(zip(hashes, counts, strict=True))
    return Features(version, pairs[:terms], pairs[terms:])


def readable_features(packed: bytes | None) -> Features:
    """Features that may be gone or damaged: none then, and nothing is like them."""
    try:
        return unpack_features(packed) if packed is not None else Features(0)
    except struct.error:
        return Features(0)


def fingerprint_of(sketch: bytes | None, features: bytes | None) -> Fingerprint | None:
    """Both columns of an article; None where it has none any more, never had, or they cannot be read.

    Bytes of another program or a damaged disk must not keep the article itself from being read.
    """
    if sketch is None or features is None:
        return None
    try:
        return Fingerprint(unpack_sketch(sketch), unpack_features(features))
    except struct.error:
        return None


def _hashes(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}q", *numbers)
