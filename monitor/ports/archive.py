"""What the store promises of the archive: searching it, and letting go of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.article import Article
from monitor.model.ledger import ArchiveExtent, ArchivePlace, Unindexed
from monitor.model.required import Required
from monitor.model.retention import PruneLimits, PruneStep, Traces


class Archive(Protocol):
    """The stored articles, to be searched. An index finds candidates; it may be behind, but hides no match."""

    def waiting(self) -> int:
        """How many articles wait to be indexed: stored before there was an index, or before its analyser changed.

        Until then each is a candidate of every query."""
        ...

    def unindexed(self, below: ArchivePlace | None = None) -> Unindexed:
        """Those that wait among the next articles below a place, newest first; from the newest on without one."""
        ...

    def index(self, ids: Collection[int]) -> int:
        """Indexes those of the articles that wait for it; a second time changes nothing. Returns how many wait no
        longer.

        What another analyser made may have to be emptied first: then all that was in it waits."""
        ...

    def candidates(
        self, required: Required | None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[int]:
        """The ids of all articles that may hold what is required, newest first; with None of all there are.

        `since` and `until` (exclusive) speak of when an article was first seen.
        """
        ...

    def count(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """How many articles there are to search."""
        ...

    def extent(self, since: datetime | None = None, until: datetime | None = None) -> ArchiveExtent:
        """How many articles there are to search, how many no longer, and since when there are any."""
        ...

    def articles(self, ids: Sequence[int]) -> Sequence[Article]:
        """Those articles, in that order; without those whose text is no longer stored."""
        ...


class Retention(Protocol):
    """What need not, or must not, be kept any longer."""

    def prune(self, step: PruneStep, limits: PruneLimits, most: int) -> int:
        """Takes at most so many rows one step further, in one short transaction; returns how many, 0 for no more.

        The step INDEX takes a piece of the full-text index instead, and returns 1 while there are more.

        Nothing goes that a rule, a digest, a receiver or a kept row still needs, and nothing of a row's identity
        while a feed lists it. Ids are not used twice: the row with the highest one stays.
        """
        ...

    def traces(self, url: str, url_key: str) -> Traces:
        """What is kept of the text behind an address: of all entries with it, their revisions and messages."""
        ...

    def forget(self, url: str, url_key: str, now: datetime, *, even_unsent: bool) -> Traces:
        """Empties all those texts in one transaction, and returns what it found; keys, hashes and fates stay.

        Changes nothing when somebody still waits for the text, unless `even_unsent`: then what waited gets the
        fate "forgotten", and what else a message held that was not delivered is planned again.
        """
        ...

    def wipe(self) -> str | None:
        """Takes what was removed out of the database's leftovers too; one line on what stays there, or None."""
        ...
