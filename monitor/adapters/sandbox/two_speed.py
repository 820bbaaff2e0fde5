"""Two sandboxes as one: what takes long goes on in children of its own, and holds up nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from monitor.model.errors import SandboxFailed, SandboxReason
from monitor.ports import Sandbox

P = ParamSpec("P")
T = TypeVar("T")


class TwoSpeedSandbox:
    """Keeps the Sandbox port.

    A task runs in `fast` first. If that ends it for its CPU time, it begins anew in `slow`, which gives it more;
    `most` tasks at once are there or wait for it, and one more fails with the reason BUSY.
    """

    def __init__(self, fast: Sandbox, slow: Sandbox, most: int) -> None:
        self._fast = fast
        self._slow = slow
        self._most = most
        self._places = threading.Semaphore(most)

    def with_own_places(self) -> TwoSpeedSandbox:
        """One over the same children whose tasks take no places of this one's; closing either closes both."""
        return TwoSpeedSandbox(self._fast, self._slow, self._most)

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's value, computed in a child; see `ports.Sandbox`."""
        try:
            return self._fast.run(function, *args, **kwargs)
        except SandboxFailed as error:
            if error.reason is not SandboxReason.CPU:
                raise
            if not self._places.acquire(blocking=False):
                detail = f"{error.detail}, and as many as may take longer do"
                raise SandboxFailed(error.task, SandboxReason.BUSY, detail) from error
        try:
            return self._slow.run(function, *args, **kwargs)
        finally:
            self._places.release()

    def close(self) -> None:
        """Ends all children; safe to call twice."""
        self._fast.close()
        self._slow.close()
