"""`monitor receivers …`: who is reached how, and whether a message really gets there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, TextIO
from urllib.parse import urlsplit

from monitor.adapters.channels.email import EmailChannel
from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import settings_of
from monitor.app.questions import NoSuchReceiver
from monitor.app.unsubscribing import suppression_json, suppression_line
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
    SlackTokenEndpoint,
    WebhookEndpoint,
)
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault, StoreError, StoreMissing, StoreOlder
from monitor.model.suppression import Suppression, folded_address
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
    left: tuple[Suppression, ...] = ()  # addresses of it that unsubscribed from a digest of it
    health: bool = False  # it is among the receivers of [health]


def receivers_of(config: Path, environment: Mapping[str, str]) -> list[Reached]:
    """Every receiver of the config, in its order; no secret is looked up.

    Who unsubscribed is asked of the store, where there is one. Raises ConfigInvalid, StoreError.
    """
    settings = settings_of(config, environment, secrets=False)
    return reached(settings, _left(settings))


def reached(settings: Settings, left: Sequence[Suppression]) -> list[Reached]:
    """Every receiver of a config; `left` are those who unsubscribed."""
    return [
        Reached(
            receiver.name,
            ways := tuple(way for endpoint in receiver.endpoints for way in _ways(endpoint)),
            digests := tuple(digest.name for digest in settings.digests if receiver.name in digest.to),
            tuple(
                one
                for one in left
                if one.digest in digests
                and one.recipient in {folded_address(to) for kind, to in ways if kind is ChannelKind.EMAIL}
            ),
            receiver.name in settings.health.receivers,
        )
        for receiver in settings.receivers
    ]


def _left(settings: Settings) -> Sequence[Suppression]:
    try:
        store = SqlStore(settings.store_url, ask_only=True)
    except (StoreMissing, StoreOlder):  # nobody can have unsubscribed yet
        return ()
    with closing(store):
        return store.suppressions.all()


def _ways(endpoint: Endpoint) -> list[tuple[ChannelKind, str]]:
    if isinstance(endpoint, EmailEndpoint):
        return [(ChannelKind.EMAIL, address) for address in endpoint.addresses]
    if isinstance(endpoint, SlackEndpoint):
        return [(ChannelKind.SLACK, endpoint.webhook_url.reference)]
    if isinstance(endpoint, SlackTokenEndpoint):
        return [(ChannelKind.SLACK, f"{endpoint.to} ({endpoint.token.reference})")]
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
        lines += ["  health   told of the monitor's own troubles"] if one.health else []
        lines += [f"  {suppression_line(left)}" for left in one.left]
    return [*lines, "", f"Does it get there? monitor receivers test {found[0].name}"]


def receivers_json(found: Sequence[Reached]) -> list[dict[str, Any]]:
    """One JSON object a receiver."""
    return [
        {
            "receiver": one.name,
            "channels": [{"channel": kind.value, "to": to or None} for kind, to in one.ways],
            "digests": list(one.digests),
            "health": one.health,
            "unsubscribed": [suppression_json(left) for left in one.left],
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
    over: str = ""  # who answered, and how the way there was protected; "" where that is not known


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
        return Tried(self.receiver, self.kind, self.recipient, receipt.detail, over=receipt.over)


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


def say_goodbye(trials: Sequence[Trial]) -> None:
    """Ends the connections that still wait for another message."""
    for trial in trials:
        if isinstance(trial.channel, EmailChannel):
            trial.channel.close()


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
        return [f"ok    {to}: {tried.receipt}", *([f"{_INDENT}{tried.over}"] if tried.over else [])]
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
        "over": tried.over or None,
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
            return _slack_advice(tried.failure.detail, where)
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


def _slack_advice(detail: str, where: str) -> str:
    """What to mend in Slack: for a bot by the word that its method answers, else a new webhook."""
    method, _, answer = detail.partition(": ")
    if not method.startswith("chat."):
        return f"Make a new incoming webhook in Slack, and put it where webhook_url in {where} points."
    match answer.split(" ")[0]:
        case "not_in_channel":
            return f'Invite the bot into the channel: type "/invite @BOT" there, or change to in {where}.'
        case "channel_not_found":
            return f"Check to in {where}; into a private channel the bot must be invited, and its id is safest."
        case "missing_scope":
            return "Add the scope to the app under OAuth & Permissions in Slack, and install it anew."
        case "is_archived":
            return f"The channel is archived: open it again in Slack, or change to in {where}."
        case word if word.startswith("restricted_action"):
            return "Slack's settings forbid posting there: ask those who manage the workspace."
        case _:
            return f"Check the token of slack in {where}: a bot token begins with xoxb-, from OAuth & Permissions."
