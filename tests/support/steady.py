"""A steady clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Steady:
    """In place of `time.monotonic`."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now
