"""Times as programs and people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def iso_time(moment: datetime | None) -> str | None:
    """RFC 3339, as in every JSON line; None stays None."""
    return None if moment is None else moment.isoformat()


def shown_time(moment: datetime, timezone: str | None = None) -> str:
    """A moment in an IANA zone, by default the machine's: "Wed 22 Feb 2023 19:04:05 (+0430)"."""
    return moment.astimezone(ZoneInfo(timezone) if timezone else None).strftime("%a %d %b %Y %H:%M:%S (%z)")


def brief_time(moment: datetime, now: datetime | None, *, seconds: bool = True) -> str:
    """A moment in the machine's zone as short as `now` lets it be: "08:00:04" today, "Thu 23 Feb 08:00:04" this
    year, else with its year."""
    local = moment.astimezone()
    clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    today = None if now is None else now.astimezone()
    if today is not None and local.date() == today.date():
        return clock
    year = "" if today is not None and local.year == today.year else " %Y"
    return f"{local.strftime(f'%a %d %b{year}')} {clock}"
