"""Hashes of word sequences, and MinHash bands over them, with numpy: only children of the sandbox load this.

All numbers are fixed here and calculated modulo 2**64, so that the same words give the same keys on every
machine and with every version of numpy: they are stored, and compared with what was stored a year ago.
"""

from __future__ import annotations

import sys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Permutations = NDArray[np.uint32]

BANDS = 32
ROWS = 4
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2**64
_UNBASE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_CHUNK = 4096  # shingles at a time: 128 rows of them are 2 MB
_UTF32 = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"


class WordHashes:
    """The words of one text, ready to be hashed in rows of n; at most a few hundred thousand characters."""

    def __init__(self, words: list[str]) -> None:
        self.words = len(words)
        # Each word with a space behind it, so that "a bc" and "ab c" differ.
        text = " ".join(words) + " "
        if text.isascii():
            codes = np.frombuffer(text.encode(), dtype=np.uint8)
            mixed = _mixed_ascii()[codes]
        else:
            codes = np.frombuffer(text.encode(_UTF32, "surrogatepass"), dtype=np.uint32)
            mixed = _mixed(codes.astype(np.uint64))
        powers, self._unpowers = _powers(_size_class(len(codes)))
        # The sum of f(character) · base^place up to each place: any row of words is a difference of two.
        self._sums = np.zeros(len(codes) + 1, dtype=np.uint64)
        np.cumsum(mixed * powers[: len(codes)], out=self._sums[1:])
        ends = np.flatnonzero(codes == ord(" ")) + 1
        self._bounds = np.concatenate((np.zeros(1, dtype=ends.dtype), ends))

    def grams(self, size: int) -> Hashes:
        """A hash for each row of `size` words, in the order of the text, none for a shorter text."""
        if self.words < size:
            return np.zeros(0, dtype=np.uint64)
        starts, ends = self._bounds[:-size], self._bounds[size:]
        return _mixed((self._sums[ends] - self._sums[starts]) * self._unpowers[starts])


def sampled(hashes: Hashes, modulus: int) -> tuple[int, ...]:
    """Those that the modulus divides, once each, ascending, as signed 64-bit numbers."""
    chosen: list[int] = np.unique(hashes[hashes % np.uint64(modulus) == 0].view(np.int64)).tolist()
    return tuple(chosen)


def minhash_bands(hashes: Hashes) -> tuple[int, ...]:
    """BANDS keys, signed 64-bit; two texts share each with the probability Jaccard ** ROWS."""
    least = np.full(BANDS * ROWS, np.iinfo(np.uint32).max, dtype=np.uint32)
    factors, addends = _permutations()
    # 32 bits are enough to order a text's shingles by, and processors multiply many of them at once: .05 ms for 64
    # bits' .3, with the same errors of the estimate.
    halves = (hashes >> np.uint64(32)).astype(np.uint32)
    for start in range(0, len(halves), _CHUNK):
        permuted = factors * halves[start : start + _CHUNK]
        permuted += addends
        np.minimum(least, permuted.min(axis=1), out=least)
    rows = least.astype(np.uint64).reshape(BANDS, ROWS)
    key = _mixed(np.arange(BANDS, dtype=np.uint64))  # a band's key says which band it is
    for row in range(ROWS):
        key = _mixed(key ^ rows[:, row])
    keys: list[int] = key.view(np.int64).tolist()
    return tuple(keys)


def _mixed(numbers: Hashes) -> Hashes:
    """Each number scattered over all 64 bits: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


@lru_cache(maxsize=1)
def _mixed_ascii() -> Hashes:
    return _mixed(np.arange(0x80, dtype=np.uint64))


def _size_class(length: int) -> int:
    return max(8192, 1 << (length - 1).bit_length())


@lru_cache(maxsize=2)  # nearly every article has fewer than 8,192 characters
def _powers(length: int) -> tuple[Hashes, Hashes]:
    return _powers_of(_BASE, length), _powers_of(_UNBASE, length + 1)


def _powers_of(base: np.uint64, length: int) -> Hashes:
    powers = np.full(length, base, dtype=np.uint64)
    powers[0] = 1
    np.cumprod(powers, out=powers)
    return powers


@lru_cache(maxsize=1)
def _permutations() -> tuple[Permutations, Permutations]:
    """x → a·x + b modulo 2**32 with an odd a is one order of all numbers; a column each of a and b."""
    numbers = _mixed(np.arange(1, 2 * BANDS * ROWS + 1, dtype=np.uint64) * _BASE) >> np.uint64(32)
    both = numbers.astype(np.uint32).reshape(2, -1, 1)
    return both[0] | np.uint32(1), both[1]
