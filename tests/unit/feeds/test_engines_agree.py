"""Two engines read XML feeds, and no entry looks new or revised because the one took over from the other."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from wire_feeds import WIRE_FEEDS, WireFeed

from monitor.core.feeds import xml_feed
from monitor.core.feeds.parse import parse_feed
from monitor.core.feeds.root import find_root
from monitor.core.stories.identity import words_hash
from monitor.core.text.charset import decode_body
from monitor.model.entry import ParsedFeed

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
URL = "https://example.org/feeds/home.xml"
FEEDS = pytest.mark.parametrize("feed", WIRE_FEEDS, ids=lambda feed: feed.name)


def read(body: bytes, content_type: str | None = None) -> ParsedFeed:
    return parse_feed(body, content_type, URL, NOW)


def by_feedparser(feed: WireFeed, monkeypatch: pytest.MonkeyPatch) -> ParsedFeed:
    with monkeypatch.context() as patched:
        patched.setattr(xml_feed, "strict_tree", lambda _: None)
        return read(feed.body, feed.content_type)


def broken(feed: WireFeed) -> bytes:
    """The feed with its end torn off, which no strict reader of XML takes."""
    text = decode_body(feed.body, feed.content_type).replace("\x00", "").replace("\x0b", "")
    _, text = find_root(text, "")
    root = re.match(r"<([\w:]+)", text)
    assert root
    return (text[: text.rfind(f"</{root[1]}")] + "<torn off=here>").encode()


def test_there_are_feeds_enough() -> None:
    assert len(WIRE_FEEDS) >= 60


def told(feed: ParsedFeed) -> list[tuple[object, ...]]:
    """What decides whether an entry is new, known or revised."""
    return [(one.id, one.link, one.title, one.published, one.updated, words_hash(one)) for one in feed.entries]


@FEEDS
def test_both_engines_read_the_same(feed: WireFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = read(feed.body, feed.content_type), by_feedparser(feed, monkeypatch)
    assert (fast.engine, slow.engine) == ("lxml", "feedparser")
    assert fast.entries
    assert told(fast) == told(slow)
    assert fast == replace(slow, engine="lxml")


@FEEDS
def test_a_feed_that_breaks_between_two_polls_keeps_its_entries(feed: WireFeed) -> None:
    whole, torn = read(feed.body, feed.content_type), read(broken(feed), "text/xml; charset=utf-8")
    assert (whole.engine, torn.engine) == ("lxml", "feedparser")
    assert told(whole) == told(torn)
