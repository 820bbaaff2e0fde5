"""Feeds as a person looks after them: the table that is asked for, what past polls came to, what may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.feed import Feed, PollOutcome, PollReason
from monitor.model.measure import FeedState

POLLS_KEPT = 50
"""Polls kept of each feed: half a day of one that is asked every quarter of an hour, a month of a daily one."""
SAID_KEPT = 2_000
"""Bytes kept of what a feed answered instead of a feed: the fetcher keeps no more of an error's body."""


class FeedSort(StrEnum):
    """By what a table of feeds is ordered."""

    STATE = "state"  # the ill first
    NAME = "name"
    LAST = "last"  # last poll, the longest ago first; those never asked before them
    NEXT = "next"  # next poll
    ENTRIES = "entries"  # that it listed last, the fewest first
    SUBSCRIBED = "subscribed"  # the order of subscription, which no change of a feed moves


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """Which feeds of a table are wanted, and in which order.

    `find` is looked for in names and addresses, whatever the case; in the queries of addresses, where paid feeds
    have a token, only with `in_queries`. `down` turns the order round. The page begins behind `start` feeds, and
    has only those that were subscribed to after the one of the id `after`.
    """

    state: FeedState | None = None
    tag: str = ""
    find: str = ""
    in_queries: bool = False
    sort: FeedSort = FeedSort.STATE
    down: bool = False
    start: int = 0
    after: int = 0
    most: int = 100


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed of a table, and how it is doing."""

    feed: Feed
    state: FeedState


@dataclass(frozen=True, slots=True)
class FeedTable:
    """A page of the feeds that are subscribed to or paused.

    `states` counts those that are as wanted but for their state, `total` all there are; `tags` are those of all.
    """

    rows: Sequence[FeedRow]
    total: int
    states: Mapping[FeedState, int] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def found(self, state: FeedState | None) -> int:
        """How many are as wanted on all pages."""
        return sum(self.states.values()) if state is None else self.states.get(state, 0)


@dataclass(frozen=True, slots=True)
class PastPoll:
    """A poll that is over: `status`, `size` and `seconds` as in `Answered`; `new` counts the entries stored."""

    at: datetime
    outcome: PollOutcome
    reason: PollReason
    next_poll_at: datetime
    status: int | None
    size: int
    seconds: float
    new: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """The begin of what a feed answered last instead of a feed."""

    at: datetime
    status: int | None
    text: str


class AskNow(StrEnum):
    """What becomes of a wish to have a feed polled at once."""

    DUE = "due"  # it is asked in its turn, as soon as its host allows
    AT_WORK = "at_work"  # it is being asked, or waits in its host's line
    JUST_ASKED = "just_asked"  # less than a minute ago
    RESTS = "rests"  # its server, or its host, said when to come back
    NOT_POLLED = "not_polled"  # gone, paused or removed
