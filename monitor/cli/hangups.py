"""SIGHUP, from the first moment of `monitor run` on."""

from __future__ import annotations

import signal
from collections.abc import Callable


class Hangups:
    """Catches SIGHUP, which would else end the process, and remembers one that comes before anybody listens."""

    def __init__(self) -> None:
        self._listener: Callable[[], None] | None = None
        self._missed = False
        signal.signal(signal.SIGHUP, self._on_signal)

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls `listener` at each one from now on, inside the signal handler; at once if one was missed."""
        self._listener = listener
        if self._missed:
            listener()

    def _on_signal(self, *_: object) -> None:
        if self._listener is not None:
            self._listener()
        else:
            self._missed = True
