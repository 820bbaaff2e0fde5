"""The bytes of a page to its tree: what is no HTML is refused, in one sentence."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree
from lxml import html as lxml_html

from monitor.core.text.characters import without_controls
from monitor.core.text.charset import decode_body
from monitor.core.text.html import one_line
from monitor.model.errors import NotExtractable

MAX_PAGE = 5_000_000  # bytes read of a page (stories design "Extraction")
_HTML_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain", "")
_JSON = re.compile(r"""\{\s*["'}]|\[\s*(?:[\[{"'\]]|-?\d)""")
_LOOKED_AT = 2_000  # characters, for what is no text at all
_NO_TEXT = 0.05  # of them that are control characters; of random bytes it is a tenth
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# What tells a column of a page from a cell of a table: code points of text in it, or paragraphs of some length.
_ARTICLE = 600
_RUNNING = 60
_PARAGRAPHS = 3
_PIECES = 20
_PARTS = frozenset({"thead", "tbody", "tfoot"})
_NOT_HTML = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
)
# `&#27;`, `&#x1b;`: XML has no such characters, and trafilatura gives up a whole page for one of them.
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0{0,9}(?:[0-8]|1[124-9]|2\d|3[01])(?!\d)|x0{0,9}(?:[0-8bcef]|1[0-9a-f])(?![0-9a-f]));?", re.I
)


def page_tree(body: bytes, content_type: str | None) -> lxml_html.HtmlElement:
    """The page's tree, without comments. Raises NotExtractable for what is no HTML or is empty."""
    _refuse_other_types(body, content_type)
    text = decode_body(body[:MAX_PAGE], content_type)
    if _is_binary(text[:_LOOKED_AT]):
        raise NotExtractable("the page is binary data, not HTML")
    page = _CONTROL_REFERENCE.sub("", without_controls(text)).strip()
    if _JSON.match(page):
        raise NotExtractable("the page is JSON, not HTML")
    try:
        parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
        tree = lxml_html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        raise NotExtractable("the page's HTML cannot be read") from None
    _unfold_layout(tree)
    return tree


def _unfold_layout(tree: lxml_html.HtmlElement) -> None:
    """Tables that only lay a page out become plain boxes: extraction leaves tables out, and the article with them.

    Such a table has a cell with paragraphs, or with as much text of its own as an article's; so have those that it
    stands in. Tables of figures stay tables.
    """
    layout = {
        id(table): table
        for cell in tree.iter("td", "th")
        if _is_column(cell)
        for table in cell.iterancestors("table")
    }
    for table in layout.values():
        table.tag = "div"
        for row in [one for part in table for one in ((part, *part) if part.tag in _PARTS else (part,))]:
            if row.tag in _PARTS or row.tag == "tr":
                cells = list(row) if row.tag == "tr" else []
                for part in (row, *cells):
                    part.tag = "div"


def _is_column(cell: lxml_html.HtmlElement) -> bool:
    own = len(cell.text or "") + sum(len(one.tail or "") for one in cell)
    running = (one for one in cell.iterchildren("p", "div") if _is_running(one))
    return own >= _ARTICLE or len(list(islice(running, _PARAGRAPHS))) == _PARAGRAPHS


def _is_running(part: lxml_html.HtmlElement) -> bool:
    """Whether a part has a line of text; looked for in its first pieces only, for tables may stand in tables."""
    return sum(map(len, islice(part.itertext(), _PIECES))) >= _RUNNING


def _refuse_other_types(body: bytes, content_type: str | None) -> None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        raise NotExtractable(f"the page is {one_line(kind, 80)}, not HTML")
    for mark, name in _NOT_HTML:
        if body.startswith(mark):
            raise NotExtractable(f"the page is {name}, not HTML")
    if not body.strip():
        raise NotExtractable("the page is empty")


def _is_binary(start: str) -> bool:
    return len(_CONTROLS.findall(start)) > _NO_TEXT * len(start)
