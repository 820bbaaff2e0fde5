"""What the store promises of the monitor's own troubles: incidents, and the messages that tell of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.health import Change, DaemonRecord, Incident
from monitor.model.ledger import Plan


class Incidents(Protocol):
    """Troubles from their beginning to their end, and what the daemon notes of itself."""

    def standing(self) -> Sequence[Incident]:
        """Those that go on, and those that are over without their end being told or passed over; oldest first."""
        ...

    def of_late(self, since: datetime) -> Sequence[Incident]:
        """Those that go on, and those that were over since then; oldest first."""
        ...

    def apply(self, change: Change, now: datetime) -> None:
        """Opens, goes on with and closes incidents in one transaction.

        One that goes on as it was is left alone. A closed one that was never told has no end to tell.
        Those that have been over for long are dropped.
        """
        ...

    def record_told(
        self, plan: Plan | None, begun: Collection[int], ended: Collection[int], now: datetime
    ) -> bool:
        """A health message in the outbox, and which beginnings and ends are told by it, in one transaction.

        False, with nothing changed, when the batch is there already. Without a plan (nobody is to be told) the
        marks alone.
        """
        ...

    def daemon(self) -> DaemonRecord | None:
        """What the last daemon noted; None when none did."""
        ...

    def note_start(self, now: datetime) -> None:
        """A daemon starts: its config was just read."""
        ...

    def note_reload(self, now: datetime, problem: str | None) -> None:
        """A reload succeeded, or was refused for that problem."""
        ...

    def note_size(self, size: int, now: datetime) -> None:
        """How large the store is."""
        ...
