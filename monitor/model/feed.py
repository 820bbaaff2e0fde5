"""Feeds: what a user subscribed to, what was learned about it, what one poll brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.cadence import Boost, Cadence, HubOffer, Rhythm
from monitor.model.entry import NewEntry


class FeedOrigin(StrEnum):
    """Where a subscription is written down."""

    CONFIG = "config"
    STORE = "store"  # by command or OPML
    INGEST = "ingest"  # no subscription: made for the documents of one publisher that were handed over


class FeedStatus(StrEnum):
    """Whether a feed is polled."""

    ACTIVE = "active"
    GONE = "gone"  # the server said 410: polled no more, everything kept
    REMOVED = "removed"  # no longer declared: polled no more, everything kept
    PAUSED = "paused"  # by a person: not polled until somebody resumes it
    PASSIVE = "passive"  # holds ingested documents: there is nothing to poll


SUBSCRIBED = frozenset({FeedStatus.ACTIVE, FeedStatus.GONE})
"""The feeds that a user has and wants news of: those that count in coverage, status and health."""

KEPT = SUBSCRIBED | {FeedStatus.PAUSED}
"""The feeds that a user has: those of lists and exports."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """One subscription as the user wrote it (`[[feeds]]` in the interface contract)."""

    url: str
    name: str | None = None
    tags: tuple[str, ...] = ()
    interval: timedelta | None = None  # a promise: ttl and max-age do not stretch it
    full_text: bool = False
    backfill: timedelta = timedelta(0)
    origin: FeedOrigin = FeedOrigin.CONFIG


@dataclass(frozen=True, slots=True)
class PollSettings:
    """The `[poll]` table of the interface contract."""

    interval: timedelta = timedelta(minutes=15)
    min_interval: timedelta = timedelta(minutes=5)
    max_interval: timedelta = timedelta(hours=1)
    concurrency: int = 64
    per_host: int = 1
    host_delay: timedelta = timedelta(seconds=1)
    max_entry_age: timedelta = timedelta(days=7)
    timeout: timedelta = timedelta(seconds=30)
    max_bytes: int = 10_000_000
    user_agent: str = "media-monitor/{version} (+https://example.org/contact)"
    allow_private_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "has it changed?": kept and sent back verbatim, as a pair (RFC 9110 §8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


class PollOutcome(StrEnum):
    """What one poll came to."""

    OK = "ok"
    NOT_MODIFIED = "not_modified"  # 304
    UNCHANGED = "unchanged"  # 200 with the same bytes as last time
    HTTP_ERROR = "http_error"
    AUTH_ERROR = "auth_error"  # 401, 403, 451
    GONE = "gone"  # 410
    RATE_LIMITED = "rate_limited"  # 429, 503
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    FORBIDDEN_ADDRESS = "forbidden_address"
    BAD_REDIRECT = "bad_redirect"
    PROTOCOL_ERROR = "protocol_error"
    UNREACHABLE = "unreachable"  # DNS, connect, reset
    TLS_ERROR = "tls_error"
    DISALLOWED = "disallowed"  # robots.txt, pages only
    ROBOTS_UNREADABLE = "robots_unreadable"  # robots.txt, pages only: kept away for now
    NOT_A_FEED = "not_a_feed"
    PARSE_FAILED = "parse_failed"  # the child was killed or crashed


POLL_SUCCESS = frozenset({PollOutcome.OK, PollOutcome.NOT_MODIFIED, PollOutcome.UNCHANGED})


class PollReason(StrEnum):
    """Why the next poll is when it is."""

    INTERVAL = "interval"  # the default interval: nothing is known of its rhythm yet
    RATE = "rate"  # learned: about one new entry is due by then
    MOSTLY_NEW = "mostly_new"  # most of what it listed was new: sooner
    ALL_NEW = "all_new"  # all of it was new: half the interval
    QUIET = "quiet"  # most of what it listed was known: a little later each time
    PERIOD = "period"  # sy:updatePeriod, believed as long as nothing was learned
    PROMISED = "promised"  # the feed's own interval
    BOOSTED = "boosted"  # the interval of a boost
    PUSHED = "pushed"  # its hub announces what is new
    FRESHNESS = "freshness"  # max-age, Expires, ttl: the server says it will not change sooner
    SKIPPED = "skipped"  # skipHours, skipDays: the feed asks not to be read before
    RETRY_AFTER = "retry_after"
    HOST_PAUSED = "host_paused"  # its host said to another feed or page when to come back: not asked
    BACK_OFF = "back_off"  # soft error: doubled each time
    DAILY = "daily"  # 401, 403, 451
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused a feed, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """One subscription and all that was learned about it."""

    id: int
    settings: FeedSettings
    url: str  # where to ask now: differs from settings.url after a 301
    name: str
    subscribed_at: datetime
    next_poll_at: datetime
    validators: Validators = field(default_factory=Validators)
    body_hash: str | None = None
    first_success_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_outcome: PollOutcome | None = None
    last_error: str | None = None
    last_reason: PollReason | None = None
    failures: int = 0  # in a row
    status: FeedStatus = FeedStatus.ACTIVE
    listed_at: datetime | None = None  # when a body was last read: its entries were listed then
    may_have_lost_at: datetime | None = None  # when last all that it listed was new
    cadence: Cadence = field(default_factory=Cadence)
    rhythm: Rhythm | None = None  # None: nothing was learned yet
    boost: Boost | None = None
    hub: HubOffer | None = None
    pushed_until: datetime | None = None  # its hub announces what is new until then
    pause: Pause | None = None
    lists: int | None = None  # entries of the body that was read last; None: none since that is counted
    lease_token: int = 0  # of whoever took it last from a job


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed to be polled from `next_poll_at` on."""

    settings: FeedSettings
    next_poll_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed listed when its body was last read, to within a day.

    An entry arrives when it is published; one without a date, or dated before the feed was first read although it
    appeared later, when it is first seen.
    """

    entries: int
    undated: int = 0
    repeated: int = 0  # entries with the same words as another one, under another id
    newest: datetime | None = None  # arrival
    reused: int = 0  # entries with the id of another one that is no earlier wording of theirs


@dataclass(frozen=True, slots=True)
class HostPause:
    """A host that said when to come back: nothing there is asked before."""

    host: str
    until: datetime


@dataclass(frozen=True, slots=True)
class PollDecision:
    """When to ask next, why, and what to remember of the answer."""

    next_poll_at: datetime
    reason: PollReason
    outcome: PollOutcome
    failures: int
    validators: Validators
    url: str
    status: FeedStatus = FeedStatus.ACTIVE
    error: str | None = None
    rhythm: Rhythm | None = None  # None: what is stored stays
    pause: HostPause | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the answer to a poll taught beside its entries.

    `body_hash`, `cadence` and `hub` are those of a body that was understood: None keeps what is stored, and `hub`
    is believed only together with a `cadence`. `listed` are rows of known entries that the body lists still; with
    it "listed until" stays true to within a day of every entry, also of one that a feed lists unchanged for weeks.
    `may_have_lost`: nothing of what was listed before is left; `older` is then where the feed says that what it
    listed before these is, if it says so.
    """

    title: str | None = None
    body_hash: str | None = None
    cadence: Cadence | None = None
    hub: HubOffer | None = None
    listed: Sequence[int] = ()
    may_have_lost: bool = False
    older: str | None = None
    lists: int | None = None  # entries in the body


NOTHING_READ = Reading()


@dataclass(frozen=True, slots=True)
class Answered:
    """How a server answered, for the history of polls.

    `status` is None when no answer came; `size` counts the bytes of the body, `seconds` the time until it was
    there. `said` is the begin of a body that is no feed.
    """

    status: int | None = None
    size: int = 0
    seconds: float = 0.0
    said: bytes = b""


NOT_TOLD = Answered()


@dataclass(frozen=True, slots=True)
class Polled:
    """A poll to be stored: what was decided, at what time, with the new entries of its body, if it brought one."""

    feed: Feed
    decision: PollDecision
    at: datetime
    entries: Sequence[NewEntry] = ()
    reading: Reading = NOTHING_READ
    answered: Answered = NOT_TOLD


@dataclass(frozen=True, slots=True)
class FeedsStanding:
    """What a digest says of the feeds: `well` is how many subscribed ones were asked in time and are as they
    should be, `others` are the rest of them, in the order of subscription.
    """

    well: int
    others: tuple[Feed, ...]
