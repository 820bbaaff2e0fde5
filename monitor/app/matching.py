"""The daemon's turns of grouping and matching: one after the other, or apart where a queue gives work out."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from monitor.app import metering
from monitor.app.heartbeat import Progress
from monitor.app.reports import say_group, say_match
from monitor.app.wiring import Monitor
from monitor.ports import Meter

log = structlog.get_logger("monitor")

GROUP_WITHIN = 10.0  # seconds until what is grouped is matched: some thousands of articles
_Ended = Callable[[], bool]


class Matching:
    """What is read is grouped, and then matched.

    `wake` lets a stage begin now; `ended` says whether a run of a stage has to end; `steady` tells seconds.
    """

    def __init__(
        self,
        meter: Meter,
        progress: Progress,
        wake: Callable[[str], None],
        ended: Callable[[str, Monitor], _Ended],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter = meter
        self._progress = progress
        self._wake = wake
        self._ended = ended
        self._steady = steady

    def both(self, monitor: Monitor) -> None:
        """Of a backlog by turns: an alert does not wait until all of it is grouped."""
        ended = self._ended("match", monitor)
        until = self._steady() + GROUP_WITHIN
        if self._group(monitor, "match", lambda: ended() or self._steady() > until):
            self._wake("match")
        self._match(monitor, ended)

    def group(self, monitor: Monitor) -> None:
        """For many to match, this process among them."""
        assert monitor.jobs is not None, "else grouping and matching are one stage"
        self._group(monitor, "group", self._ended("group", monitor))
        monitor.jobs.dispatch.matching.run()  # the dispatcher looks once a second

    def match(self, monitor: Monitor) -> None:
        """What was grouped, here or elsewhere."""
        self._match(monitor, self._ended("match", monitor))

    def _group(self, monitor: Monitor, stage: str, ended: _Ended) -> bool:
        """Whether something may be left. What is done is progress of this stage: one that hangs must be seen."""
        for report in monitor.group.run(ended):
            say_group(log, report)
            metering.count_group(self._meter, report)
            self._progress.did(stage)
        return ended()

    def _match(self, monitor: Monitor, ended: _Ended) -> None:
        matched = False
        for report in monitor.match.run(ended):
            say_match(log, report)
            metering.count_match(self._meter, report, monitor.clock.now())
            self._progress.did("match")
            matched = matched or bool(report.matches)
        if matched:
            # Now, and a whole number of seconds from now: a `group_wait` ends at a tick.
            self._wake("digest")
