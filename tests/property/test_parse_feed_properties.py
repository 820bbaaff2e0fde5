"""Whatever the bytes: a feed or NotAFeed, every field within its promise."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_feeds import WIRE_FEEDS

from monitor.adapters.sandbox import ProcessSandbox
from monitor.core.feeds.parse import MAX_ENTRIES, MAX_ID, MAX_TEXT, parse_feed
from monitor.model.entry import ParsedFeed
from monitor.model.errors import NotAFeed

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)
SEED = (
    b'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>T</title><ttl>5</ttl><item>'
    b"<title>One &amp; two</title><link>/1</link><guid>g</guid><pubDate>Wed, 22 Feb 2023 10:00:00 GMT</pubDate>"
    b"<description>&lt;p&gt;x&lt;/p&gt;</description></item><item><title><![CDATA[<b>y</b>]]></title></item>"
    b"</channel></rss>"
)
JSON_SEED = (
    b'{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","url":"/1","title":"One",'
    b'"content_html":"<p>x","date_published":"2023-02-22T10:00:00Z","authors":[{"name":"N"}]}]}'
)
SITEMAP_SEED = (
    b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news='
    b'"http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://e.org/1</loc><news:news><news:title>One'
    b"</news:title><news:publication_date>2023-02-22</news:publication_date></news:news></url></urlset>"
)
SEEDS = (SEED, JSON_SEED, SITEMAP_SEED, *(feed.body for feed in WIRE_FEEDS))
PIECES = (
    b"<", b">", b"&", b"&#x", b";", b"\x00", b"\xff", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"[", b"{", b'"',
    b"</", b"<item>", b"</item>", b"<entry>", b"<!DOCTYPE x [", b"<?xml", b"xmlns:a='", b" xml:base='http://[",
    b"&amp;", b"<title type='xhtml'>", b"<content mode='base64'>", b"<link href='//", b"<media:group>",
    b"\xd8\x00",    b"<pubDate>",
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.integers(0, 12))
        body[at : at + length] = draw(st.one_of(st.binary(max_size=12), st.sampled_from(PIECES)))
    return bytes(body)


def assert_one_line(why: str) -> None:
    assert why
    assert "\n" not in why


@given(
    st.one_of(mangled(), st.binary(max_size=200)),
    st.sampled_from([None, "text/xml; charset=utf-16", "x; charset=hex"]),
)
@settings(max_examples=400, deadline=None)
def test_any_body_is_a_sound_feed_or_no_feed(body: bytes, content_type: str | None) -> None:
    try:
        feed = parse_feed(body, content_type, "https://example.org/feed", NOW)
    except NotAFeed as error:
        assert_one_line(error.why)
        return
    assert_sound(feed)


def assert_sound(feed: ParsedFeed) -> None:
    assert feed.engine in ("lxml", "feedparser", "json-feed", "news-sitemap")
    assert len(feed.entries) <= MAX_ENTRIES
    assert feed.hub is None or feed.hub.hub.startswith(("http://", "https://"))
    assert feed.older is None or feed.older.startswith(("http://", "https://"))
    for entry in feed.entries:
        assert 0 < len(entry.id) <= MAX_ID
        assert "\n" not in entry.title
        assert len(entry.title) <= 1_000
        assert max(len(entry.summary), len(entry.content)) <= MAX_TEXT
        assert entry.link is None or entry.link.startswith(("http://", "https://"))
        assert all(
            date is None or (date.utcoffset() is not None and date <= NOW)
            for date in (entry.published, entry.updated)
        )
        f"{entry.id}{entry.title}{entry.summary}{entry.content}{entry.link}{entry.authors}".encode()


def fuzzed(dice: random.Random) -> bytes:
    """A feed with parts cut out, doubled, swapped, or from another feed, and a few bytes changed."""
    body = bytearray(dice.choice(SEEDS))
    for _ in range(dice.randint(1, 12)):
        at, length = dice.randrange(len(body) + 1), dice.choice((0, 1, 4, 30, 400))
        other = dice.choice(SEEDS)
        start = dice.randrange(len(other))
        body[at : at + length] = dice.choice(
            (
                dice.choice(PIECES),
                dice.choice(PIECES) * dice.choice((10, 1_000)),
                dice.randbytes(dice.randint(0, 8)),
                other[start : start + dice.choice((5, 50, 500))],
                body[at : at + length] * dice.choice((2, 20)),
            )
        )
    return bytes(body)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_soak_minutes_of_mangled_feeds_end_no_child() -> None:
    seconds, dice, read = 300.0, random.Random(7), 0
    sandbox = ProcessSandbox(workers=1)
    begun = time.monotonic()
    try:
        while time.monotonic() - begun < seconds:
            body = fuzzed(dice)
            try:
                assert_sound(sandbox.run(parse_feed, body, None, "https://example.org/feed", NOW))
            except NotAFeed as error:
                assert_one_line(error.why)
            read += 1  # a crash, a hang or too much memory is SandboxFailed, which is not caught
    finally:
        sandbox.close()
    print(f"\n{read} mangled feeds in {seconds:.0f} s, no child lost")
