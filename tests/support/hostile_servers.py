"""Servers that misbehave, one a row of the hostile table: what each says, and what must be stored of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from hostile_bodies import HOSTILE, MB, chunked, gzip_of_zeros, rss, torn
from http_server import Asked, LoopbackServer, reply

from monitor.model.feed import POLL_SUCCESS, PollOutcome

BEGUN = datetime.now(UTC)
Said = bytes | Iterable[bytes]
Behaviour = Callable[[LoopbackServer, Asked], Said]


@dataclass(frozen=True)
class Row:
    """What a server does, and what the store must say of its feed after a poll."""

    name: str
    behaviour: Behaviour
    outcomes: frozenset[PollOutcome] = POLL_SUCCESS
    why: str = ""  # a part of the error
    titles: tuple[str, ...] | int | None = None  # of its entries, or how many it has


def says(body: bytes | str, **headers: str) -> Behaviour:
    """The same answer each time."""
    whole = reply(body.encode() if isinstance(body, str) else body, **headers)
    return lambda server, asked: whole


def raw(answer: bytes) -> Behaviour:
    """The same bytes each time, whatever they mean."""
    return lambda server, asked: answer


def moves_to(location: str) -> Behaviour:
    """A redirect."""
    answer = reply(b"", 302, Location=location)
    return lambda server, asked: answer


def wrong(outcome: PollOutcome, name: str, behaviour: Behaviour, why: str = "") -> Row:
    """A row that ends in an error and brings no entry."""
    return Row(name, behaviour, frozenset({outcome}), why, titles=0)


def endless(server: LoopbackServer, asked: Asked) -> Iterator[bytes]:
    def pieces() -> Iterator[bytes]:
        while not server.stopped.is_set():
            yield b"x" * 60_000

    return chunked(pieces())


def drip_body(server: LoopbackServer, asked: Asked) -> Iterator[bytes]:
    yield reply(b"", length=MB)
    yield from server.drip(b"x")


def drip_headers(server: LoopbackServer, asked: Asked) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    yield from server.drip(b"x")


def silence(server: LoopbackServer, asked: Asked) -> Iterator[bytes]:
    server.stopped.wait()
    yield b""


def item(title: str, more: str = "", *, link: str = "", guid: str = "") -> str:
    """An entry as RSS writes it; its title is markup."""
    parts = (f"<link>{link}</link>" if link else "", f"<guid isPermaLink='false'>{guid}</guid>" if guid else "")
    return f"<item><title>{title}</title>{''.join(parts)}{more}</item>"


def channel(*items: str, links: str = "") -> str:
    """A whole feed."""
    atom = "xmlns:atom='http://www.w3.org/2005/Atom'"
    return f"<rss version='2.0' {atom}><channel><title>Hostile</title>{links}{''.join(items)}</channel></rss>"


class Broken:
    """A feed whose second body lists nothing of its first, and says where its older entries are."""

    def __init__(self, older: str) -> None:
        self.older = older
        self.asked = 0
        self.pages = 0

    def __call__(self, server: LoopbackServer, asked: Asked) -> bytes:
        if asked.target != "/":
            return self._page()
        self.asked += 1
        listed = [self._entry(f"{min(self.asked, 2)}-{number}") for number in range(3)]
        return reply(channel(*listed, links=_older(self.older)).encode())

    def _page(self) -> bytes:
        """A page that names a further one, for ever."""
        self.pages += 1
        return reply(channel(self._entry(f"old {self.pages}"), links=_older(f"/older?n={self.pages}")).encode())

    def _entry(self, name: str) -> str:
        date = f"<pubDate>{format_datetime(BEGUN)}</pubDate>"
        return item(f"Apricots, crate {name}", date, link=f"http://x.example/{name.replace(' ', '/')}")


def _older(url: str) -> str:
    return f"<atom:link rel='next' href='{url}'/>"


T = PollOutcome
TRAP = "http://trap.invalid/"  # stands for a server that nobody may ask: `rows` puts in its address
BROKEN_HTTP = {
    "400 kB header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 400_000 + b"\r\n\r\n",
    "20,000 headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
    "bad chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "chunks cut short": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "short body": reply(rss("<guid>1</guid>").encode(), length=5_000),
    "no http": b"<rss>no http at all</rss>",
    "closed without a word": b"",
    "gzip cut short": reply(gzip.compress(rss("").encode() * 99)[:-20], Content_Encoding="gzip"),
}
REDIRECTS = {
    "itself": "/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:70/",
    "script": "javascript:alert(1)",
    "a login": "http://user:secret@127.0.0.1/",
    "octal": "http://0177.0.0.1/",
    "no port": "http://127.0.0.1:99999/",
}
ENTITIES = {
    "XML bomb": '<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "&a{n - 1 if n else ""};&a;&a;">' for n in range(30)),
    "external entity": '<!ENTITY a9 SYSTEM "file:///etc/passwd">',
    "external parameter entity": f'<!ENTITY % a SYSTEM "{TRAP}"> %a;',
    "entity elsewhere": f'<!ENTITY a9 SYSTEM "{TRAP}">',
}
NO_FEEDS = {
    "a path": "/etc/passwd",
    "a file URL": "file:///etc/passwd",
    "a URL": TRAP,
    "a login page": "<!DOCTYPE html><html><body><form>Please log in</form></body></html>",
    "nothing": "",
    "NULs only": "\0" * 10_000,
}
DECLARED = '<?xml version="1.0" encoding="{}"?>'
GREETING = "Привет, Zürich"
CHARSETS = {
    "UTF-16 without a mark": (DECLARED.format("utf-16") + channel(item(GREETING))).encode("utf-16-le"),
    "UTF-16 without a word": channel(item(GREETING)).encode("utf-16-be"),
    "UTF-8 that says latin-1": (DECLARED.format("iso-8859-1") + channel(item(GREETING))).encode(),
    "a charset that nobody knows": (DECLARED.format("x-none") + channel(item(GREETING))).encode(),
    "NULs": channel(item(GREETING.replace(",", "\0,\0"))).encode(),
    "junk before the declaration": ("\n junk " + DECLARED.format("utf-8") + channel(item(GREETING))).encode(),
}
UTF_7 = "+ADw-script+AD4-x"  # a script to who reads it so
OTHER_DOCUMENTS = (
    f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{TRAP}'/><content src='{TRAP}'/>"
    f"<description>&lt;object data='{TRAP}'&gt;&lt;img src='{TRAP}'&gt;</description><enclosure url='{TRAP}'/>"
)
LONG = "long " * 50_000
HEADERS = {
    "brackets": "<" * 60_000,
    "quotes": '<http://x.example/>; rel="' + "a" * 30_000,
    "many links": ", ".join(['<http://x.example/>; rel="a"'] * 2_000),
    "a script for a hub": '<javascript:alert(1)>; rel="hub"',
    "a file for a hub": '<file:///etc/passwd>; rel="hub"',
}
# How each older page that a feed names ends the gap; None where it is no address.
OLDER = {
    "/": "circle",
    TRAP: "other_host",
    "/older": "too_many_pages",
    "file:///etc/passwd": None,
    "javascript:alert(1)": None,
}
HUBS: dict[str, Behaviour] = {
    "endless": endless,
    "drip": drip_headers,
    "circle": moves_to("/"),
    "file": moves_to("file:///etc/passwd"),
    "large header": raw(b"HTTP/1.1 202 OK\r\nX: " + b"a" * 400_000 + b"\r\n\r\n"),
    "no http": raw(b"\0" * 1_000),
}


def rows(trap: str = TRAP) -> list[Row]:
    """All of them."""
    bomb = gzip_of_zeros(200 * MB)
    return [
        wrong(T.TOO_LARGE, "gzip bomb", says(bomb, Content_Encoding="gzip")),
        wrong(T.TOO_LARGE, "gzip bomb in gzip", says(gzip.compress(bomb), Content_Encoding="gzip, gzip")),
        wrong(T.PROTOCOL_ERROR, "br", says(b"\x8b\x00\x80", Content_Encoding="br"), "not asked for"),
        wrong(T.TOO_LARGE, "endless body", endless),
        wrong(T.TOO_LARGE, "20 MB CDATA", says(HOSTILE["one long text"][0])),
        wrong(T.TIMEOUT, "slow drip of body", drip_body),
        wrong(T.TIMEOUT, "slow drip of headers", drip_headers),
        wrong(T.TIMEOUT, "silence", silence),
        *(wrong(T.PROTOCOL_ERROR, name, raw(answer)) for name, answer in BROKEN_HTTP.items()),
        *(wrong(T.BAD_REDIRECT, f"to {name}", moves_to(location)) for name, location in REDIRECTS.items()),
        *(
            wrong(
                T.NOT_A_FEED,
                name,
                says(f"<!DOCTYPE rss [{entities.replace(TRAP, trap)}]>{rss('&a9;')}"),
                "entities",
            )
            for name, entities in ENTITIES.items()
        ),
        *(
            Row(name, says(text), titles=min(entries, 2))  # of a thousand that are the same, one is stored
            for name, (text, _, entries) in HOSTILE.items()
            if len(text) < 10 * MB
        ),
        *(
            Row(f"torn {name}", says(torn(HOSTILE[name][0])), POLL_SUCCESS | {T.PARSE_FAILED, T.NOT_A_FEED})
            for name in ("nested tags", "attributes", "namespaces")
        ),
        *(wrong(T.NOT_A_FEED, name, says(body.replace(TRAP, trap))) for name, body in NO_FEEDS.items()),
        *(Row(name, says(body), titles=(GREETING,)) for name, body in CHARSETS.items()),
        Row("utf-7", says(DECLARED.format("utf-7") + channel(item(UTF_7))), titles=(UTF_7,)),
        *(Row(f"{name} in Link", says(channel(item("x")), Link=link), titles=1) for name, link in HEADERS.items()),
        Row("huge title", says(channel(item(LONG))), titles=((LONG[:999]).strip() + "…",)),
        Row("script in title", says(channel(item("&lt;script&gt;alert(1)&lt;/script&gt;Hi"))), titles=("Hi",)),
        Row("lines in title", says(channel(item("Subject: x&#13;&#10;Bcc: y"))), titles=("Subject: x Bcc: y",)),
        Row("other documents", says(channel(item("x", OTHER_DOCUMENTS.replace(TRAP, trap)))), titles=("x",)),
        Row("script for a link", says(channel(item("x", link="javascript:alert(1)"))), titles=("x",)),
    ]


def incident(number: int, **more: str) -> str:
    """An entry that the rules match, unlike every other."""
    said = f"Torkham was closed, said witness {number}; {number * 7} trucks wait in camp {number}."
    return item(f"Torkham closed, incident {number}x", f"<description>{said}</description>", **more)


def ids_that_change(server: LoopbackServer, asked: Asked) -> bytes:
    """The same entries each time, under other ids."""
    number = len(server.asked)
    listed = [incident(n, guid=f"{n}-{number}", link=f"http://x.example/{n}") for n in (9_001, 9_002)]
    return reply(channel(*listed, links=f"<generator>{number}</generator>").encode())


# Each of their entries is news once.
TRICKS: dict[str, tuple[Behaviour, tuple[int, ...]]] = {
    "ids that change": (ids_that_change, (9_001, 9_002)),
    "one id for all": (
        says(channel(*(incident(n, guid="same", link=f"http://x.example/{n}") for n in (9_003, 9_004)))),
        (9_003, 9_004),
    ),
    "no ids": (
        says(channel(*(incident(n, link=f"http://x.example/{n}") for n in (9_005, 9_006)))),
        (9_005, 9_006),
    ),
    "neither ids nor links": (says(channel(incident(9_007), incident(9_008))), (9_007, 9_008)),
}


def offers(hub: str) -> Behaviour:
    """A feed that names this hub."""
    return says(channel(item("x"), links=f"<atom:link rel='hub' href='{hub}'/>"))


def serve(stack: ExitStack, behaviours: Iterable[Behaviour], net: int) -> list[LoopbackServer]:
    """A server for each, on an address of its own in 127.NET.0.0/16."""
    return [
        stack.enter_context(_server(behaviour, f"127.{net}.{number}.1"))
        for number, behaviour in enumerate(behaviours, 1)
    ]


def _server(behaviour: Behaviour, address: str) -> LoopbackServer:
    server: LoopbackServer
    server = LoopbackServer(lambda asked: behaviour(server, asked), address)
    return server
