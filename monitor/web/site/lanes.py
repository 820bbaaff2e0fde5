"""Which pages run at once: few, of those that read the archive one, and none that nobody waits for.

Together they are fewer than the requests that the server has at once (`door.CONNECTIONS`): whatever waits here,
/healthz, /readyz and /metrics answer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_AT_ONCE = 4  # pages: they share the processor with the daemon's work
_MOST = 10  # that run or wait
_MOST_READING = 8  # the same of those that read the archive
_MOST_OUTSIDE = 3  # the same of those that wait for other servers: each may take most of a connection's time
_LOOK_EVERY = 0.1  # seconds between two looks whether the visitor is still there


class Lanes:
    """Runs what asks the store away from the loop."""

    def __init__(self) -> None:
        self._pages = _Lane(_AT_ONCE, _MOST)
        self._archive = _Lane(1, _MOST_READING)  # reading it takes all of a processor
        self._outside = _Lane(1, _MOST_OUTSIDE)

    async def run(self, work: Callable[[], Response]) -> Response:
        """In its turn. Raises HTTPException when too many wait."""
        async with self._pages.turn():
            return await run_in_threadpool(work)

    async def run_alone(self, request: Request, work: Callable[[], Response]) -> Response:
        """After all that came before it; not at all when its visitor has gone, as each next letter typed in the
        workbench leaves a trial behind. `is_gone` tells the work of one who goes meanwhile. Raises HTTPException
        when too many wait."""
        async with self._archive.turn():
            if await request.is_disconnected():
                return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
            gone = request.state.gone = threading.Event()
            watch = asyncio.create_task(_note_end(request, gone))
            try:
                return await self.run(work)
            finally:
                watch.cancel()

    async def run_outside(self, request: Request, work: Callable[[], Response]) -> Response:
        """The same beside all pages: it mostly waits for other servers."""
        async with self._outside.turn():
            if await request.is_disconnected():
                return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
            return await run_in_threadpool(work)


def is_gone(request: Request) -> bool:
    """Whether nobody waits any more for what runs alone. To be asked by any thread."""
    return bool(request.state.gone.is_set())


async def _note_end(request: Request, gone: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(_LOOK_EVERY)
    gone.set()


class _Lane:
    def __init__(self, at_once: int, most: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._left = most

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if not self._left:
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, "Too much is asked at once: try again in a moment.")
        self._left -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._left += 1
