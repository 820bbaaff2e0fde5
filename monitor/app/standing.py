"""What stands beside the ledger and decides what becomes of a match: the config, broken receivers, the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.config import Settings
from monitor.core.digests.plan import recipients_of
from monitor.model.delivery import BrokenReceiver, ChannelKind, Delivery, Receiver
from monitor.model.digest import DigestSettings
from monitor.ports import Receivers

Inbox = tuple[str, ChannelKind, str]
"""Receiver, channel, recipient."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Nothing known, unless said otherwise: then less is said of what waits.

    `inboxes` are those that the config names, None where it is not known; `refusing` are the receivers that refuse
    everything; `running` says whether a daemon is at work on the store.
    """

    now: datetime | None = None
    digests: Mapping[str, DigestSettings] = field(default_factory=dict)
    inboxes: frozenset[Inbox] | None = None
    refusing: Mapping[tuple[str, ChannelKind], BrokenReceiver] = field(default_factory=dict)
    running: bool = True

    def refuses(self, one: Delivery) -> BrokenReceiver | None:
        """The receiver of a delivery as it refuses everything; None while it works."""
        return self.refusing.get((one.new.receiver, one.new.channel))

    def knows(self, one: Delivery) -> bool:
        """Whether the config still has the inbox of a delivery, under any name that it was made for."""
        new = one.new
        names = (new.receiver, *new.also)
        return self.inboxes is None or any((name, new.channel, new.recipient) in self.inboxes for name in names)


def inboxes_of(receivers: Iterable[Receiver]) -> frozenset[Inbox]:
    """All inboxes of these receivers."""
    return frozenset(
        (one.name, channel, recipient) for one in receivers for channel, recipient, _ in recipients_of(one)
    )


def standing_of(settings: Settings, receivers: Receivers, now: datetime, *, running: bool) -> Standing:
    """As the config and the store have it."""
    return Standing(
        now,
        {one.name: one for one in settings.digests},
        inboxes_of(settings.receivers),
        {(one.receiver, one.channel): one for one in receivers.broken()},
        running,
    )
