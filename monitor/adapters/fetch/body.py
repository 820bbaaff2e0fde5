"""Bodies, decoded in small pieces and never beyond a cap."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from enum import Enum
from typing import Literal

import httpx2

ACCEPT_ENCODING = "gzip, deflate"  # zlib decodes these piece by piece; br and zstd are not advertised

_PIECE = 65_536  # decoded bytes per step: the most that one step can add before the cap is looked at
_MAX_NESTED = 5  # decoders one after the other; as many as httpx2 allows
_MAX_MEMBERS = 1_000  # a 20-byte empty member costs as much as a real one: bounds the work per byte
_GZIP_MAGIC = b"\x1f\x8b"
# Not encodings of anything: a charset or a default, written into the wrong header by real servers.
_PLAIN = frozenset({"", "identity", "none", "utf-8", "utf8"})


class Excess(Enum):
    """What happens to a body beyond its cap."""

    REFUSE = "refuse"  # BodyTooLarge
    CUT = "cut"  # the first part is enough


class BodyTooLarge(Exception):
    """A body, or what it unpacks to on the way, is larger than its cap; the text is one line."""


class BodyBroken(Exception):
    """A body that cannot be decoded, or ends too early; the text is one line."""


LARGE = 500_000
"""Bytes from which on a body needs room: twice the mean feed."""
MOST_WAITING = 32
"""Bodies of a kind that may wait for room without a slot: of both together 32 MB, and 64 sockets."""
_LOOKS = 6  # at how a body comes, in the time that it may take
_LEAST = LARGE / 2 / _LOOKS  # bytes between two looks: see `Room.watch`


class Places(asyncio.Semaphore):
    """So many places for large bodies, shared by all fetches of one event loop. Who came first gets one first."""

    def __init__(self, places: int) -> None:
        super().__init__(places)
        self.waiting = 0
        self._made_way = 0  # who was given up for one of those that still wait

    def claim(self) -> bool:
        """Whether somebody waits for whom nobody was given up yet: whoever asks is."""
        wanted = self.waiting > self._made_way
        self._made_way += wanted
        return wanted

    async def acquire(self) -> Literal[True]:
        """Waits for a place."""
        self.waiting += 1
        try:
            return await super().acquire()
        finally:
            self.waiting -= 1
            self._made_way = max(0, self._made_way - 1)


class Room:
    """Room for one large body: taken when it proves to be one, given back when nobody holds it any more.

    Without `places`, which are shared by all bodies of a kind, as many as are fetched at once could each take all
    that the cap allows.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._look: asyncio.TimerHandle | None = None
        self.taken = False
        self.size = 0  # of the body, so far

    async def take(self, leave_slot: Callable[[], None]) -> None:
        """Waits for a place. `leave_slot` is called before, unless too many wait so already, and else after it."""
        if self._places.waiting < MOST_WAITING:
            leave_slot()
        await self._places.acquire()
        self.taken = True
        leave_slot()

    def watch(self, seconds: float, give_up: Callable[[], None]) -> None:
        """Has a body given up that comes very slowly while others wait for its place; `seconds` may one take.

        Very slowly is, over a sixth of these seconds, less than half of what a sixth of LARGE would be (42 kB in
        5 s of 30): who is always as slow as that is late before it needs room. To be called with a place.
        """
        loop = asyncio.get_running_loop()

        def look(before: int) -> None:
            if self.size - before < _LEAST and self._places.claim():
                give_up()
            else:
                look_later()

        def look_later() -> None:
            self._look = loop.call_later(seconds / _LOOKS, look, self.size)

        look_later()

    def end_watch(self) -> None:
        """The body is whole, or given up."""
        if self._look is not None:
            self._look.cancel()

    def give_back(self) -> None:
        """Safe to call without a place."""
        if self.taken:
            self.taken = False
            self._places.release()


async def read_body(
    response: httpx2.Response,
    cap: int,
    excess: Excess,
    body: bytearray | None = None,
    *,
    take_room: Callable[[int], Awaitable[None]] | None = None,
) -> bytes:
    """The decoded body, at most `cap` bytes; `body` keeps what came when the rest fails.

    `take_room` is awaited when the body proves to be large, and with each further piece: it is told the size, and
    waits for room.

    The cap holds for the bytes on the wire, for the result, and for every step of nested encodings in
    between, so that neither memory (cap + 64 kB per step) nor work can be multiplied. Raises BodyTooLarge
    with `Excess.REFUSE`, BodyBroken, and what httpx2 raises for a broken transfer.
    """
    declared = response.headers.get("content-length", "")
    if excess is Excess.REFUSE and declared.isdecimal() and int(declared[:20]) > cap:
        raise BodyTooLarge(f"announces {declared[:20]} bytes, more than {cap}")
    decoders = _decoders(response.headers.get("content-encoding", ""), cap)
    body = bytearray() if body is None else body
    wire = 0
    async for chunk in response.aiter_raw():
        wire += len(chunk)
        for piece in _decode(decoders, chunk):
            body += piece
            if len(body) > cap:
                break
            if take_room is not None and len(body) > LARGE:
                await take_room(len(body))
        if len(body) > cap or wire > cap:
            if excess is Excess.REFUSE:
                body.clear()  # now, not when the collector finds the frame that the error keeps
                raise BodyTooLarge(f"more than {cap} bytes")
            return bytes(body[:cap])
    if wire and not all(decoder.complete for decoder in decoders):
        raise BodyBroken("the compressed body ends too early")
    return bytes(body)


def _decoders(header: str, cap: int) -> list[_Inflate]:
    """The decoders in the order of decoding: the last encoding applied comes off first (RFC 9110 §8.4)."""
    names = [name for part in header.lower().split(",") if (name := part.strip()) not in _PLAIN]
    if len(names) > _MAX_NESTED:
        raise BodyTooLarge(f"packed {len(names)} times, more than {_MAX_NESTED}")
    unknown = [name for name in names if name not in ("gzip", "x-gzip", "deflate")]
    if unknown:
        raise BodyBroken(f"encoded as {unknown[0][:40]!r}, which was not asked for")
    return [_Inflate(cap, gzip=name != "deflate") for name in reversed(names)]


def _decode(decoders: list[_Inflate], chunk: bytes) -> Iterator[bytes]:
    pieces: Iterable[bytes] = (chunk,)
    for decoder in decoders:
        pieces = decoder.decode_all(pieces)
    yield from pieces


class _Inflate:
    """One gzip or deflate decoder: pieces in, pieces of at most 64 kB out, never more than the cap in all."""

    def __init__(self, cap: int, *, gzip: bool) -> None:
        self._cap = cap
        self._gzip = gzip
        self._given = 0
        self._members = 1
        self._begun = False
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16) if gzip else None

    @property
    def complete(self) -> bool:
        """Whether the data ended where its format says."""
        return not self._begun or (self._zlib is not None and self._zlib.eof)

    def decode_all(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The decoded pieces. Raises BodyTooLarge and BodyBroken."""
        for piece in pieces:
            if piece:
                yield from self._decode_piece(piece)

    def _decode_piece(self, rest: bytes) -> Iterator[bytes]:
        inflate = self._zlib = self._zlib or _deflate_for(rest)
        self._begun = True
        more = True
        while more:
            if inflate.eof:
                # Gzip members may follow each other (RFC 1952 §2.2); anything else after the end is padding.
                if not (self._gzip and rest.startswith(_GZIP_MAGIC)):
                    return
                inflate = self._next_member()
            try:
                out = inflate.decompress(rest, _PIECE)
            except zlib.error as error:
                raise BodyBroken(f"the compressed body is damaged ({error})") from error
            rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            # A full piece may leave output behind inside zlib although all input is taken.
            more = bool(rest) or len(out) == _PIECE
            self._given += len(out)
            if self._given > self._cap + _PIECE:
                raise BodyTooLarge(f"unpacks to more than {self._cap} bytes")
            if out:
                yield out

    def _next_member(self) -> zlib._Decompress:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise BodyBroken(f"more than {_MAX_MEMBERS} gzip members")
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return self._zlib


def _deflate_for(start: bytes) -> zlib._Decompress:
    """A decoder for zlib or raw deflate: servers send both under the one name (RFC 9110 §8.4.1.2 note)."""
    is_zlib = start[0] & 0x0F == 8 and start[0] >> 4 <= 7
    return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
