"""A real HTTP server on loopback whose answers are raw bytes: it can misbehave in every way a server can."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True)
class Asked:
    """One request as it arrived: `at` and the server's `done` times are `time.monotonic()`."""

    target: str
    headers: dict[str, str]
    at: float


Answer = Callable[[Asked], bytes | Iterable[bytes]]


def reply(body: bytes = b"", status: int = 200, *, length: int | None = None, **headers: str) -> bytes:
    """A whole answer; header names are given with underscores."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class LoopbackServer:
    """Serves `answer` on an address of 127.0.0.0/8; one thread per connection, one request per connection."""

    def __init__(
        self, answer: Answer | bytes, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self._answer = answer
        self._tls = tls
        self._socket = socket.create_server((address, 0), backlog=128)
        self.address = address
        self.port = self._socket.getsockname()[1]
        self.asked: list[Asked] = []
        self.running = 0
        self.most_running = 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/", host: str | None = None) -> str:
        """The URL of a path, by address or by another name for this server."""
        return f"{'https' if self._tls else 'http'}://{host or self.address}:{self.port}{path}"

    def drip(self, piece: bytes, every: float = 0.05) -> Iterator[bytes]:
        """The same piece again and again, slowly, until the server stops."""
        while not self.stopped.wait(every):
            yield piece

    def __enter__(self) -> LoopbackServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the accept() that close() would leave waiting
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65_536)
                    if not piece:
                        return
                    head += piece
                self._reply(connection, head)

    def _reply(self, connection: socket.socket, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        asked = Asked(first.split(" ")[1], headers, time.monotonic())
        with self._lock:
            self.asked.append(asked)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            answer = self._answer if isinstance(self._answer, bytes) else self._answer(asked)
        finally:
            with self._lock:
                self.running -= 1
        for piece in [answer] if isinstance(answer, bytes) else answer:
            connection.sendall(piece)
