"""RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0 from the tree of their XML: the fast reader. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from monitor.core.feeds.channel import read_channel
from monitor.core.feeds.raw import RawEntry, RawFeed
from monitor.core.feeds.xml_entries import Holder
from monitor.core.feeds.xml_names import XML, Names

ENGINE = "lxml"
_ENTRIES = frozenset({"item", "entry"})
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


def read_tree(root: etree._Element, text: str) -> RawFeed:
    """The feed whose root element this is; `text` is what it was read from. Never raises."""
    names = Names()
    # Both are looked for in all ancestors of an element: not where nobody says them.
    has_base, has_language = "xml:base" in text, "xml:lang" in text
    is_atom = names.of(root).rpartition(":")[2] == "feed"

    def holder() -> Holder:
        return Holder(names, is_atom=is_atom, has_base=has_base, has_language=has_language)

    def entry(item: etree._Element) -> RawEntry:
        made = holder()
        made.id = item.get(_RDF_ABOUT, "").strip()
        return made.read(item).entry()

    feed = holder().read(root)
    for channel in _channels(root, names):
        feed.read(channel)
    said = read_channel(root, names)
    return RawFeed(
        title=feed.raw_text(feed.title),
        link=feed.link or "",
        language=feed.language or root.get(XML + "lang", "").replace("_", "-") or feed.said_language(),
        entries=[entry(item) for item in _items(root, names)],
        engine=ENGINE,
        cadence=said.cadence,
        hub=said.links.get("hub", ""),
        self_link=said.links.get("self", ""),
        older=said.older,
    )


def _channels(root: etree._Element, names: Names) -> list[etree._Element]:
    return [child for name, child in names.children(root) if name == "channel"]


def _items(root: etree._Element, names: Names) -> list[etree._Element]:
    """The entries where they belong, or wherever they are in a feed that has none there; in document order."""
    holders = (root, *_channels(root, names))
    found = [child for holder in holders for name, child in names.children(holder) if name in _ENTRIES]
    return found or list(_anywhere(root, names))


def _anywhere(root: etree._Element, names: Names) -> Iterator[etree._Element]:
    return (one for one in root.iter("{*}item", "{*}entry") if names.of(one) in _ENTRIES)
