"""prune: what nobody needs any longer goes, a piece at a time; keys and fates outlive the texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.model.retention import PruneLimits, PruneStep
from monitor.model.story import STORY_WINDOW
from monitor.ports import Clock, Retention

BATCH = 200  # rows in one transaction: measured under 0.1 s, which the other writers wait at most
# A clock that is wrong must not cost a year's texts: nothing goes by age in the hour after a start, or after the
# clock was seen to jump.
SETTLE = timedelta(hours=1)
EVERY = timedelta(hours=1)  # between two rounds over everything
INDEX_EVERY = timedelta(days=1)  # at most: 20,000 articles take 0.6 s, in six pieces
SOON = timedelta(seconds=10)  # between two looks at what was just read, with store_full_text = false
# Poll counts and empty batches: the longest that `monitor status` looks back. What pages carried: five days more
# than it is asked for.
COUNTS = timedelta(days=35)
UNLISTED = timedelta(days=7)  # an entry that left its feed may come back for so long and be compared word by word

LIKENESS_SLACK = timedelta(days=1)  # beyond the window of stories: what comes late is compared all the same

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SOON_STEPS = (PruneStep.READ_TEXTS,)
_ONLY_WITHOUT = (PruneStep.READ_TEXTS, PruneStep.UNLISTED_WORDS)  # full texts
_OUT_OF_THE_INDEX = (PruneStep.READ_TEXTS, PruneStep.OLD_TEXTS, PruneStep.ENTRIES)


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What one transaction took."""

    step: PruneStep
    rows: int


@dataclass(slots=True)
class Turns:
    """When what is due; `seen` is the time of the last look, `read_at` that of the last look at what was read.
    `unmerged`: the full-text index holds void words since `index_at`, or longer.

    Shared by the generations of the stage: a reload every hour must not put pruning off for ever.
    """

    seen: datetime = _LONG_AGO
    all_at: datetime = _LONG_AGO
    read_at: datetime = _LONG_AGO
    index_at: datetime = _LONG_AGO
    unmerged: bool = False


@dataclass(frozen=True, slots=True)
class PruneStage:
    """Drops texts after `retention`, rows a feed has not listed for as long, and what hangs on them.

    Without `store_full_text` texts go as soon as no digest waits for them. `max_entry_age`: an entry that comes
    back before it counts as too old must still be known. `ruleset` is the one in force, `window` that of events.
    """

    store: Retention
    clock: Clock
    retention: timedelta
    store_full_text: bool
    max_entry_age: timedelta
    ruleset: str
    window: timedelta = STORY_WINDOW
    turns: Turns = field(default_factory=Turns, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[PruneReport]:
        """What is due now: may be called every second. One report a transaction, so that a caller can pause."""
        yield from self._steps(self._due(self.clock.now()), stopping)

    def run_all(self, stopping: Callable[[], bool]) -> Iterator[PruneReport]:
        """Everything, now."""
        yield from self._steps(self._all(), stopping)

    def _due(self, now: datetime) -> Sequence[PruneStep]:
        turns = self.turns
        last, turns.seen = turns.seen, now
        if not timedelta(0) <= now - last < SETTLE:
            turns.all_at = now + SETTLE
        if now >= turns.all_at:
            turns.all_at = now + EVERY
            return [*self._all(), *self._index(now)]
        # Not a matter of age: these go whatever the clock says.
        if not self.store_full_text and not timedelta(0) <= now - turns.read_at < SOON:
            turns.read_at = now
            return _SOON_STEPS
        return ()

    def _all(self) -> Sequence[PruneStep]:
        besides = {PruneStep.INDEX, *(_ONLY_WITHOUT if self.store_full_text else ())}
        return [step for step in PruneStep if step not in besides]

    def _index(self, now: datetime) -> Sequence[PruneStep]:
        """A pass of `--once` leaves the index alone: one every quarter of an hour would do nothing else."""
        turns = self.turns
        if not turns.unmerged or timedelta(0) <= now - turns.index_at < INDEX_EVERY:
            return ()
        turns.index_at, turns.unmerged = now, False
        return (PruneStep.INDEX,)

    def _steps(self, steps: Sequence[PruneStep], stopping: Callable[[], bool]) -> Iterator[PruneReport]:
        for step in steps:
            while not stopping():
                rows = self.store.prune(step, self._limits(self.clock.now()), BATCH)
                if not rows:
                    break
                self.turns.unmerged |= step in _OUT_OF_THE_INDEX
                yield PruneReport(step, rows)

    def _limits(self, now: datetime) -> PruneLimits:
        return PruneLimits(
            now=now,
            texts=now - self.retention,
            rows=now - max(self.retention, self.max_entry_age),
            unlisted=now - UNLISTED,
            counts=now - COUNTS,
            ruleset=self.ruleset,
            likeness=now - self.window - LIKENESS_SLACK,
        )
