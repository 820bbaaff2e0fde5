"""`monitor receivers …`: who is reached how, and whether a message really gets there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, TextIO
from urllib.parse import urlsplit

from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import settings_of
from monitor.app.questions import NoSuchReceiver
from monitor.app.wiring import channels_of
from monitor.config import Settings
from monitor.config.shape import SECRET_PREFIXES
from monitor.core.digests.plan import delivery_key, recipients_of
from monitor.core.digests.render import render, with_key
from monitor.core.digests.sample import SAMPLE_BATCH, SAMPLE_NAME, sample_digest
from monitor.model.delivery import (
    AppriseEndpoint,
    ChannelKind,
    EmailEndpoint,
    Endpoint,
    FileEndpoint,
    SlackEndpoint,
    WebhookEndpoint,
)
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault, StoreError
from monitor.ports import Channel

_COLUMNS = 80
_INDENT = " " * 6


# ---- list


@dataclass(frozen=True, slots=True)
class Reached:
    """A receiver: its ways as (channel, what may be shown of the address), and the digests that use it."""

    name: str
    ways: tuple[tuple[ChannelKind, str], ...]
    digests: tuple[str, ...]


def receivers_of(config: Path, environment: Mapping[str, str]) -> list[Reached]:
    """Every receiver of the config, in its order; no secret is looked up. Raises ConfigInvalid."""
    settings = settings_of(config, environment, secrets=False)
    return [
        Reached(
            receiver.name,
            tuple(way for endpoint in receiver.endpoints for way in _ways(endpoint)),
            tuple(digest.name for digest in settings.digests if receiver.name in digest.to),
        )
        for receiver in settings.receivers
    ]


def _ways(endpoint: Endpoint) -> list[tuple[ChannelKind, str]]:
    if isinstance(endpoint, EmailEndpoint):
        return [(ChannelKind.EMAIL, address) for address in endpoint.addresses]
    if isinstance(endpoint, SlackEndpoint):
        return [(ChannelKind.SLACK, endpoint.webhook_url.reference)]
    if isinstance(endpoint, WebhookEndpoint):
        reference = endpoint.url.reference
        pointed = reference.startswith(SECRET_PREFIXES)
        return [(ChannelKind.WEBHOOK, reference if pointed else urlsplit(endpoint.url.reveal()).hostname or "")]
    if isinstance(endpoint, AppriseEndpoint):
        return [(ChannelKind.APPRISE, url.reference) for url in endpoint.urls]
    if isinstance(endpoint, FileEndpoint):
        return [(ChannelKind.FILE, f"{endpoint.directory} ({endpoint.format.value})")]
    return [(ChannelKind.STDOUT, "")]


def receiver_lines(found: Sequence[Reached]) -> list[str]:
    """The receivers as text."""
    if not found:
        return ["The config has no [receivers]."]
    lines = []
    for one in found:
        lines.append(one.name)
        lines += [f"  {kind.value:<8}{' ' + to if to else ''}".rstrip() for kind, to in one.ways]
        lines.append(f"  digests  {', '.join(one.digests)}" if one.digests else "  no digest is sent to it")
    return [*lines, "", f"Does it get there? monitor receivers test {found[0].name}"]


def receivers_json(found: Sequence[Reached]) -> list[dict[str, Any]]:
    """One JSON object a receiver."""
    return [
        {
            "receiver": one.name,
            "channels": [{"channel": kind.value, "to": to or None} for kind, to in one.ways],
            "digests": list(one.digests),
        }
        for one in found
    ]


# ---- test


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one test message: a receipt, or the failure."""

    receiver: str
    channel: ChannelKind
    recipient: str
    receipt: str | None = None
    failure: DeliveryFailed | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One test message, rendered and not sent yet."""

    receiver: str
    kind: ChannelKind
    recipient: str
    message: Message
    key: str
    channel: Channel

    def send(self) -> Tried:
        """Sends it now, past the outbox; a failure is a value."""
        try:
            receipt = self.channel.send(self.message, self.recipient, self.key)
        except DeliveryFailed as failure:
            return Tried(self.receiver, self.kind, self.recipient, failure=failure)
        return Tried(self.receiver, self.kind, self.recipient, receipt.detail)


def trials_of(settings: Settings, name: str, *, stdout: TextIO, version: str, mark: str) -> list[Trial]:
    """A test message for each recipient of the receiver. `mark` makes its keys differ from those of every other
    test: two runs are two messages. Raises NoSuchReceiver."""
    receiver = next((one for one in settings.receivers if one.name == name), None)
    if receiver is None:
        names = ", ".join(one.name for one in settings.receivers) or "none"
        raise NoSuchReceiver(f'no receiver is called "{name}"; there are: {names}')
    clock = SystemClock()
    digests = [digest for digest in settings.digests if name in digest.to]
    digest = sample_digest(
        name,
        feeds=len(settings.feeds),
        timezone=digests[0].timezone if digests else "UTC",
        now=clock.now(),
    )
    channels = channels_of({name: receiver}, settings.smtp, stdout, clock, version)
    trials = []
    for kind, recipient, form in recipients_of(receiver):
        key = delivery_key(SAMPLE_NAME, f"{SAMPLE_BATCH} {mark}", f"{name}/{kind.value}", recipient, 1)
        (message,) = render(digest, form, display_name=f"{SAMPLE_NAME} of receiver {name}")
        trials.append(Trial(name, kind, recipient, with_key(message, key), key, channels[name, kind]))
    return trials


def goes_on(settings: Settings, tried: Tried) -> bool:
    """After a test that got through: whether deliveries that were held back go on now."""
    if tried.failure is not None:
        return False
    try:
        store = SqlStore(settings.store_url, ask_only=True)
    except StoreError:
        return False
    with closing(store):
        try:
            return store.receivers.close(tried.receiver, tried.channel, SystemClock().now())
        except StoreError:
            return False


def tried_lines(tried: Tried) -> list[str]:
    """One line on what happened; below a failure what to do about it."""
    to = (
        tried.recipient
        if tried.recipient == tried.channel.value
        else f"{tried.recipient} by {tried.channel.value}"
    )
    if tried.failure is None:
        return [f"ok    {to}: {tried.receipt}"]
    advice = wrap(advice_on(tried), _COLUMNS, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return [f"FAIL  {to}: {tried.failure.detail}", *advice]


def tried_json(tried: Tried) -> dict[str, Any]:
    """The same as one JSON object."""
    failure = tried.failure
    return {
        "receiver": tried.receiver,
        "channel": tried.channel.value,
        "recipient": tried.recipient,
        "ok": failure is None,
        "receipt": tried.receipt,
        "fault": failure.fault.value if failure else None,
        "error": failure.detail if failure else None,
        "advice": advice_on(tried) if failure else None,
    }


def advice_on(tried: Tried) -> str:
    """What a person can do about the failure of this test."""
    assert tried.failure is not None
    fault, where = tried.failure.fault, f"[receivers.{tried.receiver}]"
    if fault is DeliveryFault.UNKNOWN:
        return "It may have arrived or not: look there before you run this again."
    if fault in (DeliveryFault.TEMPORARY, DeliveryFault.RATE_LIMITED):
        wait = tried.failure.retry_after
        return f"Run this again in {int(wait.total_seconds())} s." if wait else "Run this again in a few minutes."
    match tried.channel, fault:
        case ChannelKind.EMAIL, DeliveryFault.UNREACHABLE:
            return "Check host, port and security of [smtp], and that this machine may connect there."
        case ChannelKind.EMAIL, DeliveryFault.REFUSED:
            return f"Check the address {tried.recipient} in {where}, and from in [smtp]."
        case ChannelKind.EMAIL, _:
            return "Check username, password, security and from of [smtp]."
        case _, DeliveryFault.UNREACHABLE:
            return (
                f"Check the address of {tried.channel.value} in {where}, and that this machine may connect there."
            )
        case ChannelKind.SLACK, DeliveryFault.BROKEN_RECEIVER:
            return f"Make a new incoming webhook in Slack, and put it where webhook_url in {where} points."
        case ChannelKind.WEBHOOK, DeliveryFault.BROKEN_RECEIVER:
            return f"Check url and secret of webhook in {where}; the server must have the same secret."
        case ChannelKind.APPRISE, DeliveryFault.BROKEN_RECEIVER:
            return (
                f"Check what {tried.recipient} of apprise.urls in {where} holds; the service may have revoked it."
            )
        case ChannelKind.FILE, _:
            return f"Check the directory of file in {where}: it must be there or can be made, and be writable."
        case _:
            return f"The other side does not take such a message: check {where} and what the other side expects."
