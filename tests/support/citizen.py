"""The poll stage over simulated days, with the real fetcher and a real server that plays the publisher's side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from http_server import Asked, LoopbackServer, reply
from made import NOON, feed_settings
from newsroom import fresh_store

from monitor.adapters.fetch import HttpFetcher
from monitor.adapters.store import tables
from monitor.adapters.store.sql import SqlStore
from monitor.model.feed import Feed, FeedStatus, PollSettings
from monitor.pipeline.answers import PollReport
from monitor.pipeline.poll import PollStage
from monitor.testing import FakeClock, InlineSandbox

SETTINGS = PollSettings(allow_private_addresses=True, host_delay=timedelta(0))


@dataclass(frozen=True)
class Request:
    """What the publisher saw: when, in the time of the simulation."""

    at: datetime
    path: str
    headers: dict[str, str]


@dataclass
class Citizen:
    """A daemon that polls, and what a publisher may think of it. `chance` is the seed of its dice."""

    settings: PollSettings = SETTINGS
    chance: int = 7
    store: SqlStore = field(default_factory=fresh_store)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: dict[str, Callable[[Request], bytes] | bytes] = {}
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._dice = Random(self.chance)
        self._servers: dict[str, LoopbackServer] = {}
        self._start()

    def __enter__(self) -> Citizen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fetcher.close()
        self._stack.close()

    # ---- the publisher

    def serve(self, path: str, *answers: Callable[[Request], bytes] | bytes, host: str = "127.0.0.1") -> str:
        """The address of a path that answers so; of several answers each is given once, the last one for good."""
        left = list(answers)

        def in_turn(request: Request) -> bytes:
            one = left.pop(0) if len(left) > 1 else left[0]
            return one if isinstance(one, bytes) else one(request)

        self.answers[path] = in_turn
        return self._server(host).url(path)

    def asked(self, path: str | None = None) -> list[Request]:
        """The requests so far, of one path or all."""
        return [one for one in self.requests if path in (None, one.path)]

    def pauses(self, path: str) -> list[timedelta]:
        """The times between the requests of a path."""
        times = [one.at for one in self.asked(path)]
        return [later - earlier for earlier, later in pairwise(times)]

    # ---- the daemon

    def subscribe(self, *urls: str, **settings: Any) -> None:
        """Declares these feeds, and no others."""
        self.store.feeds.sync([feed_settings(url, name=url, **settings) for url in urls], self.clock.now())

    def feeds(self) -> Sequence[Feed]:
        """All feeds as they stand."""
        return self.store.feeds.all()

    def poll(self) -> list[PollReport]:
        """All that is due now."""
        stage = PollStage(
            self.store.feeds, self._fetcher, InlineSandbox(), self.clock, self._dice.random, self.settings
        )
        return list(stage.run(lambda: False))

    def live(self, span: timedelta) -> None:
        """Polls what comes due within that time, each when it does."""
        end = self.clock.now() + span
        while (due := self._next()) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            self.poll()
        self.clock.set(end)

    def restart(self, after: timedelta = timedelta(0)) -> None:
        """A new process on the same store, so long after the old one ended."""
        self._fetcher.close()
        self.clock.advance(after)
        self.store.feeds.release_leases()
        self._start()

    def _next(self) -> datetime | None:
        f = tables.feeds.c
        earliest = sa.select(sa.func.min(f.next_poll_at)).where(f.status == FeedStatus.ACTIVE.value)
        with self.store._db.read() as connection:  # asked before each poll: all feeds took longer than the poll
            found: datetime | None = connection.execute(earliest).scalar()
        return found

    def _start(self) -> None:
        self._fetcher = HttpFetcher(
            self.settings, "1.0", monotonic=lambda: (self.clock.now() - NOON).total_seconds()
        )

    def _server(self, host: str) -> LoopbackServer:
        if host not in self._servers:
            self._servers[host] = self._stack.enter_context(LoopbackServer(self._answer, host))
        return self._servers[host]

    def _answer(self, asked: Asked) -> bytes:
        request = Request(self.clock.now(), asked.target, asked.headers)
        with self._lock:
            self.requests.append(request)
            answer = self.answers.get(asked.target, reply(status=404))
            return answer if isinstance(answer, bytes) else answer(request)
