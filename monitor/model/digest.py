"""Digests: matches gathered for people, and the messages they become."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from monitor.model.article import EntityMention
from monitor.model.retention import Gone
from monitor.model.rule import Severity
from monitor.model.silence import Swallowed
from monitor.model.telling import Updates


@dataclass(frozen=True, slots=True)
class Cron:
    """Windows end at the times of a five-field cron text, read in the digest's time zone."""

    text: str


@dataclass(frozen=True, slots=True)
class Every:
    """Windows end at whole multiples of `period` since 1970-01-01T00:00Z."""

    period: timedelta


@dataclass(frozen=True, slots=True)
class Immediate:
    """One message per story, `wait` after its first match."""

    wait: timedelta = timedelta(seconds=30)


Schedule = Cron | Every | Immediate


class AlreadySent(StrEnum):
    """`[[digests]].already_sent`: how a story is shown that another digest has sent to the same recipient."""

    BRIEF = "brief"
    FULL = "full"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class QuietSettings:
    """When a digest holds what it has to say, in the digest's time zone; nothing is ever dropped.

    `hours` is (from, to) on the wall clock, `to` not included, over midnight where `to` is the earlier; `pause`
    are whole days, first and last. A story of severity `override` or higher is told all the same.
    """

    hours: tuple[time, time] | None = None
    pause: tuple[tuple[date, date], ...] = ()
    override: Severity | None = None


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """One `[[digests]]` table of the interface contract."""

    name: str
    rules: tuple[str, ...]  # selector lines: any line; a space is AND; ! excludes
    to: tuple[str, ...]
    schedule: Schedule
    timezone: str = "UTC"
    max_stories: int = 30
    send_when_empty: bool = False
    updates: Updates = Updates.MATERIAL
    repeat_after: timedelta = timedelta(hours=12)
    min_publishers: int = 1  # independent ones that a story needs to be told
    quiet: QuietSettings = QuietSettings()
    already_sent: AlreadySent = AlreadySent.BRIEF


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time a digest speaks of; aware datetimes in UTC, `start` < `end`."""

    start: datetime
    end: datetime


class Badge(StrEnum):
    """A mark on a story."""

    UPDATED = "updated"
    CORRECTED = "corrected"
    LATE = "late"
    TITLE_ONLY = "title_only"
    OLD = "old"  # published more than 72 h before it was seen
    BEFORE_SUBSCRIBED = "before_you_subscribed"


@dataclass(frozen=True, slots=True)
class ArticleLink:
    """One article of a story as shown."""

    id: int
    title: str
    url: str
    publisher: str
    first_seen: datetime
    published: datetime | None = None
    language: str | None = None
    copy: bool = False  # a duplicate of another article of the story
    owner: str = ""  # whose page it is, where known: publishers are counted by it
    wire: str = ""  # the agency whose report it carries


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that holds on a story; `because` is its explanation on one line."""

    id: str
    title: str
    severity: Severity
    query: str
    because: str
    version: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """The sentence that matched; `spans` are code point offsets inside `text`."""

    text: str
    spans: tuple[tuple[int, int], ...]
    rule: str
    article_id: int = 0


@dataclass(frozen=True, slots=True)
class SentBefore:
    """A story that another digest has sent to the same recipient, with everything that is told of it here."""

    digest: str
    at: datetime
    more_publishers: int = 0  # independent ones since
    in_full: bool = False  # it is shown in full all the same: `already_sent = "full"`


@dataclass(frozen=True, slots=True)
class DigestStory:
    """One story in one digest."""

    id: str
    headline: str
    url: str
    articles: tuple[ArticleLink, ...]
    rules: tuple[RuleHit, ...]
    matched: tuple[Passage, ...]
    first_seen: datetime
    last_updated: datetime
    entities: tuple[EntityMention, ...] = ()
    badges: tuple[Badge, ...] = ()
    update: str = ""  # what is new in a story that was told before, in a few words
    told: tuple[int, ...] = ()  # the articles that are told now, by id, the one that speaks first in front
    sent_before: SentBefore | None = None  # to this recipient

    @property
    def publishers(self) -> int:
        """How many distinct publishers carry the story."""
        return len({_owner(article) for article in self.articles})

    @property
    def independent_publishers(self) -> int:
        """The same, those that carry one agency counted as one: by where the reports come from."""
        return len({(bool(one.wire), one.wire or _owner(one)) for one in self.articles})

    @property
    def wire(self) -> dict[str, int]:
        """How many publishers carry each agency, the most carried first."""
        carried = {(one.wire, _owner(one)) for one in self.articles if one.wire}
        counts = Counter(wire for wire, _ in carried)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def severity(self) -> Severity:
        """The highest severity of its rules."""
        return max((hit.severity for hit in self.rules), key=lambda s: s.rank, default=Severity.NORMAL)


def _owner(article: ArticleLink) -> str:
    return article.owner or article.publisher


@dataclass(frozen=True, slots=True)
class Coverage:
    """What stood behind a digest: feeds checked in time and feeds in trouble."""

    feeds: int = 0
    failing: int = 0
    may_have_lost: int = 0
    failing_names: tuple[str, ...] = ()
    late: int = 0  # not asked when they should have been; those are not among `feeds`


class CatchUp(StrEnum):
    """Why an immediate digest tells many stories in one message."""

    QUIET_HOURS = "quiet_hours"
    PAUSE = "pause"
    STORM = "storm"  # too many at once for a message each


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that work for the reader; "" where there is none, and the command is shown instead."""

    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """Matches gathered for one window (cron, every) or one story (immediate)."""

    name: str
    batch: str  # "2023-02-22T03:30:00Z/2023-02-23T03:30:00Z", or "s_7f3a#1"
    window: Window
    timezone: str
    stories: tuple[DigestStory, ...]  # severity, then newest
    coverage: Coverage = field(default_factory=Coverage)
    late: bool = False
    immediate: bool = False
    max_stories: int = 30
    looks_back: bool = False  # sent by hand, of what a backtest found
    held_back: int = 0  # stories with fewer independent publishers than the digest asks for
    min_publishers: int = 1
    catch_up: CatchUp | None = None
    silenced: tuple[Swallowed, ...] = ()  # what silences kept out of it
    left_out: int = 0  # stories that another digest has sent to this recipient, with `already_sent = "skip"`


class MessageFormat(StrEnum):
    """How a digest is rendered."""

    EMAIL = "email"
    SLACK = "slack"
    JSON = "json"
    HTML = "html"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Message:
    """A digest rendered for one channel: everything a channel needs to carry it, fixed for all retries.

    `text` is always there; `html` for e-mail and HTML files; `payload` for Slack and JSON. `date` is the
    Date header of an e-mail (aware, UTC). A message that is `gone` has lost all three, and can be sent no more.
    `list_name` is the digest, for List-Id; `answers` are the delivery keys of earlier messages on the same story,
    oldest first; `links` are the reader's own. `parent` is what the other side calls the message that it follows:
    not stored, the deliver stage fills it in when it is known.
    """

    format: MessageFormat
    subject: str
    text: str
    date: datetime
    html: str | None = None
    payload: dict[str, Any] | None = None
    part: int = 1
    parts: int = 1
    gone: Gone | None = None
    list_name: str = ""
    answers: tuple[str, ...] = ()
    links: Links = Links()
    parent: str | None = None
