"""Turns per host: at most so many at a time, so far apart."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Host:
    running: int = 0
    next_start: float = 0.0  # loop time
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    alarm: asyncio.TimerHandle | None = None


class HostTurns:
    """Gives every request its turn on its host; for one event loop, not thread-safe.

    At most `per_host` turns of a host run at once and their starts lie `delay` seconds apart ("per host: 1 at
    a time, at least 1 s apart by default"). Waiting takes neither a connection nor the fetch's time. A host
    that nobody asks for is forgotten after its delay, so the table is as small as the traffic.
    """

    def __init__(self, per_host: int, delay: float) -> None:
        self._per_host = per_host
        self._delay = delay
        self._hosts: dict[str, _Host] = {}

    def __len__(self) -> int:
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, host: str, *, ahead: bool = False) -> AsyncIterator[None]:
        """Waits for a turn and holds it; `ahead` is for the later requests of a fetch that has begun."""
        await self._take(host, ahead)
        try:
            yield
        finally:
            self._give_back(host)

    async def _take(self, host: str, ahead: bool) -> None:
        state = self._hosts.setdefault(host, _Host())
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (state.waiting.appendleft if ahead else state.waiting.append)(ticket)
        self._admit(host, state)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():  # admitted in the moment of being cancelled
                self._give_back(host)
            raise

    def _admit(self, host: str, state: _Host) -> None:
        loop = asyncio.get_running_loop()
        while state.waiting and state.running < self._per_host:
            if state.waiting[0].done():  # cancelled while waiting
                state.waiting.popleft()
                continue
            now = loop.time()
            if now < state.next_start:
                if state.alarm is None:
                    state.alarm = loop.call_at(state.next_start, self._wake, host, state)
                return
            state.running += 1
            state.next_start = now + self._delay
            state.waiting.popleft().set_result(None)

    def _give_back(self, host: str) -> None:
        state = self._hosts[host]
        state.running -= 1
        self._admit(host, state)
        if state.alarm is None and not state.running:
            loop = asyncio.get_running_loop()
            state.alarm = loop.call_at(state.next_start, self._wake, host, state)

    def _wake(self, host: str, state: _Host) -> None:
        state.alarm = None
        self._admit(host, state)
        if not state.running and not state.waiting and state.alarm is None:
            del self._hosts[host]
