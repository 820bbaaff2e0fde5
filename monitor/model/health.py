"""What goes wrong with the monitor itself, from its beginning to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.digest import Cron, Schedule
from monitor.model.secret import Secret

HEALTH = "health"
"""The name under which health messages stand in the outbox; no digest of the config may have it."""


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """The `[health]` table: who is told, when the daily digest comes, what is pinged while all goes on."""

    receivers: tuple[str, ...] = ()
    schedule: Schedule = field(default_factory=lambda: Cron("0 8 * * *"))
    timezone: str = "UTC"
    heartbeat_url: Secret | None = None
    heartbeat_every: timedelta = timedelta(minutes=1)


class IncidentKind(StrEnum):
    """What went wrong."""

    RECEIVER_BROKEN = "receiver_broken"  # subject: receiver/channel
    DEAD_LETTERS = "dead_letters"  # subject: receiver/channel
    RELOAD_FAILED = "reload_failed"  # subject: the config's name
    FEEDS_FAILING = "feeds_failing"  # so many at once that it is not theirs: subject ""
    FEED_DEAD = "feed_dead"  # subject: the feed's id
    DIGEST_UNPLANNED = "digest_unplanned"  # subject: the digest


@dataclass(frozen=True, slots=True)
class Incident:
    """One trouble; told once when it begins, and once more when it is over (`closed_at`)."""

    id: int
    kind: IncidentKind
    subject: str
    detail: str
    opened_at: datetime
    told_at: datetime | None = None
    closed_at: datetime | None = None
    told_end_at: datetime | None = None
