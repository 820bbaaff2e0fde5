"""What the pipeline asks of the outside world: one small promise per outside thing.

Ports are synchronous ("one colour"): concurrency hides inside the adapters. Each has a shipped fake in
`monitor.testing` and a contract suite in `tests/contract/` that runs over every implementation, the fake included.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import ParamSpec, Protocol, TypeVar

from monitor.model.article import Article, EntityMention, Grouping, NewArticle
from monitor.model.delivery import Attempt, Delivery, DeliveryState, Receipt, RetryAnswer, RetryDecision
from monitor.model.digest import Message
from monitor.model.entry import Entry, KnownEntry, NewEntry, ParsedEntry
from monitor.model.errors import DeliveryFailed
from monitor.model.feed import Feed, FeedSettings, Listing, PollDecision, Subscription
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.ledger import (
    Alerted,
    ArchiveExtent,
    DigestState,
    EntryFate,
    KeptRuleset,
    ListedMatch,
    LookBack,
    NewMatch,
    Plan,
    RecordedAnswer,
    RuleRecord,
    SeenEntry,
    StoreCounts,
    StoredMatch,
)
from monitor.model.measure import Counted, Labels, Timed
from monitor.model.required import Required
from monitor.model.retention import PruneLimits, PruneStep, Traces
from monitor.model.rule import RuleFailure

P = ParamSpec("P")
T = TypeVar("T")


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class Fetcher(Protocol):
    """HTTP GET for many URLs at once, politely."""

    def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        """Answers in completion order; the next request is drawn when a slot is free.

        A `None` from `requests` means "nothing at the moment": it is asked again when an answer has
        arrived or a second has passed. Ends when `requests` is exhausted, or says None, with nothing in flight.
        Never raises for what a server or the network does. May be called from several threads at once.
        """
        ...

    def close(self) -> None:
        """Gives up what is in flight and frees everything; safe to call twice."""
        ...


class Sandbox(Protocol):
    """Runs a function on hostile input in a child that can be killed."""

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's value; function and arguments must be picklable, function importable by name.

        Raises SandboxFailed when the child is killed at its limit, crashes, or the function raises anything
        but a MonitorError (those come through as they are). May be called from several threads at once.
        """
        ...

    def close(self) -> None:
        """Ends all children; safe to call twice."""
        ...


class EntityRecognizer(Protocol):
    """Names in running text, found by a trained pipeline."""

    def recognise(self, text: str) -> Sequence[EntityMention]:
        """Persons, organisations and places in order of appearance, each once."""
        ...


class Channel(Protocol):
    """Carries rendered messages to one receiver."""

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Hands the message over. Raises DeliveryFailed and nothing else."""
        ...


class Dice(Protocol):
    """A number in [0, 1): jitter is an argument, so that deciders stay pure."""

    def __call__(self) -> float: ...


class Meter(Protocol):
    """Counts and times what the stages do, for those who watch from outside.

    Never raises; a label that was not declared counts nothing. May be called from several threads at once.
    """

    def count(self, what: Counted[*Labels], *labels: *Labels, by: int = 1) -> None:
        """Something declared in `monitor.model.measure` happened, `by` times."""
        ...

    def time(self, what: Timed, seconds: float) -> None:
        """A span took so long; a clock that was set back meanwhile makes it 0, not less."""
        ...


class DueFeeds(Protocol):
    """The due-queue, and what each poll brought: all that the poll stage asks for."""

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """At most `limit` active feeds whose time has come, leased so that nobody else claims them meanwhile."""
        ...

    def release_leases(self, feed_ids: Sequence[int] | None = None) -> None:
        """Forgets the leases of these feeds; without ids every lease there is, of deliveries too: for a process
        that holds the store alone and has just started."""
        ...

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Entries of one feed that share an id or a URL key with the given ones, oldest first."""
        ...

    def record_poll(
        self,
        feed: Feed,
        decision: PollDecision,
        entries: Sequence[NewEntry],
        *,
        title: str | None,
        body_hash: str | None,
        now: datetime,
        listed: Sequence[int] = (),
    ) -> int:
        """New entries, what was learned and the next poll time in one transaction; returns entries stored.

        `listed` are rows of known entries that the body just read lists still. With it "listed until" stays true
        to within a day of every entry, also of one that a feed lists unchanged for weeks.
        """
        ...


class FeedStore(DueFeeds, Protocol):
    """Subscriptions, and the feeds behind them."""

    def sync(self, declared: Sequence[FeedSettings], now: datetime) -> None:
        """Makes the declared feeds those of the config; a feed no longer declared is kept but not polled."""
        ...

    def all(self) -> Sequence[Feed]:
        """Every feed, in the order of subscription."""
        ...

    def subscribe(
        self, wanted: Sequence[Subscription], now: datetime, *, lease: timedelta = timedelta(0)
    ) -> Sequence[Feed]:
        """Subscribes to what is not subscribed to yet, in one transaction; the feeds that this call made active.

        A feed that was removed or gone goes on where it was, with the new settings. With a lease nobody else
        claims them until it ends.
        """
        ...

    def unsubscribe(self, feed_id: int) -> None:
        """Polls a feed no more; everything known of it is kept."""
        ...

    def make_all_due(self, now: datetime) -> int:
        """Makes every active feed due now and returns how many those are."""
        ...

    def listings(self) -> Mapping[int, Listing]:
        """What each subscribed feed listed last, by its id; none for a feed of which no body was read."""
        ...

    def arrivals(self, feed_ids: Sequence[int]) -> Mapping[int, Sequence[datetime]]:
        """When the entries that these feeds listed last arrived, oldest first, by feed id."""
        ...

    def passive_feed(self, publisher: str, now: datetime) -> Feed:
        """The feed that holds the ingested documents of a publisher, made when it is not there; never polled."""
        ...

    def record_documents(
        self, feed_id: int, entries: Sequence[NewEntry], now: datetime, listed: Sequence[int] = ()
    ) -> int:
        """Entries of a passive feed in one transaction; returns entries stored. `listed` as in `record_poll`."""
        ...


class ArticleStore(Protocol):
    """Entries to be read, articles to be grouped and matched."""

    def waiting(self, now: datetime, limit: int, besides: Collection[int] = ()) -> Sequence[Entry]:
        """Entries to be read whose time has come, besides those rows, oldest first."""
        ...

    def record_read(self, article: NewArticle) -> None:
        """The article, and the fate of its entry, in one transaction; a second time changes nothing."""
        ...

    def postpone_read(self, row: int, until: datetime) -> None:
        """Counts a failed attempt; the entry waits until then."""
        ...

    def ungrouped(self, now: datetime, limit: int) -> Sequence[Article]:
        """Articles without a story whose time has come, oldest first."""
        ...

    def twins(self, article: Article, since: datetime) -> Sequence[Article]:
        """Grouped articles with its URL key, its content hash seen since then, or that its entry revises."""
        ...

    def revised_article(self, article: Article) -> Article | None:
        """The grouped article of the entry that this article's entry revises."""
        ...

    def revised_words(self, article: Article) -> ParsedEntry | None:
        """The words of the entry that this article's entry revises, where that one was never read."""
        ...

    def sentences_of(self, article_id: int) -> Mapping[str, Set[str]]:
        """The sentences (hashes) that each rule stood on when it matched the article, by rule id."""
        ...

    def record_grouping(self, article_id: int, grouping: Grouping) -> None:
        """The article's story; a second time changes nothing."""
        ...

    def unmatched(self, now: datetime, limit: int) -> Sequence[Article]:
        """Grouped articles that no rule set has read yet and whose time has come, oldest first."""
        ...

    def postpone(self, article_id: int, why: str, until: datetime) -> None:
        """An article that broke its stage waits until then; `why` is kept for the ledger."""
        ...

    def record_matches(
        self,
        article: Article,
        ruleset: str,
        matches: Sequence[NewMatch],
        failures: Sequence[RuleFailure],
        entities: Sequence[EntityMention],
        now: datetime,
    ) -> None:
        """Matches, their routing, failed rules and entities in one transaction; a second time changes nothing."""
        ...

    def record_ruleset(self, version: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
        """Keeps the text of a rule set, so that an old answer can be explained, as the last that was loaded."""
        ...

    def last_ruleset(self) -> KeptRuleset | None:
        """The rule set that was loaded last; None when none ever was."""
        ...

    def ruleset_files(self, version: str) -> Sequence[tuple[str, str]] | None:
        """The (name, text) of the files of a rule set kept before."""
        ...


class DigestStore(Protocol):
    """Matches waiting for their digests, and the plans that gather them."""

    def state_of(self, name: str) -> DigestState | None:
        """The digest's state; None for one that was never opened."""
        ...

    def open_digest(self, name: str, now: datetime) -> DigestState:
        """The digest's state, made when it is new: it looks forward from now."""
        ...

    def pending(self, digest: str, *, draft: bool = False) -> Sequence[StoredMatch]:
        """Matches this digest takes and has not planned, oldest first."""
        ...

    def alerted(self, digest: str, stories: Sequence[str], *, draft: bool = False) -> Sequence[Alerted]:
        """What the digest has alerted of these stories; a dry run sees its own too."""
        ...

    def batches(self, digest: str, prefix: str, *, draft: bool = False) -> int:
        """How many batches of the digest start with the prefix."""
        ...

    def story_articles(self, stories: Sequence[str]) -> Mapping[str, Sequence[Article]]:
        """All articles of each story, oldest first."""
        ...

    def record_plan(self, plan: Plan, now: datetime) -> None:
        """Deliveries, planned matches and the closed window in one transaction; a second time changes nothing."""
        ...

    def record_look_back(self, plan: Plan, found: Sequence[StoredMatch], now: datetime) -> LookBack:
        """The matches that a backtest found (their ids are not used yet) and the batch that tells them, in one
        transaction. `plan.planned` and `plan.merged` are ids of articles."""
        ...


class Outbox(Protocol):
    """Deliveries to be made."""

    def claim(
        self, now: datetime, lease: timedelta, limit: int, busy: Collection[tuple[str, str]] = ()
    ) -> Sequence[Delivery]:
        """Deliveries whose time has come, leased, oldest first; none for a (receiver, channel) in `busy`."""
        ...

    def record_sent(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        """The other side has it."""
        ...

    def record_failure(
        self, delivery: Delivery, failure: DeliveryFailed, decision: RetryDecision, now: datetime
    ) -> None:
        """One attempt more, kept for good; the row waits for the next one or is given up as dead."""
        ...

    def retry(self, delivery_id: int, now: datetime) -> RetryAnswer:
        """Makes a dead or waiting delivery due now and starts it anew; all other rows stay as they are."""
        ...

    def retry_dead(self, now: datetime, receiver: str | None = None) -> Mapping[str, int]:
        """The same for every dead delivery, or those to one receiver; returns how many, by receiver."""
        ...


class Ledger(Protocol):
    """Questions about what happened."""

    def fates(self, url: str, url_key: str) -> Sequence[EntryFate]:
        """All entries with this link or URL key, newest revision first."""
        ...

    def seen_entries(self, feed_id: int, limit: int) -> tuple[int, Sequence[SeenEntry]]:
        """How many entries of one feed are stored, and the newest of them with what became of each."""
        ...

    def counts(self, now: datetime) -> StoreCounts:
        """The numbers of `monitor status`."""
        ...

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        digest: str | None = None,
        receiver: str | None = None,
        tried: bool = False,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Outbox rows, newest first; with `tried` only those that were attempted."""
        ...

    def deliveries_called(self, name: str) -> Sequence[Delivery]:
        """The outbox row with this key; else those with this id or whose key begins so, at most twenty.

        A beginning has six letters at least.
        """
        ...

    def attempts_of(self, delivery_id: int) -> Sequence[Attempt]:
        """Every attempt of a delivery, oldest first."""
        ...

    def digest_states(self) -> Sequence[DigestState]:
        """Every digest the store has seen."""
        ...

    def matches(
        self,
        since: datetime,
        *,
        rule: str | None = None,
        digest: str | None = None,
        before: tuple[datetime, int] | None = None,
        limit: int = 500,
    ) -> Sequence[ListedMatch]:
        """One page of the matches made since then, newest first: all, those of a rule, those that a digest takes.

        `before` is (matched_at, id) of the last match of the page before.
        """
        ...

    def count_matches(self, since: datetime, *, rule: str | None = None, digest: str | None = None) -> int:
        """How many matches the pages of `matches` hold together."""
        ...

    def rule_record(self, rule: str, since: datetime, newest: int) -> RuleRecord:
        """What became of the entries first seen since then, as one rule sees it; with its `newest` matches."""
        ...

    def recorded(
        self, rule: str, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[int, RecordedAnswer]:
        """The articles first seen in that span (`until` exclusive) that the rule matched when they were read."""
        ...


class Archive(Protocol):
    """The stored articles, to be searched. An index finds candidates; it may be behind, but hides no match."""

    def unindexed(self) -> Sequence[int]:
        """The ids of the articles that wait to be indexed, newest first: stored before there was an index, or
        before its analyser changed. Until then each is a candidate of every query."""
        ...

    def index(self, ids: Collection[int]) -> None:
        """Indexes those of the articles that wait for it; a second time changes nothing."""
        ...

    def candidates(
        self, required: Required | None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[int]:
        """The ids of all articles that may hold what is required, newest first; with None of all there are.

        `since` and `until` (exclusive) speak of when an article was first seen.
        """
        ...

    def count(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """How many articles there are to search."""
        ...

    def extent(self, since: datetime | None = None, until: datetime | None = None) -> ArchiveExtent:
        """How many articles there are to search, how many no longer, and since when there are any."""
        ...

    def articles(self, ids: Sequence[int]) -> Sequence[Article]:
        """Those articles, in that order; without those whose text is no longer stored."""
        ...


class Retention(Protocol):
    """What need not, or must not, be kept any longer."""

    def prune(self, step: PruneStep, limits: PruneLimits, most: int) -> int:
        """Takes at most so many rows one step further, in one short transaction; returns how many, 0 for no more.

        The step INDEX takes a piece of the full-text index instead, and returns 1 while there are more.

        Nothing goes that a rule, a digest, a receiver or a kept row still needs, and nothing of a row's identity
        while a feed lists it. Ids are not used twice: the row with the highest one stays.
        """
        ...

    def traces(self, url: str, url_key: str) -> Traces:
        """What is kept of the text behind an address: of all entries with it, their revisions and messages."""
        ...

    def forget(self, url: str, url_key: str, now: datetime, *, even_unsent: bool) -> Traces:
        """Empties all those texts in one transaction, and returns what it found; keys, hashes and fates stay.

        Changes nothing when somebody still waits for the text, unless `even_unsent`: then what waited gets the
        fate "forgotten", and what else a message held that was not delivered is planned again.
        """
        ...

    def wipe(self) -> str | None:
        """Takes what was removed out of the database's leftovers too; one line on what stays there, or None."""
        ...


class Store(Protocol):
    """Everything kept, by the part that asks."""

    feeds: FeedStore
    articles: ArticleStore
    digests: DigestStore
    outbox: Outbox
    ledger: Ledger
    archive: Archive
    retention: Retention

    def set_right(self, now: datetime) -> int:
        """Pulls back what waits longer than anything may, as a clock set back leaves it; returns how many rows."""
        ...

    def size(self) -> int | None:
        """Bytes on disk, as the database counts them; None in memory."""
        ...

    def close(self) -> None:
        """Closes every connection; safe to call twice."""
        ...
