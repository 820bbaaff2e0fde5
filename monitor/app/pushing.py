"""What hubs ask and send at our callbacks (WebSub §5.3, §7): answered at once, read later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from monitor.core.feeds.websub import (
    DENIED_FOR,
    is_read,
    is_wanted,
    lease_of,
    push_limits,
    renew_at,
    signature_holds,
)
from monitor.core.text.html import one_line
from monitor.core.text.shown_url import without_query
from monitor.model import measure as m
from monitor.model.feed import PollSettings
from monitor.model.websub import HubMode, HubState, HubSubscription, HubTrust, PushOutcome
from monitor.ports import Clock, Dice, HubSubscriptions, Meter

log = structlog.get_logger("monitor")

_LONGEST_REASON = 200
_LONGEST_TYPE = 200


@dataclass(frozen=True, slots=True)
class HubQuestion:
    """The query of a hub's GET; what is missing is None."""

    mode: str | None
    topic: str | None
    challenge: str | None = None
    lease_seconds: str | None = None
    reason: str | None = None


def _ignore() -> None:
    """Until somebody listens."""


class Pushing:
    """The callbacks below `public_url`. Raises StoreError; logs neither token nor secret.

    `settings` gives those in force; `wake` is called when a push waits to be read, in any thread.
    """

    def __init__(
        self,
        hubs: HubSubscriptions,
        clock: Clock,
        dice: Dice,
        settings: Callable[[], PollSettings],
        public_url: str,
        meter: Meter,
        wake: Callable[[], None] = _ignore,
    ) -> None:
        self.public_url = public_url
        self.settings = settings
        self.wake = wake
        self._hubs = hubs
        self._clock = clock
        self._dice = dice
        self._meter = meter

    def answer(self, token: str, question: HubQuestion) -> str | None:
        """What a hub is told: the challenge where we asked for what it wants verified, "" where it only tells us
        something, None where we know of nothing."""
        subscription = self._hubs.with_token(token)
        if subscription is None or question.mode is None or question.topic is None:
            return None
        if question.mode == HubMode.DENIED:
            return self._deny(subscription, question)
        if not question.challenge or not is_wanted(subscription, question.mode, question.topic):
            return None
        if subscription.state is HubState.LEAVING:
            self._hubs.drop(subscription)
            log.info("hub left", **_named(subscription))
            return question.challenge
        now, lease = self._clock.now(), lease_of(question.lease_seconds)
        again = renew_at(now, lease, self.settings().min_interval, self._dice())
        self._hubs.note_verified(subscription, now, now + lease, again)
        words = {**_named(subscription), "topic": without_query(subscription.topic)}
        log.info("hub verified", **words, until=(now + lease).isoformat(timespec="seconds"))
        return question.challenge

    def expects(self, token: str) -> HubSubscription | None:
        """The subscription that a push to this callback belongs to; None where its hub should stop.

        What was verified before a hub was denied, or is being left, may still be on its way.
        """
        subscription = self._hubs.with_token(token)
        if subscription is None or subscription.asked_at is None:
            self._meter.count(m.PUSHES, PushOutcome.UNKNOWN)
            return None
        return subscription

    def take(
        self, subscription: HubSubscription, body: bytes | None, content_type: str | None, signature: str | None
    ) -> PushOutcome:
        """Keeps a body that its hub signed; None stands for one that is too large."""
        outcome = self._judge(subscription, body, content_type, signature)
        now, least = self._clock.now(), self.settings().min_interval
        if outcome is PushOutcome.TAKEN:
            self.wake()
        elif subscription.proven_at is not None:
            # Whoever sent it knows the callback, and may be the hub: its feed is relied on no more.
            bad = outcome is PushOutcome.BAD_SIGNATURE
            self._hubs.doubt(subscription, HubTrust.BAD_SIGNATURE if bad else HubTrust.UNREAD, now, least)
        elif outcome is not PushOutcome.BAD_SIGNATURE:
            self._hubs.make_due(subscription.feed_id, now, least)
        if outcome is not PushOutcome.TAKEN:
            log.warning("push not kept", **_named(subscription), reason=outcome.value)
        self._meter.count(m.PUSHES, outcome)
        return outcome

    def _judge(
        self, subscription: HubSubscription, body: bytes | None, content_type: str | None, signature: str | None
    ) -> PushOutcome:
        secret = subscription.secret.reveal()
        if body is None:
            return PushOutcome.TOO_LARGE
        if not secret:
            return PushOutcome.FEED_DUE
        if not signature_holds(secret, signature, body):
            return PushOutcome.BAD_SIGNATURE
        now = self._clock.now()
        if not is_read(subscription, now):
            return PushOutcome.FEED_DUE
        kind = content_type[:_LONGEST_TYPE] if content_type else None
        return self._hubs.take(subscription, body, kind, now, push_limits(self.settings()))

    def _deny(self, subscription: HubSubscription, question: HubQuestion) -> str | None:
        if question.topic != subscription.topic:
            return None
        now = self._clock.now()
        if subscription.state is HubState.LEAVING:
            self._hubs.drop(subscription)
            return ""
        reason = question.reason or ""
        # It knows both, and what it says is shown.
        if any(one and one in reason for one in (subscription.token, subscription.secret.reveal())):
            reason = ""
        why = ": ".join(filter(None, ("the hub said no", one_line(reason, _LONGEST_REASON))))
        self._hubs.note_denied(subscription, why, now, now + DENIED_FOR)
        log.warning("hub denied", **_named(subscription), why=why)
        return ""


def _named(subscription: HubSubscription) -> dict[str, Any]:
    return {"feed_id": subscription.feed_id, "hub": without_query(subscription.hub)}
