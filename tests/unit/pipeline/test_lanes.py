"""Lanes: calls side by side, those of one lane one after the other."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event, Thread

from monitor.pipeline.lanes import Lanes


def test_who_takes_the_last_outcome_finds_nothing_at_work() -> None:
    """Else the stage that took it looks for more a second later, and ends a second late."""
    seen: list[int] = []
    said = Event()

    class Interrupted(SimpleQueue[str | BaseException]):
        """Here the thread at work loses the processor: who waits for its outcome is quicker."""

        def put(self, item: str | BaseException, block: bool = True, timeout: float | None = None) -> None:
            super().put(item)
            Thread(target=take).start()
            said.wait(0.1)

    done = Interrupted()
    lanes = Lanes[str](1, "lane", done)

    def take() -> None:
        done.get()
        seen.append(len(lanes))
        said.set()

    lanes.join("a", lambda: "done")
    assert said.wait(60)
    lanes.close()
    assert seen == [0]
