"""News sitemaps are feeds; other sitemaps are none, and the reason says which they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.core.feeds.parse import parse_feed
from monitor.model.entry import EntryFlag, ParsedEntry, ParsedFeed
from monitor.model.errors import NotAFeed

NOW = datetime(2023, 3, 1, tzinfo=UTC)
URL = "https://example.org/news.xml"
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)


def read(urls: str, root: str = "urlset") -> ParsedFeed:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- made --><{root} {SPACES}>{urls}</{root}>'
    return parse_feed(body.encode(), "text/xml", URL, NOW)


def url(news: str, place: str = "https://example.org/1") -> str:
    return f"<url><loc>{place}</loc><lastmod>2023-02-23</lastmod>{news}</url>"


def news(title: str, language: str = "ur") -> str:
    return (
        f"<news:news><news:publication><news:name>The Paper</news:name><news:language>{language}</news:language>"
        "</news:publication><news:publication_date>2023-02-22T15:00:00+05:00</news:publication_date>"
        f"<news:title>{title}</news:title></news:news>"
    )


def test_a_news_sitemap_is_a_feed() -> None:
    image = "<image:image><image:loc>/a.jpg</image:loc><image:title>Picture</image:title></image:image>"
    feed = read(url(image + news("AT&amp;T: سرحد &lt;b&gt;بند&lt;/b&gt;")) + url("", "https://example.org/about"))
    assert (feed.engine, feed.title, feed.language, feed.link) == ("news-sitemap", "The Paper", "ur", None)
    assert feed.entries == (
        ParsedEntry(
            id="https://example.org/1",
            title="AT&T: سرحد بند",
            link="https://example.org/1",
            published=datetime(2023, 2, 22, 10, tzinfo=UTC),
            language="ur",
        ),
    )


def test_its_entries_are_made_safe_like_any_others() -> None:
    (entry,) = read(url(news("&lt;script&gt;alert(1)&lt;/script&gt;x\n y"), "javascript:alert(1)")).entries
    assert (entry.title, entry.link) == ("x y", None)
    assert EntryFlag.NO_LINK in entry.flags


@pytest.mark.parametrize(
    ("urls", "root", "why"),
    [
        (url(""), "urlset", "a sitemap without news, no feed"),
        ("", "urlset", "a sitemap without news, no feed"),
        ("<sitemap><loc>https://e.org/1.xml</loc></sitemap>", "sitemapindex", "a sitemap index, no feed"),
        ("<url", "urlset", "broken XML of a sitemap"),
    ],
)
def test_another_sitemap_is_no_feed(urls: str, root: str, why: str) -> None:
    with pytest.raises(NotAFeed, match=why):
        read(urls, root)
