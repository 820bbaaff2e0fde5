"""Immediate digests that had nothing to plan, so that a tick need not look again at all that waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LOOK_AGAIN = timedelta(seconds=15)
"""In doubt a digest is looked at; a digest at rest so often."""

Mark = tuple[object, ...]
"""What a look rests on that is stored: of the matches and stories (`DigestStore.mark`), and of silences."""


@dataclass(frozen=True, slots=True)
class _Rest:
    mark: Mark
    since: datetime
    until: datetime


class AtRest:
    """The last look at each digest that found nothing to plan, though thousands of matches may wait.

    What waits for time alone (`group_wait`, the turn of a follow-up) is to be planned, and lets no digest rest.
    What silences hold, or what lacks publishers, can be told only once the mark changes or a silence
    begins or ends.
    """

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def lasts(self, digest: str, mark: Mark, now: datetime) -> bool:
        """Whether a look would find nothing to plan still; never where the clock was set back."""
        rest = self._rests.get(digest)
        return rest is not None and rest.mark == mark and rest.since <= now < rest.until

    def begin(self, digest: str, mark: Mark, now: datetime, next_silence: datetime | None) -> None:
        """A look found nothing; `mark` is from before it, `next_silence` when one begins or ends next."""
        until = now + LOOK_AGAIN
        self._rests[digest] = _Rest(mark, now, until if next_silence is None else min(until, next_silence))
