"""Calls side by side in threads; those of one lane one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Runs so many calls at once, of each lane one at a time and in the order in which they joined it.

    A lane takes its turn anew for each call, so that a long one holds up no other. What a call came to, or raised,
    is put into `done`, which others may share.
    """

    def __init__(self, threads: int, name: str, done: SimpleQueue[T | BaseException]) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._done = done
        self._lock = Lock()
        # The first one of each is at work, or about to be.
        self._lanes: dict[Hashable, deque[Callable[[], T]]] = {}
        self._calls = 0
        self._closed = False

    def __len__(self) -> int:
        """How many are not done. What the others came to is in `done`; who has taken it finds them counted off."""
        with self._lock:
            return self._calls

    def join(self, lane: Hashable, call: Callable[[], T]) -> None:
        """The last one of its lane."""
        with self._lock:
            self._calls += 1
            line = self._lanes.setdefault(lane, deque())
            line.append(call)
            if len(line) == 1:
                self._threads.submit(self._turn, lane)

    def close(self) -> None:
        """Waits for the calls at work and forgets the others; safe to call twice."""
        with self._lock:
            self._closed = True
        self._threads.shutdown(cancel_futures=True)

    def _turn(self, lane: Hashable) -> None:
        try:
            outcome: T | BaseException = self._lanes[lane][0]()
        except BaseException as error:
            outcome = error
        with self._lock:
            self._done.put(outcome)
            self._calls -= 1
            line = self._lanes[lane]
            line.popleft()
            if not line:
                del self._lanes[lane]
            elif not self._closed:
                self._threads.submit(self._turn, lane)
