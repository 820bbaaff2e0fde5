"""What is no longer kept: texts that were dropped and why, what pruning does, what `monitor forget` finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GoneReason(StrEnum):
    """Why a text is no longer in the store."""

    RETENTION = "retention"  # older than `[store] retention`
    NOT_KEPT = "store_full_text"  # `[store] store_full_text = false`: dropped once nothing needed it
    FORGOTTEN = "forgotten"  # `monitor forget`


FORGOTTEN = "(forgotten)"
"""What stands where a title stood."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A text that was dropped: why, and when (aware, UTC)."""

    reason: GoneReason
    at: datetime


class PruneStep(StrEnum):
    """One kind of thing that need not be kept for ever, in the order in which a round of pruning takes them."""

    READ_TEXTS = "read texts"  # with store_full_text = false: matched, and no digest waits for them
    UNLISTED_WORDS = "unlisted words"  # the same, of entries that never became articles
    OLD_TEXTS = "old texts"  # articles first seen before the retention time
    ENTRIES = "entries"  # with article and matches: no feed has listed them for the retention time
    POINTS = "points"  # classes of copies that no new article can be one event with
    PRINTS = "prints"  # sketches and features of articles that no new one can be like
    DELIVERIES = "deliveries"  # those that no kept match refers to
    MESSAGES = "messages"  # the words of the others
    BATCHES = "batches"
    PAGE_PARTS = "page parts"  # what the pages of a host carried: after a month, and of busy hosts sooner
    POLL_COUNTS = "poll counts"
    POLLS = "polls"  # of feeds that are polled no more: of the others the last few stay
    ANSWERS = "answers"  # what feeds said instead of a feed
    RULESETS = "rulesets"
    INDEX = "index pieces"  # the full-text index, written anew without the words that went


@dataclass(frozen=True, slots=True)
class PruneLimits:
    """Before when each thing may go. `now` is when it goes; `ruleset` is the version in force, which stays.

    `rows` is never after `texts`: identity keys outlive the words.
    """

    now: datetime
    texts: datetime  # articles first seen before, messages made before
    rows: datetime  # entries last listed before; deliveries and batches made before
    unlisted: datetime  # with store_full_text = false: words of unread entries last listed before
    counts: datetime  # polls and their counts, empty batches and what pages carried before
    ruleset: str
    likeness: datetime | None = None  # articles first seen before are compared with no new one; None: all are


@dataclass(frozen=True, slots=True)
class Unsent:
    """What still waits for a text: a digest that has not planned it, or a receiver that has not got it."""

    digest: str
    receiver: str | None = None  # None: not planned yet


@dataclass(frozen=True, slots=True)
class Traces:
    """All that the store keeps of the text behind one address.

    `copies` are addresses of articles with the same text elsewhere, which are kept; `unread` counts entries that
    wait to be read, grouped or matched.
    """

    titles: tuple[str, ...] = ()  # each once, newest first
    entries: int = 0
    articles: int = 0
    matches: int = 0
    messages: int = 0
    forgotten: int = 0  # of the entries, those that were forgotten before
    unread: int = 0
    unsent: tuple[Unsent, ...] = ()
    copies: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether somebody still waits for it: a rule that has not read it, a digest, or a receiver."""
        return bool(self.unread or self.unsent)
