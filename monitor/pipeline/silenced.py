"""The silences in force, asked for once in a tick that plans something, and those of other moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.digests.silences import STILL_DISCARDS
from monitor.model.silence import Silence
from monitor.ports import SilenceStore


class InForce:
    """What the store said last; every digest of a tick goes by the same silences."""

    def __init__(self) -> None:
        self._found: Sequence[Silence] | None = None

    def forget(self) -> None:
        """Begins a tick."""
        self._found = None

    def at(self, store: SilenceStore | None, now: datetime) -> Sequence[Silence]:
        """The silences that may keep something out now; none without a store of them."""
        if self._found is None:
            self._found = () if store is None else store.in_force(now, now - STILL_DISCARDS)
        return self._found


@dataclass(frozen=True, slots=True)
class Written:
    """Silences as they are written down, for questions about another moment than now."""

    store: SilenceStore | None

    def next_change(self, now: datetime) -> datetime | None:
        """When a silence begins or ends next."""
        return min(
            (at for one in self._after(now) for at in (one.starts_at, one.ends_at) if at > now), default=None
        )

    def at(self, moment: datetime) -> Sequence[Silence]:
        """The silences in force at a moment, as they were then: some may have been ended by hand since."""
        return [replace(one, ended_at=None) for one in self._after(moment) if one.starts_at <= moment]

    def _after(self, moment: datetime) -> Sequence[Silence]:
        return () if self.store is None else self.store.all(ending_after=moment)
