"""What the store keeps of decisions: matches, routing, batches, and the fate of one entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.addressing import ShownBefore
from monitor.model.article import Article
from monitor.model.delivery import Delivery, DeliveryState, NewDelivery
from monitor.model.digest import AlreadySent, Window
from monitor.model.entry import Fate, NewEntry
from monitor.model.feed import Feed
from monitor.model.health import RuleRate
from monitor.model.reading import Reread
from monitor.model.retention import Gone
from monitor.model.rule import Match, Rule, Severity
from monitor.model.story_member import Member
from monitor.model.telling import Earlier, Why


class RoutingState(StrEnum):
    """What became of a match in one digest."""

    PENDING = "pending"  # to be planned
    PLANNED = "planned"  # in a batch: see its deliveries
    MERGED = "merged"  # the digest had told this rule on this story, and the match says nothing new
    TOO_FEW = "too_few"  # its story never had the independent publishers that the digest asks for
    FORGOTTEN = "forgotten"  # its text was removed by hand before the digest was planned
    SILENCED = "silenced"  # a silence discarded it; it can be brought back


@dataclass(frozen=True, slots=True)
class NewMatch:
    """A match with all a digest needs later, even if the rule is gone by then.

    `digests` are the names of the digests that take it; `because` is the explanation on one line;
    `sentences` are hashes of the sentences it stands on; `news` is False for a revision whose earlier wording
    matched the rule in the same sentences. `analyser_version` says how words were cut; None where nobody noted it.
    `names` are hashes of the matched names, `figures` the numbers in its sentences, `bare` hashes of those
    without datelines; `earlier` says of an edit what the wording before was, where that makes a difference.
    `called` is the rule's id as it was, where it has another by now.
    """

    match: Match
    rule: Rule
    because: str
    digests: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    news: bool = True
    analyser_version: str | None = None
    names: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    earlier: Earlier | None = None
    called: str = ""


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """A match as stored, with its article."""

    id: int
    new: NewMatch
    article: Article
    matched_at: datetime


@dataclass(frozen=True, slots=True)
class DigestState:
    """Where a digest stands: ends of its last closed window, in earnest and in a dry run."""

    name: str
    since: datetime
    last_end: datetime
    last_draft_end: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """One batch of one digest, written in one transaction.

    `planned` are matches that are in the batch, `merged` those whose rule and story the digest had told before and
    that say nothing new, `too_few` those whose story is given up for want of publishers, with the number of its
    articles: each stays pending if the story has another number by now. `reasons` says why of each that has one.
    What counts as told from now on follows from `planned`. `sent_before` are stories that are shown short or left
    out for a recipient, `suppressed` addresses that want no more of the digest. `silenced` are matches that a
    silence discards, with its id: each stays pending if the silence was ended meanwhile, or if the match left its
    story.
    """

    digest: str
    batch: str
    window: Window
    planned: tuple[int, ...]
    merged: tuple[int, ...]
    deliveries: tuple[NewDelivery, ...]
    stories: int
    closes_window: bool
    draft: bool = False
    too_few: Mapping[int, int] = field(default_factory=dict)
    reasons: Mapping[int, Why] = field(default_factory=dict)
    sent_before: tuple[ShownBefore, ...] = ()
    suppressed: tuple[str, ...] = ()
    silenced: Mapping[int, int] = field(default_factory=dict)


class LookBack(StrEnum):
    """What came of a batch that a backtest made."""

    RECORDED = "recorded"
    KNOWN = "known"  # it was recorded before
    CHANGED = "changed"  # a text was dropped, or a match recorded, since the backtest read them: nothing was done


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A batch as it was planned; `place` is that of the match's story among its `stories`, from 1, where they are
    so many that it matters: beyond the digest's `max_stories` each has one line."""

    window: Window
    stories: int
    planned_at: datetime
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """What became of one match in one digest, and the deliveries that carried it.

    `deliveries` come without the words of their messages, which know only what part they are. `facts` are those of
    the batch, None where there is none or it is no longer kept.
    """

    digest: str
    state: RoutingState
    batch: str | None
    deliveries: tuple[Delivery, ...] = ()
    why: Why | None = None  # None also: from before reasons were kept
    sent_before: tuple[ShownBefore, ...] = ()  # for whom its story is shown short there, or left out
    unsubscribed: tuple[tuple[str, datetime | None], ...] = ()  # (address, since when) that the batch left out
    silence: int | None = None  # the one that discarded it
    facts: BatchFacts | None = None


@dataclass(frozen=True, slots=True)
class MatchFate:
    """One match of an article and where it went."""

    match: StoredMatch
    routings: tuple[Routing, ...]


@dataclass(frozen=True, slots=True)
class EntryFate:
    """All that is known of one entry: the answer of `monitor why`."""

    row: int
    entry: NewEntry
    feed: Feed
    first_seen: datetime
    article: Article | None = None
    original: Article | None = None  # what it is a copy of
    story: tuple[Member, ...] = ()
    matches: tuple[MatchFate, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()  # (rule, why)
    text_gone: Gone | None = None  # summary and content of the entry are empty because they were dropped
    reread: Reread | None = None  # its page gave nothing, and is or was asked again
    found_again: bool = False  # it is what such a page gave at last
    pushed: bool = False  # the hub of its feed brought it, before a poll did


@dataclass(frozen=True, slots=True)
class ListedMatch:
    """A match as a list shows it: without the article's text, so that a list may be long.

    `rule_title` and `severity` are those of the rule as it was; its routings come without their deliveries.
    """

    id: int
    rule: str
    rule_version: str
    rule_title: str
    severity: Severity
    because: str
    news: bool
    matched_at: datetime
    title: str
    url: str
    publisher: str
    feed: str
    published: datetime | None
    story: str | None
    routings: tuple[Routing, ...] = ()
    analyser_version: str | None = None
    rule_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutedCount:
    """How many matches of a rule came to the same end in one digest.

    `silence` is the one that discarded them. `delivery` is the worst state of the deliveries that carry them
    (dead, then waiting, then sent); None for matches that are not planned, or whose batch has no delivery.
    """

    digest: str
    state: RoutingState
    news: bool
    delivery: DeliveryState | None
    matches: int
    silence: int | None = None


@dataclass(frozen=True, slots=True)
class ShortCount:
    """Matches of a rule that a digest showed short, or left out, for somebody who had them from another digest."""

    digest: str
    shown: AlreadySent
    matches: int


@dataclass(frozen=True, slots=True)
class LeftOutCount:
    """Matches of a rule that were told in batches of a digest which left out who had unsubscribed."""

    digest: str
    addresses: tuple[str, ...]
    matches: int


@dataclass(frozen=True, slots=True)
class RecentMatches:
    """The newest matches of a rule, a few of them, by what became of each: told by a digest, else the first that
    is true of waiting to be planned, silenced, merged, too few publishers, forgotten. `unrouted` are those that no
    digest takes."""

    last: datetime
    states: Mapping[RoutingState, int]
    unrouted: int = 0

    @property
    def decided(self) -> int:
        """Those of which a digest has said what becomes of them."""
        return sum(self.states.values()) - self.states.get(RoutingState.PENDING, 0)

    @property
    def untold(self) -> int:
        """Those of them that nobody was told of."""
        return self.decided - self.states.get(RoutingState.PLANNED, 0)


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What became of all entries first seen since a moment, as one rule sees it.

    `fates` counts the entries; `read_by` the articles that rules have read, by the version of the rule set;
    `unread` those that wait for the rules, `stuck` those of them that broke a stage and are tried again.
    `found_back` of the matches were made by a backtest: when the article came, the rule did not match or was not
    there.
    """

    fates: dict[str, int]
    read_by: dict[str, int]
    unread: int
    stuck: int
    matches: int
    unrouted: int  # matches that no digest takes
    routed: tuple[RoutedCount, ...]
    failures: tuple[tuple[str, int], ...]  # (why, articles), most frequent first; at most five
    newest: tuple[ListedMatch, ...]
    found_back: int = 0
    last_match: datetime | None = None  # of the rule at any time; looked for only when it has none here
    short: tuple[ShortCount, ...] = ()
    unsubscribed: tuple[LeftOutCount, ...] = ()
    rate: RuleRate | None = None  # of the last day and the four weeks before it


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """A match of a rule as recorded, and the digests that take it; `gone` when the text is no longer stored."""

    rule_version: str
    gone: bool = False
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArchiveExtent:
    """What a span of the archive holds: articles to be read, those whose text is gone, the oldest that is read."""

    articles: int
    gone: int
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """A place among the articles, newest first."""

    first_seen: datetime
    article: int


@dataclass(frozen=True, slots=True)
class Unindexed:
    """Articles that wait to be indexed, by id, and the place from which to look on; None at the end."""

    ids: tuple[int, ...]
    below: ArchivePlace | None


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """One entry of a feed, on one line: its fate, and the rules that matched it."""

    title: str
    link: str | None
    fate: Fate
    first_seen: datetime
    published: datetime | None
    revision: bool
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptRuleset:
    """A rule set as the store keeps it: the (name, text) of its files, and when it was last loaded from them."""

    version: str
    files: tuple[tuple[str, str], ...]
    loaded_at: datetime


class Waits(StrEnum):
    """For what an entry waits."""

    READ = "read"
    MATCH = "match"


@dataclass(frozen=True, slots=True)
class CameEntry:
    """An entry of any feed in a list of what came."""

    row: int
    feed_id: int | None  # None for what was ingested: nobody is asked for more of it
    feed: str
    seen: SeenEntry


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """The numbers `monitor status` shows."""

    polls: dict[str, int] = field(default_factory=dict)  # last hour, by outcome
    entries: int = 0  # last hour
    matches: int = 0  # last hour
    stories: int = 0  # last hour
    waiting_entries: int = 0
    unmatched_articles: int = 0
    pending: dict[str, int] = field(default_factory=dict)  # matches to be planned, by digest
    deliveries: dict[str, int] = field(default_factory=dict)  # by state
    oldest_waiting_delivery: datetime | None = None
