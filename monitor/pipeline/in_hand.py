"""What a stage has taken and not finished: shared by the runs of two generations, so that neither asks again."""

from __future__ import annotations

import threading
from collections.abc import Iterable


class InHand:
    """Rows that some run of a stage is at. After a reload two may run beside each other for a while: the old one
    until its last answer has come, the new one with everything else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: set[int] = set()

    def take(self, row: int) -> bool:
        """Whether the row was free; it is taken from then on."""
        with self._lock:
            free = row not in self._rows
            self._rows.add(row)
            return free

    def give_back(self, rows: Iterable[int]) -> None:
        """These rows are done, or given up."""
        with self._lock:
            self._rows.difference_update(rows)

    def rows(self) -> frozenset[int]:
        """All that are taken now."""
        with self._lock:
            return frozenset(self._rows)
