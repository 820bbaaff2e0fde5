"""How long the reading of one document may take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta


class OutOfPatience(Exception):  # what happened
    """The time for a document is over."""


class Patience:
    """Counts from the moment it is made. Without a clock it never ends."""

    def __init__(self, clock: Callable[[], datetime] | None = None, limit: timedelta = timedelta.max) -> None:
        self.limit = limit
        self._clock = clock
        self._end = None if clock is None else clock() + limit

    def check(self) -> None:
        """Raises OutOfPatience when the time is over."""
        if self._clock is not None and self._end is not None and self._clock() > self._end:
            raise OutOfPatience


ENDLESS = Patience()
