"""What the store promises of silences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.silence import DiscardCount, Ended, NewSilence, Silence


class SilenceStore(Protocol):
    """Silences, and what they discarded. Each is given with the story that its own went into, if it did."""

    def add(self, new: NewSilence, now: datetime) -> Silence:
        """Writes a silence down."""
        ...

    def in_force(self, now: datetime, since: datetime) -> Sequence[Silence]:
        """Silences that have begun, were not ended by hand, and end, or ended, after `since`; oldest first."""
        ...

    def all(
        self, *, ending_after: datetime | None = None, before: int | None = None, limit: int | None = None
    ) -> Sequence[Silence]:
        """Every silence, or those that end after that moment, be it yet to begin; the newest first, at most so
        many, of those with a lower id than `before`."""
        ...

    def called(self, silence: int) -> Silence | None:
        """The silence of that id."""
        ...

    def discarded(self, silences: Collection[int] | None = None) -> Mapping[int, DiscardCount]:
        """What each silence, or each of these, has discarded, as it stands now; those that discarded nothing are
        left out."""
        ...

    def discarded_of(self, story: str) -> Mapping[int, int]:
        """How many matches of the story's articles each silence discarded."""
        ...

    def end(self, silence: int, now: datetime, *, tell: bool = False) -> Ended | None:
        """Ends a silence by hand, for good, also one that has run out; None when there is no such silence.

        With `tell` all that it discarded waits for its digests again, but for what somebody had forgotten. It is
        one transaction: nothing is discarded by it afterwards.
        """
        ...
