"""What is promised of WebSub: the store of subscriptions and pushes, and the way to a hub."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model.cadence import HubOffer
from monitor.model.entry import NewEntry
from monitor.model.feed import Feed
from monitor.model.websub import HubAnswer, HubRequest, HubSubscription, HubTrust, Push, PushLimits, PushOutcome


class Hubs(Protocol):
    """The way to hubs: POST of a form, guarded and bounded like every fetch."""

    def ask(self, requests: Sequence[HubRequest]) -> Sequence[HubAnswer]:
        """An answer for each request, in any order; none any more after `close`. Never raises for what a hub or
        the network does."""
        ...

    def close(self) -> None:
        """Gives up what is in flight; safe to call twice, and from any thread."""
        ...


class HubSubscriptions(Protocol):
    """Subscriptions at hubs, and the pushes that wait to be read."""

    def begin(self, public_url: str, now: datetime) -> None:
        """Forgets the subscriptions whose callback is not below this address ("" = none is) with their pushes, and
        polls the feeds that were left to them."""
        ...

    def all(self) -> Sequence[HubSubscription]:
        """Every one, by feed."""
        ...

    def with_token(self, token: str) -> HubSubscription | None:
        """The subscription with this callback."""
        ...

    def of_feed(self, feed_id: int) -> HubSubscription | None:
        """The subscription of a feed that is not being left."""
        ...

    def offers(self, limit: int) -> Sequence[tuple[int, HubOffer]]:
        """Active feeds that offer a hub and have no subscription, by id."""
        ...

    def add(
        self, feed_id: int, offer: HubOffer, *, token: str, secret: str, public_url: str, now: datetime
    ) -> None:
        """A subscription that is due to be asked for."""
        ...

    def leave_unwanted(self, now: datetime, stay: timedelta) -> int:
        """Begins to leave what feeds no longer offer, and the hubs of feeds that are polled no more; what is
        younger than `stay` waits. Returns how many."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[HubSubscription]:
        """Those whose hub is to be asked now, the longest due first."""
        ...

    def note_asked(
        self, subscription: HubSubscription, now: datetime, next_try_at: datetime, lacking: str | None = None
    ) -> None:
        """Says that the hub is asked from now on; the next try is for when nothing comes of it, and `lacking` is
        its error until then."""
        ...

    def note_failed(self, subscription: HubSubscription, error: str, next_try_at: datetime) -> None:
        """One more failure in a row, unless the hub has verified it meanwhile."""
        ...

    def note_verified(
        self, subscription: HubSubscription, now: datetime, lease_until: datetime, renew_at: datetime
    ) -> None:
        """It holds until then."""
        ...

    def note_denied(self, subscription: HubSubscription, error: str, now: datetime, next_try_at: datetime) -> None:
        """The hub said no; the feed is polled."""
        ...

    def drop(self, subscription: HubSubscription) -> None:
        """Forgets it."""
        ...

    def take(
        self,
        subscription: HubSubscription,
        body: bytes,
        content_type: str | None,
        now: datetime,
        limits: PushLimits,
    ) -> PushOutcome:
        """Keeps a body to be read (TAKEN), unless too much waits (FEED_DUE, and nothing is done)."""
        ...

    def pushes(self, limit: int) -> Sequence[tuple[Push, Feed]]:
        """The oldest of each feed that waits, oldest first: a feed whose hub sends much holds up no other."""
        ...

    def record_push(
        self, push: Push, entries: Sequence[NewEntry], now: datetime, proves: bool, pushed_until: datetime | None
    ) -> int:
        """The new entries of a push, and that it is read, in one transaction; returns entries stored.

        With `pushed_until` the feed is left to its hub until then, and not polled sooner unless it is due, or was
        not polled for a day. Nothing else of it changes: validators, body hash and listing are the last poll's.
        """
        ...

    def drop_push(self, push: Push) -> None:
        """Forgets a push that cannot be read."""
        ...

    def make_due(self, feed_id: int, now: datetime, least: timedelta) -> None:
        """Has a feed polled now, but not within `least` of its last poll, nor one whose server failed or asked for
        a pause."""
        ...

    def rely(self, feed_id: int, until: datetime) -> None:
        """Leaves a feed to its hub until then."""
        ...

    def doubt(self, subscription: HubSubscription, doubt: HubTrust, now: datetime, least: timedelta) -> None:
        """Relies on the hub no more, and polls the feed."""
        ...

    def end_silence(self, until: datetime, now: datetime, least: timedelta) -> int:
        """Has the feeds polled that are left to a hub until then at most; returns how many."""
        ...
