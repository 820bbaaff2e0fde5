"""What is counted and timed while the daemon runs, and what the store is asked when somebody looks.

A label is an enum: its values are known before anything was polled. What a feed, a rule, a receiver or a stranger
is called never becomes one, since each new value is one more time series kept for ever by who watches. The one
exception are the tags of rules, of which so many are told by name as MOST_TAGS says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVarTuple

from monitor.model.article import ReadOutcome
from monitor.model.daemons import Queued
from monitor.model.delivery import ChannelKind, DeliveryState
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome
from monitor.model.rule import Severity
from monitor.model.websub import PushOutcome

Labels = TypeVarTuple("Labels")


class Stage(StrEnum):
    """The verbs of the pipeline."""

    DISPATCH = "dispatch"
    POLL = "poll"
    GAPS = "gaps"
    READ = "read"
    GROUP = "group"
    MATCH = "match"
    DIGEST = "digest"
    DELIVER = "deliver"
    PUSHES = "pushes"
    WEBSUB = "websub"
    HEALTH = "health"
    PRUNE = "prune"
    INDEX = "index"


class PlanOutcome(StrEnum):
    """What planning one batch came to."""

    PLANNED = "planned"  # messages are in the outbox
    QUIET = "quiet"  # nothing to say: an empty window, or all of it alerted before
    DRAFT = "draft"  # a dry run's
    FAILED = "failed"  # the matches stay pending and are planned again


class ReloadOutcome(StrEnum):
    """What one reading of config and rules anew came to."""

    APPLIED = "applied"
    REFUSED = "refused"  # what was in force stays in force


class Part(StrEnum):
    """What a config declares."""

    RULES = "rules"
    FEEDS = "feeds"
    DIGESTS = "digests"
    RECEIVERS = "receivers"


class FeedState(StrEnum):
    """How a feed that is polled is doing."""

    OK = "ok"
    LATE = "late"  # should have been polled a while ago
    FAILING = "failing"  # its last poll failed
    GONE = "gone"  # the server said 410: polled no more
    PAUSED = "paused"  # by a person


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """The feeds subscribed to, and those that are paused, in numbers.

    `states` alone counts those that are paused. `may_have_lost` are those of which entries may have come and gone
    unseen of late, `left_alone` those that are well and wait for long since their servers or hosts asked for it,
    `boosted` those that are asked more often: the first and the last of their boosts end at `boosts_end`.
    """

    states: Mapping[FeedState, int] = field(default_factory=dict)
    may_have_lost: int = 0
    left_alone: int = 0
    boosted: int = 0
    boosts_end: tuple[datetime, datetime] | None = None

    def of(self, *states: FeedState) -> int:
        """How many are in one of these states."""
        return sum(self.states.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        """All that are asked for news: those that are paused are not."""
        return sum(number for state, number in self.states.items() if state is not FeedState.PAUSED)

    @property
    def failing(self) -> int:
        """Those whose last poll failed, or that are gone."""
        return self.of(FeedState.FAILING, FeedState.GONE)


@dataclass(frozen=True, slots=True)
class Came:
    """What came in a span of time: entries first seen, and matches made."""

    entries: int = 0
    matches: int = 0


@dataclass(frozen=True)
class Counted(Generic[*Labels]):
    """Something that happens and is counted; `labels` are the label names with all the values each may have."""

    name: str
    says: str
    labels: Mapping[str, tuple[StrEnum, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Timed:
    """A span of time that is measured, in seconds."""

    name: str
    says: str


POLLS: Counted[PollOutcome] = Counted("polls", "Polls, by what they came to", {"outcome": tuple(PollOutcome)})
ENTRIES: Counted[Fate] = Counted(
    "entries",
    "New entries, by what became of them at first sight",
    {"fate": (Fate.WAITING, Fate.SEEN_AT_SUBSCRIBE, Fate.TOO_OLD, Fate.OLDER_PAGE)},
)
READS: Counted[ReadOutcome] = Counted(
    "articles_read", "Attempts to read an entry, by where the text is from", {"outcome": tuple(ReadOutcome)}
)
MATCHES: Counted[Severity] = Counted("matches", "Matches, by severity of the rule", {"severity": tuple(Severity)})
RULE_FAILURES: Counted[()] = Counted("rule_failures", "Rules that failed on an article")
PUT_BACK: Counted[Stage] = Counted(
    "articles_put_back",
    "Articles that broke a stage and are tried again",
    {"stage": (Stage.GROUP, Stage.MATCH)},
)
PLANS: Counted[PlanOutcome] = Counted(
    "plans", "Batches of digests, by what planning them came to", {"outcome": tuple(PlanOutcome)}
)
DELIVERIES: Counted[ChannelKind, DeliveryState] = Counted(
    "deliveries",
    "Attempts to deliver, by channel and by the state they left the delivery in",
    {
        "channel": tuple(ChannelKind),
        "outcome": (DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.DEAD, DeliveryState.SUPPRESSED),
    },
)
STAGE_FAILURES: Counted[Stage] = Counted(
    "stage_failures",
    "Turns of a stage that ended in an error",
    # Group has no turn of its own: it is the first half of match's.
    {"stage": tuple(stage for stage in Stage if stage is not Stage.GROUP)},  # which is part of match
)
PUSHES: Counted[PushOutcome] = Counted(
    "pushes", "Requests of WebSub hubs with something new, by what became of them", {"outcome": tuple(PushOutcome)}
)
COUNTED = (POLLS, PUSHES, ENTRIES, READS, MATCHES, RULE_FAILURES, PUT_BACK, PLANS, DELIVERIES, STAGE_FAILURES)

PUBLISHED_TO_SEEN = Timed(
    "published_to_seen", "From the published date of a new entry to the poll that brought it"
)
SEEN_TO_MATCHED = Timed("seen_to_matched", "From the poll that brought an entry to the rules' answer")
PLANNED_TO_SENT = Timed("planned_to_sent", "From a message in the outbox to its receipt")
SEEN_TO_DELIVERED = Timed(
    "seen_to_delivered",
    "From the poll that brought the first entry of an immediate message to the receiver that took the message",
)
TIMED = (PUBLISHED_TO_SEEN, SEEN_TO_MATCHED, PLANNED_TO_SENT, SEEN_TO_DELIVERED)

MOST_TAGS = 100
"""Tags of rules that have a time series of their own: a desk has some tens."""
LONGEST_TAG = 64
"""Letters of a tag that is told by name: a longer one is a text."""
# Neither can be a tag, which holds no space.
NO_TAG = "(no tag)"
OTHER_TAGS = "(other tags)"


@dataclass(frozen=True, slots=True)
class Oldest:
    """Since when the oldest of each queue waits; None where nothing does."""

    feed: datetime | None = None  # due to be polled, and nobody is at it
    entry: datetime | None = None  # to be read, those that were put off included: when it was first seen
    article: datetime | None = None  # that no rule has read: when it was first seen
    match: datetime | None = None  # to be told by a digest: when it was made
    delivery: datetime | None = None  # not made yet: when it was planned


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds, as counts and ages along its indexes.

    `feeds` are those subscribed to, and those that are paused; `may_have_lost` those subscribed to of which
    entries may have come and gone unseen of late.
    """

    feeds: Mapping[FeedState, int] = field(default_factory=dict)
    may_have_lost: int = 0
    entries_waiting: int = 0
    articles_unmatched: int = 0
    matches_pending: int = 0
    deliveries: Mapping[DeliveryState, int] = field(default_factory=dict)
    oldest: Oldest = field(default_factory=Oldest)


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system that the store is on, in bytes; `free` is what a user without privileges may still write."""

    size: int
    free: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """What was found when somebody looked. `database_bytes` is None for a store in memory, `disk` for one that is
    no file, `queued` without a queue; `unindexed`, the articles that wait to be indexed, until they are counted.
    """

    held: Held = field(default_factory=Held)
    database_bytes: int | None = None
    disk: Disk | None = None
    unindexed: int | None = None
    queued: Queued | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """The config and rules in force: how much they declare, and what came of reading them anew.

    `tags` are those of the rules, the most used first. `holds`: what is in force is what the files said when they
    were last read, at `read_at`.
    """

    declared: Mapping[Part, int]
    tags: Sequence[str]
    holds: bool
    read_at: datetime
    reloads: Mapping[ReloadOutcome, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Build:
    """What runs: the monitor's version, Python's, and the version of the store's schema."""

    version: str
    python: str
    schema: str
