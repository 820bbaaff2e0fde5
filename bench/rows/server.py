"""The local server of the bench: every feed on its own 127.x.y.z, all on one port, bodies kept ready in memory.

    python -m rows.server FEEDS[+REPORTING] SIZE NOW [FOLDER]    (from bench/; ends when its standard input closes)

With a folder, which gets the certificates, it speaks TLS.

A protocol of our own on asyncio rather than http.server, whose thread for each connection would be the ceiling
of every row. `/feed.xml` answers conditional requests with 304; `/blind.xml` is the same feed from a server that
sends validators and never looks at them. Standard library only.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from datetime import datetime
from pathlib import Path

from rows.feeds import MadeFeed, make_feed
from rows.tls import contexts_of

_MAX_HEAD = 64 * 1024
_Answers = tuple[bytes, bytes, bytes]  # the ETag, the whole 200, the whole 304


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with kept-alive connections and no request bodies."""

    def __init__(self, answers: dict[str, _Answers]) -> None:
        self._all = answers
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answers = self._all[transport.get_extra_info("sockname")[0]]

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            head, _, self._head = self._head.partition(b"\r\n\r\n")
            self._answer(head)
        if len(self._head) > _MAX_HEAD:
            self._transport.abort()

    def _answer(self, head: bytes) -> None:
        first, _, fields = head.partition(b"\r\n")
        etag, whole, unchanged = self._answers
        path = first.split(b" ")[1] if first.count(b" ") == 2 else b""
        if path not in (b"/feed.xml", b"/blind.xml"):
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        asked = [line.partition(b":") for line in fields.split(b"\r\n")]
        known = any(name.lower() == b"if-none-match" and value.strip() == etag for name, _, value in asked)
        self._transport.write(unchanged if known and path == b"/feed.xml" else whole)
        if any(name.lower() == b"connection" and value.strip().lower() == b"close" for name, _, value in asked):
            self._transport.close()


def answers_of(feed: MadeFeed) -> _Answers:
    """Both answers of a feed, ready to be written."""
    validators = f"ETag: {feed.etag}\r\nLast-Modified: {feed.last_modified}\r\n"
    whole = (
        f"HTTP/1.1 200 OK\r\nServer: bench\r\n{validators}"
        f"Content-Type: {feed.content_type}\r\nContent-Length: {len(feed.body)}\r\n\r\n"
    )
    unchanged = f"HTTP/1.1 304 Not Modified\r\nServer: bench\r\n{validators}\r\n"
    return feed.etag.encode(), whole.encode("latin-1") + feed.body, unchanged.encode("latin-1")


def _listeners(addresses: list[str]) -> list[socket.socket]:
    """One listening socket an address, all on a port that was free on the first."""
    port, sockets = 0, []
    for address in addresses:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(64)
        port = listener.getsockname()[1]
        sockets.append(listener)
    return sockets


async def _serve(feeds: list[MadeFeed], folder: Path | None) -> None:
    loop = asyncio.get_running_loop()
    answers = {feed.address: answers_of(feed) for feed in feeds}
    contexts = contexts_of(list(answers), folder) if folder else dict[str, ssl.SSLContext]()
    listeners = _listeners(list(answers))
    for address, listener in zip(answers, listeners, strict=True):
        await loop.create_server(lambda: _Connection(answers), sock=listener, ssl=contexts.get(address))
    print(listeners[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Prints the port when it is ready."""
    feeds, size, now, *folder = sys.argv[1:]
    plain, _, more = feeds.partition("+")
    made = [
        make_feed(number, int(size), datetime.fromisoformat(now), reports=number >= int(plain))
        for number in range(int(plain) + int(more or 0))
    ]
    asyncio.run(_serve(made, Path(folder[0]) if folder else None))


if __name__ == "__main__":
    main()
