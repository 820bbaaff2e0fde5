"""How often a feed changes: what it says of itself, what its polls taught, what somebody asks for in a crisis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Cadence:
    """What a feed's last body said of its own rhythm.

    `ttl`, `skip_hours` (0 to 23, UTC) and `skip_days` (0 is Monday, UTC) are RSS 2.0's; `period` is what
    sy:updatePeriod and sy:updateFrequency of RSS 1.0's syndication module come to.
    """

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the polls of a feed taught.

    `interval`: so long it may be left alone without most of its listing being new. `hours`: new entries an hour by
    hour of the day (UTC), 24 numbers, or none as long as too little was seen. `fresh`: for so long its last whole
    answer said that it stays the same (max-age, Expires); a 304 may leave that out.
    """

    interval: timedelta
    hours: tuple[float, ...] = ()
    fresh: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Boost:
    """A feed is asked at this interval until then, because somebody said so."""

    interval: timedelta
    until: datetime


@dataclass(frozen=True, slots=True)
class HubOffer:
    """A WebSub hub that announces a feed's changes, and the name under which it knows the feed (WebSub §4)."""

    hub: str
    topic: str
