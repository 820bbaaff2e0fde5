"""However a body is packed and cut into pieces, it comes out whole, or is refused at the cap."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.adapters.fetch.body import BodyBroken, BodyTooLarge, Excess, read_body

PACKERS = {
    "gzip": lambda body: gzip.compress(body, 1),
    "deflate": lambda body: zlib.compress(body, 1),
}
BODIES = st.one_of(
    st.binary(max_size=3_000),
    st.builds(lambda piece, times: piece * times, st.binary(min_size=1, max_size=4), st.integers(0, 80_000)),
)


class Pieces(httpx2.AsyncByteStream):
    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self.data, self.sizes = data, sizes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = self.data
        for size in self.sizes:
            yield rest[:size]
            rest = rest[size:]
        yield rest


def unpack(packed: bytes, encodings: Sequence[str], sizes: Sequence[int], cap: int, excess: Excess) -> bytes:
    response = httpx2.Response(
        200, headers={"Content-Encoding": ", ".join(encodings)}, stream=Pieces(packed, sizes)
    )
    return asyncio.run(read_body(response, cap, excess))


def pack(body: bytes, encodings: Sequence[str]) -> bytes:
    for name in encodings:
        body = PACKERS[name](body)
    return body


encodings = st.lists(st.sampled_from(sorted(PACKERS)), max_size=3)
sizes = st.lists(st.integers(0, 2_000), max_size=8)


@settings(deadline=None)
@given(BODIES, encodings, sizes)
def test_what_was_packed_comes_out(body: bytes, encodings: list[str], sizes: list[int]) -> None:
    assert unpack(pack(body, encodings), encodings, sizes, 400_000, Excess.REFUSE) == body


@settings(deadline=None)
@given(BODIES, st.sampled_from(sorted(PACKERS)), sizes, st.integers(0, 50_000))
def test_a_cap_refuses_or_cuts_and_never_gives_more(body: bytes, name: str, sizes: list[int], cap: int) -> None:
    packed = pack(body, [name])
    assert unpack(packed, [name], sizes, cap, Excess.CUT) == body[:cap] or len(packed) > cap
    if len(body) > cap:
        with pytest.raises(BodyTooLarge):
            unpack(packed, [name], sizes, cap, Excess.REFUSE)


@settings(deadline=None)
@given(st.binary(max_size=2_000), encodings.filter(bool), sizes)
def test_any_bytes_at_all_are_read_or_refused(data: bytes, encodings: list[str], sizes: list[int]) -> None:
    with suppress(BodyBroken, BodyTooLarge):
        assert len(unpack(data, encodings, sizes, 10_000, Excess.REFUSE)) <= 10_000


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_541, 131_073])
def test_output_that_waits_inside_the_decoder_at_the_end_is_not_lost(size: int) -> None:
    """Raw deflate has no trailer: all input may be taken while zlib still holds a few bytes of output."""
    packed = zlib.compress(bytes(size), 9, wbits=-15)
    assert unpack(packed, ["deflate"], [], 400_000, Excess.REFUSE) == bytes(size)
