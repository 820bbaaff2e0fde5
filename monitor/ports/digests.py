"""What the store promises of digests: matches that wait, plans, deliveries to be made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model.addressing import EarlierMessage, Elsewhere
from monitor.model.article import Article
from monitor.model.delivery import Delivery, Receipt, RetryAnswer, RetryDecision
from monitor.model.errors import DeliveryFailed
from monitor.model.ledger import DigestState, LookBack, Plan, StoredMatch
from monitor.model.rule import Severity
from monitor.model.silence import WaitingMatch
from monitor.model.telling import StoryMember, ToldMatch


class DigestStore(Protocol):
    """Matches waiting for their digests, and the plans that gather them."""

    def state_of(self, name: str) -> DigestState | None:
        """The digest's state; None for one that was never opened."""
        ...

    def open_digest(self, name: str, now: datetime) -> DigestState:
        """The digest's state, made when it is new: it looks forward from now."""
        ...

    def pending(
        self,
        digest: str,
        *,
        draft: bool = False,
        stories: Collection[str] | None = None,
        matches: Collection[int] | None = None,
    ) -> Sequence[StoredMatch]:
        """Matches this digest takes and has not planned, oldest first; where given, those of these stories only,
        or those with these ids only."""
        ...

    def waiting(self, digest: str, *, draft: bool = False, story: str | None = None) -> Sequence[WaitingMatch]:
        """The same matches, oldest first, as silences look at them: without reading a text. Of a story only, where
        one is named."""
        ...

    def pending_stories(
        self, digest: str, *, draft: bool = False, at_least: Severity = Severity.LOW
    ) -> Sequence[str]:
        """The stories of the pending matches, each once, sorted: without reading a text. Of matches whose rule has
        that severity or a higher one."""
        ...

    def mark(self, digest: str) -> tuple[object, ...]:
        """What tells at once that something may be told that could not be: another answer than before once a match
        came to wait for the digest, a story got or lost an article, or the digest told something, by whichever
        process. Silences are not in it."""
        ...

    def told(self, digest: str, stories: Sequence[str], *, draft: bool = False) -> Sequence[ToldMatch]:
        """What the digest has told of these stories as they stand now: planned matches of their articles, oldest
        first; a dry run sees its own too. So a story that takes in another one, or gives an article away, takes or
        gives what was told of it."""
        ...

    def likeness(self, article: int, told: Collection[int]) -> float | None:
        """The greatest likeness of an article to one of these, 0 … about 1; 1 for a copy of one, 0 where they
        stand in one story only by what lies between them, None when that is kept no longer."""
        ...

    def members(self, stories: Sequence[str]) -> Mapping[str, Sequence[StoryMember]]:
        """The articles of each story, oldest first, without their texts."""
        ...

    def last_batch(self, digest: str, story: str, *, draft: bool = False) -> int:
        """The greatest number of a batch named after the story ("s_7f3a#2": 2), 0 when there is none."""
        ...

    def story_articles(self, stories: Sequence[str]) -> Mapping[str, Sequence[Article]]:
        """All articles of each story, oldest first, as far as a digest tells of those that no rule matched:
        without texts, names, authors and what the stages noted."""
        ...

    def sent_elsewhere(self, digest: str, matches: Collection[int]) -> Elsewhere:
        """What other digests made of these matches, and how their batches stand with each recipient."""
        ...

    def messages_about(self, digest: str, story: str, *, draft: bool = False) -> Sequence[EarlierMessage]:
        """The messages, oldest first, in which the digest told of articles that stand in the story now; those
        that were given up or stopped are none. A dry run has its own, and only these."""
        ...

    def record_plan(self, plan: Plan, now: datetime) -> None:
        """Deliveries, planned matches and the closed window in one transaction; a second time changes nothing.

        A match that was to be merged and stands, by now, in a story where nothing of its rule was told stays
        pending: stories may be grouped anew between the decision and its record. Raises BatchTaken when its
        matches wait still and another batch has its name.
        """
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
        """Deliveries of one (receiver, channel) whose time has come, leased, oldest first; at most `limit`.

        It is that of the oldest which is neither in `busy` nor left alone (`Receivers`); one that refused
        everything and whose time to be tried has come gives one delivery. None to Slack whose `thread` waits
        itself: a reply needs to know where its parent stands.
        """
        ...

    def holds(self, delivery: Delivery) -> bool:
        """Whether a delivery that was claimed is still this process's to send: not once it slept so long that
        another one took it over."""
        ...

    def reference_of(self, key: str) -> str | None:
        """What the other side calls the message of this delivery; None where it said nothing, or has none."""
        ...

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Ends the leases of what was claimed and not tried."""
        ...

    def record_sent(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        """The other side has it."""
        ...

    def record_failure(
        self, delivery: Delivery, failure: DeliveryFailed, decision: RetryDecision, now: datetime
    ) -> None:
        """One attempt more, kept for good; the row waits for the next one or is given up as dead."""
        ...

    def record_suppressed(self, delivery: Delivery, now: datetime) -> None:
        """Its recipient unsubscribed: it is not sent, which is kept like an attempt."""
        ...

    def retry(self, delivery_id: int, now: datetime) -> RetryAnswer:
        """Makes a dead or waiting delivery due now and starts it anew; all other rows stay as they are."""
        ...

    def retry_dead(self, now: datetime, receiver: str | None = None) -> Mapping[str, int]:
        """The same for every dead delivery, or those to one receiver; returns how many, by receiver."""
        ...
