"""Silences: what somebody does not want to be told for a while, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SilenceMode(StrEnum):
    """What becomes of a silenced match."""

    HOLD = "hold"  # it waits until the silence ends, and is told then
    DISCARD = "discard"  # it is not told; the ledger keeps it, and it can be brought back


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence, from `starts_at` to `ends_at` or to when it was ended by hand; aware datetimes in UTC.

    A match is silenced when everything that is given holds: its rule's id fits one of `rules` (globs), its rule
    has one of `tags`, its article stands in `story`, and the digest is one of `digests`. At least one of rules,
    tags and story is given. The words are Alertmanager's.
    """

    id: int
    mode: SilenceMode
    starts_at: datetime
    ends_at: datetime
    author: str
    reason: str
    created_at: datetime
    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    story: str | None = None
    digests: tuple[str, ...] = ()  # none: every digest
    ended_at: datetime | None = None  # by hand
    gone_into: str | None = None  # the story that its story went into, as far as the store knows now

    @property
    def end(self) -> datetime:
        """When it really ends, or ended."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    @property
    def holds(self) -> bool:
        """Whether it lets matches wait: one that discards holds only, once its story went into another one.

        Who silenced one event did not speak of the other; a match that may be news waits and is not lost.
        """
        return self.mode is SilenceMode.HOLD or self.gone_into is not None

    def active(self, now: datetime) -> bool:
        """Whether it is in force now."""
        return self.starts_at <= now < self.end


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A silence to be written down; its fields are those of `Silence`."""

    mode: SilenceMode
    starts_at: datetime
    ends_at: datetime
    author: str
    reason: str
    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    story: str | None = None
    digests: tuple[str, ...] = ()


class Keeping(StrEnum):
    """Why a match is kept out of a digest."""

    HELD = "held"  # a holding silence is in force
    HELD_AFTER_MERGE = "held_after_merge"  # a discarding one, whose story went into another: in doubt it holds
    DISCARDED = "discarded"  # a discarding silence is in force
    DISCARDED_LATER = "discarded_later"  # it matched in the time of one that has run out since


@dataclass(frozen=True, slots=True)
class KeptOut:
    """The silence that keeps a match out of a digest now, and why."""

    silence: Silence
    why: Keeping

    @property
    def held(self) -> bool:
        """Whether the match waits; else it is discarded."""
        return self.why in (Keeping.HELD, Keeping.HELD_AFTER_MERGE)


@dataclass(frozen=True, slots=True)
class WaitingMatch:
    """A match that waits for a digest, by what silences look at: without its article's text."""

    id: int
    rule: str
    tags: tuple[str, ...]  # of the rule
    story: str
    matched_at: datetime


@dataclass(frozen=True, slots=True)
class DiscardCount:
    """What a silence has discarded: matches, those of one in two digests counted twice, and their stories."""

    matches: int = 0
    stories: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of ending a silence.

    `before` is when it had been ended already. `told` counts matches that wait again by digest, `gone` those that
    cannot because somebody had their text removed.
    """

    silence: Silence
    before: datetime | None = None
    told: Mapping[str, int] = field(default_factory=dict)
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Swallowed:
    """What a silence kept out of a digest: stories that wait for its end, and stories that will not be told."""

    silence: int
    reason: str
    until: datetime
    held: int = 0
    discarded: int = 0
