"""Silences: what somebody does not want to be told for a while, and why."""

from __future__ import annotations

from dataclasses import dataclass
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

    @property
    def end(self) -> datetime:
        """When it really ends, or ended."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    def active(self, now: datetime) -> bool:
        """Whether it holds now."""
        return self.starts_at <= now < self.end


@dataclass(frozen=True, slots=True)
class Swallowed:
    """What a silence kept out of a digest: stories that wait for its end, and stories that will not be told."""

    silence: int
    reason: str
    until: datetime
    held: int = 0
    discarded: int = 0
