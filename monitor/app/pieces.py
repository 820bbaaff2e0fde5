"""A long time in pieces, the newest first: who waits sees something soon, and knows how far it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

_FIRST, _LONGEST = timedelta(hours=2), timedelta(days=8)
_SHORT = 0.05  # seconds: after a piece that took no longer the next is twice as long


def pieces_of(
    since: datetime, now: datetime, until: datetime | None = None, steady: Callable[[], float] = time.monotonic
) -> Iterator[tuple[datetime, datetime | None]]:
    """The time between two moments as (from, until) of pieces; without `until` the newest has no end.

    To be drawn one by one: how long the next one is depends on what the last one took, until it was drawn.
    """
    edge, length = until or now, _FIRST
    while edge > since:
        start, begun = max(since, edge - length), steady()
        yield start, until
        until = edge = start
        if steady() - begun < _SHORT:
            length = min(2 * length, _LONGEST)
