"""Numbers with their nouns and units, for people."""

from __future__ import annotations

from datetime import timedelta


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """ "1 match", "2 matches", "1,904 polls": the plural is the noun and an s unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size_text(size: int) -> str:
    """ "512 B", "12 MB", "1.2 GB": powers of 1,000."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def long_span_text(span: timedelta) -> str:
    """ "40 s", "3 min 10 s", "4 h 12 min", "3 d 4 h": a span in its two largest units, never negative."""
    seconds = max(0, round(span.total_seconds()))
    for unit, name, smaller, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= unit:
            rest = seconds % unit // smaller
            return f"{seconds // unit:,} {name}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"


def span_text(span: timedelta) -> str:
    """ "40 s", "12 min", "5 h", "3 days": a span of time as people say it, never negative."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86_400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86_400:,} days"
