"""Moments as people type them: so long ago, a day, or a time with its offset."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from monitor.adapters.clock import SystemClock
from monitor.config.values import quoted, read_duration
from monitor.model.errors import MonitorError


class NoMoment(MonitorError):
    """A text that names no moment; the message says what would."""


def beginning(text: str, zone: tzinfo | None = None) -> datetime:
    """From when on: "30d" before now, the first moment of a day in the zone, or a time with its offset.

    The zone is the machine's unless it is given. Raises NoMoment.
    """
    return _moment(text, timedelta(0), zone)


def end(text: str, zone: tzinfo | None = None) -> datetime:
    """Up to when, exclusive: as `beginning`, but a day counts as a whole. Raises NoMoment."""
    return _moment(text, timedelta(days=1), zone)


def _moment(text: str, days: timedelta, zone: tzinfo | None) -> datetime:
    try:
        if text[4:5] != "-":
            return SystemClock().now() - read_duration(text)
        if len(text) == len("2023-02-22"):
            return datetime.combine(date.fromisoformat(text) + days, time(), zone).astimezone(UTC)
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise NoMoment(f"{quoted(text)} is no time; write 30d, 2023-02-22 or 2023-02-22T15:00:00+04:30")
