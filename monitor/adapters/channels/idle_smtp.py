"""Connections to a mail server that wait a few seconds for the next message."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from monitor.adapters.channels.timed_smtp import TimedSmtp

_GOODBYE = 2.0  # seconds: after the answer to DATA all is decided, a failing goodbye changes nothing


class IdleConnections:
    """At most `most` open connections, logged in and between two messages, each kept `keep` seconds.

    May be used by several threads. A thread of its own ends what nobody took, and lives only while there is some.
    """

    def __init__(self, keep: float, most: int) -> None:
        self._keep = keep
        self._most = most
        self._idle: list[tuple[float, TimedSmtp]] = []  # (when it ends, connection), the oldest first
        self._changed = threading.Condition()
        self._ending: threading.Thread | None = None

    def take(self) -> TimedSmtp | None:
        """The connection used last, which is the taker's from now on; None when none waits."""
        with self._changed:
            return self._idle.pop()[1] if self._idle else None

    def put(self, connection: TimedSmtp) -> None:
        """Takes over a connection; says goodbye at once where there is no room."""
        with self._changed:
            kept = self._keep > 0 and len(self._idle) < self._most
            if kept:
                self._idle.append((time.monotonic() + self._keep, connection))
                if self._ending is None:
                    # A daemon thread: it must not keep a process alive that has nothing else to do.
                    self._ending = threading.Thread(target=self._end_in_time, name="idle smtp", daemon=True)
                    self._ending.start()
        if not kept:
            _say_goodbye(connection)

    def close(self) -> None:
        """Ends all that wait."""
        with self._changed:
            waiting, self._idle = [connection for _, connection in self._idle], []
            self._changed.notify_all()
        for connection in waiting:
            _say_goodbye(connection)

    def _end_in_time(self) -> None:
        while True:
            with self._changed:
                if not self._idle:
                    self._ending = None
                    return
                left = self._idle[0][0] - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                _, connection = self._idle.pop(0)
            _say_goodbye(connection)


def _say_goodbye(connection: TimedSmtp) -> None:
    with suppress(Exception):
        connection.restart(_GOODBYE)
        connection.quit()
    with suppress(Exception):
        connection.close()
