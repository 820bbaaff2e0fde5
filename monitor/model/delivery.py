"""Receivers, outbox rows and receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.digest import Message, MessageFormat
from monitor.model.secret import Secret

SLACK_API = "https://slack.com/api"


class ChannelKind(StrEnum):
    """Code that carries messages."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"
    FILE = "file"
    STDOUT = "stdout"
    APPRISE = "apprise"


class SmtpSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The `[smtp]` table."""

    host: str
    port: int
    security: SmtpSecurity
    sender: str  # "Border desk <monitor@example.org>"
    username: str | None = None
    password: Secret | None = None
    timeout: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class EmailEndpoint:
    """One message per address."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlackEndpoint:
    """An incoming webhook, which knows its channel."""

    webhook_url: Secret


@dataclass(frozen=True, slots=True)
class SlackTokenEndpoint:
    """A bot token and the channel it posts to, "#press" or an id: threads and updates are possible.

    `api_url` is where the methods of the Web API are, without a slash at its end.
    """

    token: Secret
    to: str
    api_url: str = SLACK_API


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A web server that takes signed JSON digests. The address is masked: its query may hold a token."""

    url: Secret
    secret: Secret  # "whsec_…", see monitor.core.signing


@dataclass(frozen=True, slots=True)
class FileEndpoint:
    """One file per message, written atomically."""

    directory: str
    format: MessageFormat = MessageFormat.JSON


@dataclass(frozen=True, slots=True)
class StdoutEndpoint:
    """Plain text on standard output."""


@dataclass(frozen=True, slots=True)
class AppriseEndpoint:
    """Services by their Apprise addresses, which hold secrets."""

    urls: tuple[Secret, ...]


Endpoint = (
    EmailEndpoint
    | SlackEndpoint
    | SlackTokenEndpoint
    | WebhookEndpoint
    | FileEndpoint
    | StdoutEndpoint
    | AppriseEndpoint
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A named group of endpoints (`[receivers.NAME]`)."""

    name: str
    endpoints: tuple[Endpoint, ...]


class DeliveryState(StrEnum):
    """Where an outbox row stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"  # given up after the last retry: kept, shown, can be retried by hand
    DRAFT = "draft"  # made by --dry-run: never sent
    SUPPRESSED = "suppressed"  # its recipient unsubscribed before it was sent


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """An outbox row to be; `key` is unique and doubles as Message-ID and webhook-id."""

    key: str
    digest: str
    batch: str
    receiver: str
    channel: ChannelKind
    recipient: str  # e-mail address; the channel's name where the receiver itself is the address
    message: Message
    thread: str | None = None  # key of the delivery to the same recipient that it follows
    also: tuple[str, ...] = ()  # further receivers that name the same address: it stands for theirs, too


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row. A retry by hand starts it anew: `attempts` and the time to give up count from there."""

    id: int
    new: NewDelivery
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime
    attempts: int = 0
    last_error: str | None = None
    sent_at: datetime | None = None
    receipt: str | None = None
    retried_at: datetime | None = None  # the last time by hand
    reference: str | None = None  # what the other side calls the message it took
    lease_until: datetime | None = None  # while somebody sends it

    @property
    def tried_since(self) -> datetime:
        """From when on its attempts count."""
        return self.retried_at or self.created_at


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery, kept for good: `outcome` is "sent", or the fault and what was decided."""

    at: datetime
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer of the other side, on one line; `reference` is what it calls the message, where it says so;
    `over` is who answered and how the way there was protected, for people who try a receiver."""

    detail: str
    reference: str | None = None
    over: str = ""


class RetryAnswer(StrEnum):
    """What a retry by hand comes to."""

    DUE_NOW = "due_now"
    BEING_SENT = "being_sent"  # an attempt is under way: left alone
    ALREADY_SENT = "already_sent"
    DRAFT = "draft"  # of a dry run: never sent
    GONE = "gone"  # pruned meanwhile
    SUPPRESSED = "suppressed"  # its recipient unsubscribed
    TEXT_GONE = "text_gone"  # its words were dropped: there is nothing left to send


class RetryReason(StrEnum):
    """Why a failed delivery is tried again, or not."""

    BACK_OFF = "back_off"
    RETRY_AFTER = "retry_after"
    REFUSED = "refused"
    BROKEN_RECEIVER = "broken_receiver"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """When to try again (None: dead letter) and why."""

    retry_at: datetime | None
    reason: RetryReason


@dataclass(frozen=True, slots=True)
class BrokenReceiver:
    """A receiver's channel that refuses everything: none of its deliveries is tried before `next_try_at`."""

    receiver: str
    channel: ChannelKind
    since: datetime
    error: str  # of the last attempt
    next_try_at: datetime


class CircuitReason(StrEnum):
    """Why the deliveries of a receiver's channel go on, or wait for one of them."""

    WORKS = "works"
    EACH_BY_ITSELF = "each_by_itself"  # its recipients are services of their own
    REFUSES_EVERYTHING = "refuses_everything"
    UNPROVEN = "unproven"  # it refused everything, and now nobody answers or says "later"
    TOOK_ONE = "took_one"
    JUDGED_ONE = "judged_one"  # it refused one message for its own sake: it takes others


@dataclass(frozen=True, slots=True)
class CircuitDecision:
    """When the next delivery of a receiver's channel is tried (None: all go on), and why."""

    next_try_at: datetime | None
    reason: CircuitReason
