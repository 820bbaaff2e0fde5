"""The whole store, by the part that asks."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from monitor.model.measure import Disk
from monitor.ports.archive import Archive, Retention
from monitor.ports.articles import ArticleStore
from monitor.ports.digests import DigestStore, Outbox
from monitor.ports.facts import HealthFacts
from monitor.ports.feed_book import FeedBook
from monitor.ports.feeds import FeedStore
from monitor.ports.gaps import GapStore
from monitor.ports.grouping import GroupingStore
from monitor.ports.incidents import Incidents
from monitor.ports.ledger import Ledger
from monitor.ports.reading import ReadingMemory
from monitor.ports.receivers import Receivers
from monitor.ports.renames import Renames
from monitor.ports.sessions import EndedSessions
from monitor.ports.shares import Shares
from monitor.ports.signals import Signals
from monitor.ports.silences import SilenceStore
from monitor.ports.stories import StoryStore
from monitor.ports.suppressions import Suppressions
from monitor.ports.websub import HubSubscriptions


class Store(Protocol):
    """Everything kept, by the part that asks."""

    feeds: FeedStore
    feed_book: FeedBook
    gaps: GapStore
    articles: ArticleStore
    reading: ReadingMemory
    grouping: GroupingStore
    digests: DigestStore
    outbox: Outbox
    receivers: Receivers
    ledger: Ledger
    archive: Archive
    retention: Retention
    stories: StoryStore
    incidents: Incidents
    facts: HealthFacts
    silences: SilenceStore
    suppressions: Suppressions
    hubs: HubSubscriptions
    renames: Renames
    shares: Shares
    signals: Signals
    sessions: EndedSessions

    def set_right(self, now: datetime) -> int:
        """Pulls back what waits longer than anything may, as a clock set back leaves it; returns how many rows."""
        ...

    def size(self) -> int | None:
        """Bytes on disk, as the database counts them; None in memory."""
        ...

    def disk(self) -> Disk | None:
        """The file system that the store is on; None in memory and elsewhere."""
        ...

    def close(self) -> None:
        """Closes every connection; safe to call twice."""
        ...
