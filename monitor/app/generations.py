"""The monitor in force, and those before it that still have something in flight."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from monitor.app.wiring import Monitor
from monitor.model.errors import MonitorError, RenameRefused, StoreError
from monitor.pipeline.poll import LEASE

log = structlog.get_logger("monitor")

# An answer that is later than this belongs to a feed whose lease has ended: it is asked again anyway.
DRAIN_WITHIN = LEASE.total_seconds()
# Another daemon that still has the old config learns within some seconds that it is old, and ends its item first:
# one article, of which the rules may take 70 s.
OTHERS_END_WITHIN = 90.0
MOST_DRAINING = 3  # older generations with requests in flight; each holds threads and connections


class AtWork:
    """Which stages are at work, and how often: a stage may have several runs, a generation its own stages."""

    def __init__(self) -> None:
        self._runs: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def run(self, stage: object, *, alone: bool = False) -> Iterator[bool]:
        """Counts a run of the stage for as long as the block lasts; False, and no run, when it must be `alone` and
        is not."""
        with self._changed:
            if alone and self._has(stage):
                free = False
            else:
                free = True
                self._runs.append(stage)
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._runs.pop(next(at for at, one in enumerate(self._runs) if one is stage))
                    self._changed.notify_all()

    def any_of(self, *stages: object) -> bool:
        """Whether one of these stages is at work."""
        with self._changed:
            return any(self._has(stage) for stage in stages)

    def wait_for_end(self, stage: object, seconds: float) -> bool:
        """Waits until this stage is not at work; False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._has(stage), seconds)

    def wait_until_idle(self, seconds: float) -> bool:
        """Waits until no stage is at work; False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._runs, seconds)

    def _has(self, stage: object) -> bool:
        return any(one is stage for one in self._runs)  # equal is not enough: generations may be alike


@dataclass(frozen=True, slots=True, eq=False)
class _Retired:
    monitor: Monitor
    since: float  # steady, in seconds


class Generations:
    """Swaps one monitor for the next, and closes what the old one leaves behind once nothing needs it.

    `current` is read by every stage as it begins: what a stage then holds belongs to one generation. Everything
    else here is for one thread.
    """

    def __init__(self, first: Monitor, at_work: AtWork, *, steady: Callable[[], float] = time.monotonic) -> None:
        self.current = first
        self.number = 1
        self._at_work = at_work
        self._steady = steady
        self._retired: list[_Retired] = []  # those with a fetcher of their own, oldest first
        self._ending: list[Monitor] = []  # those whose stages may still keep something under an old name
        self._once_more = False
        self._others_until = steady()  # those of other daemons

    def swap(self, after: Monitor) -> None:
        """From here on every stage that begins is of the new generation; those at work end their item first."""
        before, self.current = self.current, after
        self.number += 1
        # What the old generation claimed until now is asked in the way that was: once more in the new one.
        if other_ways := {url for url, _ in before.poll.access.items() ^ after.poll.access.items()}:
            with suppress(MonitorError):  # a store in trouble is named by the stages
                after.store.feeds.try_now(sorted(other_ways), after.clock.now())
        self._ending.append(before)
        if after.store.shares.divided:
            self._others_until = self._steady() + OTHERS_END_WITHIN
        if before.fetcher is not after.fetcher:
            self._retired.append(_Retired(before, self._steady()))

    def tend(self) -> None:
        """Carries over what an older generation kept under old names, once it has ended.

        Closes what an older generation asks by, and its children, when its last answer has come; at the latest
        after DRAIN_WITHIN, or when more than MOST_DRAINING wait. What is given up then is asked again."""
        self._carry_over()
        for place, old in enumerate(reversed(self._retired)):
            if place >= MOST_DRAINING or self._steady() - old.since > DRAIN_WITHIN:
                _close_ways_out(old.monitor)
        for old in list(self._retired):
            monitor = old.monitor
            if not self._at_work.any_of(monitor.poll, monitor.gaps, monitor.read, monitor.websub):
                self._retired.remove(old)
                self._close_parts_of(monitor)

    def _carry_over(self) -> None:
        """While an older generation ends its work, when it has, and once more: a stage says that it is at work a
        moment after it has asked of which generation it is. And while other daemons may still have the old config.
        """
        others = self._steady() < self._others_until
        if not self._ending and not self._once_more and not others:
            return
        going = [one for one in self._ending if self._at_work.any_of(*_name_givers(one))]
        after = self.current
        with suppress(StoreError):  # a store in trouble is named by the stages; the next start does it again
            try:
                after.carry_over()
            except RenameRefused as error:  # so it will be every time
                log.error("history not carried over", why=str(error))
                self._once_more, self._ending = False, []
                return
            if len(going) < len(self._ending):  # who ended may have missed a receiver by its new name
                after.store.receivers.try_now(after.clock.now())
            self._once_more, self._ending = len(going) < len(self._ending), going

    def close_fetchers(self) -> None:
        """Gives up all that is in flight to feeds, pages and hubs, of every generation."""
        for monitor in (self.current, *(old.monitor for old in self._retired)):
            _close_ways_out(monitor)

    def close(self) -> None:
        """Closes everything of every generation, the store last; safe to call twice."""
        for old in self._retired:
            self._close_parts_of(old.monitor)
        self.current.close()

    def _close_parts_of(self, monitor: Monitor) -> None:
        _close_ways_out(monitor)
        others = (self.current, *(one.monitor for one in self._retired if one.monitor is not monitor))
        for sandbox in monitor.sandboxes:
            if all(sandbox is not kept for other in others for kept in other.sandboxes):
                sandbox.close()


def _name_givers(monitor: Monitor) -> tuple[object, ...]:
    """The stages that keep something under names of the config."""
    return monitor.match, monitor.digest, monitor.health, monitor.deliver


def _close_ways_out(monitor: Monitor) -> None:
    monitor.fetcher.close()
    monitor.websub.hubs.close()
