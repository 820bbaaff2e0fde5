"""Feeds that wait in line for their host, so that a host with very many of them takes no place of any other's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from monitor.core.text.urls import full_host
from monitor.model.feed import Feed

MOST_OF_A_HOST = 8  # with the fetcher at once, where one of them is asked: it always has the next one


class HostLines:
    """Lets so many feeds of each host go at once, the others in the order in which they came. For one thread."""

    def __init__(self, per_host: int) -> None:
        self._most = max(MOST_OF_A_HOST, 2 * per_host)
        self._ready: deque[Feed] = deque()
        self._waiting: dict[str, deque[Feed]] = {}
        self._gone: dict[int, str] = {}  # those that are ready or with the fetcher: their hosts
        self._of_host: dict[str, int] = {}  # how many of them

    def __len__(self) -> int:
        """How many may not go yet."""
        return sum(map(len, self._waiting.values()))

    def join(self, feed: Feed) -> None:
        """The last one of its host's line."""
        host = full_host(feed.url)
        if self._of_host.get(host, 0) < self._most:
            self._let_go(feed, host)
        else:
            self._waiting.setdefault(host, deque()).append(feed)

    def ready(self) -> Iterator[Feed]:
        """Those that may go now; they are gone then."""
        while self._ready:
            yield self._ready.popleft()

    def answered(self, feed_id: int) -> None:
        """One of them is done: the next one of its host may go."""
        host = self._gone.pop(feed_id)
        self._of_host[host] -= 1
        if not self._of_host[host]:
            del self._of_host[host]
        if line := self._waiting.get(host):
            self._let_go(line.popleft(), host)
            if not line:
                del self._waiting[host]

    def leave(self) -> list[Feed]:
        """All that have not gone, which wait no longer."""
        left = [*self._ready, *(feed for line in self._waiting.values() for feed in line)]
        for feed in self._ready:
            del self._gone[feed.id]
        self._ready.clear()
        self._waiting.clear()
        return left

    def _let_go(self, feed: Feed, host: str) -> None:
        self._gone[feed.id] = host
        self._of_host[host] = self._of_host.get(host, 0) + 1
        self._ready.append(feed)
