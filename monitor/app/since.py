"""How far back a question goes: "30m", "24h", "7d" before now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.adapters.clock import SystemClock
from monitor.config.values import read_duration
from monitor.model.errors import MonitorError


class NoSpan(MonitorError):
    """A text that names no span of time; the message says what would."""


@dataclass(frozen=True, slots=True)
class Since:
    """A moment, and the words it came from."""

    text: str
    moment: datetime


def since(text: str, now: datetime | None = None) -> Since:
    """The moment so long before `now`, which is the present unless given. Raises NoSpan."""
    try:
        return Since(text, (now or SystemClock().now()) - read_duration(text))
    except ValueError as error:
        raise NoSpan(str(error)) from None
