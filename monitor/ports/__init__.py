"""What the pipeline asks of the outside world: one small promise per outside thing.

Ports are synchronous ("one colour"): concurrency hides inside the adapters. Each has a shipped fake in
`monitor.testing` and a contract suite in `tests/contract/` that runs over every implementation, the fake included.
"""

from __future__ import annotations

from monitor.ports.archive import Archive, Retention
from monitor.ports.articles import ArticleStore
from monitor.ports.digests import DigestStore, Outbox
from monitor.ports.facts import HealthFacts
from monitor.ports.feed_book import FeedBook
from monitor.ports.feeds import DueFeeds, FeedStore
from monitor.ports.gaps import GapStore
from monitor.ports.grouping import GroupingSession, GroupingStore
from monitor.ports.incidents import Incidents
from monitor.ports.jobs import DispatchedArticles, DispatchedFeeds, DispatchingStore, GivenFeeds, JobQueue
from monitor.ports.ledger import Ledger
from monitor.ports.outside import Channel, Clock, Dice, EntityRecognizer, Fetcher, Meter, Sandbox
from monitor.ports.reading import ReadingMemory
from monitor.ports.receivers import Receivers
from monitor.ports.renames import Renames
from monitor.ports.sessions import EndedSessions
from monitor.ports.shares import Shares
from monitor.ports.signals import Signals
from monitor.ports.silences import SilenceStore
from monitor.ports.store import Store
from monitor.ports.stories import StoryStore
from monitor.ports.suppressions import Suppressions
from monitor.ports.websub import Hubs, HubSubscriptions

__all__ = [
    "Archive",
    "ArticleStore",
    "Channel",
    "Clock",
    "Dice",
    "DigestStore",
    "DispatchedArticles",
    "DispatchedFeeds",
    "DispatchingStore",
    "DueFeeds",
    "EndedSessions",
    "EntityRecognizer",
    "FeedBook",
    "FeedStore",
    "Fetcher",
    "GapStore",
    "GivenFeeds",
    "GroupingSession",
    "GroupingStore",
    "HealthFacts",
    "HubSubscriptions",
    "Hubs",
    "Incidents",
    "JobQueue",
    "Ledger",
    "Meter",
    "Outbox",
    "ReadingMemory",
    "Receivers",
    "Renames",
    "Retention",
    "Sandbox",
    "Shares",
    "Signals",
    "SilenceStore",
    "Store",
    "StoryStore",
    "Suppressions",
]
