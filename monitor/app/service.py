"""The daemon: one tick a second, each stage in a turn of its own, a stop that loses nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_SUBMITTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from monitor.app import metering
from monitor.app.counting import counted
from monitor.app.pulse import Pulse
from monitor.app.reports import say_delivery, say_group, say_match, say_plan, say_poll, say_prune, say_read
from monitor.app.wiring import Monitor
from monitor.model.article import ReadOutcome
from monitor.model.delivery import DeliveryState
from monitor.model.errors import MonitorError
from monitor.model.feed import POLL_SUCCESS, FeedStatus
from monitor.model.ledger import Plan
from monitor.ports import Meter

log = structlog.get_logger("monitor")

TICK = 1.0  # seconds
PAUSE = 5.0  # seconds after a stage failed: a full disk is not asked every second
CLOCK_JUMP = 30.0  # seconds the wall clock may part from the steady one before we call it set
CATCH_UP = timedelta(minutes=10)  # a late digest waits no longer for feeds that do not answer
STOP_WITHIN = timedelta(seconds=8)  # of the 10 s that SIGTERM is given
SENDERS = 4  # a mail server that hangs must not hold up the other receivers
BREATH = 0.05  # seconds between two pieces of pruning: whoever else writes comes first
PRUNE_WITHIN = 10.0  # seconds at the end of a pass; the next one goes on


@dataclass
class Pass:
    """What one pass of `--once` came to."""

    feeds: int = 0
    polled: int = 0
    failing: list[tuple[str, str]] = field(default_factory=list)
    seen: int = 0
    too_old: int = 0
    new: int = 0
    postponed: int = 0
    fallback: list[tuple[str, str]] = field(default_factory=list)  # pages that could not be read, and why
    matches: int = 0
    plans: int = 0
    sent: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: int = 0  # messages of earlier passes whose next attempt is not due yet

    @property
    def exit_code(self) -> int:
        """0 done; 1 a delivery failed, or there were feeds and none could be polled."""
        return 1 if self.failed or (self.feeds and not self.polled) else 0


class Service:
    """Runs a monitor until it is told to stop.

    `on_plan` sees every plan as it is made (a dry run prints it); without `sends` nothing leaves the house,
    not even what an earlier run left waiting. `meter` and `pulse` are told what the daemon does; a pass of
    `--once` ends before anybody could ask them.
    """

    def __init__(
        self,
        monitor: Monitor,
        *,
        on_plan: Callable[[Plan], None] = lambda plan: None,
        sends: bool = True,
        meter: Meter | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._monitor = monitor
        self._on_plan = on_plan
        self._sends = sends
        self._meter = meter or metering.NoMeter()
        self._pulse = pulse or Pulse()
        self._stopping = threading.Event()
        self._scheduler: BackgroundScheduler | None = None
        self._started = monitor.clock.now()

    def stop(self) -> None:
        """Asks every stage to end after what it is doing; returns at once, may be called by a signal handler."""
        self._pulse.stop()
        self._stopping.set()

    def run_forever(self) -> bool:
        """Ticks until `stop`; True when every stage came to its end, False when one had to be left behind.

        A stage left behind loses nothing: what it did not commit is taken up at the next start.
        """
        stages: dict[str, tuple[Callable[[], None], int]] = {
            "poll": (self._poll, 1),
            "read": (self._read, 1),
            "match": (self._match, 1),
            "digest": (self._digest, 1),
            "prune": (self._prune, 1),
        }
        if self._sends:
            stages["deliver"] = (self._deliver, SENDERS)
        workers = sum(instances for _, instances in stages.values())
        scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(workers)}, timezone="UTC")
        self._scheduler = scheduler
        running = _Running()
        for name, (stage, instances) in stages.items():
            scheduler.add_job(
                self._guarded(name, stage, running),
                "interval",
                seconds=TICK,
                id=name,
                max_instances=instances,
                coalesce=True,
                misfire_grace_time=None,
                next_run_time=self._monitor.clock.now(),
            )
        scheduler.add_listener(self._beat, EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES)
        self._warn_of_orphans()
        scheduler.start()
        self._watch_the_clock(scheduler)
        scheduler.pause()
        scheduler.remove_all_jobs()
        self._monitor.fetcher.close()  # what is in flight is asked again at the next start
        finished = running.wait_until_idle(STOP_WITHIN.total_seconds())
        scheduler.shutdown(wait=False)
        return finished

    def run_once(self, say: Callable[[str], None] = lambda line: None) -> Pass:
        """One pass: every feed is due, every digest with matches is closed and sent; `say` hears each step."""
        done = Pass()
        monitor = self._monitor
        done.feeds = monitor.store.feeds.make_all_due(monitor.clock.now())
        say(f"Polling {counted(done.feeds, 'feed')} …")
        for report in monitor.poll.run(self._stopping.is_set):
            say_poll(log, report)
            if report.decision.outcome in POLL_SUCCESS:
                done.polled += 1
            else:
                done.failing.append((report.feed.name, report.decision.error or report.decision.outcome.value))
            done.seen += report.seen
            done.too_old += report.too_old
            done.new += report.waiting
        say(f"Reading {counted(done.new, 'new entry', 'new entries')} …")
        for read in monitor.read.run(self._stopping.is_set):
            say_read(log, read)
            done.postponed += read.outcome is ReadOutcome.POSTPONED
            if read.outcome is ReadOutcome.FALLBACK:
                done.fallback.append((read.entry.new.parsed.link or "", read.why or ""))
        say("Matching and delivering …")
        for group in monitor.group.run(self._stopping.is_set):
            say_group(log, group)
        for match in monitor.match.run(self._stopping.is_set):
            say_match(log, match)
            done.matches += len(match.matches)
        for plan in monitor.digest.run(close_all=True):
            say_plan(log, plan)
            if isinstance(plan, Plan):
                self._on_plan(plan)
                done.plans += bool(plan.deliveries)
            else:
                done.failed.append((f"digest {plan.digest}", plan.why))
        for delivery in monitor.deliver.run(self._stopping.is_set) if self._sends else ():
            say_delivery(log, delivery)
            if delivery.failure is None:
                done.sent += 1
            else:
                done.failed.append((delivery.delivery.new.receiver, str(delivery.failure)))
        waiting = monitor.store.ledger.counts(monitor.clock.now()).deliveries.get(DeliveryState.WAITING.value, 0)
        done.waiting = max(0, waiting - len(done.failed))
        self._prune_for_a_while()
        return done

    def _poll(self) -> None:
        for report in self._monitor.poll.run(self._stopping.is_set):
            say_poll(log, report)
            metering.count_poll(self._meter, report)
            if report.waiting:
                self._wake("read")

    def _read(self) -> None:
        for report in self._monitor.read.run(self._stopping.is_set):
            say_read(log, report)
            metering.count_read(self._meter, report)
            self._wake("match")

    def _match(self) -> None:
        for group in self._monitor.group.run(self._stopping.is_set):
            say_group(log, group)
            metering.count_group(self._meter, group)
        for report in self._monitor.match.run(self._stopping.is_set):
            say_match(log, report)
            metering.count_match(self._meter, report, self._monitor.clock.now())

    def _digest(self) -> None:
        failed = False
        for plan in self._monitor.digest.run(caught_up=self._caught_up):
            say_plan(log, plan)
            metering.count_plan(self._meter, plan)
            if isinstance(plan, Plan):
                self._on_plan(plan)
            else:
                failed = True
        if failed:
            self._stopping.wait(PAUSE)

    def _deliver(self) -> None:
        for report in self._monitor.deliver.run(self._stopping.is_set):
            say_delivery(log, report)
            metering.count_delivery(self._meter, report, self._monitor.clock.now())

    def _prune(self) -> None:
        gone: Counter[str] = Counter()
        for report in self._monitor.prune.run(self._stopping.is_set):
            gone[report.step.value] += report.rows
            self._stopping.wait(BREATH)
        say_prune(log, gone)

    def _prune_for_a_while(self) -> None:
        until = time.monotonic() + PRUNE_WITHIN
        gone: Counter[str] = Counter()
        for report in self._monitor.prune.run_all(lambda: self._stopping.is_set() or time.monotonic() > until):
            gone[report.step.value] += report.rows
        say_prune(log, gone)

    def _watch_the_clock(self, scheduler: BackgroundScheduler) -> None:
        """Waits for `stop`; a wall clock that is set must not stop the ticks, which stand by it, nor the store."""
        clock = self._monitor.clock
        wall, steady = clock.now(), time.monotonic()
        while not self._stopping.wait(TICK):
            before, passed = wall, time.monotonic() - steady
            wall, steady = clock.now(), time.monotonic()
            jump = (wall - before).total_seconds() - passed
            if abs(jump) < CLOCK_JUMP:
                continue
            log.warning("the clock was set", seconds=round(jump))
            self._started = wall  # a machine that slept has to catch up, too
            with contextlib.suppress(MonitorError):  # a store in trouble is named by the stages
                self._monitor.store.set_right(wall)
            for job in scheduler.get_jobs():
                job.modify(next_run_time=wall)

    def _caught_up(self) -> bool:
        """Whether all that was missed while nobody was there is polled, read and matched; after a while, yes."""
        now = self._monitor.clock.now()
        if now - self._started > CATCH_UP:
            return True
        feeds = self._monitor.store.feeds.all()
        if any(feed.status is FeedStatus.ACTIVE and feed.next_poll_at <= now for feed in feeds):
            return False
        counts = self._monitor.store.ledger.counts(now)
        return not counts.waiting_entries and not counts.unmatched_articles

    def _warn_of_orphans(self) -> None:
        names = {settings.name for settings in self._monitor.digest.settings}
        for name, count in self._monitor.store.ledger.counts(self._monitor.clock.now()).pending.items():
            if name not in names:
                why = "no digest of this name is in the config: give it back its name, or they stay unsent"
                log.warning("matches wait", digest=name, matches=count, why=why)

    def _beat(self, _event: object) -> None:
        """The scheduler let a stage run or found it at work. When its thread dies the beats end, and only then."""
        self._pulse.beat(self._monitor.clock.now())

    def _wake(self, stage: str) -> None:
        """Lets the next stage begin now rather than at its next tick; a stage at work will see the item anyway."""
        if self._scheduler is not None:
            with contextlib.suppress(JobLookupError):  # stopping: the jobs are gone
                self._scheduler.modify_job(stage, next_run_time=self._monitor.clock.now())

    def _guarded(self, name: str, stage: Callable[[], None], running: _Running) -> Callable[[], None]:
        """A stage that never ends the daemon: what it raises is logged, and the next tick tries again."""

        def run() -> None:
            if self._stopping.is_set():
                return
            with running:
                try:
                    stage()
                except MonitorError as error:
                    log.error("stage failed", stage=name, why=str(error))
                    metering.count_failure(self._meter, name)
                    self._stopping.wait(PAUSE)
                except Exception:
                    log.exception("stage broke", stage=name)
                    metering.count_failure(self._meter, name)
                    self._stopping.wait(PAUSE)

        return run


class _Running:
    """Counts the stages at work."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = threading.Condition()

    def __enter__(self) -> None:
        with self._idle:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._idle:
            self._count -= 1
            self._idle.notify_all()

    def wait_until_idle(self, seconds: float) -> bool:
        with self._idle:
            return self._idle.wait_for(lambda: self._count == 0, seconds)
