"""Length-prefixed pickles over a stream socket, with one deadline for a whole frame.

multiprocessing's own Connection cannot do this: its send blocks without limit when the other side stops reading.
"""

from __future__ import annotations

import socket
import struct
import time

_HEAD = struct.Struct("!Q")
MAX_FRAME = 256 * 1024 * 1024  # bytes; a feed's body is 10 MB, its entries hardly more


class FrameBroken(Exception):
    """The other side closed the stream or sent nonsense."""


class FrameLate(Exception):
    """The deadline passed in the middle of a frame."""


def send_frame(stream: socket.socket, payload: bytes, deadline: float | None = None) -> None:
    """Sends one frame whole. `deadline` is a time.monotonic() value. Raises FrameBroken, FrameLate."""
    for part in (_HEAD.pack(len(payload)), payload):  # not joined: the payload may be large
        view = memoryview(part)
        while view:
            _arm(stream, deadline)
            try:
                view = view[stream.send(view) :]
            except TimeoutError:
                raise FrameLate from None
            except OSError as error:
                raise FrameBroken(str(error)) from None


def receive_frame(stream: socket.socket, deadline: float | None = None) -> bytes:
    """Receives one frame whole. Raises FrameBroken (also at the end of the stream), FrameLate."""
    (size,) = _HEAD.unpack(_receive_exactly(stream, _HEAD.size, deadline))
    if size > MAX_FRAME:
        raise FrameBroken(f"a frame of {size} bytes is over the limit")
    return _receive_exactly(stream, size, deadline)


def _receive_exactly(stream: socket.socket, size: int, deadline: float | None) -> bytes:
    # Grown as it arrives: a header alone must not make us reserve 256 MB.
    buffer = bytearray()
    while len(buffer) < size:
        _arm(stream, deadline)
        try:
            piece = stream.recv(min(size - len(buffer), 1 << 20))
        except TimeoutError:
            raise FrameLate from None
        except OSError as error:
            raise FrameBroken(str(error)) from None
        if not piece:
            raise FrameBroken("closed")
        buffer += piece
    return bytes(buffer)


def _arm(stream: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        stream.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise FrameLate
    stream.settimeout(left)
