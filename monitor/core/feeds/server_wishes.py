"""When a server wants to be asked again, as its headers say it. Pure, and never raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model.fetch import FetchResponse

AGES = timedelta(days=365)
"""Longer than anybody waits."""


def freshness(response: FetchResponse, now: datetime) -> timedelta | None:
    """How long the answer is fresh still (RFC 9111 §4.2): max-age, else Expires minus Date, less the Age that a
    cache in between gives it; never negative.

    None when it says nothing of that.
    """
    lifetime = _lifetime(response, now)
    if lifetime is None:
        return None
    age = _seconds(response.headers.get("age", "").strip()) or timedelta(0)
    return max(lifetime - age, timedelta(0))


def _lifetime(response: FetchResponse, now: datetime) -> timedelta | None:
    directives = [part.strip().lower() for part in response.headers.get("cache-control", "").split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    for directive in directives:
        name, _, value = directive.partition("=")
        if name.strip() == "max-age":
            return _seconds(value.strip().strip('"')) or timedelta(0)
    if "expires" not in response.headers:
        return None
    expires = _http_date(response.headers["expires"])
    if expires is None:
        return timedelta(0)  # "0" and other nonsense mean "in the past" (RFC 9111 §5.3)
    return expires - (_http_date(response.headers.get("date")) or now)


def retry_after(response: FetchResponse, now: datetime | None) -> timedelta | None:
    """Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date; None when missing, unreadable or past.

    A date is measured by the server's own clock, where it says what time it is; else by `now`.
    """
    value = response.headers.get("retry-after", "").strip()
    wait = _seconds(value)
    there = _http_date(response.headers.get("date")) or now
    if wait is None and there is not None and (date := _http_date(value)):
        wait = date - there
    return wait if wait is not None and wait > timedelta(0) else None


def _seconds(value: str) -> timedelta | None:
    if not (value.isascii() and value.isdigit()):
        return None
    # Longer numbers are nonsense or an attack on the date arithmetic; both mean "very long".
    return timedelta(seconds=int(value)) if len(value) < 10 else AGES


def _http_date(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
