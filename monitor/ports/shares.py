"""What the store promises of several daemons at work on it: which part of the work is whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.model.daemons import Division


class Shares(Protocol):
    """This process's part of the work. What is claimed from the store is of its part without being asked."""

    @property
    def divided(self) -> bool:
        """Whether other daemons may work beside this one."""
        ...

    def begin(self, duties: Sequence[str], *, shares: bool = True) -> None:
        """Takes part from now on, also in these duties, each of which is one daemon's at a time; without `shares`
        in nothing else."""
        ...

    def has(self, duty: str) -> bool:
        """Whether this duty is this process's now. Asks nobody."""
        ...

    @property
    def takes_part(self) -> bool:
        """Whether this process takes what comes to anybody: not with an older config than others, nor when it
        hangs beside others. Asks nobody."""
        ...

    def turn(self, *, well: bool = True, workers: frozenset[int] = frozenset()) -> Division:
        """Divides the work anew with those who are there; to be called every second. Raises StoreError.

        Who is not `well`, since a stage hangs, leaves all of it to the others, where there are any. `workers`
        are the numbers under which this process takes jobs, by which others know it.
        """
        ...

    def declare(self, config: str) -> None:
        """This process has taken up another config, with this fingerprint. Raises StoreError."""
        ...
