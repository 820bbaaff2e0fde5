"""Times as programs and people read them."""

from __future__ import annotations

from datetime import datetime


def iso_time(moment: datetime | None) -> str | None:
    """RFC 3339, as in every JSON line; None stays None."""
    return None if moment is None else moment.isoformat()


def shown_time(moment: datetime) -> str:
    """A moment in the machine's zone: "Wed 22 Feb 2023 19:04:05 (+0430)"."""
    return moment.astimezone().strftime("%a %d %b %Y %H:%M:%S (%z)")
