"""At SIGHUP, and when the files are others: read config and rules again, and make the next generation of them, or
keep everything as it is."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

import structlog

from monitor.app.changes import changes, needs_restart
from monitor.app.check import CheckReport, Ready, check, ready_of
from monitor.app.files import read_text
from monitor.app.rule_memory import RuleMemory
from monitor.app.watch import Watch
from monitor.app.wiring import Monitor, rebuild
from monitor.core.rules import Memory
from monitor.core.text.toml_lines import forget, line_of
from monitor.model.errors import ConfigInvalid, MonitorError, StoreError
from monitor.model.measure import ReloadOutcome
from monitor.model.problem import Gravity, Problem
from monitor.pipeline.isolation import named

log = structlog.get_logger("monitor")

_TRIES = 3  # of files that change while they are checked
TRY_AGAIN = 60.0  # seconds after a store that could not take a reload


@dataclass(frozen=True, slots=True)
class LastReload:
    """What the last reload came to: `problem` is the first one, None when it succeeded; `generation` is in force
    since then, or still."""

    at: datetime
    generation: int
    problem: str | None = None


class Reloader:
    """Reads in a thread of its own (100,000 new rules take a while, and SIGTERM must not wait for them), applies
    in the thread that calls `turn`. Asked twice while it reads, it reads once more.

    Secrets written `file:` and `credential:` are read again; the environment is that of the start. `watch` was
    made before `ready` was read, so that no change falls between.
    """

    def __init__(
        self,
        config: Path,
        environment: Mapping[str, str],
        ready: Ready,
        *,
        version: str,
        stdout: TextIO,
        watch: Watch | None = None,
    ) -> None:
        self.ready = ready  # of the generation in force
        self.last: LastReload | None = None
        self.outcomes: Counter[ReloadOutcome] = Counter()
        self._config = config
        self._environment = environment
        self._version = version
        self._stdout = stdout
        self._watch = watch
        self._asked = False
        self._applying = False
        self._again_at: float | None = None  # steady, in seconds: what the store could not take
        self.reading_since: int | None = None  # steady, in microseconds, while files are read and not yet taken up
        self._read: queue.SimpleQueue[CheckReport | Exception] = queue.SimpleQueue()
        self.nudge: Callable[[], None] = lambda: None  # has whoever calls `turn` do so now

    def ask(self) -> None:
        """Has the next `turn` begin; returns at once, may be called by a signal handler, and by any thread."""
        self._asked = True
        self.nudge()

    def would_find(self, drafts: Mapping[str, str]) -> CheckReport:
        """What a reload would find if rule files had these texts, by their names. It changes nothing."""
        return check(
            self._config, environment=self._environment, before=self.ready.memory, keep=False, drafts=drafts
        )

    @property
    def is_asked(self) -> bool:
        """Whether a reload goes on, or is still to come, also by itself after a store that could not take one."""
        reads = self._asked or self.reading_since is not None
        return reads or self._applying or self._again_at is not None

    @property
    def watches(self) -> bool:
        """Whether changed files are taken up without SIGHUP."""
        return self._watch is not None and self.ready.settings.watch_rules

    @property
    def has_read(self) -> bool:
        """Whether the next `turn` applies something."""
        return self.reading_since is not None and not self._read.empty()

    def begin_watching(self, changed: Callable[[], None]) -> None:
        """Has `changed` called, in another thread, whenever the files were changed."""
        if self._watch is not None:
            self._watch.start(changed, lambda: self.watches)

    def end_watching(self) -> None:
        """Calls nobody any more."""
        if self._watch is not None:
            self._watch.stop()

    def turn(self, monitor: Monitor, generation: int, wake: Callable[[], None]) -> Monitor | None:
        """Begins to read when asked, or applies what was read: the next generation, whose number is one higher, or
        None. `wake` is called when there is something to apply. Never raises."""
        self._applying = self.has_read
        after = self._applied(monitor, generation) if self._applying else None
        self._applying = False
        if self._again_at is not None and time.monotonic() >= self._again_at:
            self._asked = True
        if self._asked and self.reading_since is None:
            # In this order: what asks from here on is asked for again.
            self.reading_since = time.monotonic_ns() // 1000
            self._asked, self._again_at = False, None
            log.info("reading config and rules again", config=str(self._config))
            try:
                threading.Thread(target=self._check, args=(wake,), name="reload", daemon=True).start()
            except RuntimeError as error:  # no thread to be had
                self._read.put(error)
        return after

    def _check(self, wake: Callable[[], None]) -> None:
        try:
            report = self._settled()
        except Exception as error:
            self._read.put(error)
            wake()
            return
        known = self.ready.memory or Memory()
        self._read.put(report)
        wake()
        # Beside the applying: nobody waits for it.
        RuleMemory(self._environment, self._config).keep(report.memory, known)

    def _settled(self) -> CheckReport:
        """A check of files that nobody wrote to meanwhile: half a config may hold, without half of the feeds."""
        for _ in range(_TRIES):
            if self._watch is not None:
                self._watch.take()
            report = check(self._config, environment=self._environment, before=self.ready.memory, keep=False)
            if all(read_text(Path(name)) == text for name, text in report.texts.items()):
                break
        return report

    def _applied(self, monitor: Monitor, generation: int) -> Monitor | None:
        report = self._read.get()
        self.reading_since = None
        now = monitor.clock.now()
        try:
            if isinstance(report, Exception):
                raise report
            ready = self._checked(report)
            after = rebuild(monitor, self.ready, ready, version=self._version, stdout=self._stdout)
        except Exception as error:
            then = f"monitor check -c {self._config}" + ("" if self.watches else ", and SIGHUP again")
            if isinstance(error, StoreError):
                # By itself: history may have gone to new names already, which the old config does not know.
                self._again_at, then = time.monotonic() + TRY_AGAIN, "it is tried again in a minute"
            self.last = LastReload(now, generation, _say_refused(error, then, generation))
            self.outcomes[ReloadOutcome.REFUSED] += 1
            return None
        _say_reloaded(self.ready, ready, generation + 1)
        self.ready = ready
        self.last = LastReload(now, generation + 1)
        self.outcomes[ReloadOutcome.APPLIED] += 1
        return after

    def _checked(self, report: CheckReport) -> Ready:
        """Raises ConfigInvalid, also for what only a restart takes up."""
        ready = ready_of(report)
        now, then, name = self.ready.settings, ready.settings, str(self._config)
        problems = [_fixed_problem(path, report.texts[name], name) for path in needs_restart(now, then)]
        forget()
        if (now.feeds or now.digests) and not (then.feeds or then.digests):
            # What an interrupted save leaves is a file that holds: an empty one.
            problems.append(Problem(name, 0, "no feeds and no digests are left in it; if that is meant, restart"))
        if problems:
            raise ConfigInvalid(tuple(problems))
        return ready


def _fixed_problem(path: tuple[str, ...], text: str, name: str) -> Problem:
    key = ".".join(path)
    return Problem(name, line_of(text, path), f"{key}: changes at a restart only; restart, or set it back")


def _on_one_line(problem: Problem) -> str:
    """Without the query and its caret: a log line is one line, and `monitor check` shows them."""
    return str(replace(problem, context=()))


def _say_refused(error: Exception, then: str, generation: int) -> str:
    """Logs every problem and that all stays as it is; returns the first problem."""
    if isinstance(error, ConfigInvalid):
        problems = [problem for problem in error.problems if problem.gravity is Gravity.ERROR]
        said = [_on_one_line(problem) for problem in problems]
    elif isinstance(error, MonitorError):
        said = [str(error)]
    else:
        log.error("reload broke", exc_info=error)  # a fault of ours: the next to read this needs all of it
        said = [named(error)]
    for one in said:
        log.error("not reloaded", problem=one)
    log.error("the old config and rules stay in force", problems=len(said), generation=generation, then=then)
    return said[0]


def _say_reloaded(before: Ready, after: Ready, generation: int) -> None:
    for problem in after.warnings:
        log.warning("config", problem=_on_one_line(problem))
    said = changes((before.settings, before.ruleset), (after.settings, after.ruleset)).words()
    if before.rules_of is not None:
        said["rule_files"] = "hold again"
    log.info("reloaded" if said else "reloaded: nothing changed", generation=generation, **said)
