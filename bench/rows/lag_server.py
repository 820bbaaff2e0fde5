"""What the daemon of the row `lag` talks to: feeds that get new entries, their pages, and a mail server.

    python -m rows.lag_server FEEDS SLOWNESS     (from bench/; ends when its standard input closes)

Each feed has its own 127.x.y.z. A line `TOKEN FEED` on standard input adds an entry of that name to a feed; on
standard output stand the ports, and then, with the time of each: `fed TOKEN` when an answer carries the entry for
the first time, `paged TOKEN` when its page was answered (SLOWNESS seconds after it was asked for), `taken TOKEN`
when the mail server accepted its message.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import time
from email.utils import formatdate
from random import Random
from typing import Any

from aiosmtpd.smtp import SMTP

from rows.feeds import address_of

_TOKEN = re.compile(rb"tok[0-9]+end")


def say(what: str, token: str) -> None:
    """One line with the time."""
    print(what, token, repr(time.time()), flush=True)


def text_of(token: str) -> str:
    """Invented words of its own, so that no two entries are one story, and the words of the rule."""
    dice = Random(token)
    words = ("".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(3)) for _ in range(120))
    return f"Torkham was closed, {token} said. " + " ".join(words)


class Feeds:
    """All feeds, by address; each has one old entry."""

    def __init__(self, count: int) -> None:
        self.items: dict[str, list[str]] = {address_of(number): [] for number in range(count)}
        self.fresh: dict[str, list[str]] = {}
        self.port = 0

    def add(self, token: str, number: int) -> None:
        """A new entry, on top."""
        address, text = address_of(number), text_of(token)
        title = " ".join(text.split()[5:11])
        self.items[address].insert(
            0,
            f"<item><title>Torkham closed: {title}</title><link>http://{address}:{self.port}/{token}</link>"
            f"<pubDate>{formatdate(usegmt=True)}</pubDate><description>{text}</description></item>",
        )
        self.fresh.setdefault(address, []).append(token)

    def body(self, address: str) -> bytes:
        """The feed as it is now."""
        old = "<item><title>Nothing new</title><guid>old</guid></item>"
        items = "".join(self.items[address]) + old
        return f'<rss version="2.0"><channel><title>{address}</title>{items}</channel></rss>'.encode()


class _Connection(asyncio.Protocol):
    def __init__(self, feeds: Feeds, slowness: float) -> None:
        self._feeds, self._slowness = feeds, slowness
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._address = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            head, _, self._head = self._head.partition(b"\r\n\r\n")
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        asked = head.split(b" ", 2)[1]
        if asked == b"/feed.xml":
            etag = f'"{len(self._feeds.items[self._address])}"'.encode()
            if etag in head:
                self._write(b"304 Not Modified", b"", etag)
                return
            self._write(b"200 OK", self._feeds.body(self._address), etag)
            for token in self._feeds.fresh.pop(self._address, ()):
                say("fed", token)
        elif found := _TOKEN.search(asked):
            token = found[0].decode()
            asyncio.get_running_loop().call_later(self._slowness, self._page, token)
        else:
            self._write(b"404 Not Found", b"gone", b'""')

    def _page(self, token: str) -> None:
        paragraphs = "".join(f"<p>{text_of(token)}</p>" for _ in range(3))
        html = f"<html><title>{token}</title><body><article>{paragraphs}</article></body></html>"
        self._write(b"200 OK", html.encode(), b'"p"', b"text/html")
        say("paged", token)

    def _write(self, status: bytes, body: bytes, etag: bytes, kind: bytes = b"application/rss+xml") -> None:
        length = b"" if status.startswith(b"304") else b"Content-Length: %d\r\n" % len(body)
        head = b"HTTP/1.1 %s\r\nETag: %s\r\nContent-Type: %s\r\n%s\r\n" % (status, etag, kind, length)
        self._transport.write(head + body)


class _Mail:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        for token in dict.fromkeys(_TOKEN.findall(envelope.content)):
            say("taken", token.decode())
        return "250 2.0.0 queued"


async def _serve(count: int, slowness: float) -> None:
    loop = asyncio.get_running_loop()
    feeds = Feeds(count)
    for address in feeds.items:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, feeds.port))
        feeds.port = listener.getsockname()[1]
        await loop.create_server(lambda: _Connection(feeds, slowness), sock=listener)
    mail = await loop.create_server(lambda: SMTP(_Mail(), loop=loop), "127.0.0.1", 0)
    print(feeds.port, mail.sockets[0].getsockname()[1], flush=True)

    def added() -> None:
        for line in sys.stdin:
            token, number = line.split()
            loop.call_soon_threadsafe(feeds.add, token, int(number))

    await loop.run_in_executor(None, added)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
