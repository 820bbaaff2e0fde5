"""Long questions that a page waits for: what they come to within a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
Tell = Callable[[int, int], None]


class _OutOfTime(Exception):
    """What was found so far is the answer."""


def in_time(run: Callable[[Tell], Iterator[T]], budget: timedelta) -> tuple[list[T], float]:
    """What is found until the time is over, and the seconds it took.

    `run` gets a function that it calls now and then with how much of all is done, as `Search.run` does.
    """
    begun = time.monotonic()
    found = list(while_time(run, budget))
    return found, time.monotonic() - begun


def while_time(run: Callable[[Tell], Iterator[T]], budget: timedelta) -> Iterator[T]:
    """The same one by one, for what is too much to be kept."""
    ends = time.monotonic() + budget.total_seconds()

    def tell(_done: int, _all: int) -> None:
        if time.monotonic() > ends:
            raise _OutOfTime

    try:
        for one in run(tell):
            yield one
            tell(0, 0)
    except _OutOfTime:
        pass
