"""Pauses that hosts ask for in answers to pages: kept like those that polls hear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.feeds.politeness import host_pause
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.ports import Clock, FeedStore, Fetcher


@dataclass(frozen=True, slots=True)
class PauseKeeper:
    """The fetcher, for stages that fetch pages: what a host asks for there holds for its feeds, over restarts too.

    A poll needs none: it writes down what it heard in its own transaction.
    """

    fetcher: Fetcher
    feeds: FeedStore
    clock: Clock

    def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        """As the fetcher does. Raises StoreError."""
        for response in self.fetcher.fetch_many(requests):
            now = self.clock.now()
            pause = host_pause(response, now)
            if pause is not None:
                self.feeds.pause_host(pause, now)
            yield response

    def close(self) -> None:
        """As the fetcher does."""
        self.fetcher.close()
