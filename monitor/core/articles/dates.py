"""Dates that pages and feeds state, and which of them are believed. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model.article import DateFlag

OLDEST = datetime(1995, 1, 1, tzinfo=UTC)  # before there were news pages: 1970 is a clock that was never set
AHEAD = timedelta(days=1)  # a zone given wrong, or an embargo; more is a mistake (stories design "Traps")
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)/(\d\d?)/(\d\d?)(?=/|$)|/((?:19|20)\d\d)-(\d\d)-(\d\d)(?=\D|$)")


def doubt(moment: datetime, now: datetime | None) -> DateFlag | None:
    """Why a date is not believed; None = it is. Without `now` nothing is in the future."""
    if moment < OLDEST:
        return DateFlag.ABSURD
    return DateFlag.FUTURE if now is not None and moment > now + AHEAD else None


def stated_date(text: str) -> datetime | None:
    """ISO 8601, else RFC 5322; in UTC. A date without time is that day's midnight, a time without zone is UTC."""
    text = text.strip()[:60]
    if len(text) < 8:  # a bare year is no date
        return None
    try:
        found = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text) if "T" in text or ":" in text else text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def date_in_address(url: str) -> datetime | None:
    """The day in an address such as /2023/02/22/ or /2023-02-22-title."""
    for found in _IN_ADDRESS.finditer(url):
        year, month, day = (int(part) for part in found.groups() if part)
        try:
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue
    return None
