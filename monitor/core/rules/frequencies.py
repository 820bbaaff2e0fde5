"""How many documents a word stands in: learned from the documents read, guessed before.

The index asks it which of the words that a rule requires is the rarest. A wrong answer costs time, never a match.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

_SHIPPED = """
.8 the of and to in a for on that is with as by at from it was be said has an have not are this which
.5 but had who its he they been after also their will his were or more would when there one up out about new last
.5 other into all over than year no we two i you can she her if so what some first could people
.3 time now most before between years during since under only them any because while told three government
.3 country state president minister police city national international week world according official officials
.3 including against many another until made day where how through those such even may
.15 security group party report reported police foreign political part authorities statement military capital
.15 former monday tuesday wednesday thursday friday saturday sunday month months today public region attack attacks
.15 killed law war company percent million billion economic market war house court power support
.08 forces army border death dead injured talks trade meeting leader leaders members district province local
.08 prime defense health water school women children families media news business oil price prices bank money
.08 union election vote parliament right rights fire area road north south east west eastern western
.04 close closed open opened reopened attacked arrest arrested detained protest strike bomb blast shot militants
.04 soldiers troops terrorist crossing gate trucks drivers traders refugees sanctions treaty budget tax exports
.04 airport hospital flood floods earthquake virus university village minister's team game match player goal season
.8 کے کی میں ہے اور سے کو کا نے یہ په د او دی کې چې ته له در به از که را این است با برای های
.4 پر اس کر بھی ہیں تھا جو گیا نہیں ایک دې هم یې شوی وي هغه آن شد شده کرد خود تا یک بر
"""
SHIPPED: Mapping[str, float] = {
    word: float(share)
    for line in _SHIPPED.split("\n")
    if line
    for share, *words in [line.split()]
    for word in words
}
"""Shares of news documents that hold common words, roughly. A start, until enough was read."""

_UNKNOWN = 0.002
_FIRST_GUESS = 50  # documents that what is guessed weighs as much as
_MOST_TERMS = 40_000  # some 6 MB: news bring new names for ever


class Frequencies:
    """Shares of documents by word. `learn` is cheap; threads may call it, a lost count does no harm."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._sorted: list[str] = sorted(SHIPPED)
        self._sorted_at = 0
        self.documents = 0
        """How many documents were learned from."""

    def of(self, term: str) -> float:
        """The share of documents that hold the term, above 0."""
        guess = SHIPPED.get(term, _UNKNOWN)
        return (guess * _FIRST_GUESS + self._counts.get(term, 0)) / (_FIRST_GUESS + self.documents)

    def of_prefix(self, prefix: str) -> float:
        """The share of documents that hold a word with this beginning: the sum over the words known."""
        if self.documents >= 2 * self._sorted_at + 1:
            self._sorted = sorted(SHIPPED.keys() | self._counts.keys())
            self._sorted_at = self.documents
        low = bisect_left(self._sorted, prefix)
        high = bisect_left(self._sorted, prefix + "\U0010ffff")
        return sum(map(self.of, self._sorted[low:high])) + 5 * _UNKNOWN

    def of_any(self, terms: Iterable[str]) -> float:
        """The share of documents that hold one of the words at least: no more than the sum."""
        return sum(map(self.of, terms))

    def learn(self, terms: Iterable[str]) -> None:
        """Counts the distinct terms of one document."""
        counts = self._counts
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
        self.documents += 1
        if len(counts) > _MOST_TERMS:
            by_count = sorted(counts, key=counts.__getitem__, reverse=True)
            self._counts = {term: counts[term] for term in by_count[: _MOST_TERMS // 2]}
