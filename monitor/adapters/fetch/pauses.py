"""Hosts that said when to come back: what is drawn for them already is not sent either."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.core.feeds.politeness import LONGEST_PAUSE
from monitor.core.feeds.server_wishes import retry_after
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchResponse


class HostPauses:
    """Until when each host is left alone; `monotonic` in seconds. For one event loop, not thread-safe.

    Requests of many feeds may wait for their turn on a host when it answers the first of them with 429 and
    Retry-After. `paused` are hosts that asked an earlier process, with the seconds that are left.
    """

    def __init__(self, monotonic: Callable[[], float], paused: Mapping[str, float] | None = None) -> None:
        self._monotonic = monotonic
        self._until = {host: monotonic() + seconds for host, seconds in (paused or {}).items()}

    def note(self, host: str, response: FetchResponse) -> None:
        """Pauses the host of this answer, where it asks for that."""
        asked = retry_after(response, None) if response.outcome is PollOutcome.RATE_LIMITED else None
        now = self._monotonic()
        if asked is not None:
            self._until = {one: until for one, until in self._until.items() if until > now}
            self._until[host] = now + min(asked, LONGEST_PAUSE).total_seconds()

    def left(self, host: str) -> float:
        """Seconds for which the host is still to be left alone."""
        return max(0.0, self._until.get(host, 0.0) - self._monotonic()) if host in self._until else 0.0
