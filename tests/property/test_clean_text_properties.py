"""Whatever a feed hides in references and escapes: no control character leaves the parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.core.articles.extract import extract_article
from monitor.core.feeds.parse import parse_feed
from monitor.core.text.html import html_to_text, one_line, plain_title
from monitor.core.text.urls import absolute_http_url
from monitor.model.entry import ParsedFeed
from monitor.model.errors import NotAFeed

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
_IN_TEXT = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff{_OVERRIDES}]")
_IN_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_OVERRIDES}]")
_BAD = st.sampled_from(
    [*map(chr, [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])]
)
_PIECE = st.one_of(
    _BAD,
    _BAD.map(lambda c: f"&#{ord(c)};"),
    _BAD.map(lambda c: f"&#x{ord(c):x};"),
    _BAD.map(lambda c: f"&amp;#{ord(c)};"),
    st.sampled_from(["a", " ", "[2J", "<p>", "<br>", "</p>", "<b", "&", "\u200c", "\u2028", "\ud800", "é", "/"]),
)
_TEXTS = st.lists(_PIECE, max_size=8).map("".join)


def json_feed(text: str) -> bytes:
    item = {
        "id": text, "url": f"/{text}", "title": text, "content_html": text, "summary": text,
        "authors": [{"name": text}],
    }  # fmt: skip
    plain = {"id": f"2{text}", "external_url": f"https://example.org/{text}", "content_text": text}
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps(
        {"version": version, "title": text, "home_page_url": f"/{text}", "language": text, "items": [item, plain]}
    ).encode()


def rss(text: str, *, escaped: bool) -> bytes:
    text = escape(text) if escaped else text
    parts = "".join(f"<{tag}>{text}</{tag}>" for tag in ("title", "link", "guid", "description", "author"))
    return f'<rss version="2.0"><channel><title>{text}</title><item>{parts}</item></channel></rss>'.encode(
        "utf-8", "replace"
    )


def read(body: bytes) -> tuple[list[str], list[str]]:
    """The one-line fields and the texts of a feed; for what is none, the reason."""
    try:
        feed = parse_feed(body, None, "https://example.org/feed", NOW)
    except NotAFeed as error:
        return [error.why], []
    return list(lines_of(feed)), [text for entry in feed.entries for text in (entry.summary, entry.content)]


def lines_of(feed: ParsedFeed) -> Iterator[str]:
    yield from (feed.title, feed.link or "", feed.language or "")
    for entry in feed.entries:
        yield from (entry.id, entry.title, entry.link or "", *entry.authors)


@given(_TEXTS)
@example("&#27;[2J")
@example("\x9b")
@example("\u202e")
@settings(max_examples=150, deadline=None)
def test_no_control_character_leaves_a_feed(text: str) -> None:
    for body in (json_feed(text), rss(text, escaped=False), rss(text, escaped=True)):
        lines, texts = read(body)
        assert [line for line in lines if _IN_LINE.search(line)] == []
        assert [text for text in texts if _IN_TEXT.search(text)] == []


@given(_TEXTS)
@example("<p>&#27;[2J")
@example("<p>&#155;&#x202e;")
@settings(max_examples=300, deadline=None)
def test_no_control_character_leaves_a_text_title_or_link(text: str) -> None:
    assert not _IN_TEXT.search(html_to_text(text))
    assert not _IN_LINE.search(plain_title(text))
    assert not _IN_LINE.search(one_line(text))
    assert not _IN_LINE.search(absolute_http_url(f"https://example.org/{text}") or "")
    assert not _IN_LINE.search(absolute_http_url("a", f"https://example.org/{text}/b") or "")


def test_right_to_left_writing_keeps_its_marks() -> None:
    word = "می\u200cخواهد\u200f \u200eA\u200d"
    feed = parse_feed(json_feed(word), None, "https://example.org/feed", NOW)
    assert feed.entries[0].title == feed.entries[0].content == feed.entries[1].content == word


def test_no_control_character_leaves_an_article() -> None:
    bad = "&#27;[2J\x1b\u202e&#x202e;&#155;\x9b"
    words = "".join(
        f"<p>The crossing{bad} at {place} was closed on Sunday, officials of the border force said, and more "
        f"than {number},000 trucks with goods wait there in long lines for it to open again.</p>"
        for number, place in enumerate(("Torkham", "Chaman", "Spin Boldak", "Ghulam Khan"), start=2)
    )
    page = (
        f'<html><head><title>Closed{bad} again</title><meta name="author" content="A{bad} Writer">'
        f'<meta property="og:site_name" content="Dawn{bad}"><link rel="canonical" href="/story{bad}"></head>'
        f"<body><article><h1>Closed{bad} again</h1>{words}</article></body></html>"
    )
    found = extract_article(page.encode(), "https://example.org/a", "text/html; charset=utf-8")
    assert "was closed" in found.text
    assert not _IN_TEXT.search(found.text)
    lines = [found.title, found.publisher or "", found.canonical_url or "", *found.authors]
    assert all(lines)
    assert [line for line in lines if _IN_LINE.search(line)] == []
