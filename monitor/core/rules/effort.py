"""How much work one rule may make of one document: counted steps, the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from monitor.model.errors import MonitorError

MOST_STEPS = 500_000
"""Operands asked and finds looked at, half a second or so. A rule of forty operands in a SENTENCE takes some
thousands on a long article; only a text made to repeat the words of a rule by thousands takes this many."""


class TooMuchWork(MonitorError):
    """A rule and a document that would keep the others waiting."""

    def __str__(self) -> str:
        return f"stopped after {MOST_STEPS:,} steps: the text repeats the words of the rule too often"


class Effort:
    """Steps that are left; without a limit outside `at_most`."""

    def __init__(self) -> None:
        self._left = math.inf

    @contextmanager
    def at_most(self, steps: int) -> Iterator[None]:
        """What is done inside may take so many steps."""
        self._left = steps
        try:
            yield
        finally:
            self._left = math.inf

    def spend(self, steps: int) -> None:
        """Takes steps away. Raises TooMuchWork when none are left."""
        self._left -= steps
        if self._left < 0:
            raise TooMuchWork
