"""One reading of the elements of RSS and Atom: what an entry, or a feed, says of itself. Pure.

The rules are feedparser's, which reads the feeds that are too broken for a tree: an element means the same to
both, so that no entry looks new or revised because a feed broke or was mended (docs/decisions/0079). The first
title that says something is the title, the last link and date are, a second description is content, deeper
elements yield.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from contextlib import suppress
from html import escape
from urllib.parse import urljoin

from lxml import etree

from monitor.core.feeds.dates import read_date
from monitor.core.feeds.raw import RawEntry, RawText, longest
from monitor.core.feeds.xml_names import XML, Names

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_TYPES = {"text": "text/plain", "plain": "text/plain", "html": "text/html", "xhtml": "application/xhtml+xml"}
_NO_WINDOWS = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_WINDOWS = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in _NO_WINDOWS}
_C1 = re.compile("[\x80-\x9f]")
_EMAIL = re.compile(r"[a-zA-Z0-9_.+-]{1,64}@(?:[a-zA-Z0-9-]{1,63}\.){1,8}[a-zA-Z]{2,24}(?:\?subject=\S+)?")
_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_PLAIN = "text/plain"
_XHTML = "application/xhtml+xml"
_DEEPEST = 3  # groups of Media RSS in each other
_DEEP = 1_000  # deeper than any element


class Holder:
    """An entry or a channel while its elements are read in their order."""

    def __init__(self, names: Names, *, is_atom: bool, has_base: bool, has_language: bool) -> None:
        self.names = names
        self.is_atom = is_atom
        self.has_base = has_base
        self.has_language = has_language
        self.id = ""
        self.link: str | None = None  # "" is a link that says nothing
        self.title = ("", _PLAIN)
        self.language = ""
        self._alternates: list[str] = []
        self._original = ""
        self._published = ""
        self._updated = ""
        self._summary: tuple[str, str] | None = None
        self._summary_depth = self._title_depth = self._said_depth = _DEEP
        self._has_content = False
        self._contents: list[tuple[str, str]] = []
        self._authors: list[str] = []
        self._title_language = ""

    def read(self, element: etree._Element, depth: int = 0) -> Holder:
        """Takes in the children of an element, and those of Media RSS's groups, as deeper ones."""
        takes = self.names.takes
        for child in element:
            tag = child.tag
            known = takes.get(tag)
            if known is None:
                name = self.names.of(child)
                known = takes[tag] = name, _TAKERS.get(name)
            name, take = known
            if take is not None:
                take(self, child, name, depth)
        return self

    def _take_container(self, element: etree._Element, _name: str, depth: int) -> None:
        if depth < _DEEPEST:
            self.read(element, depth + 1)

    def said_language(self) -> str:
        """`<language>` or `dc:language`, else the xml:lang that holds for the title."""
        return self.language or self._title_language

    def raw_text(self, said: tuple[str, str]) -> RawText:
        """Atom says what is text and what is HTML (RFC 4287 §3.1.1); RSS does not, and usually means HTML."""
        value, kind = said
        return RawText(value, is_html=not (self.is_atom and kind == _PLAIN))

    def entry(self) -> RawEntry:
        """The entry that was read."""
        published, updated = self._published, self._updated
        if not self.is_atom and not published:
            published, updated = updated, ""  # RSS 1.0 has but dc:date
        texts = [self.raw_text(one) for one in self._contents if one[1].startswith(("text/", "application/xhtml"))]
        content = longest(texts)
        summary = self.raw_text(self._summary or ("", _PLAIN))
        return RawEntry(
            id=self.id,
            title=self.raw_text(self.title),
            links=(self._original, self.link or "", *self._alternates),
            published=read_date(published) if published else None,
            updated=read_date(updated) if updated else None,
            summary=RawText() if summary.value == content.value else summary,
            content=content,
            authors=tuple(name for name in self._authors if name),
            language=self.said_language(),
        )

    def _take_title(self, element: etree._Element, name: str, depth: int) -> None:
        said = self._said(element, _PLAIN)
        if depth < self._said_depth:
            if depth <= self._title_depth:
                self.title = said
                self._title_depth = depth
            if self.has_language:
                self._title_language = _language(element)
        if said[0] and name != "media:title":
            self._said_depth = depth

    def _take_id(self, element: etree._Element, _name: str, depth: int) -> None:
        value = _words(element)
        is_link = _is_permalink(element)
        self.id = self._resolved(element, value) if is_link else value
        if is_link and self.link is None:
            self.link = self.id

    def _take_link(self, element: etree._Element, _name: str, _depth: int) -> None:
        rel = element.get("rel", "alternate").lower()
        href = element.get("url") or element.get("uri") or element.get("href")
        if href is None:
            said = _words(element)
            if not said and not element.attrib:
                return  # says nothing: a guid may be the link
            self.link = self._resolved(element, said)
            if rel == "alternate":
                self._alternates.append(self.link)
        elif rel == "alternate":
            href = self._resolved(element, href)
            self._alternates.append(href)
            if _type(element.get("type", "text/html")) in _HTML_TYPES:
                self.link = href

    def _take_original(self, element: etree._Element, _name: str, _depth: int) -> None:
        self._original = _words(element)

    def _take_published(self, element: etree._Element, _name: str, _depth: int) -> None:
        self._published = _words(element)

    def _take_updated(self, element: etree._Element, _name: str, _depth: int) -> None:
        self._updated = _words(element)

    def _take_description(self, element: etree._Element, name: str, depth: int) -> None:
        if self._summary is not None and not self._has_content:
            self._take_content(element, "content", depth)
            return
        said = self._said(element, "text/html" if name.endswith("description") else _PLAIN)
        if self._summary is None or depth <= self._summary_depth:
            self._summary, self._summary_depth = said, depth
        else:
            self._summary = (self._summary[0], said[1])

    def _take_content(self, element: etree._Element, name: str, _depth: int) -> None:
        self._has_content = self._has_content or not name.endswith("body")
        default = _PLAIN if name == "content" else _XHTML if name.endswith("body") else "text/html"
        said = self._said(element, default)
        self._contents.append(said)
        if self._summary is None and (said[1] == _PLAIN or said[1] in _HTML_TYPES):
            self._summary = said[0], "text/html"

    def _take_author(self, element: etree._Element, _name: str, _depth: int) -> None:
        parts = {name.rpartition(":")[2]: _words(child) for name, child in self.names.children(element)}
        self._authors.append(parts.get("name") or parts.get("email") or _author(_words(element)))

    def _take_language(self, element: etree._Element, _name: str, _depth: int) -> None:
        self.language = _words(element)

    def _said(self, element: etree._Element, default: str) -> tuple[str, str]:
        """The text or markup of an element that may be either, and its type."""
        kind = _type(element.get("type", default))
        if len(element):
            return _mended(_inside(element)), kind if kind.endswith("xml") else _XHTML
        value = (element.text or "").strip()
        is_text = kind.startswith("text/") or kind.endswith(("+xml", "/xml"))
        if not is_text or element.get("mode") == "base64":
            value = _from_base64(value)
        return _mended(escape(value, quote=False) if kind == _XHTML else value), kind

    def _resolved(self, element: etree._Element, link: str) -> str:
        if not (self.has_base and link):
            return link
        try:
            return urljoin(element.base or "", link)
        except ValueError:
            return ""


_TAKERS: dict[str, Callable[[Holder, etree._Element, str, int], None]] = {
    "media:group": Holder._take_container,
    "media:content": Holder._take_container,
    "title": Holder._take_title,
    "dc:title": Holder._take_title,
    "media:title": Holder._take_title,
    "id": Holder._take_id,
    "guid": Holder._take_id,
    "link": Holder._take_link,
    "feedburner:origlink": Holder._take_original,
    "published": Holder._take_published,
    "issued": Holder._take_published,
    "pubdate": Holder._take_published,
    "dcterms:issued": Holder._take_published,
    "updated": Holder._take_updated,
    "modified": Holder._take_updated,
    "lastbuilddate": Holder._take_updated,
    "dc:date": Holder._take_updated,
    "dcterms:modified": Holder._take_updated,
    "description": Holder._take_description,
    "dc:description": Holder._take_description,
    "media:description": Holder._take_description,
    "summary": Holder._take_description,
    "itunes:summary": Holder._take_description,
    "content": Holder._take_content,
    "content:encoded": Holder._take_content,
    "fullitem": Holder._take_content,
    "body": Holder._take_content,
    "xhtml:body": Holder._take_content,
    "author": Holder._take_author,
    "dc:creator": Holder._take_author,
    "dc:author": Holder._take_author,
    "itunes:author": Holder._take_author,
    "language": Holder._take_language,
    "dc:language": Holder._take_language,
}


def _type(kind: str) -> str:
    kind = kind.lower()
    return _TYPES.get(kind, kind)


def _is_permalink(element: etree._Element) -> bool:
    said: str | None = element.get("isPermaLink")
    if said is None:  # as feedparser: whatever the letters are, and nobody but RSS says it
        said = next((value for name, value in element.items() if name.lower() == "ispermalink"), "true")
    return said == "true"


def _words(element: etree._Element) -> str:
    text = "".join(element.itertext()) if len(element) else element.text
    return _mended(text.strip()) if text else ""


def _mended(text: str) -> str:
    """The text as it was meant: no UTF-8 that was taken for Latin-1, no references to Windows' characters."""
    if text.isascii():
        return text
    with suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_WINDOWS) if _C1.search(text) else text


def _inside(element: etree._Element) -> str:
    """The markup inside an element, without namespaces. Iterative: depth is hostile."""
    pieces = []
    for event, one in etree.iterwalk(element, events=("start", "end")):
        is_known = one is not element and isinstance(one.tag, str)
        tag = one.tag.rpartition("}")[2] if is_known else ""
        if event == "start":
            if is_known:
                pieces.append(f"<{tag}{''.join(_attribute(*pair) for pair in one.attrib.items())}>")
            pieces.append(escape(one.text or "", quote=False))
        elif one is not element:
            if is_known and tag not in _VOID:
                pieces.append(f"</{tag}>")
            pieces.append(escape(one.tail or "", quote=False))
    return "".join(pieces).strip()


def _attribute(name: str, value: str) -> str:
    return f' {name.rpartition("}")[2]}="{escape(value)}"'


def _from_base64(value: str) -> str:
    try:
        return base64.decodebytes(value.encode("utf-8", "replace")).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return value


def _author(said: str) -> str:
    """The name in `jane@example.org (Jane Doe)` and its like, else the address."""
    found = _EMAIL.search(said[:500])
    if found is None:
        return said
    name: str = said.replace(found[0], "").replace("()", "").replace("<>", "").replace("&lt;&gt;", "").strip()
    return name.removeprefix("(").removesuffix(")").strip() or found[0]


def _language(element: etree._Element | None) -> str:
    while element is not None:
        said: str | None = element.get(XML + "lang")
        if said is not None:
            return said.replace("_", "-")
        element = element.getparent()
    return ""
