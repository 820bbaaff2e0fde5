"""Ticks: stages have turns of their own, in threads of their own; how is APScheduler's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_SUBMITTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler


class Ticks:
    """Lets what was named run again and again. `beat` hears of each that was let run, or found at work.

    `threads` is how many may run at once.
    """

    def __init__(self, threads: int, now: Callable[[], datetime], beat: Callable[[], None]) -> None:
        self._scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(threads)}, timezone="UTC")
        self._now = now
        self._scheduler.add_listener(lambda _: beat(), EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES)

    @property
    def names(self) -> list[str]:
        """Of all that runs."""
        return [job.id for job in self._scheduler.get_jobs()]

    def every(
        self, name: str, act: Callable[[], None], seconds: float, *, at_once: int = 1, from_now: bool = True
    ) -> None:
        """Runs it every so many seconds, at most `at_once` times beside itself; a turn that was missed is made up
        for once. `from_now` begins at once, and not after the first interval."""
        first = {"next_run_time": self._now()} if from_now else {}
        self._scheduler.add_job(
            act,
            "interval",
            seconds=seconds,
            id=name,
            max_instances=at_once,
            coalesce=True,
            misfire_grace_time=None,
            **first,
        )

    def begin(self) -> None:
        """From now on."""
        self._scheduler.start()

    def wake(self, name: str) -> None:
        """Its next turn begins now, and the others follow from now; what does not run stays as it is."""
        with contextlib.suppress(JobLookupError):
            self._scheduler.modify_job(name, next_run_time=self._now())

    def wake_all(self) -> None:
        """The same for all."""
        for name in self.names:
            self.wake(name)

    def stop(self) -> None:
        """Lets nothing begin any more; what is at work goes on."""
        self._scheduler.pause()
        self._scheduler.remove_all_jobs()

    def end(self) -> None:
        """Leaves what is still at work."""
        self._scheduler.shutdown(wait=False)
