"""RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0 through feedparser, with its dangerous doors shut.

feedparser is only ever given a stream: from bytes or a string it would open the body as a path or a URL
(polling design). What it is given starts at the root element, so no DOCTYPE, entity or junk reaches it.
"""

from __future__ import annotations

import html
import io
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.feeds.raw import RawEntry, RawFeed, RawText
from monitor.core.text.html import one_line
from monitor.model.cadence import Cadence
from monitor.model.errors import NotAFeed

ENGINE = "feedparser"

_Node = dict[str, Any]  # what feedparser calls FeedParserDict

_MARK = re.compile(r"<!--|<!ENTITY|<!DOCTYPE\s+html|<(?:[\w.-]{1,40}:)?([A-Za-z][\w.-]{0,60})", re.I)
_HTML_TITLE = re.compile(r"<title[^>]{0,100}>([^<]{1,300})", re.I)
_HTML_ROOTS = frozenset({"html", "head", "body", "script", "meta", "title", "iframe", "form"})
_FEED_ROOTS = frozenset({"rss", "rdf", "feed"})
_BOT_CUES = (
    "just a moment",
    "cf-chl",
    "challenge-platform",
    "captcha",
    "are you a robot",
    "attention required",
    "access denied",
    "ddos-guard",
    "_incapsula_",
    "enable javascript and cookies",
)
_LOGIN_CUES = ('type="password"', "type='password'", "type=password")
_ROOT_WITHIN = 100_000  # code points searched for the root: PHP warnings and comments may stand before it
_MAX_TTL_MINUTES = 7 * 24 * 60


def read_xml_feed(text: str, start: str) -> RawFeed:
    """The feed in an XML text; `start` is shown to the user when it is none. Raises NotAFeed."""
    import feedparser  # the parent process asks for none of this: only killable children parse

    body = _from_root(text, start)
    try:
        found = feedparser.parse(
            io.BytesIO(body.encode("utf-8", "replace")),
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
    is_atom = str(found.get("version") or "").startswith("atom")
    return RawFeed(
        title=_raw_text(channel, "title", is_atom),
        link=_str(dict.get(channel, "link")),
        language=_said_language(channel),
        entries=[_entry(entry, is_atom) for entry in found.entries],
        engine=ENGINE,
        cadence=Cadence(ttl=_ttl(dict.get(channel, "ttl"))),
        hub=_rel(channel, "hub"),
        self_link=_rel(channel, "self"),
    )


def _rel(channel: _Node, rel: str) -> str:
    """The first link of that relation (RFC 4287 §4.2.7.2; in RSS by the Atom namespace)."""
    links = dict.get(channel, "links") or ()
    return next((_str(link.get("href")) for link in links if link.get("rel") == rel), "")


def _from_root(text: str, start: str) -> str:
    """The text from its feed root element on; junk, comments, declaration and DOCTYPE before it are dropped."""
    first, position = None, 0
    while mark := _MARK.search(text, position, _ROOT_WITHIN):
        kind, name = mark[0].upper(), (mark[1] or "").lower()
        if kind == "<!--":
            position = text.find("-->", mark.end()) + 3
            if position < 3:
                break
            continue
        if kind == "<!ENTITY":
            # No living feed needs its own entities; expanding them is how XML bombs work, opening them
            # how files leak.
            raise NotAFeed("the XML declares entities of its own, which is refused", start)
        if name in _FEED_ROOTS:
            return text[mark.start() :]
        if not name or (first is None and name in _HTML_ROOTS):
            raise NotAFeed(_what_page(text), start)
        first = first or name
        position = mark.end()
    if first is None:
        raise NotAFeed("plain text, no feed", start)
    raise NotAFeed(f"XML or HTML, but no feed: its first element is <{first}>", start)


def _what_page(text: str) -> str:
    page = text[:200_000]
    lower = page.lower()
    title = _HTML_TITLE.search(page)
    named = f' ("{one_line(html.unescape(title[1]), 100)}")' if title else ""
    if any(cue in lower for cue in _BOT_CUES):
        return f"the server sent a bot challenge or an access page, not a feed{named}"
    if any(cue in lower for cue in _LOGIN_CUES):
        return f"the server sent a login page, not a feed{named}"
    return f"the server sent an HTML page, not a feed{named}"


def _entry(entry: _Node, is_atom: bool) -> RawEntry:
    published, updated = _date(entry, "published_parsed"), _date(entry, "updated_parsed")
    if not is_atom and published is None:
        # RSS 1.0 dates are dc:date, which feedparser files under `updated`.
        published, updated = updated, None
    content = _content(entry)
    summary = _raw_text(entry, "summary", is_atom)
    if summary.value == content.value:
        summary = RawText()  # feedparser copies an Atom content into a missing summary
    return RawEntry(
        id=_str(dict.get(entry, "id")),
        title=_raw_text(entry, "title", is_atom),
        links=_links(entry),
        published=published,
        updated=updated,
        summary=summary,
        content=content,
        authors=_authors(entry),
        language=_said_language(entry),
    )


def _said_language(holder: _Node) -> str:
    """`<language>` or `dc:language`, else the xml:lang that holds for the title."""
    return _str(dict.get(holder, "language")) or _str(_detail(holder, "title").get("language"))


def _links(entry: _Node) -> tuple[str, ...]:
    listed = [link for link in dict.get(entry, "links") or () if isinstance(link, dict)]
    alternates = [_str(dict.get(link, "href")) for link in listed if dict.get(link, "rel") == "alternate"]
    # FeedBurner puts its own counting address into <link> and keeps the publisher's beside it.
    return (_str(dict.get(entry, "feedburner_origlink")), _str(dict.get(entry, "link")), *alternates)


def _content(entry: _Node) -> RawText:
    """The longest textual content: Atom allows one, RSS modules bring several."""
    texts = [
        RawText(_str(part.get("value")), is_html=part.get("type") != "text/plain")
        for part in dict.get(entry, "content") or ()
        if isinstance(part, dict) and str(part.get("type") or "text/").startswith(("text/", "application/xhtml"))
    ]
    return max(texts, key=lambda text: len(text.value), default=RawText())


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


def _date(entry: _Node, name: str) -> datetime | None:
    # dict.get: FeedParserDict answers `updated` with `published` when the former is missing.
    parsed = dict.get(entry, name)
    if not isinstance(parsed, time.struct_time):
        return None
    try:
        return datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _ttl(value: object) -> timedelta | None:
    """RSS 2.0 `ttl`: minutes a feed may be cached."""
    text = _str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        return None
    minutes = int(text)
    return timedelta(minutes=min(minutes, _MAX_TTL_MINUTES)) if minutes else None
