"""What is counted and timed while the daemon runs, and what the store is asked when somebody looks.

A label is always an enum: its values are known before anything was polled. What a feed, a rule, a receiver or a
stranger is called never becomes one, since each new value is one more time series kept for ever by who watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVarTuple

from monitor.model.article import ReadOutcome
from monitor.model.delivery import ChannelKind, DeliveryState
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome
from monitor.model.rule import Severity
from monitor.model.websub import PushOutcome

Labels = TypeVarTuple("Labels")


class Stage(StrEnum):
    """The verbs of the pipeline."""

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


class PlanOutcome(StrEnum):
    """What planning one batch came to."""

    PLANNED = "planned"  # messages are in the outbox
    QUIET = "quiet"  # nothing to say: an empty window, or all of it alerted before
    DRAFT = "draft"  # a dry run's
    FAILED = "failed"  # the matches stay pending and are planned again


class FeedState(StrEnum):
    """How a feed that is polled is doing."""

    OK = "ok"
    LATE = "late"  # should have been polled a while ago
    FAILING = "failing"  # its last poll failed
    GONE = "gone"  # the server said 410: polled no more


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
TIMED = (PUBLISHED_TO_SEEN, SEEN_TO_MATCHED, PLANNED_TO_SENT)


@dataclass(frozen=True, slots=True)
class Gauges:
    """What the store held when it was asked; `database_bytes` is None for a store in memory."""

    feeds: Mapping[FeedState, int]
    entries_waiting: int
    articles_unmatched: int
    matches_pending: int
    deliveries: Mapping[DeliveryState, int]
    oldest_waiting_delivery: datetime | None
    database_bytes: int | None
