"""The silences in force, asked for once in a tick and not at all where nothing is planned."""

from __future__ import annotations

from collections.abc import Sequence
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

    def next_change(self, store: SilenceStore | None, now: datetime) -> datetime | None:
        """When a silence begins or ends next, as far as they are written by now."""
        written = () if store is None else store.all(ending_after=now)
        return min((at for one in written for at in (one.starts_at, one.ends_at) if at > now), default=None)
