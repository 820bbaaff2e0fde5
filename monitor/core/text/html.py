"""HTML to plain text: summaries with their paragraphs, titles on one line."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.entities import name2codepoint

from lxml import etree

from monitor.core.text.characters import bounded_marks, without_controls, without_overrides

MAX_HTML = 2_000_000  # code points read of one fragment; a news article has 5,000
MAX_TITLE = 1_000  # polling design "Entries"

_BLOCK_NAMES = """
    address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section summary table tbody tfoot
    thead tr ul
"""
_HIDDEN_NAMES = """
    script style noscript template head iframe object embed applet svg math canvas audio video select textarea
    noframes noembed
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HIDDEN = frozenset(_HIDDEN_NAMES.split())
_KNOWN_TAGS = (
    "a|abbr|acronym|address|article|aside|b|bdi|bdo|big|blockquote|body|br|button|center|cite|code|dd|del|dfn|div|dl"
    "|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|li|link"
    "|main|mark|meta|nav|nobr|object|ol|p|pre|q|ruby|rp|rt|s|samp|script|section|small|span|strike|strong|style|sub"
    "|sup|svg|table|tbody|td|th|title|tr|tt|u|ul|var|video|wbr"
)
# `x < y` and `a <b and c> d` must stay: only real element names count as markup.
_TAG = re.compile(rf"</?(?:{_KNOWN_TAGS})(?:\s[^<>]*|/)?>", re.I)
_TAG_OR_COMMENT = re.compile(r"<[a-z/!?]", re.I)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_HIDDEN_WITH_TEXT = re.compile(r"<(script|style|iframe|object)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_DANGEROUS_REST = re.compile(r"</?(?:script|style|iframe|object|embed)\b[^<>]*>?", re.I)
_BREAK_TAG = re.compile(r"<(?:br|/p|/div|/li|hr)\b[^<>]*>", re.I)
# Only closed references: `AT&T`, `R&D`, `?a=1&copy=2` are no entities.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Bytes with a known encoding: lxml refuses text that carries an encoding declaration of its own.
_PARSER = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
_SPACE = re.compile(r"\s+")
# Tags that say no more than where a paragraph or a line ends: most of what feeds send has no others.
_PLAIN_BLOCKS = (
    "p|div|li|ul|ol|h[1-6]|blockquote|article|section|figure|figcaption|hr|header|footer|aside|main|dl|dt|dd"
)
_PLAIN_INLINES = (
    "a|abbr|b|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var"
)
_ATTRIBUTES = r"""\s[^<>"']*(?:"[^"<>]*"[^<>"']*|'[^'<>]*'[^<>"']*)*"""
_PLAIN_TAG = re.compile(rf"</?(?:({_PLAIN_BLOCKS})|(br)|(?:{_PLAIN_INLINES}))({_ATTRIBUTES}|/)?>", re.I)
_REFERENCE = re.compile(r"&(?:(#?\w{1,8});)?")
_SPACES_THAT_ARE_CONTROLS = "\x1c\x1d\x1e\x1f"
_NEEDS_TREE = "\1"  # stands in no text: controls are gone
_BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def clean(text: str) -> str:
    """The text as it may be stored: no controls, no turned reading order, no endless stack of marks.

    What Python calls printable has none of the first two.

    To be applied last: references like `&#27;` and escapes like `\\u009b` are resolved on the way.
    """
    return bounded_marks(text) if text.isprintable() else without_controls(without_overrides(text))


def one_line(text: str, limit: int = MAX_TITLE) -> str:
    """Plain text on one line of at most `limit` code points: white space collapsed, controls removed.

    A longer text is cut and ends with "…", which counts.
    """
    text = text[: limit * 20]  # white space only shrinks: nobody needs to collapse 10 MB for a title
    if text.isprintable() and "  " not in text:
        line = bounded_marks(text).strip()
    else:
        line = _SPACE.sub(" ", clean(_SPACE.sub(" ", text))).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def without_scripts(text: str) -> str:
    """The text without script, style and frame elements and their content; other markup stays as it is."""
    return _DANGEROUS_REST.sub(" ", _HIDDEN_WITH_TEXT.sub(" ", text)) if "<" in text else text


def unescape_once(text: str) -> str:
    """Resolves closed character references, one level only: `&amp;lt;` becomes `&lt;`."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def plain_title(text: str, limit: int = MAX_TITLE) -> str:
    """A title that may be HTML (RSS never says) as one line of plain text, at most `limit` code points.

    Known tags go, scripts go with their content, references are resolved once; `AT&T` and `x < y` stay.
    Never raises.
    """
    text = text[: limit * 50]
    if "<" in text:
        text = _COMMENT.sub(" ", text)
        text = _HIDDEN_WITH_TEXT.sub(" ", text)
        text = _TAG.sub("", _BREAK_TAG.sub(" ", text))
    # A twice-escaped script is text by the book; no headline needs one, and a careless display would run it.
    return one_line(without_scripts(unescape_once(text)), limit)


def html_to_text(markup: str) -> str:
    """Visible text with a blank line between blocks and a line end for `<br>`; references resolved once.

    Scripts, styles, forms' choices and elements marked hidden are left out. Text without markup keeps its
    own blank lines. White space is single spaces and line ends; what `clean` takes out is gone. At most
    MAX_HTML code points are read. Never raises.
    """
    markup = markup[:MAX_HTML].replace("\r\n", "\n").replace("\r", "\n")
    flat = " ".join(markup.split())
    if not flat.isprintable() or any(control in markup for control in _SPACES_THAT_ARE_CONTROLS):
        markup = without_controls(markup)
        flat = " ".join(markup.split())
    if not _TAG_OR_COMMENT.search(markup):
        return _paragraphs(_BLANK_LINE.sub("\0", unescape_once(markup)).replace("\n", " ").split("\0"))
    if (parts := _plain_parts(flat)) is not None:
        return _paragraphs(parts)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), _PARSER)
    except (etree.LxmlError, ValueError, AssertionError):
        root = None
    if root is None:
        return _paragraphs([unescape_once(_TAG.sub(" ", without_scripts(_COMMENT.sub(" ", markup))))])
    return _paragraphs("".join(_pieces(root)).split("\0"))


def _plain_parts(flat: str) -> list[str] | None:
    """What `_pieces` finds between two edges of blocks, without a tree; None for markup that needs one.

    A tree decides what is inside what: no text depends on it where all tags are paragraphs, line ends and phrases.
    """
    text = _PLAIN_TAG.sub(_edge, flat)
    if "<" in text:
        return None
    if "&" in text:
        text = _REFERENCE.sub(_character, text)
    return None if _NEEDS_TREE in text else text.split("\0")


def _edge(tag: re.Match[str]) -> str:
    block, line_end, attributes = tag.groups()
    if attributes and ("hidden" in attributes.lower() or "style" in attributes.lower()):
        return _NEEDS_TREE  # perhaps nothing of it is to be seen
    return "\0" if block else "\n" if line_end and tag[0][1] != "/" else ""


def _character(reference: re.Match[str]) -> str:
    name = reference[1] or ""
    if code := name2codepoint.get(name):
        return chr(code)
    code = int(name[1:]) if name[:1] == "#" and name[1:].isdecimal() and name.isascii() else 0
    is_plain = 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800
    return chr(code) if is_plain else _NEEDS_TREE


def _pieces(root: etree._Element) -> Iterator[str]:
    """Text in document order; NUL marks the edge of a block, a line end a `<br>`. Iterative: depth is hostile."""
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        hidden = tag in _HIDDEN or _is_hidden(element)
        if event == "start":
            if hidden:
                walk.skip_subtree()
                continue
            if tag == "br":
                yield "\n"
            elif tag in _BLOCKS:
                yield "\0"
            elif tag in ("td", "th"):
                yield " "
            yield _flat(element.text)
        else:
            if tag in _BLOCKS and not hidden:
                yield "\0"
            if element is not root:
                yield _flat(element.tail)


def _is_hidden(element: etree._Element) -> bool:
    if "hidden" in element.attrib:
        return True
    style = element.get("style")
    return bool(style) and "display:none" in style.replace(" ", "").lower()


def _flat(text: str | None) -> str:
    return _SPACE.sub(" ", text.replace("\0", " ")) if text else ""


def _paragraphs(parts: list[str]) -> str:
    paragraphs = []
    for part in parts:
        if not part.strip():  # what lies between two blocks: of most pages half of the parts
            continue
        lines = [" ".join(line.split()) for line in clean(part).split("\n")]
        paragraphs.append("\n".join(lines).strip("\n"))
    # Two <br> in a row are how many feeds write a paragraph.
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph.strip())
    return re.sub(r"\n{3,}", "\n\n", text).strip()
