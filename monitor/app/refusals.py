"""Receivers that refuse everything, in words: for `monitor status` and `monitor deliveries list`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.app.counting import counted
from monitor.core.text.terminal import printable
from monitor.model.delivery import BrokenReceiver
from monitor.model.errors import DeliveryFault
from monitor.ports import Receivers

_LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """A receiver's channel that refuses everything, and how many deliveries wait for it."""

    broken: BrokenReceiver
    waiting: int


def refusals_of(receivers: Receivers) -> tuple[Refusal, ...]:
    """All there are, the longest first."""
    return tuple(Refusal(one, receivers.waiting(one.receiver, one.channel)) for one in receivers.broken())


def refusal_lines(refusals: Sequence[Refusal], now: datetime) -> list[str]:
    """One line each: who refuses since when, in whose words, when it is tried next, how many wait."""
    return [_line(one, now) for one in refusals]


def said_by(broken: BrokenReceiver) -> str:
    """The words with which it refused the last time."""
    return printable(broken.error.removeprefix(f"{DeliveryFault.BROKEN_RECEIVER.value}: "))[:_LONGEST_ERROR]


def _line(one: Refusal, now: datetime) -> str:
    broken = one.broken
    said = said_by(broken)
    return (
        f"{broken.receiver} by {broken.channel.value} refuses since {_moment(broken.since, now)}: {said}; "
        f"next try {_moment(broken.next_try_at, now)}; {counted(one.waiting, 'delivery', 'deliveries')} waiting"
    )


def refusal_json(one: Refusal) -> dict[str, Any]:
    """The same as a JSON object."""
    return {
        "receiver": one.broken.receiver,
        "channel": one.broken.channel.value,
        "since": one.broken.since.isoformat(),
        "error": one.broken.error,
        "next_try_at": one.broken.next_try_at.isoformat(),
        "waiting": one.waiting,
    }


def _moment(moment: datetime, now: datetime) -> str:
    """The time of day, with its day when that is another one."""
    local = moment.astimezone()
    return local.strftime("%H:%M" if local.date() == now.astimezone().date() else "%d %b %H:%M")
