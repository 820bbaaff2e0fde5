"""WebSub (W3C Recommendation, 2018): subscriptions at the hubs of feeds, and what hubs send."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.secret import Secret


class HubState(StrEnum):
    """How far a subscription at a hub is."""

    WANTED = "wanted"  # the feed offers a hub that was not asked yet
    ASKED = "asked"  # the hub has to verify that it was us
    SUBSCRIBED = "subscribed"
    DENIED = "denied"  # the hub said no: asked again in a week
    LEAVING = "leaving"  # to be unsubscribed from, and then forgotten


class HubMode(StrEnum):
    """`hub.mode` of a request (WebSub §5.1, §5.3)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"


class HubTrust(StrEnum):
    """Whether a feed is left to its hub, and why not."""

    TRUSTED = "trusted"
    UNVERIFIED = "unverified"  # no subscription holds
    EXPIRED = "expired"  # its lease has ended
    UNSIGNED = "unsigned"  # a hub without TLS got no secret: what it sends only makes the feed due
    UNPROVEN = "unproven"  # it has not brought an entry before a poll did
    MISSED = "missed"  # a poll found an entry that it had not announced
    BAD_SIGNATURE = "bad_signature"  # it sends what its secret did not sign
    UNREAD = "unread"  # it sent what could not be read, or more than could wait


class PushOutcome(StrEnum):
    """What became of one request to a callback."""

    TAKEN = "taken"  # stored, to be read
    FEED_DUE = "feed_due"  # not kept (unsigned, or too many wait): the feed is asked instead
    BAD_SIGNATURE = "bad_signature"  # ignored
    TOO_LARGE = "too_large"  # the feed is asked instead
    UNKNOWN = "unknown"  # no subscription has this callback


@dataclass(frozen=True, slots=True)
class HubSubscription:
    """One subscription. `token` ends the path of its callback below `public_url`: whoever knows it may be the hub.

    The secret is empty where it would have gone over the wire in the clear. `asked_at` is set before a hub is
    asked: some verify within the request. `proven_at`: when a push first brought what no poll had, since the last
    doubt.
    """

    id: int
    feed_id: int
    hub: str
    topic: str
    token: str = field(repr=False)
    public_url: str
    secret: Secret
    state: HubState
    made_at: datetime
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    lease_until: datetime | None = None
    pushed_at: datetime | None = None
    proven_at: datetime | None = None
    doubted_at: datetime | None = None
    doubt: HubTrust | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    error: str | None = None

    @property
    def callback(self) -> str:
        """Where the hub reaches us."""
        return f"{self.public_url}/websub/{self.token}"

    @property
    def pending(self) -> bool:
        """Whether the hub was asked and has not verified it since."""
        return self.asked_at is not None and (self.verified_at is None or self.verified_at < self.asked_at)


@dataclass(frozen=True, slots=True)
class Push:
    """A body that a hub sent, signed with its secret."""

    id: int
    feed_id: int
    received_at: datetime
    content_type: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class PushLimits:
    """How much may wait to be read, so that no hub can fill the disk; beyond it the feed is polled instead."""

    most: int  # of one feed
    feed_bytes: int
    all_bytes: int


@dataclass(frozen=True, slots=True)
class HubRequest:
    """One request to a hub; `form` holds the secret. `key` comes back with the answer."""

    key: int
    hub: str
    form: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """`error` is None where the hub accepted (2xx), else one line that repeats nothing of what was sent."""

    key: int
    error: str | None = None
