"""Whatever elements an entry is made of, both engines of XML feeds make the same entry of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.feeds import xml_feed
from monitor.core.feeds.parse import parse_feed
from monitor.core.stories.identity import words_hash
from monitor.model.entry import ParsedFeed

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:a="http://www.w3.org/2005/Atom" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:x="http://www.w3.org/1999/xhtml"'
)
TEXTS = (
    "", " ", "words", "سرحد بند", "AT&amp;T", "AT&amp;amp;T", "&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two",
    "<![CDATA[<b>b</b> c]]>",
    "<b>real</b> markup", "caf&#233;", "1", "x &lt; y", "<x:div><x:p>a</x:p><x:br/>b</x:div>",
)  # fmt: skip
DATES = ("Wed, 22 Feb 2023 15:00:00 +0500", "2023-02-22T10:00:00Z", "22 Feb 23 10:00 PKT", "never", "")
LINKS = ("https://e.org/1", "/2?a=1&amp;b=2", "3", "tag:e.org,2023:4", "")
NAMES = ("Jane Doe", "jane@example.org (Jane Doe)", "Jane &lt;jane@example.org&gt;", "jane@example.org", "")


def elements(names: str, values: tuple[str, ...], attributes: tuple[str, ...] = ("",)) -> st.SearchStrategy[str]:
    parts = st.tuples(st.sampled_from(names.split()), st.sampled_from(attributes), st.sampled_from(values))
    return parts.map(lambda part: f"<{part[0]}{part[1]}>{part[2]}</{part[0]}>")


TYPES = ("", "", ' type="text"', ' type="html"', ' type="xhtml"', ' type="text/html"', ' xml:lang="ur"')
PART = st.one_of(
    elements("title dc:title media:title", TEXTS, TYPES),
    elements("description summary dc:description media:description itunes:summary", TEXTS, TYPES),
    elements("content content:encoded", TEXTS, TYPES),
    elements("pubDate published issued updated modified dc:date dcterms:issued a:updated", DATES),
    elements("guid id", LINKS, ("", ' isPermaLink="false"', ' isPermaLink="true"')),
    elements("link", LINKS),
    st.tuples(st.sampled_from(("link", "a:link")), st.sampled_from(("alternate", "self", "enclosure", "replies")),
              st.sampled_from(LINKS)).map(lambda one: f'<{one[0]} rel="{one[1]}" href="{one[2]}"/>'),
    elements("author dc:creator itunes:author", NAMES),
    st.sampled_from(NAMES).map(lambda name: f"<author><name>{name}</name><email>e@e.org</email></author>"),
    elements("language dc:language", ("en", "ur")),
    elements("feedburner:origLink", LINKS),
)  # fmt: skip
GROUP = st.lists(PART, max_size=3).map(lambda parts: f"<media:group>{''.join(parts)}</media:group>")
ENTRY = st.lists(PART, max_size=8).map("".join)


def told(feed: ParsedFeed) -> list[tuple[object, ...]]:
    return [(one.id, one.link, one.title, one.published, one.updated, words_hash(one)) for one in feed.entries]


def without_authors(feed: ParsedFeed) -> ParsedFeed:
    """Several authors written in several ways at once: a name may differ, and decides nothing."""
    entries = tuple(replace(entry, authors=()) for entry in feed.entries)
    return replace(feed, entries=entries, engine="")


@given(st.lists(ENTRY, min_size=1, max_size=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_both_engines_make_the_same_of_any_elements(entries: list[str], is_atom: bool) -> None:
    if is_atom:
        inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
        start, end = f'<feed xmlns="http://www.w3.org/2005/Atom" {SPACES}><title>A</title>{inside}', "</feed>"
    else:
        inside = "".join(f"<item>{entry}</item>" for entry in entries)
        start, end = f'<rss version="2.0" {SPACES}><channel><title>R</title>{inside}</channel>', "</rss>"
    with pytest.MonkeyPatch.context() as patched:
        fast = parse_feed((start + end).encode(), None, "https://e.org/feed", NOW)
        torn = parse_feed((start + "<torn off=here>").encode(), None, "https://e.org/feed", NOW)
        patched.setattr(xml_feed, "strict_tree", lambda _: None)
        slow = parse_feed((start + end).encode(), None, "https://e.org/feed", NOW)
    assert (fast.engine, slow.engine, torn.engine) == ("lxml", "feedparser", "feedparser")
    assert without_authors(fast) == without_authors(slow)
    assert told(fast) == told(torn)
