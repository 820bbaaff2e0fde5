"""The daemon: one tick a second, each stage in a turn of its own, a stop that loses nothing."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from monitor.app import metering
from monitor.app.backlog import caught_up, warn_of_orphans
from monitor.app.collector import settle_again
from monitor.app.generations import MOST_DRAINING, AtWork, Generations
from monitor.app.heartbeat import Heartbeat, Progress, Unplanned
from monitor.app.jobs import resting
from monitor.app.matching import Matching
from monitor.app.one_pass import Pass, run_pass
from monitor.app.pulse import Pulse
from monitor.app.reload import LastReload, Reloader
from monitor.app.reports import (
    say_delivery,
    say_dispatch,
    say_doubt,
    say_gap,
    say_health,
    say_hub,
    say_index,
    say_indexed,
    say_plan,
    say_poll,
    say_prune,
    say_push,
    say_read,
    say_weights,
)
from monitor.app.sharing import DIVIDE_EVERY, SHARED, Sharing
from monitor.app.supervision import LOOK_EVERY, Supervisor
from monitor.app.ticks import Ticks
from monitor.app.wiring import Monitor
from monitor.core.health.progress import hung
from monitor.core.health.troubles import reload_refused, unplanned
from monitor.model.errors import MonitorError
from monitor.model.health import Trouble
from monitor.model.ledger import Plan
from monitor.ports import Meter

log = structlog.get_logger("monitor")

TICK = 1.0  # seconds
LOOK_AFTER = 15.0  # seconds between two looks at the monitor's own health
PAUSE = 5.0  # seconds after a stage failed: a full disk is not asked every second
CLOCK_JUMP = 30.0  # seconds the wall clock may part from the steady one before we call it set
STOP_WITHIN = timedelta(seconds=8)  # of the 10 s that SIGTERM is given
SENDERS = 4  # a mail server that hangs must not hold up the other receivers
BREATH = 0.05  # seconds between two pieces of pruning: whoever else writes comes first
GIVE_WAY = 0.2  # seconds that a piece of indexing waits at most for each stage on the way of an alert
PRUNE_WITHIN = 10.0  # seconds at the end of a pass; the next one goes on
AT_REST_WITHIN = 5.0  # seconds that a reload waits at most for a digest that is being planned, and for a claim

# Runs of a stage that fetches: of the generation in force, of those that wait for their last answers, and of one
# that was just closed and ends.
GENERATIONS = 1 + MOST_DRAINING + 1
_ON_THE_WAY = ("poll", "gaps", "pushes", "websub", "read", "group", "match", "digest", "deliver")  # of an alert
_STAGES = (*_ON_THE_WAY, "health", "prune", "index")  # by the names they have in Monitor
_AT_LEISURE = frozenset({"prune", "index", "gaps", "websub", "pushes"})
_HOLDERS = {"dispatch": "jobs"}  # where in Monitor a stage stands that does not stand there by its name
_FETCHING = frozenset({"poll", "gaps", "read"})
_Turns = tuple[Callable[[Monitor], None], int]  # a stage, and how often it may be at work at once


class Service:
    """Runs a monitor until it is told to stop.

    `on_plan` sees every plan as it is made (a dry run prints it); without `sends` nothing leaves the house,
    not even what an earlier run left waiting. `meter` and `pulse` are told what the daemon does; a pass of
    `--once` ends before anybody could ask them. Without a
    `reloader` it cannot reload. The `supervisor` is told from the main loop that all goes on.
    """

    def __init__(
        self,
        monitor: Monitor,
        *,
        on_plan: Callable[[Plan], None] = lambda plan: None,
        sends: bool = True,
        meter: Meter | None = None,
        pulse: Pulse | None = None,
        reloader: Reloader | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        self.reloader = reloader
        self._at_work = AtWork()
        self.generations = Generations(monitor, self._at_work)
        self._on_plan = on_plan
        self._sends = sends
        self._meter = meter or metering.NoMeter()
        self._pulse = pulse or Pulse()
        self._stopping = threading.Event()
        # The main thread waits here, not on the event: a signal handler that sets an event while the same thread
        # waits on it may wait for itself for ever. This queue is made for handlers.
        self._nudges: queue.SimpleQueue[None] = queue.SimpleQueue()
        if reloader is not None:
            reloader.nudge = lambda: self._nudges.put(None)
        self._ticks: Ticks | None = None
        self._woken: set[str] = set()  # stages that have not begun since they were woken
        # A plan that rests on names of before and after a rename tells again: one of both goes on at a time.
        self._planning = threading.Lock()
        self._started = monitor.clock.now()
        self.progress = Progress()
        self.unplanned = Unplanned()
        self.heartbeat = Heartbeat(self.progress, self.unplanned)
        self._matching = Matching(self._meter, self.progress, self._pass_on, self._ended)
        self._sharing = Sharing()
        self._supervisor = supervisor or Supervisor()
        self._supervisor.watch(self.progress, self._pulse, reloader)
        self._noted: LastReload | None = None  # the last reload that stands in the store

    @property
    def _monitor(self) -> Monitor:
        """The generation in force: a stage asks once, as it begins."""
        return self.generations.current

    def stop(self) -> None:
        """Asks every stage to end after what it is doing; returns at once, may be called by a signal handler."""
        self._pulse.stop()
        self._stopping.set()
        self._nudges.put(None)

    def reload(self) -> None:
        """Asks for config and rules to be read again; returns at once, may be called by a signal handler."""
        if self.reloader is not None:
            self.reloader.ask()

    def read_pushes(self) -> None:
        """Has what a hub sent read now; returns at once, may be called by any thread."""
        self._pass_on("pushes")

    def hangs(self, *stages: str) -> str | None:
        """Which stage hangs, or which of these, and for how long."""
        signs = {name: sign for name, sign in self.progress.signs().items() if not stages or name in stages}
        held = hung(signs, self._monitor.poll.settings.host_delay)
        return held.detail if held else None

    def close(self) -> None:
        """Closes the store and all else; for when `run_forever` left no stage behind."""
        self.generations.close()

    def run_forever(self) -> bool:
        """Ticks until `stop`; True when every stage came to its end, False when one had to be left behind.

        A stage left behind loses nothing: what it did not commit is taken up at the next start.
        """
        stages = self._stages_of_role()
        # No alert waits for what prune and index do; an older page may wait for its host behind many polls, a hub
        # may take its time, and a night without pushes is no standstill.
        self.progress.begin([name for name in stages if name not in _AT_LEISURE and name != "health"])
        ticks = self._ticks = self._ticks_of(stages)
        warn_of_orphans(self._monitor)
        with contextlib.suppress(MonitorError):  # a store in trouble is named by the stages
            self._monitor.store.incidents.note_start(self._started)
        ticks.begin()
        self._monitor.store.signals.begin(lambda stage: self._wake(stage) if stage in stages else None)
        if self._monitor.jobs is not None and self._monitor.role.works:
            self._monitor.jobs.begin(self._wake)
        if self.reloader is not None:
            self.reloader.begin_watching(self.reload)
        self._tell_supervisor()
        self._watch_the_clock(ticks)
        self._supervisor.stopping()
        self._monitor.store.signals.close()
        if self.reloader is not None:
            self.reloader.end_watching()
        ticks.stop()
        until = time.monotonic() + STOP_WITHIN.total_seconds()
        left = self._monitor.jobs is None or self._monitor.jobs.leave(STOP_WITHIN.total_seconds() / 2)
        self.generations.close_fetchers()  # what is in flight is asked again at the next start
        finished = self._at_work.wait_until_idle(max(0.0, until - time.monotonic()))
        ticks.end()
        return finished and left

    def _ticks_of(self, stages: Mapping[str, _Turns]) -> Ticks:
        monitor = self._monitor
        threads = sum(at_once for _, at_once in stages.values()) + 3  # and for what is no stage
        ticks = Ticks(threads, monitor.clock.now, lambda: self._pulse.beat(monitor.clock.now()))
        for name, (stage, at_once) in stages.items():
            seconds = LOOK_AFTER if name == "health" else TICK
            ticks.every(name, self._guarded(name, stage), seconds, at_once=at_once)
        ours = [name for name in stages if monitor.jobs is None or name != "match"]  # that comes by jobs
        self._sharing.begin(monitor.store.shares, ours, monitor.clock, queue=monitor.jobs is not None)
        # No stages: a stop does not wait for them.
        if monitor.store.shares.divided:
            ticks.every("shares", self._share, DIVIDE_EVERY, from_now=False)
        if self._supervisor.wanted:
            ticks.every("status", self._look, LOOK_EVERY)
        if self._sends and monitor.role.works:
            every = monitor.health.settings.heartbeat_every.total_seconds()
            ticks.every("heartbeat", self._beat_heart, every)
        return ticks

    def _stages_of_role(self) -> Mapping[str, _Turns]:
        """The stages of this process by name, and how often each may be at work at once."""
        monitor, stages = self._monitor, dict[str, _Turns]()
        if monitor.jobs is not None and monitor.role.dispatches:
            stages["dispatch"] = (self._dispatch, 1)
        if not monitor.role.works:
            return stages
        stages |= {
            "poll": (self._poll, GENERATIONS),
            "gaps": (self._gaps, GENERATIONS),
            "read": (self._read, GENERATIONS),
            "match": (self._matching.both, 1),
            "digest": (self._digest, 1),
            "prune": (self._prune, 1),
            "index": (self._index, 1),
        }
        if monitor.jobs is not None:
            # Many match what one groups.
            stages |= {"group": (self._matching.group, 1), "match": (self._matching.match, 1)}
        if self._sends:
            stages["deliver"] = (self._deliver, SENDERS)
            monitor.websub.begin()
        if monitor.websub.public_url:
            # A dry run asks no hub, and reads what hubs send: what is left to them is not polled meanwhile.
            stages["pushes"] = (self._pushes, 1)
            if self._sends:
                stages["websub"] = (self._websub, 1)
        if self._sends:  # a dry run tells nobody anything
            stages["health"] = (self._health, 1)
        return stages

    def run_once(self, say: Callable[[str], None] = lambda line: None) -> Pass:
        """One pass: every feed is due, every digest with matches is closed and sent; `say` hears each step."""
        done = run_pass(self._monitor, self._stopping.is_set, on_plan=self._on_plan, sends=self._sends, say=say)
        self._prune_for_a_while()
        return done

    def _poll(self, monitor: Monitor) -> None:
        for report in monitor.poll.run(self._ended("poll", monitor)):
            say_poll(log, report)
            metering.count_poll(self._meter, report)
            self.progress.did("poll")
            if report.waiting:
                self._pass_on("read")
            if report.may_have_lost:
                self._pass_on("gaps")
            trust = monitor.websub.polled(report.feed, report.decision.outcome, report.arrived)
            if trust is not None:
                say_doubt(log, report.feed, trust)

    def _dispatch(self, monitor: Monitor) -> None:
        assert monitor.jobs is not None, "else there is no such stage"
        for report in monitor.jobs.dispatch.run(self._ended("jobs", monitor, duty="dispatch")):
            say_dispatch(log, report)
            self.progress.did("dispatch")

    def _gaps(self, monitor: Monitor) -> None:
        for report in monitor.gaps.run(self._ended("gaps", monitor)):
            say_gap(log, report)
            metering.count_gap(self._meter, report)
            if report.waiting:
                self._pass_on("read")

    def _pushes(self, monitor: Monitor) -> None:
        for report in monitor.pushes.run(self._ended("pushes", monitor)):
            say_push(log, report)
            metering.count_push(self._meter, report)
            if report.waiting:
                self._pass_on("read")

    def _websub(self, monitor: Monitor) -> None:
        for report in monitor.websub.run(self._ended("websub", monitor)):
            say_hub(log, report)

    def _read(self, monitor: Monitor) -> None:
        for report in monitor.read.run(self._ended("read", monitor)):
            say_read(log, report)
            metering.count_read(self._meter, report)
            self.progress.did("read")
            self._pass_on("match" if monitor.jobs is None else "group")

    def _digest(self, monitor: Monitor) -> None:
        ended = self._ended("digest", monitor)
        with self._planning:
            failed = {} if ended() else self._planned(monitor, ended)
        if not ended():
            self.unplanned.turn(failed, monitor.clock.now())
        if failed:
            self._stopping.wait(PAUSE)

    def _planned(self, monitor: Monitor, ended: Callable[[], bool]) -> dict[str, str]:
        """Plans what is due; why not, for each digest that could not be planned."""
        failed: dict[str, str] = {}
        for plan in monitor.digest.run(caught_up=self._caught_up, stopping=ended):
            say_plan(log, plan)
            metering.count_plan(self._meter, plan)
            if isinstance(plan, Plan):
                self.progress.did("digest")
                self._on_plan(plan)
                if plan.deliveries and self._sends:
                    self._pass_on("deliver")
            else:
                failed[plan.digest] = plan.why
        return failed

    def _deliver(self, monitor: Monitor) -> None:
        for report in monitor.deliver.run(self._ended("deliver", monitor)):
            say_delivery(log, report)
            first_seen = monitor.store.facts.first_seen_in
            metering.count_delivery(self._meter, report, monitor.clock.now(), first_seen)
            self.progress.did("deliver")
            if report.decision is not None and report.decision.retry_at is None:
                self._pass_on("health")  # given up: told at once

    def _health(self, monitor: Monitor) -> None:
        last = self.reloader.last if self.reloader is not None else None
        if last is not None and last is not self._noted:
            monitor.store.incidents.note_reload(last.at, last.problem)
            self._noted = last
        for report in monitor.health.run(self._own_troubles(last), self._caught_up):
            say_health(log, report)
            self._pass_on("deliver")

    def _own_troubles(self, last: LastReload | None) -> list[Trouble]:
        """Those that only the daemon knows."""
        refused = last.problem if last is not None else None
        if refused is None and self.reloader is not None and self.reloader.ready.rules_of is not None:
            refused = "the rule files do not hold; the last good rules are in force"
        now = self._monitor.clock.now()
        return [
            *reload_refused(refused),
            *unplanned(self.unplanned.failing, now),
            *self._sharing.troubles(now),
        ]

    def _beat_heart(self) -> None:
        monitor = self._monitor
        if not self._stopping.is_set():
            self.heartbeat.beat(monitor.health.settings, monitor.store.facts, monitor.clock.now())

    def _tell_supervisor(self) -> None:
        if self._supervisor.wanted:
            self._supervisor.turn(self._monitor.poll.settings.host_delay)

    def _share(self) -> None:
        monitor = self._monitor
        workers = monitor.jobs.queue.workers if monitor.jobs is not None else frozenset()
        self._sharing.turn(monitor.store.shares, monitor.clock, self.hangs(), workers)
        if monitor.jobs is not None and monitor.role.works:
            takes_part = monitor.store.shares.takes_part
            monitor.jobs.rest(resting(takes_part=takes_part, polls_hang=bool(self.hangs("poll"))))

    def _look(self) -> None:
        self._supervisor.look(self._monitor.store, self._monitor.clock.now())

    def _ended(self, name: str, monitor: Monitor, *, duty: str | None = None) -> Callable[[], bool]:
        """Whether a run of this stage has to end: at a stop, when a newer generation has another stage, and when
        another daemon does it now, maybe with newer rules."""
        stage = getattr(monitor, name)
        return lambda: (
            self._stopping.is_set()
            or getattr(self._monitor, name) is not stage
            or not _does(monitor, duty or name)
        )

    def _prune(self, monitor: Monitor) -> None:
        gone: Counter[str] = Counter()
        for report in monitor.prune.run(self._ended("prune", monitor)):
            gone[report.step.value] += report.rows
            self._stopping.wait(BREATH)
        say_prune(log, gone)
        say_weights(log, monitor.weigh.run(self._ended("prune", monitor)))

    def _index(self, monitor: Monitor) -> None:
        begun, done, left = time.monotonic(), 0, None
        for report in monitor.index.run(self._ended("index", monitor)):
            if left is None:
                say_index(log, waiting=report.left)
            done, left = done + report.articles, report.left
            if not self._stopping.wait(BREATH):
                for stage in (monitor.read, monitor.match, monitor.digest):  # an alert under way comes first
                    self._at_work.wait_for_end(stage, GIVE_WAY)
        if left is not None:
            say_indexed(log, articles=done, seconds=time.monotonic() - begun, left=left)

    def _prune_for_a_while(self) -> None:
        until = time.monotonic() + PRUNE_WITHIN
        gone: Counter[str] = Counter()
        for report in self._monitor.prune.run_all(lambda: self._stopping.is_set() or time.monotonic() > until):
            gone[report.step.value] += report.rows
        say_prune(log, gone)
        say_weights(log, self._monitor.weigh.run(self._stopping.is_set))

    def _watch_the_clock(self, ticks: Ticks) -> None:
        """Waits for `stop`, reloads when asked, tells the supervisor. A wall clock that is set must not stop the
        ticks, which stand by it, nor the store."""
        clock = self._monitor.clock
        wall, steady = clock.now(), time.monotonic()
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Empty):
                self._nudges.get(timeout=TICK)
            if self.reloader is not None and not self._stopping.is_set():
                self._turn_to_reload(self.reloader)
            self._tell_supervisor()
            before, passed = wall, time.monotonic() - steady
            wall, steady = clock.now(), time.monotonic()
            jump = (wall - before).total_seconds() - passed
            if abs(jump) < CLOCK_JUMP:
                continue
            log.warning("the clock was set", seconds=round(jump))
            self._started = wall  # a machine that slept has to catch up, too
            with contextlib.suppress(MonitorError):  # a store in trouble is named by the stages
                self._monitor.store.set_right(wall)
            ticks.wake_all()

    def _turn_to_reload(self, reloader: Reloader) -> None:
        with contextlib.ExitStack() as held:
            # Nothing is planned meanwhile, nor taken by who knows the old names: that would wait for an hour.
            for lock in (self._planning, self._monitor.deliver.busy.lock) if reloader.has_read else ():
                if lock.acquire(timeout=AT_REST_WITHIN):
                    held.callback(lock.release)
            swapped = self._swap(reloader)
            self.generations.tend()
        if swapped:
            with contextlib.suppress(MonitorError):  # a store in trouble is named by the stages
                warn_of_orphans(self._monitor)
            settle_again()

    def _swap(self, reloader: Reloader) -> bool:
        """Whether a new generation is in force."""
        before = self._monitor
        if (after := reloader.turn(before, self.generations.number, lambda: self._nudges.put(None))) is None:
            return False
        self.generations.swap(after)
        for stage in _STAGES:
            self._wake(stage)
        # The last article of the old rules may match under an old name, or go to a digest that is no more.
        self._at_work.wait_for_end(before.match, TICK)
        return True

    def _caught_up(self) -> bool:
        return caught_up(self._monitor, self._started)

    def _wake(self, stage: str) -> None:
        """Lets the next stage begin now rather than at its next tick, and tick from now on; one that is at work
        may have passed what it is woken for, and goes round again."""
        self._woken.add(stage)
        if self._ticks is not None:
            self._ticks.wake(stage)

    def _pass_on(self, stage: str) -> None:
        """The same, and at the other processes on the store: it may be theirs."""
        self._wake(stage)
        self._monitor.store.signals.tell(stage)

    def _guarded(self, name: str, stage: Callable[[Monitor], None]) -> Callable[[], None]:
        """A stage that never ends the daemon: what it raises is logged, and the next tick tries again."""

        def turn() -> bool:
            """Whether it ran, and was woken meanwhile."""
            monitor = self._monitor
            # What fetches may have an older generation beside it, and itself only once; the scheduler sees to the
            # others, of which no two generations may be at work at once.
            with self._at_work.run(getattr(monitor, _HOLDERS.get(name, name)), alone=name in _FETCHING) as may_run:
                try:
                    if may_run:
                        self._woken.discard(name)
                        if _does(monitor, name):
                            stage(monitor)
                        self.progress.turned(name)
                except MonitorError as error:
                    log.error("stage failed", stage=name, why=str(error))
                    self._failed(name)
                except Exception:
                    log.exception("stage broke", stage=name)
                    self._failed(name)
            return may_run and name in self._woken

        def run() -> None:
            while not self._stopping.is_set() and turn():
                pass

        return run

    def _failed(self, name: str) -> None:
        metering.count_failure(self._meter, name)
        self.progress.failed(name)
        self._stopping.wait(PAUSE)


def _does(monitor: Monitor, name: str) -> bool:
    """Whether this daemon does it, or a part of it; else another one does."""
    if name == "match" and monitor.jobs is not None:
        return monitor.store.shares.takes_part
    return name in SHARED or monitor.store.shares.has(name)
