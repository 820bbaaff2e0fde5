"""What can be seen of a running daemon from outside: whether it lives, whether it can work, its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from platform import python_version
from typing import Any

import structlog

from monitor.adapters.metrics import CONTENT_TYPE, PrometheusMeter
from monitor.adapters.store.tables import SCHEMA
from monitor.app.heartbeat import Heartbeat
from monitor.app.last_good import when
from monitor.app.pulse import SILENT, Pulse
from monitor.app.reload import Reloader
from monitor.app.remembered import Remembered
from monitor.model.daemons import Queued
from monitor.model.errors import MonitorError, StoreUnusable
from monitor.model.measure import Build, Gauges, InForce
from monitor.ports import Clock, Meter, Store

log = structlog.get_logger("monitor")

KEEP_GAUGES = 10.0  # seconds; a scrape every 15 s is usual, and ten impatient ones must not load the store
SHARE_OF_GAUGES = 20  # times as long as it took to get, an answer is kept at least: 5 % of the store's time
KEEP_ANSWER = 1.0


class Reason(StrEnum):
    """Why a daemon is not well, or what works though not as it is written."""

    STARTING = "starting"  # no tick yet
    NO_TICK = "no_tick"  # the stages are not let run any more
    STAGE_HANGS = "stage_hangs"  # for a quarter of an hour: only a restart cures it
    STOPPING = "stopping"
    STORE_UNUSABLE = "store_unusable"
    STORE_SLOW = "store_slow"  # a question was put to it and is not answered yet
    LAST_GOOD_RULES = "last_good_rules"  # the rule files do not hold
    HEARTBEAT_WITHHELD = "heartbeat_withheld"
    RELOAD_REFUSED = "reload_refused"  # the last one: what is in force is older than the files


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason with what a person wants to know of it, on one line."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """The answer to a probe: well without `troubles`; `warnings` change nothing about that."""

    troubles: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return not self.troubles


class Vitals:
    """Counts for a daemon (`meter`, `pulse`) and answers for it. Its questions may come from any thread.

    `warnings` says what works though not as it is written, `in_force` what config and rules are, `unindexed` how
    many articles wait to be indexed, `queued` what stands in the queue.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        version: str,
        pulse: Pulse | None = None,
        warnings: Callable[[], Sequence[Finding]] = tuple,
        in_force: Callable[[], InForce | None] = lambda: None,
        unindexed: Callable[[], int | None] = lambda: None,
        queued: Callable[[], Queued | None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self.warnings = warnings
        self._unindexed = unindexed
        self._queued = queued
        self._answers = Remembered(self._ask_store, keep=KEEP_ANSWER)
        self._gauges = Remembered(self._read_gauges, keep=KEEP_GAUGES, times=SHARE_OF_GAUGES)
        self.pulse = pulse or Pulse()
        self.hangs: Callable[[], str | None] = lambda: None
        build = Build(version, python_version(), SCHEMA)
        self._meter = PrometheusMeter(build, self._gauges, lambda: self.pulse.last, clock.now, in_force)
        self.meter: Meter = self._meter

    def alive(self) -> Health:
        """Whether the daemon still ticks, and no stage hangs: what only a restart cures.

        Asks nobody, so that it may be called where nothing may wait.
        """
        silence = self.pulse.silence
        if self.pulse.stopping:
            return Health()
        if silence < SILENT:
            hangs = self.hangs()
            return Health((Finding(Reason.STAGE_HANGS, hangs),) if hangs else ())
        since = "the last tick" if self.pulse.last else "the start, and no tick yet"
        return Health((Finding(Reason.NO_TICK, f"{silence:.0f} s since {since}"),))

    def ready(self) -> Health:
        """Whether the daemon does its work: it ticks, is not told to stop, and its store answers."""
        troubles = list(self.alive().troubles)
        if self.pulse.stopping:
            troubles.append(Finding(Reason.STOPPING, "the daemon was told to stop"))
        elif self.pulse.last is None:
            troubles.append(Finding(Reason.STARTING, "no tick yet"))
        answer = self._answers()
        if answer is None:
            troubles.append(Finding(Reason.STORE_SLOW, "the store has not answered yet"))
        elif isinstance(answer, Finding):
            troubles.append(answer)
        return Health(tuple(troubles), tuple(self.warnings()))

    def metrics(self) -> tuple[bytes, str]:
        """All numbers, and the content type they are written in."""
        return self._meter.exposition(), CONTENT_TYPE

    def _ask_store(self) -> Finding | bool:
        """True when the store answers a question that costs it next to nothing, else what is wrong."""
        try:
            self._store.ledger.digest_states()
        except StoreUnusable as error:
            return Finding(Reason.STORE_UNUSABLE, error.why)  # without the store's name, which is a path
        except MonitorError as error:
            return Finding(Reason.STORE_UNUSABLE, type(error).__name__)
        return True

    def _read_gauges(self) -> Gauges | None:
        try:
            held = self._store.facts.held(self._clock.now())
            return Gauges(held, self._store.size(), self._store.disk(), self._unindexed(), self._queued())
        except (MonitorError, OSError) as error:  # the stages say it louder
            log.debug("no numbers from the store", why=str(error))
            return None


def config_findings(reloader: Reloader) -> list[Finding]:
    """Where what is in force is not what the files say. No problem is repeated here: those name paths."""
    found = []
    if reloader.ready.rules_of is not None:
        detail = f"the rule files do not hold; in force are the rules read on {when(reloader.ready.rules_of)}"
        found.append(Finding(Reason.LAST_GOOD_RULES, detail))
    last = reloader.last
    if last is not None and last.problem is not None:
        detail = f"the reload of {when(last.at)} was refused; the log says why"
        found.append(Finding(Reason.RELOAD_REFUSED, detail))
    return found


def heartbeat_findings(heartbeat: Heartbeat) -> list[Finding]:
    """Why no heartbeat is sent."""
    held = heartbeat.held
    return [] if held is None else [Finding(Reason.HEARTBEAT_WITHHELD, f"{held.reason.value}: {held.detail}")]


def health_json(health: Health) -> dict[str, Any]:
    """A health as one JSON object."""
    return {
        "status": "ok" if health.ok else "failing",
        "reasons": [{"reason": one.reason.value, "detail": one.detail} for one in health.troubles],
        "warnings": [{"reason": one.reason.value, "detail": one.detail} for one in health.warnings],
    }
