"""websub: feeds that offer a hub → subscriptions there, renewed and left; how far each feed is left to its hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.feeds.websub import (
    MOST_FAREWELLS,
    STAY,
    has_missed,
    may_have_secret,
    pushed_until,
    request_form,
    retry_at,
)
from monitor.model.feed import POLL_SUCCESS, Feed, PollOutcome, PollSettings
from monitor.model.websub import HubRequest, HubState, HubSubscription, HubTrust
from monitor.ports import Clock, Dice, Hubs, HubSubscriptions

_BATCH = 16
_SWEEP = timedelta(seconds=10)  # between two looks at what feeds offer
# Before a silence gets too long: the poll that ends it is still one of a trusted feed.
_SOON = timedelta(minutes=1)
_NOT_VERIFIED = "the hub has not verified the request"


class HubStep(StrEnum):
    """What was asked of a hub."""

    SUBSCRIBE = "subscribe"
    RENEW = "renew"
    UNSUBSCRIBE = "unsubscribe"
    FORGET = "forget"  # nothing: it was left, and need not be asked any more


@dataclass(frozen=True, slots=True)
class HubReport:
    """One request to a hub: `error` is None where it was taken, and has to be verified yet."""

    subscription: HubSubscription
    step: HubStep
    error: str | None = None


@dataclass(slots=True)
class _Sweep:
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HubStage:
    """Asks hubs. Without `public_url` no hub could reach us, and nothing is done.

    `tokens` gives what cannot be guessed: callbacks and secrets, at most 200 bytes each.
    """

    subscriptions: HubSubscriptions
    hubs: Hubs
    clock: Clock
    dice: Dice
    settings: PollSettings
    public_url: str
    tokens: Callable[[], str] = field(repr=False)
    _sweep: _Sweep = field(default_factory=_Sweep, repr=False, compare=False)

    def begin(self) -> None:
        """Puts the store in step with the public address; once, before anything else. Raises StoreError."""
        self.subscriptions.begin(self.public_url, self.clock.now())

    def run(self, stopping: Callable[[], bool]) -> Iterator[HubReport]:
        """Asks every hub whose time has come; one report a request. Raises StoreError."""
        if not self.public_url:
            return
        now = self.clock.now()
        soon = min(_SOON, self.settings.max_interval / 10)
        self.subscriptions.end_silence(now + soon, now, self.settings.min_interval)
        if self._sweep.next_at is None or now >= self._sweep.next_at or self._sweep.next_at - now > _SWEEP:
            self._sweep.next_at = now + min(_SWEEP, self.settings.interval)
            self._follow_feeds(now)
        while not stopping() and (due := self.subscriptions.due(self.clock.now(), _BATCH)):
            yield from self._ask(due)

    def polled(self, feed: Feed, outcome: PollOutcome, arrived: Sequence[datetime | None]) -> HubTrust | None:
        """What a poll says of the feed's hub: that it missed something, or that it can be relied on for longer.

        Returns MISSED where the feed was left to it until now. Raises StoreError.
        """
        if not self.public_url or feed.hub is None or outcome not in POLL_SUCCESS:
            return None
        subscription = self.subscriptions.of_feed(feed.id)
        if subscription is None:
            return None
        now = self.clock.now()
        if has_missed(subscription, arrived, now):
            self.subscriptions.doubt(subscription, HubTrust.MISSED, now, self.settings.min_interval)
            return HubTrust.MISSED if subscription.proven_at is not None else None
        until = pushed_until(feed, subscription, now, self.settings)
        if until is not None:
            self.subscriptions.rely(feed.id, until)
        return None

    def _follow_feeds(self, now: datetime) -> None:
        """Begins what feeds offer, and ends what they offer no more."""
        self.subscriptions.leave_unwanted(now, min(STAY, self.settings.max_interval))
        for feed_id, offer in self.subscriptions.offers(_BATCH):
            private = self.settings.allow_private_addresses
            secret = self.tokens() if may_have_secret(offer.hub, private) else ""
            self.subscriptions.add(
                feed_id, offer, token=self.tokens(), secret=secret, public_url=self.public_url, now=now
            )

    def _ask(self, due: Sequence[HubSubscription]) -> Iterator[HubReport]:
        asked: dict[int, HubSubscription] = {}
        for one in map(self._counted, due):
            now = self.clock.now()
            if _is_over(one, now):
                self.subscriptions.drop(one)
                yield HubReport(one, HubStep.FORGET)
                continue
            again = retry_at(now, one.failures + 1, self.settings.interval, self.dice())
            # Before the request: some hubs verify within it.
            self.subscriptions.note_asked(one, now, again, _NOT_VERIFIED)
            asked[one.id] = one
        requests = [HubRequest(one.id, one.hub, request_form(one)) for one in asked.values()]
        for answer in self.hubs.ask(requests) if requests else ():
            one = asked[answer.key]
            if answer.error is not None:
                again = retry_at(self.clock.now(), one.failures + 1, self.settings.interval, self.dice())
                self.subscriptions.note_failed(one, answer.error, again)
            yield HubReport(one, _step(one), answer.error)

    def _counted(self, one: HubSubscription) -> HubSubscription:
        """With one failure more where the hub took the last request and never verified it: an error of its own was
        counted as it came."""
        if not one.pending or one.error != _NOT_VERIFIED:
            return one
        self.subscriptions.note_failed(one, _NOT_VERIFIED, self.clock.now())
        return replace(one, failures=one.failures + 1)


def _is_over(subscription: HubSubscription, now: datetime) -> bool:
    """Whether one that is left needs no farewell, or has had enough of them."""
    if subscription.state is not HubState.LEAVING:
        return False
    ended = subscription.lease_until is not None and subscription.lease_until <= now
    return ended or subscription.asked_at is None or subscription.failures >= MOST_FAREWELLS


def _step(subscription: HubSubscription) -> HubStep:
    if subscription.state is HubState.LEAVING:
        return HubStep.UNSUBSCRIBE
    return HubStep.RENEW if subscription.state is HubState.SUBSCRIBED else HubStep.SUBSCRIBE
