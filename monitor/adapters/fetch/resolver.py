"""Names to addresses, in threads that can be left behind."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""A host name to its addresses in text form, best first; raises OSError when there are none."""


class ThreadResolver:
    """Asks the machine's resolver (`getaddrinfo`), one daemon thread per question.

    Not the loop's own executor: it has `cores + 4` threads, so six dead name servers would stop every fetch,
    and its threads are waited for at exit. `getaddrinfo` cannot be cancelled; a thread that nobody waits for
    any more ends when the system gives up (10 s by resolv.conf's defaults). At most `limit` questions are
    asked at once.
    """

    def __init__(self, limit: int = 64) -> None:
        self._free = asyncio.Semaphore(limit)

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses of `host`; raises OSError (or UnicodeError for an impossible name)."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()

        def hand_over(found: Sequence[str] | Exception) -> None:
            self._free.release()
            if answer.done():
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def ask() -> None:
            try:
                found: Sequence[str] | Exception = _look_up(host)
            except Exception as error:
                found = error
            with suppress(RuntimeError):  # the loop has closed meanwhile: nobody is waiting
                loop.call_soon_threadsafe(hand_over, found)

        try:
            threading.Thread(target=ask, name="fetch-dns", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise OSError(f"no thread to resolve names in: {error}") from error
        return await answer


def _look_up(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
