"""Dates as feeds write them, read by one hand for every reader, so that no change of reader moves a date. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_LONGEST = 100  # code points: longer texts are no dates
_WEEKDAY = r"(?:[^\W\d]{2,9}(?:\.?\s*,\s*|\.\s*|\s+))?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_MONTH = r"(?P<month>[a-z]{3})[a-z]{0,6}\.?"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,12})?)?"
_HALF = r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
_OFFSET = r"(?:GMT|UTC)?(?P<sign>[+-])(?P<ahead>\d{1,2}):?(?P<minutes>\d{2})?"
_ZONE = rf"(?:\s*{_OFFSET}|\s*(?P<zone>[a-z][\w/+:-]{{0,40}}|\d{{4}}))?"
_CLOCK = rf"(?:,?\s+(?:-\s+|at\s+)?{_TIME}{_HALF}{_ZONE})?(?:\s*\([^()]{{0,40}}\))?"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        # ISO 8601, and others that begin with the year: the month comes second in all of them
        r"(?P<year>\d{4})\s?[-/.年년]\s?(?P<month>\d{1,2})\s?[-/.月월]\s?(?P<day>\d{1,2})[日일]?"
        rf"(?:(?:T|\s)\s*{_TIME}{_HALF}{_ZONE})?",
        rf"{_WEEKDAY}{_DAY}[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}}|\d{{2}}){_CLOCK}",  # RFC 822
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}}){_CLOCK}",  # American; JavaScript's
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY}\s+{_TIME}(?P<half>){_ZONE}\s+(?P<year>\d{{4}})",  # C's asctime, Java's
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
        rf"(?:T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<half>){_ZONE})?",  # ISO 8601, basic
    )
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

    Reads the forms of RFC 822 and ISO 8601, and what publishers make of them: names of zones, years of two digits,
    English words with the month first, halves of the day. A text that does not say its day beyond doubt (a month
    alone, 05/12/2026) is no date: an entry without one alerts, one that looks old may not. Never raises.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    for form in _FORMS:
        if found := form.fullmatch(text):
            return _moment(found)
    return None


def _moment(said: re.Match[str]) -> datetime | None:
    year, month, hour, half = said.group("year", "month", "hour", "half")
    sign, ahead, minutes, zone = said.group("sign", "ahead", "minutes", "zone")
    whole = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 90 else 1900)
    number = int(month) if month.isdecimal() else _MONTHS.get(month.lower(), 0)
    try:
        local = datetime(whole, number, int(said["day"]), tzinfo=UTC)
        if hour:
            second = min(int(said["second"] or 0), 59)
            local = local.replace(hour=_hour(hour, half), minute=int(said["minute"]), second=second)
        if ahead is not None:
            offset = timedelta(hours=int(ahead), minutes=int(minutes or 0))
            return local - offset if sign == "+" else local + offset
        return local - timedelta(hours=_ZONES.get(zone.lower(), 0.0)) if zone else local
    except (ValueError, OverflowError):
        return None


def _hour(hour: str, half: str | None) -> int:
    """Of the day; half past twelve a.m. is soon after midnight, and who writes 22:00 p.m. means it."""
    said = int(hour)
    if not half or said > 12:
        return said
    return said % 12 + (12 if half.lower() == "p" else 0)
