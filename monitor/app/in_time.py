"""Long questions that a page waits for: what they come to within a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
Tell = Callable[[int, int], None]

# One at a time: reading the archive takes all of a processor, and the daemon has other things to do with it.
_at_work = threading.Semaphore(1)


class _OutOfTime(Exception):
    """What was found so far is the answer."""


def in_time(run: Callable[[Tell], Iterator[T]], budget: timedelta) -> tuple[list[T], float]:
    """What is found until the time is over, and the seconds it took; the wait for another one does not count.

    `run` gets a function that it calls now and then with how much of all is done, as `Search.run` does.
    """
    found: list[T] = []
    with _at_work:
        begun = time.monotonic()
        ends = begun + budget.total_seconds()

        def tell(_done: int, _all: int) -> None:
            if time.monotonic() > ends:
                raise _OutOfTime

        try:
            for one in run(tell):
                found.append(one)
                tell(0, 0)
        except _OutOfTime:
            pass
        return found, time.monotonic() - begun
