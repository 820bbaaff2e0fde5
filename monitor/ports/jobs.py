"""What is promised of work that is given out: a queue, and the feeds that go into it and come out of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from monitor.model.entry import KnownEntry
from monitor.model.feed import Feed, Polled
from monitor.model.jobs import DueFeed, Job, StalledJob

Put = Callable[[Any, Sequence[DueFeed]], Collection[int]]
"""Puts feeds into the queue in the transaction of the given connection; returns the ids that are in it."""
PutParts = Callable[[Any, Sequence[int]], None]
"""Puts parts of a stage into the queue in the transaction of the given connection."""
Done = Callable[[], None]
Take = Callable[[Job, Done], None]
"""Takes a job and says when it is done. May be called by any thread; must not wait."""


class JobQueue(Protocol):
    """A queue that several processes put jobs into and take them from."""

    @property
    def workers(self) -> frozenset[int]:
        """The numbers under which this process took its last job of each stage."""
        ...

    def put(self, connection: Any, jobs: Sequence[Job]) -> Sequence[Job]:
        """Those that went in, in the transaction of this connection to the store's database.

        Of the others one with the same place waits already. Raises StoreUnusable.
        """
        ...

    def holds(self, jobs: int) -> bool:
        """Whether so many jobs, or more, wait to be taken. Raises StoreUnusable."""
        ...

    def stalled(self) -> Sequence[StalledJob]:
        """The jobs of workers that give no sign of life. Raises StoreUnusable."""
        ...

    def drop(self, jobs: Sequence[StalledJob]) -> None:
        """Takes them out of the queue, whoever has them. Raises StoreUnusable."""
        ...

    def begin(self, take: Take) -> None:
        """Takes jobs from now on, and again after the server was away."""
        ...

    def rest(self, stages: Collection[str]) -> None:
        """Takes no jobs of these stages until it is called without them, and lets those go that are not done."""
        ...

    def close(self) -> None:
        """Takes no more, and lets those go that are not done; safe to call twice."""
        ...


class DispatchedFeeds(Protocol):
    """Due feeds on their way into the queue."""

    def dispatch(self, now: datetime, lease: timedelta, again: timedelta, most: int, put: Put) -> Sequence[int]:
        """Leases at most `most` due feeds and puts them into the queue, in one transaction; returns all their ids.

        What does not go in is left alone for the time `again`, and tried then.
        """
        ...

    def free(self, feed_ids: Sequence[int]) -> Collection[int]:
        """Forgets the leases of these feeds: they are due when they were.

        Waits for nobody: gives back those of which somebody is writing, maybe one whose machine is gone.
        """
        ...


class DispatchedArticles(Protocol):
    """Articles that wait for rules, on their way into the queue."""

    def dispatch_unmatched(self, now: datetime, put: PutParts) -> None:
        """Puts the parts in which grouped articles wait whose time has come into the queue, in one transaction."""
        ...


class GivenFeeds(Protocol):
    """Feeds that a job names. Whoever takes one again makes everything void that an earlier taker says of it."""

    def take(self, feed_ids: Sequence[int], now: datetime, lease: timedelta) -> Sequence[Feed]:
        """Those of the feeds that are active and due, or given out and not polled yet, leased, with new tokens."""
        ...

    def give_back(self, tokens: Mapping[int, int]) -> None:
        """Ends the leases of these feeds where they are still those of these tokens."""
        ...

    def leave(self, feed_ids: Sequence[int]) -> None:
        """Ends the leases of feeds whose job was taken and none of them: they are due when they were."""
        ...

    def put_off(self, until: Mapping[int, datetime], tokens: Mapping[int, int]) -> None:
        """Makes these feeds due then, where they are still those of these tokens."""
        ...

    def record_polls(self, polls: Sequence[Polled]) -> int:
        """As `DueFeeds.record_polls`; of a feed that was taken again only its entries are stored."""
        ...

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """As `DueFeeds.known_entries`."""
        ...

    def host_pauses(self, now: datetime) -> Mapping[str, datetime]:
        """As `DueFeeds.host_pauses`."""
        ...


class DispatchingStore(Protocol):
    """A store whose work a queue gives out."""

    dispatched: DispatchedFeeds
    unmatched: DispatchedArticles
    given: GivenFeeds
