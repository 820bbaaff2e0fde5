"""WebSub, the subscriber's decisions: when to ask a hub, what to believe of it, how far to rely on it. Pure.

The sections are those of https://www.w3.org/TR/websub/. Numbers without one are ours
(docs/decisions/0086 and 0087).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.model.feed import Feed, PollSettings
from monitor.model.websub import HubMode, HubState, HubSubscription, HubTrust, PushLimits

LEASE = timedelta(days=10)  # asked for; the large public hubs grant no more
LONGEST_LEASE = timedelta(days=30)
LONGEST_RETRY = timedelta(hours=24)
DENIED_FOR = timedelta(days=7)  # §5.2: "not possible anymore"; hubs mend, too
MOST_FAREWELLS = 3  # a lease that nobody renews ends by itself
# A feed that names another hub each time it is read must not have us knock at all of them.
STAY = timedelta(hours=1)
GRACE = timedelta(minutes=10)  # between publication and push that is no miss: publishers ping, hubs fetch
DOUBT_LASTS = timedelta(days=1)
UNREAD_FOR = timedelta(hours=1)
_MOST_WAITING = 10  # bodies of one feed
_ALL_FEEDS = 10  # times what one feed may have waiting
_RENEW_AT = 2 / 3  # of a lease
_JITTER = 0.1
_MAX_DOUBLINGS = 20
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})  # §7.1


def signature_holds(secret: str, header: str | None, body: bytes) -> bool:
    """Whether `X-Hub-Signature` (§7.1: `method=hex`) was made of this body with this secret."""
    method, _, given = (header or "").strip().partition("=")
    if not secret or method.lower() not in _METHODS:
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode())


def may_have_secret(hub: str, allow_private_addresses: bool) -> bool:
    """Whether the secret may be told: over TLS only (§5.1), but for tests and intranets."""
    return allow_private_addresses or hub.lower().startswith("https:")


def request_form(subscription: HubSubscription) -> tuple[tuple[str, str], ...]:
    """What the hub is asked (§5.1): to subscribe, to renew, or to unsubscribe."""
    leaving = subscription.state is HubState.LEAVING
    form = [
        ("hub.callback", subscription.callback),
        ("hub.mode", (HubMode.UNSUBSCRIBE if leaving else HubMode.SUBSCRIBE).value),
        ("hub.topic", subscription.topic),
    ]
    if not leaving:
        form.append(("hub.lease_seconds", str(int(LEASE.total_seconds()))))
        if secret := subscription.secret.reveal():
            form.append(("hub.secret", secret))
    return tuple(form)


def is_wanted(subscription: HubSubscription, mode: str, topic: str) -> bool:
    """Whether we asked for what a hub wants to have verified (§5.3).

    Hubs may verify again at any time (§5) what holds; nothing is verified that was never asked for.
    """
    if topic != subscription.topic or subscription.asked_at is None:
        return False
    if mode == HubMode.UNSUBSCRIBE:
        return subscription.state is HubState.LEAVING
    return mode == HubMode.SUBSCRIBE and subscription.state in (HubState.ASKED, HubState.SUBSCRIBED)


def lease_of(written: str | None) -> timedelta:
    """`hub.lease_seconds` of a verification; where a hub says none, what was asked for."""
    if not written or not (written.isascii() and written.isdigit()):
        return LEASE
    seconds = int(written) if len(written) < 9 else int(LONGEST_LEASE.total_seconds())
    return min(max(timedelta(seconds=seconds), timedelta(seconds=1)), LONGEST_LEASE)


def renew_at(now: datetime, lease: timedelta, least: timedelta, dice: float) -> datetime:
    """When to ask again: at two thirds of the lease or a little before, so that two tries are left."""
    wait: timedelta = lease * (_RENEW_AT * (1 - _JITTER * dice))
    return now + max(wait, least)


def retry_at(now: datetime, failures: int, interval: timedelta, dice: float) -> datetime:
    """When to ask a hub again that failed so often in a row: doubled each time, a day at most."""
    wait: timedelta = min(interval * 2 ** min(max(failures - 1, 0), _MAX_DOUBLINGS), LONGEST_RETRY)
    return now + wait * (1 - _JITTER + 2 * _JITTER * dice)


def trust_of(subscription: HubSubscription, now: datetime) -> HubTrust:
    """Whether the feed may be left to its hub at the moment, and if not why."""
    if subscription.state is not HubState.SUBSCRIBED or subscription.lease_until is None:
        return HubTrust.UNVERIFIED
    if subscription.lease_until <= now:
        return HubTrust.EXPIRED
    if not subscription.secret.reveal():
        return HubTrust.UNSIGNED
    if subscription.proven_at is None:
        return subscription.doubt or HubTrust.UNPROVEN
    return HubTrust.TRUSTED


def push_limits(settings: PollSettings) -> PushLimits:
    """How much may wait to be read: of one feed as much as one poll may bring."""
    return PushLimits(_MOST_WAITING, settings.max_bytes, _ALL_FEEDS * settings.max_bytes)


def is_read(subscription: HubSubscription, now: datetime) -> bool:
    """Whether what the hub signs is read: not for an hour after something that nobody could read."""
    if subscription.doubt is not HubTrust.UNREAD or subscription.doubted_at is None:
        return True
    return now - subscription.doubted_at >= UNREAD_FOR


def may_prove(subscription: HubSubscription, now: datetime) -> bool:
    """Whether a push that brings news counts for the hub: not on the day after it was caught."""
    return subscription.doubted_at is None or now - subscription.doubted_at >= DOUBT_LASTS


def pushed_until(
    feed: Feed, subscription: HubSubscription, now: datetime, settings: PollSettings
) -> datetime | None:
    """How long the feed is left to its hub after this sign that it works; None where it is not.

    A sign is news that it brought, or a poll that found nothing it had not announced. A hub that dies without a
    word delays nothing for longer than `max_interval`, the longest that the user lets pass between two polls. A
    feed with an interval of its own, or a boost, is polled as it was promised.
    """
    promised = feed.settings.interval is not None or (feed.boost is not None and feed.boost.until > now)
    if promised or trust_of(subscription, now) is not HubTrust.TRUSTED or subscription.lease_until is None:
        return None
    return min(now + settings.max_interval, subscription.lease_until)


def has_missed(subscription: HubSubscription, arrived: Sequence[datetime | None], now: datetime) -> bool:
    """Whether a poll found what the hub should have announced.

    `arrived` are the dates of the entries that were new to it, None for those without. What was published
    before the subscription held, or in the last minutes, is no miss.
    """
    since = subscription.verified_at
    if subscription.state is not HubState.SUBSCRIBED or since is None:
        return False
    return any(date is None or since < date <= now - GRACE for date in arrived)
