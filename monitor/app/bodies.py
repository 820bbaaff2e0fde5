"""Feeds and pages from files: the bytes go through the daemon's own readers, in its killable children."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from monitor.adapters.clock import SystemClock
from monitor.app.children import parsing_sandbox
from monitor.app.files import Unreadable, read_bytes
from monitor.app.times import iso_time
from monitor.core.articles.extract import extract_article
from monitor.core.feeds.parse import parse_feed
from monitor.model.article import Extracted
from monitor.model.entry import ParsedEntry, ParsedFeed
from monitor.model.errors import MonitorError
from monitor.model.feed import PollSettings
from monitor.ports import Sandbox

LONGEST_BODY = PollSettings().max_bytes
"""Bytes of one file: what the daemon takes from a server unless its config says otherwise."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The JSON lines of one file: `error` is None unless it could not be read; then the one line says so."""

    file: str
    lines: tuple[dict[str, Any], ...]
    error: str | None = None


def parse_files(files: Sequence[str], standard_input: BinaryIO, url: str) -> Iterator[Lines]:
    """Feeds as parse lines (interface contract), file by file; links are resolved against `url`."""
    now = SystemClock().now()

    def parse(sandbox: Sandbox, body: bytes) -> Iterable[dict[str, Any]]:
        feed = sandbox.run(parse_feed, body, None, url, now)
        return ({"feed": _feed(feed), "entry": _entry(entry)} for entry in feed.entries)

    yield from _each(files, standard_input, parse)


def extract_files(files: Sequence[str], standard_input: BinaryIO, url: str) -> Iterator[Lines]:
    """Pages as extract lines (interface contract), file by file; `url` is where they came from."""
    now = SystemClock().now()

    def extract(sandbox: Sandbox, body: bytes) -> Iterable[dict[str, Any]]:
        return (_page(sandbox.run(extract_article, body, url, None, now)),)

    yield from _each(files, standard_input, extract)


def _each(
    files: Sequence[str], standard_input: BinaryIO, read: Callable[[Sandbox, bytes], Iterable[dict[str, Any]]]
) -> Iterator[Lines]:
    """A bad file is a value, the others go on."""
    sandbox = parsing_sandbox()
    try:
        for file in files:
            body = read_bytes(file, standard_input, LONGEST_BODY)
            if isinstance(body, Unreadable):
                yield _failed(file, body.why)
            elif not body:
                yield _failed(file, "is empty")
            else:
                try:
                    found = tuple({"file": file, **line} for line in read(sandbox, body))
                except MonitorError as error:
                    yield _failed(file, str(error))
                else:
                    yield Lines(file, found)
    finally:
        sandbox.close()


def _failed(file: str, why: str) -> Lines:
    return Lines(file, ({"file": file, "error": why},), why)


def _feed(feed: ParsedFeed) -> dict[str, Any]:
    said = feed.cadence
    return {
        "title": feed.title,
        "link": feed.link,
        "language": feed.language,
        "engine": feed.engine,
        "ttl": _seconds(said.ttl),
        "period": _seconds(said.period),
        "skip_hours": sorted(said.skip_hours),
        "skip_days": sorted(said.skip_days),
        "hub": feed.hub and feed.hub.hub,
        "topic": feed.hub and feed.hub.topic,
        "older": feed.older,
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _entry(entry: ParsedEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "link": entry.link,
        "published": iso_time(entry.published),
        "updated": iso_time(entry.updated),
        "summary": entry.summary,
        "authors": list(entry.authors),
        "language": entry.language,
    }


def _page(page: Extracted) -> dict[str, Any]:
    return {
        "title": page.title,
        "text": page.text,
        "published": iso_time(page.published),
        "publisher": page.publisher,
        "language": page.language,
        "quality": page.quality.value,
        "dropped": [{"reason": str(one.reason), "text": one.text} for one in page.dropped],
        "authors": list(page.authors),
        "section": page.section or None,
        "canonical_url": page.canonical_url,
        "engine": page.engine.value,
        "wall": page.wall and page.wall.value,
        "date_flag": page.date_flag and page.date_flag.value,
    }
