"""What the store promises of reading: pages that are asked again, and what the pages of a host carried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.article import NewArticle
from monitor.model.entry import Entry
from monitor.model.reading import GivenAtLast, Remembered, RereadState, Witness


class ReadingMemory(Protocol):
    """What reading remembers from one page to the next."""

    def witnesses(self, host: int, keys: Sequence[int], since: datetime) -> Sequence[Witness]:
        """Earlier pages of the host, read since then, that carried something with one of the keys, newest first.

        At most a score for each key. None whose text was removed by hand.
        """
        ...

    def rereads(
        self, now: datetime, limit: int, besides: Collection[int] = (), besides_feeds: Collection[int] = ()
    ) -> Sequence[Entry]:
        """Entries whose page is to be asked again and whose time has come, oldest first.

        Besides those rows and all of those feeds.
        """
        ...

    def record_reread(self, article: NewArticle, remembered: Remembered) -> GivenAtLast | None:
        """A page that gave its text at last, as a revision of the entry that `article` names; what came of it.

        All in one transaction. SUPERSEDED when the feed brought other words meanwhile: nothing is stored then.
        None when nobody waits for it any more: it was recorded before, or removed by hand.
        """
        ...

    def record_failed_reread(
        self, row: int, why: str, then: datetime | RereadState, remembered: Remembered | None = None
    ) -> None:
        """Counts a failed try; the page is asked again at that time, or no more, with the state it ends in."""
        ...
