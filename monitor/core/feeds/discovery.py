"""Which feeds a page offers, and where feeds usually are. Pure; pages are read through the Sandbox port.

HTML: `<link rel="alternate" type="application/rss+xml">` (RSS autodiscovery, WHATWG HTML §4.6.7.1); HTTP: the same
in a Link header (RFC 8288); JSON Feed 1.1 "Discovery".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html

from monitor.core.feeds.link_header import read_link_header
from monitor.core.text.characters import without_controls
from monitor.core.text.charset import decode_body
from monitor.core.text.html import plain_title
from monitor.core.text.urls import absolute_http_url, feed_key, without_feed_scheme
from monitor.model.entry import ParsedEntry

MOST_OFFERED = 20
"""Feeds of one page; sites with one for each tag name hundreds."""
_MAX_PAGE = 5_000_000  # bytes read, as of an article
_MAX_NAME = 200
_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/xml",
        "text/xml",
    }
)
_JSON = "application/json"  # JSON Feed 1.0; also what a blog program calls its programming interface
_RELATIONS = frozenset({"alternate", "feed"})
_AT_ROOT = (
    "/feed",
    "/rss",
    "/rss.xml",
    "/atom.xml",
    "/feed.xml",
    "/feed.json",
    "/index.xml",
    "/feeds/posts/default",
)
_IN_FOLDER = ("/feed", "/rss.xml", "/atom.xml", "/index.xml")
_LIKE_A_FEED = re.compile(
    r"(?<!sitemap)\.(?:rss|atom|rdf|xml)$|(?:^|/)(?:feeds?|rss|atom)(?:\.json|\.php)?/?$", re.I
)
_MAX_LINK = 2_000
_COMMENTS = re.compile(r"\b(?:comments?|replies|kommentare?|commentaires?|comentarios?|commenti)\b", re.I)


class Via(StrEnum):
    """How a feed was found."""

    ADDRESS = "address"  # what was asked for is a feed itself
    LINK = "link"  # a link tag of the page
    HEADER = "header"  # the Link header of the page
    ANCHOR = "anchor"  # an ordinary link of the page that looks like a feed's
    GUESS = "guess"  # an address where feeds usually are


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that a page names, or that may be there."""

    url: str
    title: str = ""
    via: Via = Via.LINK

    @property
    def comments(self) -> bool:
        """Whether it is of readers' comments, by its name or address."""
        return about_comments(self.url, self.title)


@dataclass(frozen=True, slots=True)
class Page:
    """The title of a page and the feeds it offers: at most MOST_OFFERED, those of comments last.

    `linked` are ordinary links that may lead to feeds, as on the page where a publisher lists all of them.
    """

    title: str = ""
    offers: tuple[Offer, ...] = ()
    linked: tuple[Offer, ...] = ()


def offers_of(body: bytes, content_type: str | None, link_header: str, url: str) -> Page:
    """What a page at `url` offers by tag and by header. Never raises for what a page can hold."""
    title, found = _tags(body, content_type, url)
    named = [one for one in found if one.via is Via.LINK]
    linked = [one for one in found if one.via is Via.ANCHOR]
    return Page(title, _few([*_headers(link_header, url), *named]), _few(linked))


def guesses(url: str) -> tuple[Offer, ...]:
    """Where the feed of a site usually is: in the folder of the page, then at the root."""
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}"
    folder = parts.path.rstrip("/").partition("?")[0]
    first = f"/{folder.split('/')[1]}" if folder.count("/") else ""
    found = [f"{root}{first}{end}" for end in _IN_FOLDER if first] + [root + path for path in _AT_ROOT]
    return tuple(Offer(one, via=Via.GUESS) for one in found)


def about_comments(url: str, title: str) -> bool:
    """Whether a feed is of readers' comments, by its address or its title."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return bool(_COMMENTS.search(path) or _COMMENTS.search(title))


def same_feed(one: Sequence[ParsedEntry], other: Sequence[ParsedEntry]) -> bool:
    """Whether two feeds list the same: as many of their first entries as the shorter has lead to the same pages.

    A section's feed has entries of the whole site's among its own, but not the same first ones.
    """
    length = min(len(one), len(other))
    return length > 0 and {*map(_target, one[:length])} == {*map(_target, other[:length])}


def newest_of(entries: Sequence[ParsedEntry]) -> datetime | None:
    """The latest date of any entry."""
    return max((date for one in entries if (date := one.published or one.updated) is not None), default=None)


def _target(entry: ParsedEntry) -> str:
    return feed_key(entry.link) if entry.link else entry.id


def _few(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    once: dict[str, Offer] = {}
    for one in offers:
        once.setdefault(feed_key(one.url), one)
    return tuple(sorted(once.values(), key=lambda one: one.comments)[:MOST_OFFERED])


def _tags(body: bytes, content_type: str | None, url: str) -> tuple[str, list[Offer]]:
    text = without_controls(decode_body(body[:_MAX_PAGE], content_type)).strip()
    try:
        parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
        root = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return "", []
    title, base = "", url
    offers: list[Offer] = []
    for element in root.iter("title", "base", "link", "a"):
        if element.tag == "title":
            title = title or plain_title(element.text or "", _MAX_NAME)
        elif element.tag == "base":
            base = absolute_http_url(element.get("href") or "", url) or base
        elif element.tag == "a":
            linked = _linked(element.get("href") or "", base)
            offers += [Offer(linked, via=Via.ANCHOR)] if linked else []
        else:
            named = _offer(
                element.get("href") or "",
                element.get("rel") or "",
                element.get("type") or "",
                element.get("title") or "",
                base,
                Via.LINK,
            )
            offers += [named] if named else []
    return title, offers


def _linked(href: str, base: str) -> str | None:
    if not _LIKE_A_FEED.search(href[:_MAX_LINK].partition("?")[0].partition("#")[0]):
        return None
    return absolute_http_url(without_feed_scheme(href), base)


def _headers(header: str, url: str) -> Iterator[Offer]:
    for target, said in read_link_header(header):
        named = _offer(target, said.get("rel", ""), said.get("type", ""), said.get("title", ""), url, Via.HEADER)
        if named is not None:
            yield named


def _offer(href: str, rel: str, kind: str, title: str, base: str, via: Via) -> Offer | None:
    kind = kind.partition(";")[0].strip().lower()
    if not _RELATIONS.intersection(rel.lower().split()):
        return None
    if kind not in _TYPES and not (kind == _JSON and "feed" in f"{href} {title}".lower()):
        return None
    url = absolute_http_url(without_feed_scheme(href), base)
    return Offer(url, plain_title(title, _MAX_NAME), via) if url else None
