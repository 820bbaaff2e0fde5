"""News sitemaps: what a site tells search engines of its articles of the last two days. Pure.

Element names are those of https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap.
"""

from __future__ import annotations

from lxml import etree

from monitor.core.feeds.dates import read_date
from monitor.core.feeds.raw import RawEntry, RawFeed, RawText
from monitor.core.feeds.xml_names import Names
from monitor.model.errors import NotAFeed

ENGINE = "news-sitemap"


def read_news_sitemap(root: etree._Element | None, start: str) -> RawFeed:
    """The articles of a sitemap as entries, their addresses as ids. Raises NotAFeed for a sitemap without news."""
    if root is None:
        raise NotAFeed("broken XML of a sitemap", start)
    names = Names()
    if names.of(root) == "sitemapindex":
        raise NotAFeed("a sitemap index, no feed: it lists other sitemaps, one of which may hold the news", start)
    found = [said for name, child in names.children(root) if name == "url" and (said := _said(child, names))]
    if not found:
        raise NotAFeed("a sitemap without news, no feed: it lists addresses only", start)
    return RawFeed(
        title=RawText(found[0].get("news:name", ""), is_html=False),
        link="",
        language=found[0].get("news:language", ""),
        entries=[_entry(said) for said in found],
        engine=ENGINE,
    )


def _said(url: etree._Element, names: Names) -> dict[str, str]:
    """The texts of one `<url>` by their names; none where it has no news."""
    said = {name: (child.text or "").strip() for name, child in names.children(url)}
    for name, child in names.children(url):
        if name == "news:news":
            for inner in child.iter(etree.Element):
                said[names.of(inner)] = (inner.text or "").strip()
            return said
    return {}


def _entry(said: dict[str, str]) -> RawEntry:
    link = said.get("loc", "")
    return RawEntry(
        id=link,
        title=RawText(said.get("news:title", ""), is_html=True),
        links=(link,),
        published=read_date(said.get("news:publication_date", "")),
        updated=None,
        summary=RawText(),
        content=RawText(),
        language=said.get("news:language", ""),
    )
