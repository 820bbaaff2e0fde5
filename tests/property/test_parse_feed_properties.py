"""Whatever the bytes: a feed or NotAFeed, every field within its promise."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.feeds.parse import MAX_ENTRIES, MAX_ID, parse_feed
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


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    body = bytearray(draw(st.sampled_from([SEED, JSON_SEED])))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(body)))
        length = draw(st.integers(0, 12))
        body[at : at + length] = draw(
            st.one_of(st.binary(max_size=12), st.sampled_from([b"<", b"&", b"\x00", b"]]>", b"[", b"<item>"]))
        )
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
    assert len(feed.entries) <= MAX_ENTRIES
    for entry in feed.entries:
        assert 0 < len(entry.id) <= MAX_ID
        assert "\n" not in entry.title
        assert len(entry.title) <= 1_000
        assert entry.link is None or entry.link.startswith(("http://", "https://"))
        assert all(
            date is None or (date.utcoffset() is not None and date <= NOW)
            for date in (entry.published, entry.updated)
        )
        f"{entry.id}{entry.title}{entry.summary}{entry.content}{entry.link}{entry.authors}".encode()
