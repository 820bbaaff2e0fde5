"""Parts of a stage that jobs name, one after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator

from monitor.model.jobs import Job
from monitor.ports.jobs import Done


class JobParts:
    """The parts that this process has taken. `turns` is for the stage, the rest may be called by any thread."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self.wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Job, Done]] = deque()
        self._at_work: Done | None = None
        self._closed = False

    def give(self, job: Job, done: Done) -> None:
        """Has what waits in a part done; `done` is called after its turn."""
        with self._lock:
            if not (closed := self._closed):
                self._waiting.append((job, done))
        if closed:
            done()
        else:
            self.wake()

    def turns(self) -> Generator[int]:
        """The parts that were given, each once; a turn is over when the next begins, or the iterator is closed."""
        while (one := self._next()) is not None:
            job, self._at_work = one
            try:
                yield from job.ids
            finally:
                one[1]()
                self._at_work = None

    def leave(self) -> None:
        """Gives up what waits, and what is at work and may never end: who looks for it next finds it."""
        if (done := self._at_work) is not None:
            done()
        while (one := self._next()) is not None:
            one[1]()

    def close(self) -> None:
        """The same, and takes nothing more."""
        with self._lock:
            self._closed = True
        self.leave()

    def _next(self) -> tuple[Job, Done] | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None
