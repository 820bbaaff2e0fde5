"""weigh: how rare words are, learned anew from the archive once a week, under a new version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.stories.edges import WINDOW
from monitor.core.stories.idf import Idf, build_idf
from monitor.model.story import Features
from monitor.ports import Clock
from monitor.ports.grouping import GroupingStore

EVERY = timedelta(days=7)
LOOK_EVERY = timedelta(hours=1)  # while there are too few articles
FROM = 1_000  # articles; of fewer the shipped weights know more
MOST = 50_000  # the newest; some seconds of the processor
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_PIECE = 500  # articles in memory at a time


@dataclass(slots=True)
class Wait:
    """Until when there are too few articles."""

    until: datetime = _LONG_AGO


@dataclass(frozen=True, slots=True)
class WeighStage:
    """Records a new snapshot of term weights when the one in force is a week old. `window` is that of stories."""

    store: GroupingStore
    clock: Clock
    window: timedelta = WINDOW
    at_least: int = FROM
    wait: Wait = field(default_factory=Wait, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Idf | None:
        """The new snapshot; None when none is due, or there are too few articles yet, or it has to stop."""
        now = self.clock.now()
        kept = self.store.weights()
        if kept and timedelta(0) <= now - kept[0][1] < EVERY:
            return None
        if now < self.wait.until and self.wait.until - now <= LOOK_EVERY:
            return None
        if len(self.store.sample(0, self.at_least)) < self.at_least:
            self.wait.until = now + LOOK_EVERY
            return None
        idf = build_idf(self._features(stopping), now)
        if stopping():
            return None
        self._record(idf, now)
        return idf

    def _record(self, idf: Idf, now: datetime) -> None:
        documents = round(idf.documents)
        # Keys of classes that can still be found were made under what was in force a window ago.
        keep = now - self.window - timedelta(days=1)
        self.store.record_weights(idf.version, now, documents, idf.to_bytes(), keep)

    def _features(self, stopping: Callable[[], bool]) -> Iterator[Features]:
        last = 0
        for _ in range(MOST // _PIECE):
            piece = self.store.sample(last, _PIECE)
            for last, features in piece:  # noqa: B007  # the last id is where the next piece begins
                yield features
            if len(piece) < _PIECE or stopping():
                return
