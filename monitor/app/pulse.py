"""When the daemon last ticked, and whether it stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

SILENT = 30.0  # seconds without a tick, which comes every second: not even a busy machine explains that


class Pulse:
    """Written by the service, read by watchers in any thread; `steady` gives seconds that only grow."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._began = steady()
        self._last: tuple[datetime, float] | None = None
        self.stopping = False

    def beat(self, now: datetime) -> None:
        """A tick: the scheduler let a stage run, or found it still at work."""
        self._last = now, self._steady()

    def stop(self) -> None:
        """The daemon was told to stop; there may be no further tick. Safe in a signal handler."""
        self.stopping = True

    @property
    def last(self) -> datetime | None:
        """The wall clock at the last tick; None before the first."""
        return self._last[0] if self._last else None

    @property
    def silence(self) -> float:
        """Seconds since the last tick, or since the start when there was none: no clock that is set changes it."""
        return self._steady() - (self._last[1] if self._last else self._began)
