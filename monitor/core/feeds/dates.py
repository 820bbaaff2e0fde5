"""Dates as feeds write them, read by one hand for every reader, so that no change of reader moves a date. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_LONGEST = 100  # code points: longer texts are no dates, and some of feedparser's readers are slow on them
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,12})?)?\s*(?:([+-])(\d{2}):?(\d{2})?|([A-Za-z]{1,5}))?)?"
)
_RFC_822 = re.compile(
    r"(?:[^\W\d]{2,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]{0,6}\.?,?[\s-]+(\d{4}|\d{2})"
    r"(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})|\s*([A-Za-z]{1,5}))?)?"
    r"(?:\s*\([^()]{0,40}\))?",
    re.I,
)
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: at for at, name in enumerate(_MONTH_NAMES.split(), 1)}
# Hours east of Greenwich: RFC 822 §5.1, and the zones of newsrooms that write their own. One name stands for one
# zone: IST is India's here, BST Britain's.
_ZONES = {
    "ut": 0.0, "utc": 0.0, "gmt": 0.0, "z": 0.0, "wet": 0.0,
    "est": -5.0, "edt": -4.0, "cst": -6.0, "cdt": -5.0, "mst": -7.0, "mdt": -6.0, "pst": -8.0, "pdt": -7.0,
    "ast": -4.0, "adt": -3.0, "akst": -9.0, "akdt": -8.0, "hst": -10.0,
    "bst": 1.0, "west": 1.0, "cet": 1.0, "met": 1.0, "cest": 2.0, "mest": 2.0, "eet": 2.0, "eest": 3.0,
    "msk": 3.0, "trt": 3.0, "irst": 3.5, "gst": 4.0, "aft": 4.5, "pkt": 5.0, "uzt": 5.0, "tjt": 5.0, "ist": 5.5,
    "npt": 5.75, "jst": 9.0, "kst": 9.0, "sgt": 8.0, "hkt": 8.0, "awst": 8.0, "aest": 10.0, "aedt": 11.0,
    "nzst": 12.0, "nzdt": 13.0,
}  # fmt: skip


def read_date(text: str) -> datetime | None:
    """The moment that a date names, in UTC; UTC where it names no zone or an unknown one; None for no date.

    Reads RFC 822 with names of zones and years of two digits, and the forms of ISO 8601 in RFC 3339 and W3CDTF.
    What is neither goes to feedparser's readers of rarer forms. Never guesses at what is missing. Never raises.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if found := _ISO.fullmatch(text):
        year, month, day, *clock = found.groups()
        return _moment(int(year), int(month), int(day), clock)
    if found := _RFC_822.fullmatch(text):
        day, name, year, *clock = found.groups()
        full = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 90 else 1900)
        return _moment(full, _MONTHS.get(name.lower(), 0), int(day), clock)
    return _rare(text)


def _moment(year: int, month: int, day: int, clock: list[str | None]) -> datetime | None:
    hour, minute, second, sign, ahead, ahead_minutes, zone = clock
    try:
        local = datetime(year, month, day, int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC)
        if ahead is not None:
            offset = timedelta(hours=int(ahead), minutes=int(ahead_minutes or 0))
            return local - offset if sign == "+" else local + offset
        return local - timedelta(hours=_ZONES.get(zone.lower(), 0.0)) if zone else local
    except (ValueError, OverflowError):
        return None


def _rare(text: str) -> datetime | None:
    """Korean, Greek and Hungarian dates, asctime, swapped days and months."""
    from feedparser.datetimes import _parse_date  # only killable children parse, and they have it loaded

    try:
        found = _parse_date(text)
        if found is None:
            return None
        year, month, day, hour, minute, second = found[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
