"""RSS and Atom through feedparser, with its dangerous doors shut: for XML that is too broken for a tree.

feedparser is only ever given a stream: from bytes or a string it would open the body as a path or a URL
(polling design). What it is given starts at the root element, so no DOCTYPE, entity or junk reaches it. Dates are
read from their texts by the hand that reads all dates.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax.saxutils import unescape

from monitor.core.feeds.channel import Channel
from monitor.core.feeds.dates import read_date
from monitor.core.feeds.raw import RawEntry, RawFeed, RawText, longest
from monitor.core.text.html import one_line
from monitor.model.errors import NotAFeed

ENGINE = "feedparser"
_QUOTES = {"&quot;": '"', "&apos;": "'"}
# A link that says nothing, which keeps a guid from being the link.
_EMPTY_LINK = re.compile(r"<link\s*(?:/>|>\s*(?:<!\[CDATA\[\s*\]\]>\s*)?</link\s*>)")
# Of one that is escaped twice feedparser makes `?a=1&ampb=2`.
_ESCAPED_LINK = re.compile(r"<link>(?:\s*+<!\[CDATA\[[^\]<]*&amp;|[^<]*&amp;amp;)[^<]*")
_ATOM = re.compile(r"""(\sxmlns:atom\s*=\s*["'])[^"']*""")  # known by its address only
_EDGE = re.compile(r"<(/?)(?:[\w.-]{1,30}:)?(?:item|entry)(?:\s[^<>]*)?>", re.I)

_Node = dict[str, Any]  # what feedparser calls FeedParserDict


def read_with_feedparser(text: str, start: str, *, is_atom: bool, said: Channel) -> RawFeed:
    """The feed in a text that begins with its root element. Raises NotAFeed.

    `said` is what the channel says that feedparser does not keep; `start` is shown to the user.
    """
    import feedparser  # the parent process asks for none of this: only killable children parse

    text = _ESCAPED_LINK.sub(_escaped_once, _EMPTY_LINK.sub("", text))
    text = _ATOM.sub(r"\g<1>http://www.w3.org/2005/Atom", text)
    try:
        found = feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:  # feedparser raises whatever its helpers raise on odd URLs and dates
        why = one_line(f"the feed could not be read: {type(error).__name__}: {error}", 300)
        raise NotAFeed(why, start) from None
    if not found.entries and (found.bozo or not found.get("version")):
        broken = found.get("bozo_exception")
        why = f"broken XML: {broken}" if broken else "XML, but neither RSS nor Atom"
        raise NotAFeed(one_line(why, 300), start)
    channel: _Node = found.feed
    return RawFeed(
        title=_raw_text(channel, "title", is_atom),
        link=_str(dict.get(channel, "link")),
        language=_said_language(channel),
        entries=[_entry(entry, is_atom, bool(found.bozo)) for entry in _whole(found.entries, text)],
        engine=ENGINE,
        cadence=said.cadence,
        hub=said.links.get("hub", ""),
        self_link=said.links.get("self", ""),
        older=said.older,
    )


def _escaped_once(link: re.Match[str]) -> str:
    return link[0].replace("&amp;", "&") if "<!" in link[0] else link[0].replace("&amp;amp;", "&amp;")


def _whole(entries: list[_Node], text: str) -> list[_Node]:
    """The entries without the last one of a text that was cut short inside it.

    Half a link, or no id yet, would make a new entry of it. It is whole at the next poll; where there is no other,
    half of it is more than nothing.
    """
    edges = ["end" if edge[1] else "start" for edge in _EDGE.finditer(text)]
    was_cut = edges[-1:] == ["start"] and "end" in edges
    return entries[:-1] if was_cut and len(entries) > 1 else entries


def _entry(entry: _Node, is_atom: bool, is_broken: bool) -> RawEntry:
    published, updated = _str(dict.get(entry, "published")), _str(dict.get(entry, "updated"))
    if not is_atom and not published:
        # RSS 1.0 dates are dc:date, which feedparser files under `updated`.
        published, updated = updated, ""
    content = _content(entry, is_atom)
    summary = _raw_text(entry, "summary", is_atom)
    if summary.value == content.value:
        summary = RawText()  # feedparser copies an Atom content into a missing summary
    entry_id, links = _str(dict.get(entry, "id")), _links(entry)
    if is_broken:
        # feedparser leaves the references in ids and in some links as they are written then.
        entry_id, *links = (unescape(one, _QUOTES) for one in (entry_id, *links))
    return RawEntry(
        id=entry_id,
        title=_raw_text(entry, "title", is_atom),
        links=tuple(links),
        published=read_date(published),
        updated=read_date(updated),
        summary=summary,
        content=content,
        authors=_authors(entry),
        language=_said_language(entry),
    )


def _said_language(holder: _Node) -> str:
    """`<language>` or `dc:language`, else the xml:lang that holds for the title."""
    return _str(dict.get(holder, "language")) or _str(_detail(holder, "title").get("language"))


def _links(entry: _Node) -> list[str]:
    listed = [link for link in dict.get(entry, "links") or () if isinstance(link, dict)]
    alternates = [_str(dict.get(link, "href")) for link in listed if dict.get(link, "rel") == "alternate"]
    # FeedBurner puts its own counting address into <link> and keeps the publisher's beside it.
    return [_str(dict.get(entry, "feedburner_origlink")), _str(dict.get(entry, "link")), *alternates]


def _content(entry: _Node, is_atom: bool) -> RawText:
    """The longest textual content."""
    texts = [
        RawText(_str(part.get("value")), is_html=not (is_atom and part.get("type") == "text/plain"))
        for part in dict.get(entry, "content") or ()
        if isinstance(part, dict) and str(part.get("type") or "text/").startswith(("text/", "application/xhtml"))
    ]
    return longest(texts)


def _authors(entry: _Node) -> tuple[str, ...]:
    listed = [author for author in dict.get(entry, "authors") or () if isinstance(author, dict)]
    names = [_str(dict.get(author, "name")) or _str(dict.get(author, "email")) for author in listed]
    return tuple(name for name in names if name) or tuple(filter(None, [_str(dict.get(entry, "author"))]))


def _detail(holder: _Node, name: str) -> _Node:
    found = dict.get(holder, f"{name}_detail")
    return found if isinstance(found, dict) else {}


def _raw_text(holder: _Node, name: str, is_atom: bool) -> RawText:
    """Atom says what is text and what is HTML (RFC 4287 §3.1.1); RSS does not, and usually means HTML."""
    plain = is_atom and _detail(holder, name).get("type") == "text/plain"
    return RawText(_str(dict.get(holder, name)), is_html=not plain)


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""
