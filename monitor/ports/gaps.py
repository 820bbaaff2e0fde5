"""What the store promises of gaps: what feeds listed and list no more, looked for on their older pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model.entry import NewEntry
from monitor.model.feed import Feed
from monitor.model.gap import Gap, PageStep


class GapStore(Protocol):
    """Gaps, from the poll that finds one to its end."""

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[tuple[Gap, Feed]]:
        """At most `limit` gaps of active feeds whose next page is due, leased so that nobody else reads it."""
        ...

    def release(self, feed_ids: Sequence[int]) -> None:
        """Forgets the leases of the gaps of these feeds."""
        ...

    def record_page(self, gap: Gap, step: PageStep, entries: Sequence[NewEntry], *, now: datetime) -> int:
        """What a page brought and what follows, in one transaction; returns entries stored.

        A gap that is filled clears what the poll that found it said of lost entries. Where the feed has broken off
        again since the gap was claimed, the entries are stored and nothing else is changed.
        """
        ...

    def gaps(self, feed_id: int | None = None) -> Mapping[int, Gap]:
        """The last gap of each feed that had one, or of that feed alone, by the feed's id."""
        ...
