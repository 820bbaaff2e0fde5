"""What the elements of feeds are called, whatever their namespaces: one word for one meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree

XML = "{http://www.w3.org/XML/1998/namespace}"

# The namespaces of RSS and Atom themselves; an element without a prefix in a namespace that nobody knows is one of
# theirs too: feeds misspell the address of Atom's.
_FEED_NAMES = """
    http://backend.userland.com/rss http://blogs.law.harvard.edu/tech/rss http://purl.org/rss/1.0/
    http://my.netscape.com/rdf/simple/0.9/ http://purl.org/atom/ns# http://www.w3.org/2005/atom
    http://purl.org/rss/1.0/modules/rss091# http://purl.org/pie/
"""
_FEEDS = frozenset(_FEED_NAMES.split())
_MODULES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/mrss/": "media",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://www.google.com/schemas/sitemap-news/0.9": "news",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
}
_USERLAND = "backend.userland.com/rss"  # any version of it
# Addresses are misspelt, by programs that move a site to https above all; prefixes hardly ever are.
_USUAL_PREFIXES = frozenset(_MODULES.values())


class Names:
    """The names of the elements of one document: `title`, `dc:date`; "" for what nobody knows."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self.takes: dict[str, Any] = {}  # what their readers do with them, by their tags

    def of(self, element: etree._Element) -> str:
        """The lower-case name of an element with the usual prefix of its module, and none for RSS and Atom."""
        tag = element.tag
        known = self._of.get(tag)
        if known is None:
            # With names without end nobody is known by the name, and the memory stays small.
            known = self._of[tag] = _name(tag, element.prefix) if len(self._of) < _MOST_NAMES else ""
        return known

    def children(self, element: etree._Element) -> Iterable[tuple[str, etree._Element]]:
        """The child elements that somebody knows, with their names."""
        return ((name, child) for child in element if (name := self.of(child)))


_MOST_NAMES = 2_000


def _name(tag: object, prefix: str | None) -> str:
    if not isinstance(tag, str):
        return ""  # an entity's node
    space, brace, local = tag.rpartition("}")
    local = local.lower()
    if not brace:
        return local
    space = space[1:].lower()
    if space in _FEEDS or _USERLAND in space:
        return local
    if module := _MODULES.get(space):
        return f"{module}:{local}"
    if prefix is None or prefix == "atom":
        return local
    return f"{prefix}:{local}" if prefix in _USUAL_PREFIXES else ""
