"""What the store can be asked about what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.delivery import Attempt, Delivery, DeliveryState
from monitor.model.digest import Window
from monitor.model.feed import PollOutcome
from monitor.model.ledger import (
    CameEntry,
    DigestState,
    EntryFate,
    ListedMatch,
    RecordedAnswer,
    RuleRecord,
    SeenEntry,
    StoreCounts,
    Waits,
)


class Ledger(Protocol):
    """Questions about what happened."""

    def fates(self, url: str, url_key: str) -> Sequence[EntryFate]:
        """All entries with this link or URL key, newest revision first."""
        ...

    def seen_entries(self, feed_id: int, limit: int) -> tuple[int, Sequence[SeenEntry]]:
        """How many entries of one feed are stored, and the newest of them with what became of each."""
        ...

    def entries(
        self, window: Window, before: tuple[datetime, int] | None = None, limit: int = 100
    ) -> Sequence[CameEntry]:
        """One page of the entries of all feeds first seen in that span, newest first.

        `before` is (first_seen, row) of the last entry of the page before.
        """
        ...

    def entries_in_work(self, stage: Waits, limit: int) -> Sequence[CameEntry]:
        """The entries that wait to be read, or to be matched, in their turn."""
        ...

    def polls(self, window: Window) -> Sequence[tuple[datetime, PollOutcome, int]]:
        """The polls of each minute of that span by outcome, the oldest minute first; those of the last days."""
        ...

    def counts(self, now: datetime) -> StoreCounts:
        """The numbers of `monitor status`."""
        ...

    def pending_counts(self) -> Mapping[str, int]:
        """How many matches wait in each digest that some wait for."""
        ...

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        digest: str | None = None,
        receiver: str | None = None,
        tried: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Outbox rows, newest first; of `receiver` also those that stand for it; with `tried` those attempted.

        `before` is the id of the last row of the page before.
        """
        ...

    def deliveries_called(self, name: str) -> Sequence[Delivery]:
        """The outbox row with this key; else those with this id or whose key begins so, at most twenty.

        A beginning has six letters at least.
        """
        ...

    def told_in(self, digest: str, batch: str, *, draft: bool = False, limit: int = 100) -> Sequence[ListedMatch]:
        """The matches that a batch tells, or one of a dry run, oldest first."""
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
        until: datetime | None = None,
    ) -> Sequence[ListedMatch]:
        """One page of the matches made since then, newest first: all, those of a rule, those that a digest takes.

        `before` is (matched_at, id) of the last match of the page before.
        """
        ...

    def count_matches(
        self,
        since: datetime,
        *,
        rule: str | None = None,
        digest: str | None = None,
        until: datetime | None = None,
    ) -> int:
        """How many matches the pages of `matches` hold together."""
        ...

    def pending(self, digest: str, limit: int) -> Sequence[ListedMatch]:
        """The newest matches that wait for a digest, newest first."""
        ...

    def rule_record(self, rule: str, since: datetime, newest: int, now: datetime | None = None) -> RuleRecord:
        """What became of the entries first seen since then, as one rule sees it; with its `newest` matches, and
        with its rate up to `now`."""
        ...

    def recorded(
        self, rule: str, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[int, RecordedAnswer]:
        """The articles first seen in that span (`until` exclusive) that the rule matched when they were read."""
        ...
