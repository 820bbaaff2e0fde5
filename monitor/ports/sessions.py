"""What the store promises of sessions of the dashboard that were ended before their time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class EndedSessions(Protocol):
    """Sessions whose visitors logged out. All others live by their own signature."""

    def end(self, session: str, until: datetime, now: datetime) -> None:
        """Remembers that it ended, until the time at which it would end by itself; a second time changes nothing.

        What is remembered no longer, by `now`, goes.
        """
        ...

    def has_ended(self, session: str) -> bool:
        """Whether its visitor logged out."""
        ...
