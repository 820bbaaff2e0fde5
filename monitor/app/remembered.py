"""An answer that is asked for seldom, however many want it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Asks at most once in `keep` seconds, or in `times` as long as the last asking took; in one thread at a time.

    Who comes while another thread asks waits `patience` seconds for that answer and then goes without one (None):
    a store that hangs holds up one thread, not all of them. What `ask` raises goes to whoever made it ask.
    """

    def __init__(
        self,
        ask: Callable[[], T],
        *,
        keep: float,
        times: float = 0.0,
        patience: float = 2.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._keep = keep
        self._times = times
        self._patience = patience
        self._steady = steady
        self._lock = threading.Lock()
        self._answer: tuple[float, T] | None = None  # until when it is fresh

    def __call__(self) -> T | None:
        """The last answer while it is fresh, else a new one."""
        answer = self._fresh()
        if answer is not None:
            return answer[1]
        if not self._lock.acquire(timeout=self._patience):
            return None
        try:
            answer = self._fresh()  # the thread we waited for has asked
            if answer is None:
                begun = self._steady()
                found, ended = self._ask(), self._steady()
                answer = max(begun + self._keep, ended + self._times * (ended - begun)), found
                self._answer = answer
            return answer[1]
        finally:
            self._lock.release()

    def _fresh(self) -> tuple[float, T] | None:
        answer = self._answer
        return answer if answer is not None and self._steady() < answer[0] else None
