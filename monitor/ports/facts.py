"""What the store can be asked about how the monitor is doing: each question answered by an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.daemons import Queued
from monitor.model.digest import Window
from monitor.model.feed import Feed
from monitor.model.health import FeedsAlive, Lags, LastBatch, OldestDue, RuleRate, Totals, Trouble
from monitor.model.ledger import RecentMatches
from monitor.model.measure import Came, FeedCounts, Held


class HealthFacts(Protocol):
    """Numbers and lists about the monitor itself; changes nothing."""

    def broken_receivers(self) -> Sequence[Trouble]:
        """The receivers that refuse everything, by name."""
        ...

    def given_up(self, since: datetime | None = None) -> Mapping[tuple[str, str], tuple[int, str]]:
        """Dead letters, those given up since then, by (receiver, channel): how many, and the error of the last."""
        ...

    def feeds_alive(self, since: datetime) -> FeedsAlive:
        """The feeds that are polled and had a success since then, and how many of them fail."""
        ...

    def queued(self) -> Queued | None:
        """What stands in the queue of jobs; None where there is none."""
        ...

    def feeds(self, now: datetime) -> FeedCounts:
        """The feeds subscribed to, in numbers; no feed is read for it."""
        ...

    def failing_feeds(self, most: int | None = None) -> Sequence[Feed]:
        """The feeds whose last poll failed, or that are gone, in the order of subscription; at most so many."""
        ...

    def unsubscribed(self) -> Mapping[tuple[str, str], datetime]:
        """Since when who wants no more of what: (digest, recipient)."""
        ...

    def totals(self, window: Window) -> Totals:
        """What a span of time brought."""
        ...

    def came(self, window: Window) -> Came:
        """The entries and matches of a span of time: the two numbers alone."""
        ...

    def busy_rules(self, day: Window, least: int, before: datetime) -> Sequence[RuleRate]:
        """The rules that matched at least so often in that day, with their matches from `before` to it."""
        ...

    def silent_rules(self, since: datetime) -> Mapping[str, datetime]:
        """The last match of each rule that had some, and none since then."""
        ...

    def recent_matches(self, rules: Collection[str], most: int) -> Mapping[str, RecentMatches]:
        """What became of the newest matches of each of these rules, at most so many; none where there is none."""
        ...

    def failing_rules(self, window: Window) -> Mapping[str, tuple[int, str]]:
        """The rules that failed: on how many articles, and why on the last."""
        ...

    def last_batches(self, digests: Collection[str]) -> Mapping[str, LastBatch]:
        """The last batch of each digest that told a story."""
        ...

    def lags(self, since: datetime) -> Lags:
        """How long it took from a publication to its poll, and from the poll to the receipt; of the newest few
        thousand since then."""
        ...

    def oldest_due(self, now: datetime) -> OldestDue:
        """Since when the oldest work waits that a stage could do; not what waits for a broken receiver."""
        ...

    def held(self, now: datetime) -> Held:
        """What the store holds: counts, and since when the oldest of each queue waits."""
        ...

    def first_seen_in(self, digest: str, batch: str) -> datetime | None:
        """When the first of the entries that a batch tells was first seen; None for one that tells nothing."""
        ...
