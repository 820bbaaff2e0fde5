"""XML to a feed: the fast reader, and feedparser for what it cannot read (docs/decisions/0079)."""

from __future__ import annotations

from monitor.core.feeds.channel import Channel, read_channel
from monitor.core.feeds.feedparser_feed import read_with_feedparser
from monitor.core.feeds.news_sitemap import read_news_sitemap
from monitor.core.feeds.raw import RawFeed
from monitor.core.feeds.root import SITEMAP_ROOTS, find_root
from monitor.core.feeds.tree_feed import read_tree
from monitor.core.feeds.xml_names import Names
from monitor.core.feeds.xml_tree import loose_tree, strict_tree, without_slips, without_tail


def read_xml_feed(text: str, start: str) -> RawFeed:
    """The feed in an XML text; `start` is shown to the user when it is none. Raises NotAFeed."""
    name, body = find_root(text, start)
    tree = strict_tree(body)
    if tree is None:
        body = without_slips(body)
        tree = strict_tree(without_tail(body))
    if name in SITEMAP_ROOTS:
        return read_news_sitemap(tree, start)
    if tree is not None and (feed := read_tree(tree, body)).entries:
        return feed
    if tree is None:
        tree = loose_tree(body)
    said = read_channel(tree, Names()) if tree is not None else Channel()
    return read_with_feedparser(body, start, is_atom=name == "feed", said=said)
