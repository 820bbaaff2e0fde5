"""What the store promises of feeds: the due-queue, subscriptions, what each poll brought."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model.cadence import Boost
from monitor.model.entry import KnownEntry, NewEntry
from monitor.model.feed import (
    Feed,
    FeedSettings,
    FeedsStanding,
    HostPause,
    Listing,
    Polled,
    Subscription,
)


class DueFeeds(Protocol):
    """The due-queue, and what each poll brought: all that the poll stage asks for."""

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """At most `limit` active feeds whose time has come, leased so that nobody else claims them meanwhile."""
        ...

    def release_leases(self, feed_ids: Sequence[int] | None = None) -> None:
        """Forgets the leases of these feeds; without ids every lease there is, also of deliveries and gaps: for a
        process that holds the store alone and has just started."""
        ...

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Entries of one feed that share an id or a URL key with the given ones, oldest first."""
        ...

    def record_polls(self, polls: Sequence[Polled]) -> int:
        """New entries, what was learned and the next poll times in one transaction; returns entries stored.

        Where one poll cannot be recorded, none is. That entries may have been lost is noted only where an entry of
        the feed was stored before, together with the gap that is to be filled from `reading.older`. A boost that
        began while the feed was asked holds for the next poll already; so does a sooner time that was set
        meanwhile, unless the server asks for a pause.
        """
        ...

    def host_pauses(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        ...

    def put_off(self, until: Mapping[int, datetime]) -> None:
        """Makes these feeds due then, without a poll, since their hosts are paused; their leases end."""
        ...


class FeedStore(DueFeeds, Protocol):
    """Subscriptions, and the feeds behind them."""

    def sync(self, declared: Sequence[FeedSettings], now: datetime) -> None:
        """Makes the declared feeds those of the config; a feed no longer declared is kept but not polled.

        Many new ones are due one after the other (`core.feeds.schedule.first_poll_at`). One that is given an
        interval is due within it, unless its server fails or asked for a pause.
        """
        ...

    def all(self) -> Sequence[Feed]:
        """Every feed, in the order of subscription."""
        ...

    def at(self, site: str) -> Sequence[Feed]:
        """The feeds in whose present address these letters stand, whatever their case; in the order of
        subscription."""
        ...

    def standing(self, now: datetime) -> FeedsStanding:
        """How all feeds are, without a look at those that are well."""
        ...

    def subscribed_at(self, feeds: Collection[int]) -> Mapping[int, datetime]:
        """When each of these feeds was subscribed to, by id; without those that hold what was ingested."""
        ...

    def subscribe(
        self, wanted: Sequence[Subscription], now: datetime, *, lease: timedelta = timedelta(0)
    ) -> Sequence[Feed]:
        """Subscribes to what is not subscribed to yet, in one transaction; the feeds that this call made active.

        A feed that was removed or gone goes on where it was, with the new settings. With a lease nobody else
        claims them until it ends.
        """
        ...

    def try_now(self, urls: Sequence[str], now: datetime) -> int:
        """Makes those of the feeds declared at these URLs due that failed for how they are reached: by a login, a
        certificate, or not at all. How many."""
        ...

    def keep_within(self, longest: timedelta, now: datetime) -> int:
        """Makes those due within that time that wait for longer because we chose so, by their rate, for a hub,
        or by an interval that they have no longer; how many. For when a config changed."""
        ...

    def unsubscribe(self, feed_id: int) -> None:
        """Polls a feed no more; everything known of it is kept."""
        ...

    def make_all_due(self, now: datetime) -> int:
        """Makes every active feed due now and returns how many those are."""
        ...

    def pause_host(self, pause: HostPause, now: datetime) -> None:
        """Notes what a host asked for in the answer to a page."""
        ...

    def boost(self, feed_ids: Sequence[int], boost: Boost | None, now: datetime) -> None:
        """Has these feeds asked at the interval of a boost until it ends, or ends what boosts they have.

        Each is due within that interval, one after the other; one whose server said when to come back, or refuses
        us, is not asked sooner.
        """
        ...

    def listings(self) -> Mapping[int, Listing]:
        """What each subscribed feed listed last, by its id; none for a feed of which no body was read."""
        ...

    def arrivals(self, feed_ids: Sequence[int]) -> Mapping[int, Sequence[datetime]]:
        """When the entries that these feeds listed last arrived, oldest first, by feed id."""
        ...

    def passive_feed(self, publisher: str, now: datetime) -> Feed:
        """The feed that holds the ingested documents of a publisher, made when it is not there; never polled."""
        ...

    def record_documents(
        self, feed_id: int, entries: Sequence[NewEntry], now: datetime, listed: Sequence[int] = ()
    ) -> int:
        """Entries of a passive feed in one transaction; returns entries stored. `listed` as in `Reading`."""
        ...
