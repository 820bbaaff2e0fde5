"""Something that goes on while a test looks at something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(work: Callable[[], object], pause: float) -> Iterator[None]:
    """Does it again and again in a thread, with so many seconds between, until the block ends."""
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(pause):
            work()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
