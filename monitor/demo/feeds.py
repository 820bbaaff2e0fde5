"""Feeds in the three formats in use: RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1.

An entry says what real feeds say, title and a short summary; the full text is on the page behind its link.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from xml.etree import ElementTree

from monitor.demo.layout import summary
from monitor.demo.samples import SampleStory

_ATOM = "http://www.w3.org/2005/Atom"


class FeedKind(StrEnum):
    """The format of a feed."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"

    @property
    def content_type(self) -> str:
        """The registered media type, with charset where the format takes one."""
        return _CONTENT_TYPES[self]

    @property
    def path(self) -> str:
        """Where sites usually put a feed of this format."""
        return _PATHS[self]


_CONTENT_TYPES = {
    FeedKind.RSS: "application/rss+xml; charset=utf-8",
    FeedKind.ATOM: "application/atom+xml; charset=utf-8",
    FeedKind.JSON: "application/feed+json",
}
_PATHS = {FeedKind.RSS: "/feed.xml", FeedKind.ATOM: "/atom.xml", FeedKind.JSON: "/feed.json"}


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One story and the absolute address of its page."""

    story: SampleStory
    link: str


def feed_bytes(kind: FeedKind, name: str, url: str, items: Sequence[FeedItem]) -> bytes:
    """A feed of these items, newest first; `url` is the feed's own address."""
    newest_first = sorted(items, key=lambda item: item.story.published, reverse=True)
    return _WRITERS[kind](name, url, newest_first)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _home(url: str) -> str:
    return url.rsplit("/", 1)[0] + "/"


def _entry_id(item: FeedItem) -> str:
    """A tag URI (RFC 4151): the same on every port the demo happens to get."""
    return f"tag:demo.example,{item.story.published:%Y-%m-%d}:{item.story.slug}"


def _child(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text or None
    return element


def _xml(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def _rss(name: str, url: str, items: Sequence[FeedItem]) -> bytes:
    root = ElementTree.Element("rss", {"version": "2.0"})
    channel = _child(root, "channel")
    _child(channel, "title", name)
    _child(channel, "link", _home(url))
    _child(channel, "description", f"Stories of the demo: {name}")
    _child(channel, "language", "en")
    for item in items:
        entry = _child(channel, "item")
        _child(entry, "title", item.story.title)
        _child(entry, "link", item.link)
        _child(entry, "guid", _entry_id(item), isPermaLink="false")
        _child(entry, "pubDate", format_datetime(item.story.published, usegmt=True))
        _child(entry, "description", summary(item.story))
    return _xml(root)


def _atom(name: str, url: str, items: Sequence[FeedItem]) -> bytes:
    root = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _child(root, "title", name)
    _child(root, "id", url)
    _child(root, "link", rel="self", href=url)
    _child(root, "link", rel="alternate", href=_home(url))
    # updated is required (RFC 4287 §4.1.1); an empty feed has never been
    _child(root, "updated", _iso(items[0].story.published) if items else "1970-01-01T00:00:00Z")
    for item in items:
        entry = _child(root, "entry")
        _child(entry, "title", item.story.title)
        _child(entry, "id", _entry_id(item))
        _child(entry, "link", rel="alternate", href=item.link)
        _child(entry, "published", _iso(item.story.published))
        _child(entry, "updated", _iso(item.story.published))
        _child(_child(entry, "author"), "name", item.story.publisher)
        _child(entry, "summary", summary(item.story))
    return _xml(root)


def _json(name: str, url: str, items: Sequence[FeedItem]) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": name,
        "home_page_url": _home(url),
        "feed_url": url,
        "language": "en",
        "items": [
            {
                "id": _entry_id(item),
                "url": item.link,
                "title": item.story.title,
                "summary": summary(item.story),
                "content_text": summary(item.story),  # one content field is required
                "date_published": _iso(item.story.published),
                "authors": [{"name": item.story.publisher}],
            }
            for item in items
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode("utf-8")


_WRITERS = {FeedKind.RSS: _rss, FeedKind.ATOM: _atom, FeedKind.JSON: _json}
