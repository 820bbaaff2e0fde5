"""Feeds made to hurt their readers, and bodies made to hurt who takes them: rows of the design's hostile table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

MB = 1_000_000
MANY = 100_000


def rss(inside: str, attributes: str = "") -> str:
    return f'<rss version="2.0" {attributes}><channel><item><title>x</title>{inside}</item></channel></rss>'


ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(MANY))
NAMESPACES = " ".join(f'xmlns:n{number}="http://e.org/{number}"' for number in range(20_000))
# What the reader of sound XML makes of each: the engine that answers and the entries. A feed whose tree is deeper,
# or whose texts are longer, than any feed's goes to feedparser, which is in time too.
HOSTILE: dict[str, tuple[str, str, int]] = {
    "nested tags": (rss("<a>" * MANY + "</a>" * MANY), "feedparser", 1),
    "nested markup": (rss("<description>" + "&lt;table&gt;" * MANY + "</description>"), "lxml", 1),
    "attributes": (rss(f"<a {ATTRIBUTES}/>"), "lxml", 1),
    "attributes of the root": (rss("", ATTRIBUTES), "lxml", 1),
    "namespaces": (rss(f"<a {NAMESPACES}/>"), "lxml", 1),
    "names": (rss("".join(f"<n{number}/>" for number in range(MANY))), "lxml", 1),
    "undeclared prefixes": (rss("".join(f"<n{number}:a/>" for number in range(20_000))), "feedparser", 1),
    "entries": (rss("</item>" + "<item><title>y</title></item>" * MANY + "<item>"), "lxml", 1_000),
    "one long text": (rss("<description><![CDATA[" + "x" * 20_000_000 + "]]></description>"), "feedparser", 1),
    "ampersands": (rss("&" * 1_000_000), "lxml", 1),
    "open sections": (rss("<![CDATA[" * MANY), "feedparser", 1),
    "open comments": (rss("<!--" * MANY), "feedparser", 1),
    "open tags": (rss("<" * 200_000), "feedparser", 1),
    "quotes in markup": (rss("<description><![CDATA[" + "<a title=\"'" * MANY + "]]></description>"), "lxml", 1),
    "hours to skip": (
        rss("").replace("<item>", "<skipHours>" + "<hour>1</hour>" * MANY + "</skipHours><item>"),
        "lxml",
        1,
    ),
    "one long date": (rss("<pubDate>" + "1 " * MANY + "</pubDate>"), "lxml", 1),
    "links": (rss("<link rel='alternate' href='/x'/>" * MANY), "lxml", 1),
    "marks": (rss("<description>" + "\u0301" * 500_000 + "</description>"), "lxml", 1),
}


def torn(text: str) -> bytes:
    return text.replace("</rss>", "<torn off=here>").encode()


def gzip_of_zeros(size: int) -> bytes:
    """A gzip body without its trailer: one megabyte of zeros, packed once and repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    megabyte = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + megabyte * (size // MB)


def chunked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
