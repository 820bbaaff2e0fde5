"""What the store promises of words between the processes that work on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Signals(Protocol):
    """Says to the other processes on a store that there is work for a stage.

    A word may be lost: each stage looks by itself once a second. It only comes sooner by it.
    """

    def begin(self, hear: Callable[[str], None]) -> None:
        """From now on `hear` is told, by another thread, for which stage others say that there is work."""
        ...

    def tell(self, stage: str) -> None:
        """Says so to the others; returns at once and never raises."""
        ...

    def close(self) -> None:
        """Hears and says no more; safe to call twice."""
        ...
