"""One HTTP server for all feeds and pages: asyncio, bodies kept ready, and a spell of illness for each feed."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from hostile_bodies import MB
from http_server import reply

from soaking.faults import Kind, Way, choose, kinds, whole
from soaking.pages import ILL, REFUSALS, html_of
from soaking.world import Entry, Feed, World

_HARD = struct.pack("ii", 1, 0)  # SO_LINGER: a close is a reset
_SLOW_PIECES = 8
_OPEN_FOR = 120.0  # seconds a connection may live: no client waits for longer
_PADDING = b"<!--" + b"x" * (12 * MB) + b"-->"


@dataclass(slots=True)
class Spell:
    """What a feed has now, and until when (the loop's time)."""

    until: float
    dice: random.Random
    kind: Kind | None = None


class Press:
    """All that the servers share: the world, the spells of its feeds, and what was answered."""

    def __init__(self, world: World, seed: int, well: float, ill: float) -> None:
        self.world = world
        self.seed = seed
        self.kinds = kinds()
        self.well, self.ill = well, ill  # seconds that spells last, in the mean
        self.begun = False  # from then on there is news
        self.over = False  # from then on all is well
        self.answered: Counter[str] = Counter()  # by the kind of fault, or "well"
        self.tried: Counter[int] = Counter()  # how often each page was asked
        self.since_over: set[int] = set()  # feeds that were read, or unchanged, from then on
        self._spells: dict[int, Spell] = {}
        self._refusals = {name: make() for name, make in REFUSALS.items()}

    def kind_of(self, feed: Feed, now: float) -> Kind | None:
        """What the feed has at this moment; None while it is well."""
        if feed.gone:
            return None
        spell = self._spells.get(feed.index)
        if spell is None:  # at the first request nobody is ill longer than others
            dice = random.Random(f"{self.seed} {feed.index}")  # its own: the others change nothing for it
            spell = Spell(self.first(now) + dice.expovariate(1 / self.well), dice)
        elif self.over:
            spell.kind = None
        while now >= spell.until:
            well = spell.kind is not None
            spell.kind = None if well else choose(spell.dice, self.kinds)
            spell.until += spell.dice.expovariate(1 / (self.well if well else self.ill))
        self._spells[feed.index] = spell
        return None if self.over else spell.kind

    def first(self, now: float) -> float:
        """When the spells begin of a feed that is asked for the first time."""
        return now

    def heal(self, feed: Feed) -> None:
        """Ends what it has."""
        self._spells[feed.index].kind = None

    def page(self, entry: Entry) -> tuple[str, bytes]:
        """How the page behaves this time, and its bytes where it is no matter of time."""
        self.tried[entry.id] += 1
        plan = entry.page
        if plan is None or self.tried[entry.id] > plan.fails or (self.over and plan.kind in ILL):
            body = html_of(entry.title, entry.text, "paper")
            return "well", reply(body, Content_Type="text/html; charset=utf-8")
        return plan.kind, self._refusals.get(plan.kind, b"")


class _Exchange(asyncio.Protocol):
    """One connection: one request, one answer. The client closes; a body counts when it did so without a reset."""

    def __init__(self, press: Press, tasks: set[asyncio.Task[None]]) -> None:
        self._press, self._tasks = press, tasks
        self._head = b""
        self._whole: Callable[[], None] | None = None  # what to note when the answer has arrived
        self._free = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._free.set()
        self._end = asyncio.get_running_loop().call_later(_OPEN_FOR, transport.abort)

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            head, _, self._head = self._head.partition(b"\r\n\r\n")
            self._arrived()
            self._answer(head.decode("latin-1"))

    def eof_received(self) -> None:
        self._arrived()

    def connection_lost(self, error: Exception | None) -> None:
        self._end.cancel()
        self._free.set()

    def pause_writing(self) -> None:
        self._free.clear()

    def resume_writing(self) -> None:
        self._free.set()

    def _arrived(self) -> None:
        if self._whole is not None and self._transport.get_write_buffer_size() == 0:
            self._whole()
        self._whole = None

    def _answer(self, head: str) -> None:
        target = head.split(" ", 2)[1]
        part, _, name = target.strip("/").partition("/")
        if part in ("feed", "moved") and name.isdigit():
            self._feed(self._press.world.feeds[int(name)], head, moved=part == "moved")
        elif part == "page" and name.isdigit() and int(name) in self._press.world.pages:
            self._page(self._press.world.pages[int(name)])
        elif target == "/robots.txt":
            self._robots(head)
        else:  # a circle
            self._transport.write(reply(b"", 302, Location=target))

    def _robots(self, head: str) -> None:
        address = self._transport.get_extra_info("sockname")[0]
        if self._press.world.closed_to_robots(address):
            self._transport.write(reply(b"User-agent: *\nDisallow: /page/\n", Content_Type="text/plain"))
        else:
            self._transport.write(reply(b"", 404))

    def _page(self, entry: Entry) -> None:
        kind, answer = self._press.page(entry)
        self._press.answered[f"page: {kind}"] += 1
        if kind == "hangs":
            self._begin(self._in_pieces([reply(b"<html>", length=9_000)]))
        elif kind == "no answer":
            self._transport.close()
        elif kind != "silent":
            self._transport.write(answer)

    def _feed(self, feed: Feed, head: str, *, moved: bool) -> None:
        press, loop = self._press, asyncio.get_running_loop()
        kind = press.kind_of(feed, loop.time())
        if moved and kind is not None and kind.way is Way.MOVED:
            kind = None
        press.answered[kind.name if kind else "well"] += 1
        if kind is None:
            self._well(feed, head, None)
        else:
            self._ill(feed, head, kind)

    def _well(self, feed: Feed, head: str, kind: Kind | None) -> None:
        if feed.gone:
            self._transport.write(reply(b"gone", 410))
            return
        lies = kind is not None and kind.way is Way.LIES
        etag = '"for ever"' if lies else f'"{feed.index}-{feed.version}"'
        if f"if-none-match: {etag}" in head.lower():
            self._transport.write(reply(b"", 304, ETag=etag))
            if not lies:
                self._press.answered["304"] += 1
                self._noted(feed)
            return
        self._transport.write(whole(kind, self._press.world.body(feed), etag))
        self._whole = self._noting(feed)

    def _noting(self, feed: Feed) -> Callable[[], None]:
        """What is listed now counts once the answer has arrived."""
        listed, version = tuple(entry for entry, _ in feed.listed), feed.version

        def arrived() -> None:
            self._press.world.handed_over(feed, listed, version)
            self._noted(feed)

        return arrived

    def _noted(self, feed: Feed) -> None:
        if self._press.over:
            self._press.since_over.add(feed.index)

    def _ill(self, feed: Feed, head: str, kind: Kind) -> None:
        body, write = self._press.world.body(feed), self._transport.write
        match kind.way:
            case Way.RAW:
                write(kind.answer)
                if not kind.answer:
                    self._transport.close()
            case Way.STATUS:
                write(kind.answer)
                self._press.heal(feed)
            case Way.GONE:
                write(kind.answer)
                feed.gone = True
            case Way.WHOLE | Way.LIES:
                self._well(feed, head, kind)
            case Way.UNCHANGED:
                write(reply(b"", 304))
            case Way.MOVED:
                write(reply(b"", int(kind.form), Location=f"/moved/{feed.index}"))
            case Way.TORN | Way.RESET:
                write(reply(body[: len(body) // 2], length=len(body)))
                if kind.way is Way.RESET:
                    raw: socket.socket = self._transport.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
                self._transport.close()
            case Way.BROKEN:
                write(reply(body[: len(body) // 2] + b"<![CDATA[ & <<>" + bytes(3)))
            case Way.HUGE:
                write(reply(b"", length=len(body) + len(_PADDING)))
                self._begin(self._in_pieces([body, _PADDING]))
            case Way.DRIP:
                write(reply(b"", length=MB))
                self._begin(self._for_ever(b"x", 0.2))
            case Way.ENDLESS:
                write(reply(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
                self._begin(self._for_ever(b"ea60\r\n" + b"x" * 60_000 + b"\r\n", 0))
            case Way.SLOW:
                answer = whole(None, body, f'"{feed.index}-{feed.version}"')
                size = len(answer) // _SLOW_PIECES + 1
                pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
                self._begin(self._in_pieces(pieces, 0.25), self._noting(feed))
            case Way.SILENT:
                pass

    def _begin(self, pieces: AsyncIterator[bytes], whole: Callable[[], None] | None = None) -> None:
        async def send() -> None:
            with suppress(OSError):
                async for piece in pieces:
                    if self._transport.is_closing():
                        return
                    self._transport.write(piece)
                    await self._free.wait()
                self._whole = whole

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_pieces(self, pieces: list[bytes], gap: float = 0.0) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
            await asyncio.sleep(gap)

    async def _for_ever(self, piece: bytes, gap: float) -> AsyncIterator[bytes]:
        while not self._transport.is_closing():
            yield piece
            await asyncio.sleep(gap)


def listeners(addresses: list[str], port: int = 0) -> tuple[int, list[socket.socket]]:
    """One listening socket an address, all on a port that was free on the first."""
    sockets = []
    for address in addresses:
        one = socket.create_server((address, port), backlog=128)
        port = one.getsockname()[1]
        sockets.append(one)
    return port, sockets


async def serve(
    press: Press, sockets: list[socket.socket], rate: Callable[[], float], stopped: asyncio.Event
) -> None:
    """Answers until `stopped`, and publishes `rate` entries a second."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()
    servers = [await loop.create_server(lambda: _Exchange(press, tasks), sock=one) for one in sockets]
    owed, last = 0.0, loop.time()
    while not stopped.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), 0.2)
        now = loop.time()
        owed, last = owed + rate() * (now - last), now
        while owed >= 1:
            press.world.publish(datetime.now(UTC))
            owed -= 1
    for one in servers:
        one.close()
    for task in tasks:
        task.cancel()


@contextmanager
def serving(
    press: Press, sockets: list[socket.socket], rate: Callable[[], float] = lambda: 0.0
) -> Iterator[asyncio.AbstractEventLoop]:
    """The servers, in a thread with this loop of its own."""
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    work = serve(press, sockets, rate, stopped)
    thread = threading.Thread(target=loop.run_until_complete, args=(work,), daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
