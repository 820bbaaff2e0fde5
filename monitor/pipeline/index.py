"""index: what the full-text index does not hold yet goes in, a piece at a time, newest first.

What waits was stored before its analyser changed, or while the index was damaged. How far it came stands in the
store alone: a daemon that is killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.ports import Archive, Clock

PIECE = 20
"""Articles in one transaction, cut into words before it begins: the write lock is held for 10 ms of processor,
and now and then, when FTS5 merges, for 50."""

LOOK_EVERY = timedelta(minutes=10)  # once all is indexed: to count a million articles takes half a second

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """One piece: how many articles it took, and how many are left."""

    articles: int
    left: int


@dataclass(slots=True)
class Progress:
    """How many articles wait, as far as is known (None: not counted yet), and when the last run came to its end.

    Shared by the generations of the stage, and read by whoever wants to know.
    """

    waiting: int | None = None
    ended: datetime = _LONG_AGO


@dataclass(frozen=True, slots=True)
class IndexStage:
    """Indexes the articles that wait for it."""

    archive: Archive
    clock: Clock
    progress: Progress = field(default_factory=Progress, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[IndexReport]:
        """All that waits: may be called every second. One report a transaction, so that a caller can pause."""
        progress = self.progress
        if timedelta(0) <= self.clock.now() - progress.ended < LOOK_EVERY:
            return
        left = 0
        for report in index_all(self.archive, PIECE, stopping):
            left = report.left
            progress.waiting = left
            yield report
        progress.waiting = left
        if not stopping():
            progress.ended = self.clock.now()


def index_all(archive: Archive, piece: int, stopping: Callable[[], bool]) -> Iterator[IndexReport]:
    """Indexes what waits, so many articles at a time, until nothing does or what does cannot be indexed.

    The first report counts what waits, before anything is done. Raises StoreUnusable.
    """
    # Once more where the index had to be emptied on the way: another analyser's, or a damaged one.
    while not stopping() and (waiting := archive.waiting()):
        yield IndexReport(0, waiting)
        done = 0
        for ids in _pieces(archive, piece):
            if stopping():
                return
            took = archive.index(ids)
            done += took
            yield IndexReport(took, max(0, waiting - done))
        if not done:
            return


def _pieces(archive: Archive, size: int) -> Iterator[Sequence[int]]:
    """The ids that wait, newest first, looked for a page at a time."""
    page = archive.unindexed()
    while True:
        for start in range(0, len(page.ids), size):
            yield page.ids[start : start + size]
        if page.below is None:
            return
        page = archive.unindexed(page.below)
