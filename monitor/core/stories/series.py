"""Is an article the day's issue of a series: the weather, the market's close, a central bank's tender? Pure.

A mark only shortens the time in which equal words make a duplicate, so it never hides news.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.stories.titles import template_of
from monitor.core.text.words import hash_words

SERIES_DAYS = 3  # earlier days with the same headline on the same host (stories design, daily templates)
SERIES_WITHIN = timedelta(days=14)  # before the article; a series of working days outlasts its holidays


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """Whether it is one, and on how many days before the article its headline stood there."""

    is_series: bool
    days: int


def series_key(title: str, host: str) -> int | None:
    """What the issues of a series on one host share, signed 64-bit: the headline without numbers and days.

    None for a headline that says nothing without them.
    """
    words = template_of(title)
    if not words or not host:
        return None
    key: int = struct.unpack("<q", bytes.fromhex(hash_words(words, [host]))[:8])[0]
    return key


def judge_series(when: datetime, earlier: Sequence[datetime]) -> SeriesVerdict:
    """Says whether an article of `when` is one of a series; `earlier` are the times of those with its key.

    Times in the future of the article, of its own day and of more than 14 days before do not count. A day is a
    UTC date.
    """
    days = {one.date() for one in earlier if when - SERIES_WITHIN <= one <= when} - {when.date()}
    return SeriesVerdict(len(days) >= SERIES_DAYS, len(days))
