"""How much work one rule may make of one document: counted steps, the same on every machine."""

from __future__ import annotations

import math

from monitor.model.errors import MonitorError

MOST_STEPS = 500_000
"""Operands asked and finds looked at, half a second or so. A rule of forty operands in a SENTENCE takes some
thousands on a long article; only a text made to repeat the words of a rule by thousands takes this many."""


class TooMuchWork(MonitorError):
    """A rule and a document that would keep the others waiting."""

    def __str__(self) -> str:
        return f"stopped after {MOST_STEPS:,} steps: the text repeats the words of the rule too often"


class Effort:
    """Steps that are left; no limit until `allow` sets one."""

    def __init__(self) -> None:
        self._left = math.inf

    def allow(self, steps: float = math.inf) -> None:
        """Sets how many steps may be taken from now on. Asked for every rule on every document."""
        self._left = steps

    def spend(self, steps: int) -> None:
        """Takes steps away. Raises TooMuchWork when none are left."""
        self._left -= steps
        if self._left < 0:
            raise TooMuchWork
