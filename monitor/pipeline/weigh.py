"""weigh: how rare words are, learned early, and anew from the archive once a week, under a new version each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.stories.idf import Idf, build_idf
from monitor.model.story import STORY_WINDOW, Features
from monitor.ports import Clock
from monitor.ports.grouping import GroupingStore

EVERY = timedelta(days=7)
LOOK_EVERY = timedelta(minutes=10)  # while there are too few articles
FROM = 250
"""Articles from which is learned at first: of a language that the shipped weights do not know, nothing but names
is compared until then."""

AGAIN = 2_500
"""Articles from which is learned once more before the week is over: the first knew the commonest words only."""

MOST = 50_000  # the newest; some seconds of the processor
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_PIECE = 500  # articles in memory at a time


@dataclass(slots=True)
class Wait:
    """Until when there are too few articles."""

    until: datetime = _LONG_AGO


@dataclass(frozen=True, slots=True)
class WeighStage:
    """Records a new snapshot of term weights when the one in force is a week old, or was made of few articles.
    `window` is that of stories."""

    store: GroupingStore
    clock: Clock
    window: timedelta = STORY_WINDOW
    at_least: int = FROM
    again: int = AGAIN
    wait: Wait = field(default_factory=Wait, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Idf | None:
        """The new snapshot; None when none is due, or there are too few articles yet, or it has to stop."""
        now = self.clock.now()
        if now < self.wait.until and self.wait.until - now <= LOOK_EVERY:
            return None
        least = self._due_from(now)
        if least is None or self.store.studied(least) < least:
            self.wait.until = now + LOOK_EVERY
            return None
        idf = build_idf(self._features(stopping), now)
        if stopping():
            return None
        self._record(idf, now)
        return idf

    def _due_from(self, now: datetime) -> int | None:
        """How many articles a snapshot is due from; None when the one in force is young enough however many."""
        kept = self.store.weights()
        if not kept:
            return self.at_least
        newest = kept[0]
        if not timedelta(0) <= now - newest.made_at < EVERY:
            return self.at_least
        return self.again if newest.documents < self.again else None

    def _record(self, idf: Idf, now: datetime) -> None:
        documents = round(idf.documents)
        # Keys of classes that can still be found were made under what was in force a window ago.
        keep = now - self.window - timedelta(days=1)
        self.store.record_weights(idf.version, now, documents, idf.to_bytes(), keep)

    def _features(self, stopping: Callable[[], bool]) -> Iterator[Features]:
        last = 0
        for _ in range(MOST // _PIECE):
            piece = self.store.sample(last, _PIECE)
            yield from (features for _, features in piece)
            if len(piece) < _PIECE or stopping():
                return
            last = piece[-1][0]
