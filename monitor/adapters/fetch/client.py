"""The fetcher: one event loop in one thread, behind a synchronous door."""

from __future__ import annotations

import asyncio
import queue
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

import httpx2

from monitor.adapters.fetch.body import Places, Room
from monitor.adapters.fetch.exchange import Exchange, Seat
from monitor.adapters.fetch.faults import fault_of
from monitor.adapters.fetch.pauses import HostPauses
from monitor.adapters.fetch.politeness import HostTurns
from monitor.adapters.fetch.resolver import Resolver, ThreadResolver
from monitor.adapters.fetch.routes import Routes
from monitor.model.feed import PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

_ASK_AGAIN = 1.0  # seconds after which an iterator that said None is asked again (the port's promise)
_WAITING = 8  # times `concurrency`: the most requests drawn that only wait for their host's turn
_MOST_LARGE = 4  # large feeds, and as many large pages, that are read or wait to be drawn at once
_CLOSE_SECONDS = 5.0


class HttpFetcher:
    """Keeps `monitor.ports.Fetcher` over HTTP/1.1.

    The loop's thread starts with the first request and ends with `close()`, after which every call ends
    without further answers. `resolve` maps a host name to addresses (the machine's resolver by default),
    `ssl_context` is shared by all connections (building one costs 58 ms), `monotonic` ages the robots.txt
    cache, in seconds; `paused` are hosts to be left alone for so many seconds from now on.
    """

    def __init__(
        self,
        settings: PollSettings,
        version: str,
        *,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        paused: Mapping[str, float] | None = None,
    ) -> None:
        self._settings = settings
        self._version = version
        self._resolver = resolver
        self._ssl_context = ssl_context
        self._monotonic = monotonic
        self._pauses = HostPauses(monotonic, paused)
        # Re-entrant: the collector may close an abandoned generator, which takes the lock, while we hold it.
        self._lock = threading.RLock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._exchange: Exchange | None = None
        self._calls: set[_Call] = set()
        # Apart: a feed's pages may be on a thousand hosts of somebody's choice, and feeds must not wait for them.
        self._large = {purpose: Places(_MOST_LARGE) for purpose in Purpose}

    def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        """Answers in completion order; `requests` is read in the calling thread, when a slot is free.

        `concurrency` requests run at once in one call (two calls may thus run twice as many), over which the
        per-host limits hold. Requests that only wait for their host, also for one they were redirected to, take
        no slot: up to 8 × `concurrency` of them are drawn beside the running ones, so that a host with fewer
        feeds than that holds up no other, however slow it is. At most 9 × `concurrency` are thus drawn and
        unanswered. How long the last of a host waits is not bounded by `timeout`: with n drawn before it, up to
        n / `per_host` × max(`timeout`, `host_delay`). Of bodies over 500 kB, four feeds and four pages are read
        or wait to be drawn at once, over all calls; the others wait for that, outside of their deadline. Neither
        those nor up to 32 feeds and 32 pages that wait take a slot. One that is read and hardly comes while others
        wait is given up, as late. Closing the generator cancels what this call has in flight.
        """
        call = _Call(self._settings)
        with self._lock:
            if self._closed:
                return
            self._calls.add(call)
        try:
            yield from self._answers(call, requests)
        finally:
            with self._lock:
                self._calls.discard(call)
            call.cancel()

    def close(self) -> None:
        """Gives up what is in flight, ends the thread; safe to call twice, and from any thread."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = None
            for call in list(self._calls):
                call.news.put(None)
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        if thread is not None:
            thread.join(_CLOSE_SECONDS)

    def _answers(self, call: _Call, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        exhausted = False
        ask_at = 0.0  # time.monotonic(): an iterator that said None is left alone until then, or an answer
        while True:
            while not exhausted and call.has_room() and time.monotonic() >= ask_at:
                try:
                    request = next(requests)
                except StopIteration:
                    exhausted = True
                    break
                if request is None:
                    ask_at = time.monotonic() + _ASK_AGAIN
                elif not self._submit(call, request):
                    return
            if not call.in_flight:
                return
            pause = ask_at - time.monotonic()
            try:
                news = call.news.get(timeout=pause if pause > 0 else _ASK_AGAIN)
            except queue.Empty:
                continue
            if news is None:  # closed
                return
            ticket, what = news
            if what is None:
                call.set_aside(ticket)
                continue
            if isinstance(what, str):
                call.move(ticket, what)
                continue
            call.settle(ticket)
            ask_at = 0.0
            yield what

    def _submit(self, call: _Call, request: FetchRequest) -> bool:
        """Starts a request; False after `close()`."""
        with self._lock:
            if self._closed:
                return False
            loop = self._loop or self._start()
            ticket = next(call.tickets)
            answer = self._answer(call, ticket, request)
            call.start(ticket, request, asyncio.run_coroutine_threadsafe(answer, loop))
            return True

    async def _answer(self, call: _Call, ticket: int, request: FetchRequest) -> None:
        assert self._exchange is not None
        room = Room(self._large[request.purpose])
        try:
            try:
                seat = Seat(
                    call.slots,
                    moved=lambda host: call.news.put((ticket, host)),
                    room=room,
                    left=lambda: call.news.put((ticket, None)),
                )
                response = await self._exchange.fetch(request, seat)
            except Exception as error:  # the last net: a fault of ours must not lose the request
                outcome, why = fault_of(error)
                response = FetchResponse(request, outcome, url=request.url, error=why)
            drawn = call.hold(ticket) if room.taken and response.body else None
            call.news.put((ticket, response))
            if drawn is not None:
                await drawn.wait()
        finally:
            room.give_back()

    def _start(self) -> asyncio.AbstractEventLoop:
        """Makes loop, exchange and thread; under the lock."""
        settings = self._settings
        context = self._ssl_context or httpx2.create_ssl_context(trust_env=False)
        routes = Routes(
            self._resolver or ThreadResolver(), context, allow_private=settings.allow_private_addresses
        )
        turns = HostTurns(settings.per_host, settings.host_delay.total_seconds())
        self._exchange = Exchange(routes, turns, settings, self._version, self._monotonic, self._pauses)
        loop = _new_loop()
        self._thread = threading.Thread(target=_run, args=(loop,), name="fetch", daemon=True)
        self._thread.start()
        self._loop = loop
        return loop


class _Call:
    """The requests of one `fetch_many`, seen from the calling thread.

    `news` comes from the loop's thread: the answer to a ticket, or the host its fetch was redirected to, or None
    when it left its slot; None alone says that the fetcher was closed.
    """

    def __init__(self, settings: PollSettings) -> None:
        self.news: queue.SimpleQueue[tuple[int, FetchResponse | str | None] | None] = queue.SimpleQueue()
        self.tickets = count()  # an equal request may be drawn twice: neither it nor its key tells the two apart
        self.slots = asyncio.Semaphore(settings.concurrency)
        self._concurrency = settings.concurrency
        self._per_host = settings.per_host
        self._hosts: Counter[str] = Counter()
        self._host_of: dict[int, str] = {}
        self._futures: dict[int, Future[None]] = {}
        self._held: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}
        self._running = 0
        self._aside: set[int] = set()  # those of them that have no slot

    @property
    def in_flight(self) -> int:
        """Requests drawn and not answered."""
        return len(self._futures)

    def has_room(self) -> bool:
        """Whether a request may be drawn: of one host, no more than `per_host` can run, the others wait."""
        waiting = self.in_flight - self._running
        in_slots = self._running - len(self._aside)
        return in_slots < self._concurrency and waiting < _WAITING * self._concurrency

    def start(self, ticket: int, request: FetchRequest, future: Future[None]) -> None:
        self._futures[ticket] = future
        self._enter(ticket, _rough_host(request.url))

    def move(self, ticket: int, host: str) -> None:
        self._leave(ticket)
        self._enter(ticket, host)

    def set_aside(self, ticket: int) -> None:
        """Its body is large: it runs, and takes no slot."""
        self._aside.add(ticket)

    def hold(self, ticket: int) -> asyncio.Event:
        """Set when the answer is drawn; for the loop's thread, before it is news."""
        drawn = asyncio.Event()
        self._held[ticket] = (asyncio.get_running_loop(), drawn)
        return drawn

    def settle(self, ticket: int) -> None:
        self._leave(ticket)
        self._aside.discard(ticket)
        del self._futures[ticket]
        if ticket in self._held:
            loop, drawn = self._held.pop(ticket)
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(drawn.set)

    def cancel(self) -> None:
        for future in self._futures.values():
            future.cancel()

    def _enter(self, ticket: int, host: str) -> None:
        self._host_of[ticket] = host
        self._running += self._hosts[host] < self._per_host
        self._hosts[host] += 1

    def _leave(self, ticket: int) -> None:
        host = self._host_of.pop(ticket)
        self._hosts[host] -= 1
        self._running -= self._hosts[host] < self._per_host
        if not self._hosts[host]:
            del self._hosts[host]


def _rough_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed; it is not for Windows. No other part of the program runs on it."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """The thread: runs the loop until it is stopped, then cancels and closes everything."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        with suppress(Exception):
            loop.close()
