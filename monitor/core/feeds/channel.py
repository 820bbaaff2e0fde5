"""What a channel says of its rhythm, its hub and its older entries: from the tree, for every engine. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from lxml import etree

from monitor.core.feeds.xml_names import Names
from monitor.model.cadence import Cadence

_LONGEST_TTL = 7 * 24 * 60  # minutes
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 7 * 24, "monthly": 30 * 24, "yearly": 365 * 24}  # hours
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST = 50  # children looked at of skipHours and skipDays


@dataclass(frozen=True, slots=True)
class Channel:
    """`links` are hrefs by their rel, the first of each."""

    cadence: Cadence = field(default_factory=Cadence)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def older(self) -> str:
        """RFC 5005: the archive before this document (§4), else the next page, which is the older one (§3)."""
        return self.links.get("prev-archive") or self.links.get("next") or ""


def read_channel(root: etree._Element, names: Names) -> Channel:
    """What stands beside the entries, in the root or in `<channel>`. Never raises."""
    said: dict[str, str] = {}
    links: dict[str, str] = {}
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    for holder in (root, *(child for name, child in names.children(root) if name == "channel")):
        for name, child in names.children(holder):
            if name in ("ttl", "sy:updateperiod", "sy:updatefrequency"):
                said.setdefault(name, (child.text or "").strip().lower())
            elif name == "link":
                for rel in child.get("rel", "").lower().split():
                    links.setdefault(rel, child.get("href") or "")
            elif name == "skiphours":
                hours = _hours(child)
            elif name == "skipdays":
                days = _days(child)
    cadence = Cadence(_ttl(said.get("ttl", "")), _period(said), skip_hours=hours, skip_days=days)
    return Channel(cadence, links)


def _ttl(minutes: str) -> timedelta | None:
    """RSS 2.0 `ttl`: minutes a feed may be cached."""
    count = _number(minutes)
    return timedelta(minutes=min(count, _LONGEST_TTL)) if count else None


def _period(said: dict[str, str]) -> timedelta | None:
    """RSS 1.0's syndication module: so often in such a period; daily and once where only the other is said."""
    if "sy:updateperiod" not in said and "sy:updatefrequency" not in said:
        return None
    hours = _PERIODS.get(said.get("sy:updateperiod", "daily"))
    often = _number(said.get("sy:updatefrequency", "1"))
    return timedelta(hours=hours) / often if hours and often else None


def _hours(skipped: etree._Element) -> frozenset[int]:
    """RSS 2.0 counts from 0 to 23, RSS 0.91 from 1 to 24: 24 is midnight. All of them say nothing."""
    found = (_number((child.text or "").strip()) for child in skipped[:_MOST])
    hours = frozenset(hour % 24 for hour in found if hour is not None and hour <= 24)
    return hours if len(hours) < 24 else frozenset()


def _days(skipped: etree._Element) -> frozenset[int]:
    found = ((child.text or "").strip().lower() for child in skipped[:_MOST])
    days = frozenset(_DAYS.index(day) for day in found if day in _DAYS)
    return days if len(days) < 7 else frozenset()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
