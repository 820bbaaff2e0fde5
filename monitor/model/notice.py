"""Notices: what the monitor says of itself, the health digest and urgent troubles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines, each one finding; `command` is what to type to see more, or nothing."""

    heading: str
    lines: tuple[str, ...]
    command: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message about the monitor: `title` is its subject, `lead` the answer in a sentence.

    `at` is aware, in UTC; it is shown in `timezone`. `urgent` is what cannot wait for the daily one.
    """

    title: str
    lead: str
    at: datetime
    timezone: str = "UTC"
    sections: tuple[Section, ...] = ()
    urgent: bool = False
