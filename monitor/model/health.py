"""What goes wrong with the monitor itself, from its beginning to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.digest import Cron, Every
from monitor.model.secret import Secret

HEALTH = "health"
"""The name under which health messages stand in the outbox; no digest of the config may have it."""
END = "/end"
"""How the name of a batch ends that tells of the end of incidents."""


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """The `[health]` table: who is told, when the daily digest comes, what is pinged while all goes on."""

    receivers: tuple[str, ...] = ()
    schedule: Cron | Every = field(default_factory=lambda: Cron("0 8 * * *"))
    timezone: str = "UTC"
    heartbeat_url: Secret | None = None
    heartbeat_every: timedelta = timedelta(minutes=1)


class IncidentKind(StrEnum):
    """What went wrong."""

    RECEIVER_BROKEN = "receiver_broken"  # subject: receiver/channel
    DEAD_LETTERS = "dead_letters"  # subject: receiver/channel
    RELOAD_FAILED = "reload_failed"  # subject: the problem
    FEEDS_FAILING = "feeds_failing"  # so many at once that it is not theirs: subject ""
    DIGEST_UNPLANNED = "digest_unplanned"  # subject: the digest
    DAEMONS_DIFFER = "daemons_differ"  # those on one store have different configs; subject ""
    NO_DISPATCHER = "no_dispatcher"  # nobody puts work into the queue; subject ""
    DIGEST_UNHEARD = "digest_unheard"  # all its recipients unsubscribed; subject: the digest


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong now, as it was just seen; `detail` is one line for people."""

    kind: IncidentKind
    subject: str
    detail: str


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


@dataclass(frozen=True, slots=True)
class Change:
    """What a look at the troubles makes of the incidents: new ones, and by id those that go on and that are over.

    `going` are (id, detail): one that was over and is here again goes on, too.
    """

    opened: tuple[Trouble, ...] = ()
    going: tuple[tuple[int, str], ...] = ()
    closed: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.going or self.closed)


@dataclass(frozen=True, slots=True)
class DaemonRecord:
    """What only the daemon knows, kept for who asks beside it: since when it runs, what its last reload came to.

    `reload_problem` is the first one, None when the reload succeeded. `size` is that of the store in bytes at the
    last daily health digest.
    """

    started_at: datetime
    reloaded_at: datetime | None = None
    reload_problem: str | None = None
    size: int | None = None
    sized_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a span of time brought. `stories` are those with a match."""

    entries: int = 0
    matches: int = 0
    stories: int = 0
    messages: int = 0  # that the other side has


@dataclass(frozen=True, slots=True)
class FeedsAlive:
    """The feeds that worked of late, how many of them fail now, and what the last to fail said."""

    feeds: int = 0
    failing: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class RuleRate:
    """How often a rule matched in a day, and in the days before it; `first` is its first match in those."""

    rule: str
    matches: int
    before: int = 0
    first: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastBatch:
    """The last batch of a digest that had something to say, and how many of its messages stand how."""

    digest: str
    planned_at: datetime
    stories: int
    deliveries: dict[str, int] = field(default_factory=dict)  # by state


@dataclass(frozen=True, slots=True)
class Lags:
    """How long things take; None where nothing was measured."""

    published_to_seen: timedelta | None = None  # median
    seen_to_delivered: timedelta | None = None  # 99th percentile, immediate digests


@dataclass(frozen=True, slots=True)
class OldestDue:
    """Since when the oldest work of each stage could have been done; None where nothing waits."""

    poll: datetime | None = None
    read: datetime | None = None
    match: datetime | None = None
    deliver: datetime | None = None
