"""The bytes of a page to its tree: what is no HTML is refused, in one sentence."""

from __future__ import annotations

import re

from lxml import etree
from lxml import html as lxml_html

from monitor.core.text.characters import without_controls
from monitor.core.text.charset import decode_body
from monitor.core.text.html import one_line
from monitor.model.errors import NotExtractable

MAX_PAGE = 5_000_000  # bytes read of a page (stories design "Extraction")
_HTML_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain", "")
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
    page = _CONTROL_REFERENCE.sub("", without_controls(decode_body(body[:MAX_PAGE], content_type))).strip()
    if page[:1] in ("{", "["):
        raise NotExtractable("the page is JSON, not HTML")
    try:
        parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
        return lxml_html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        raise NotExtractable("the page's HTML cannot be read") from None


def _refuse_other_types(body: bytes, content_type: str | None) -> None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        raise NotExtractable(f"the page is {one_line(kind, 80)}, not HTML")
    for mark, name in _NOT_HTML:
        if body.startswith(mark):
            raise NotExtractable(f"the page is {name}, not HTML")
    if not body.strip():
        raise NotExtractable("the page is empty")
