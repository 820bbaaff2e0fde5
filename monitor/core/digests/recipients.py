"""Who a digest goes to, each inbox once, and what of it an inbox has from other digests. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.digests.plan import recipients_of
from monitor.model.addressing import BatchSent, Elsewhere, ToldElsewhere
from monitor.model.delivery import ChannelKind, Receiver
from monitor.model.digest import MessageFormat
from monitor.model.suppression import folded_address

Inbox = tuple[str, str, str]
"""Where messages arrive: (receiver, channel, recipient); of an e-mail address without the receiver."""
Sent = Mapping[tuple[str, str], Sequence[BatchSent]]
"""What one inbox was sent whole, by digest and batch."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One inbox of a digest. `also` are further receivers that name the same e-mail address."""

    receiver: str
    channel: ChannelKind
    recipient: str
    form: MessageFormat
    also: tuple[str, ...] = ()

    @property
    def inbox(self) -> Inbox:
        """Where its messages arrive."""
        return inbox_of(self.receiver, self.channel, self.recipient)


@dataclass(frozen=True, slots=True)
class SentBy:
    """The message that completed what an inbox knows of a story."""

    digest: str
    batch: str
    at: datetime
    planned_at: datetime


def inbox_of(receiver: str, channel: ChannelKind, recipient: str) -> Inbox:
    """The inbox behind a delivery: an e-mail address is one, whichever receiver names it."""
    if channel is ChannelKind.EMAIL:
        return ("", channel.value, folded_address(recipient))
    return (receiver, channel.value, recipient)


def recipients_of_all(receivers: Sequence[Receiver]) -> tuple[Recipient, ...]:
    """Each inbox of these receivers once, in their order: the first that names an e-mail address is sent to."""
    found: dict[Inbox, Recipient] = {}
    for receiver in receivers:
        for channel, recipient, form in recipients_of(receiver):
            new = Recipient(receiver.name, channel, recipient, form)
            known = found.setdefault(new.inbox, new)
            if receiver.name not in (known.receiver, *known.also):
                found[new.inbox] = replace(known, also=(*known.also, receiver.name))
    return tuple(found.values())


def sent_by_inbox(elsewhere: Elsewhere) -> Mapping[Inbox, Sent]:
    """The batches that each inbox was sent, all their parts."""
    found: dict[Inbox, dict[tuple[str, str], list[BatchSent]]] = defaultdict(lambda: defaultdict(list))
    for one in elsewhere.batches:
        if one.sent_at is not None:
            found[inbox_of(one.receiver, one.channel, one.recipient)][one.digest, one.batch].append(one)
    return found


def sent_before(matches: Sequence[int], told: Mapping[int, Sequence[ToldElsewhere]], sent: Sent) -> SentBy | None:
    """The message by which an inbox had all these matches from other digests; None when one of them is missing.

    A match is there when another digest told it, or what it was merged with, in messages of which every part was
    taken and which did not themselves leave it to a third digest. In doubt it is missing: a missed alert is worse
    than a repeated one.
    """
    found: list[SentBy] = []
    for match in matches:
        ways = [_whole(way, sent) for way in told.get(match, ())]
        known = [way for way in ways if way is not None]
        if not known:
            return None
        found.append(min(known, key=lambda way: (way.at, way.digest)))
    return max(found, key=lambda way: (way.at, way.digest, way.batch), default=None)


def _whole(way: ToldElsewhere, sent: Sent) -> SentBy | None:
    """The last of the messages by which a digest told all of it; None when one was not sent, or not in full."""
    last: SentBy | None = None
    for batch, match in way.told:
        taken = [
            SentBy(way.digest, batch, one.sent_at, one.planned_at)
            for one in sent.get((way.digest, batch), ())
            if one.sent_at is not None and match not in one.short
        ]
        if not taken:
            return None
        first = min(taken, key=lambda one: one.at)
        last = first if last is None or first.at > last.at else last
    return last
