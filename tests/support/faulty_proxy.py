"""A TCP proxy on loopback that breaks connections as it is told, between the monitor and a real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_PIECE = 65_536


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one connection; bytes count from its beginning, in each direction by itself.

    `cut_up` and `cut_down` close it once so many bytes went to the server, or came from it. `stall` keeps it open
    and says nothing more after so many bytes from the server. `drip` gives the server's bytes one by one, so many
    seconds apart. `lose_answer_to` lets these bytes and all before them through to the server, which acts on them,
    and closes before anything comes back; `lose_answers_after` does so from that many bytes to the server on, for
    bytes that are encrypted.
    """

    name: str
    refuse: bool = False
    cut_up: int | None = None
    cut_down: int | None = None
    stall: int | None = None
    drip: float = 0.0
    lose_answer_to: bytes | None = None
    lose_answers_after: int | None = None


NONE = Fault("none")


class FaultyProxy:
    """Each connection takes the next of `faults`; when they are used up all is well. `seen` are all."""

    def __init__(self, host: str, port: int) -> None:
        self.faults: list[Fault] = []
        self.seen: list[Fault] = []
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Ends all connections and waits for their threads."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            _end(one)
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            fault = self.faults.pop(0) if self.faults else NONE
            self.seen.append(fault)
            if fault.refuse:
                _end(client, hard=True)
                continue
            server = socket.create_connection(self._target, timeout=10)
            self._open += [client, server]
            _Connection(client, server, fault, self._over).begin(self._threads)


class _Connection:
    def __init__(self, client: socket.socket, server: socket.socket, fault: Fault, over: threading.Event) -> None:
        self._client, self._server, self._fault, self._over = client, server, fault, over
        self._asked = b""
        self._mute = False

    def begin(self, threads: list[threading.Thread]) -> None:
        """Carries both ways, each in a thread."""
        for work in (self._up, self._down):
            threads.append(threading.Thread(target=work))
            threads[-1].start()

    def _up(self) -> None:
        self._carry(self._client, self._server, self._fault.cut_up, self._listen)

    def _listen(self, piece: bytes) -> bytes:
        self._asked += piece
        wanted, most = self._fault.lose_answer_to, self._fault.lose_answers_after
        # From the moment the server has it, nothing of what it says comes back.
        self._mute = (
            self._mute
            or (wanted is not None and wanted in self._asked)
            or (most is not None and len(self._asked) >= most)
        )
        return piece

    def _down(self) -> None:
        self._carry(self._server, self._client, self._fault.cut_down, self._say)

    def _say(self, piece: bytes) -> bytes | None:
        if self._mute:
            return None
        if self._fault.stall is not None:
            kept, self._mute = piece[: self._fault.stall], len(piece) >= self._fault.stall
            self._client.sendall(kept)
            self._over.wait()
            return None
        if self._fault.drip:
            for byte in piece:
                self._client.sendall(bytes([byte]))
                if self._over.wait(self._fault.drip):
                    return None
            return b""
        return piece

    def _carry(
        self,
        source: socket.socket,
        sink: socket.socket,
        most: int | None,
        passing: Callable[[bytes], bytes | None],
    ) -> None:
        carried = 0
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                if most is not None and carried + len(piece) >= most:
                    sink.sendall(piece[: most - carried])
                    break
                carried += len(piece)
                through = passing(piece)
                if through is None:
                    break
                sink.sendall(through)
            else:
                if source is self._client:  # the other way may still have something to say
                    sink.shutdown(socket.SHUT_WR)
                    return
        _end(self._client)
        _end(self._server)


def _end(connection: socket.socket, hard: bool = False) -> None:
    with suppress(OSError):
        if hard:  # a reset, as from a port where nobody listens
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def faulty_proxy(port: int, host: str = "127.0.0.1") -> Iterator[FaultyProxy]:
    """A proxy before the server at that port; closed at the end."""
    proxy = FaultyProxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
