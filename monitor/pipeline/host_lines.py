"""Requests that wait in line for their host, so that a host with very many takes no place of any other's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from monitor.core.text.urls import full_host
from monitor.model.fetch import FetchRequest

MOST_OF_A_HOST = 8  # with the fetcher at once, where one of them is asked: it always has the next one


class HostLines:
    """Lets so many requests of each host go at once, the others in their order. For one thread.

    `most` of a host are gone at once: twice `per_host`, so that the next one is there when one is answered, and
    no fewer than `least`.
    """

    def __init__(self, per_host: int, least: int = MOST_OF_A_HOST) -> None:
        self.most = max(least, 2 * per_host)
        self._ready: deque[FetchRequest] = deque()
        self._waiting: dict[str, deque[FetchRequest]] = {}
        # The hosts of those that are ready or with the fetcher, by key. One that was put off for no time may be
        # there again before its first answer is told.
        self._gone: dict[int, list[str]] = {}
        self._of_host: dict[str, int] = {}  # how many of them

    def __len__(self) -> int:
        """How many may not go yet."""
        return sum(map(len, self._waiting.values()))

    def join(self, request: FetchRequest) -> None:
        """The last one of its host's line."""
        host = full_host(request.url)
        if self._of_host.get(host, 0) < self.most:
            self._let_go(request, host)
        else:
            self._waiting.setdefault(host, deque()).append(request)

    def ready(self) -> Iterator[FetchRequest]:
        """Those that may go now; they are gone then."""
        while self._ready:
            yield self._ready.popleft()

    def answered(self, key: int) -> None:
        """One of them is done: the next one of its host may go."""
        host = self._forget(key)
        self._of_host[host] -= 1
        if not self._of_host[host]:
            del self._of_host[host]
        if line := self._waiting.get(host):
            self._let_go(line.popleft(), host)
            if not line:
                del self._waiting[host]

    def leave(self) -> list[int]:
        """The keys of all that have not gone, which wait no longer."""
        left = [one.key for line in (self._ready, *self._waiting.values()) for one in line]
        for request in self._ready:
            self._forget(request.key)
        self._ready.clear()
        self._waiting.clear()
        return left

    def _let_go(self, request: FetchRequest, host: str) -> None:
        self._gone.setdefault(request.key, []).append(host)
        self._of_host[host] = self._of_host.get(host, 0) + 1
        self._ready.append(request)

    def _forget(self, key: int) -> str:
        hosts = self._gone[key]
        host = hosts.pop(0)
        if not hosts:
            del self._gone[key]
        return host
