"""The tree of a feed's XML, strictly read, and the slips that can be put right before. Pure.

A strict reader that gives up is what keeps text from vanishing: one that recovers drops what it does not
understand, and nobody is told. lxml opens nothing: the text begins at its root element, so there is no DOCTYPE.
"""

from __future__ import annotations

import re
from html.entities import html5

from lxml import etree

# Comments and instructions say nothing; entities that are not XML's own end the strict reading.
_STRICT = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_TOKEN = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?:(#?\w{1,32});)?", re.S)
_OWN_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
# Of elements and of attributes: words with colons are no prefixes.
_PREFIX = re.compile(r"(?:<|\s(?=[\w.:-]{3,60}\s?=))([A-Za-z][\w.-]{0,30}):[A-Za-z]")
_DECLARED = re.compile(r"xmlns:([A-Za-z][\w.-]{0,30})")
_ROOT_NAME = re.compile(r"<((?:[\w.-]+:)?[\w.-]+)")
_MOST_PREFIXES = 50
_KNOWN_PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "xhtml": "http://www.w3.org/1999/xhtml",
}


def strict_tree(text: str) -> etree._Element | None:
    """The root element of a text that begins with it; None for XML that is broken in any way."""
    return _tree(text)


def loose_tree(text: str) -> etree._Element | None:
    """What can be recovered of broken XML; for what a feed says of itself, never for its entries."""
    return _tree(text, recover=True)


def _tree(text: str, *, recover: bool = False) -> etree._Element | None:
    parser = etree.XMLParser(recover=recover, encoding="utf-8", **_STRICT)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


def without_slips(text: str) -> str:
    """A text that begins with its root element, without the commonest slips: none leaves a doubt about the words.

    They are bare ampersands, HTML's entities, references to no character, undeclared prefixes.
    """
    text = _TOKEN.sub(_reference, text)
    name = _ROOT_NAME.match(text)
    if name is None:
        return text
    missing = sorted(set(_PREFIX.findall(text)) - set(_DECLARED.findall(text)) - {"xmlns", "xml"})
    declared = "".join(map(_declaration, missing[:_MOST_PREFIXES]))
    return text[: name.end()] + declared + text[name.end() :]


def without_tail(text: str) -> str:
    """A text that begins with its root element, without what stands behind the last end of it.

    What is still broken then may not have ended: the last end may be a word in one of its texts.
    """
    name = _ROOT_NAME.match(text)
    ends = re.finditer(rf"</{re.escape(name[1])}\s*+>", text) if name else ()
    *_, end = len(text), *(found.end() for found in ends)
    return text[:end]


def _declaration(prefix: str) -> str:
    uri = _KNOWN_PREFIXES.get(prefix, f"urn:undeclared:{prefix}")
    return f' xmlns:{prefix}="{uri}"'


def _reference(found: re.Match[str]) -> str:
    name = found[1]
    if found[0][0] == "<" or name in _OWN_ENTITIES:
        return found[0]
    if name is None:
        return "&amp;"
    if name[0] == "#":
        return _character(name[1:], found[0])
    characters = html5.get(name + ";")
    return "".join(f"&#{ord(one)};" for one in characters) if characters else f"&amp;{name};"


def _character(digits: str, reference: str) -> str:
    """The reference, "" where it names what XML allows nowhere, its text where it is none."""
    hexadecimal = digits[:1] in ("x", "X")
    try:
        code = int(digits[1:], 16) if hexadecimal else int(digits)
    except ValueError:
        return reference.replace("&", "&amp;")
    is_allowed = (
        code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    )
    return f"&#{code};" if is_allowed else ""
