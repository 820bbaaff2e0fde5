"""The raw parts: what fetching and parsing cost at least, with nothing around them.

python -m rows.raw fetch|fetch_304|feedparser|lxml FEEDS SIZE NOW PORT
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable
from datetime import datetime

from rows.feeds import MadeFeed, make_feed
from rows.meter import Meter, tell

CONCURRENCY = 64  # as `[poll] concurrency`


def fetch(feeds: list[MadeFeed], port: int, *, conditional: bool = False) -> None:
    """httpx2's own client, as many requests at once as the pipeline, no kept connections, all bodies read."""
    import httpx2

    async def ask(client: httpx2.AsyncClient, slots: asyncio.Semaphore, feed: MadeFeed) -> None:
        headers = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified} if conditional else {}
        async with slots:
            answer = await client.get(f"http://{feed.address}:{port}/feed.xml", headers=headers)
        assert answer.status_code == (304 if conditional else 200)
        assert conditional or answer.content == feed.body

    async def ask_all() -> None:
        slots = asyncio.Semaphore(CONCURRENCY)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:
            await asyncio.gather(*(ask(client, slots, feed) for feed in feeds))

    meter = Meter()
    asyncio.run(ask_all())
    tell(meter.stop(len(feeds), 0))


def fetch_304(feeds: list[MadeFeed], port: int) -> None:
    """The same with validators: the least an unchanged feed can cost."""
    fetch(feeds, port, conditional=True)


def parse_feedparser(feeds: list[MadeFeed], _port: int) -> None:
    """feedparser with the switches of monitor/core/feeds/feedparser_feed.py, in one process."""
    import feedparser

    def parse(body: bytes) -> int:
        found = feedparser.parse(
            io.BytesIO(body),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
        return len(found.entries)

    _parse_all(feeds, parse)


def parse_lxml(feeds: list[MadeFeed], _port: int) -> None:
    """lxml's tree of the XML, in one process: what any reading of it costs at least."""
    from lxml import etree

    def parse(body: bytes) -> int:
        root = etree.fromstring(body)
        return len(root.findall(".//item")) + len(root.findall(".//{http://www.w3.org/2005/Atom}entry"))

    _parse_all(feeds, parse)


def _parse_all(feeds: list[MadeFeed], parse: Callable[[bytes], int]) -> None:
    parse(feeds[0].body)  # what is imported late is no parsing
    meter = Meter()
    entries = sum(parse(feed.body) for feed in feeds)
    measured = meter.stop(len(feeds), entries)
    assert entries == sum(feed.entries for feed in feeds)
    tell(measured)


ROWS = {"fetch": fetch, "fetch_304": fetch_304, "feedparser": parse_feedparser, "lxml": parse_lxml}


def main() -> None:
    """Runs one row."""
    row, feeds, size, now, port = sys.argv[1:]
    made = [make_feed(number, int(size), datetime.fromisoformat(now)) for number in range(int(feeds))]
    ROWS[row](made, int(port))


if __name__ == "__main__":
    main()
