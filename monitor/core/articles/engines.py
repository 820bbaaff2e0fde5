"""What finds the main text on a page, one after another: trafilatura, the page's own JSON-LD, readability.

Libraries are imported in the functions: only killable children extract, the parent stays small.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from monitor.core.articles.blocks import Block, Kind, blocks_of
from monitor.core.articles.json_ld import Node, text_of
from monitor.core.text.html import clean, html_to_text, one_line
from monitor.model.errors import NotExtractable

MAX_ELEMENTS = (
    60_000  # of a page that is read; a long live blog has 20,000, and 250,000 took trafilatura ten seconds
)
_CAPTION = 60  # code points; a shorter one names a picture
MAX_BODY = 500_000  # code points read of a JSON-LD articleBody


def by_trafilatura(tree: Any, url: str) -> list[Block]:
    """Tuned for precision: foreign text in an article makes rules fire falsely. The tree stays as it is.

    Raises NotExtractable where the library breaks, and for a page of more than MAX_ELEMENTS.
    """
    from trafilatura import bare_extraction

    if (count := sum(1 for _ in tree.iter())) > MAX_ELEMENTS:
        raise NotExtractable(f"the page has {count:,} elements: too many to read")
    try:
        found: Any = bare_extraction(
            tree,
            url=url or None,
            favor_precision=True,
            include_comments=False,
            include_tables=False,
            with_metadata=False,  # ours says more, and costs less
        )
    except (MemoryError, NotExtractable):
        raise
    except Exception as error:
        why = one_line(f"the page could not be read: {type(error).__name__}: {error}", 300)
        raise NotExtractable(why) from None
    # The body and not its text: that has its references resolved a second time, and forgets what a heading is.
    return blocks_of(found.body) if found is not None and found.body is not None else []


def by_json_ld(articles: tuple[Node, ...]) -> list[Block]:
    """`articleBody` as the page's own data have it, with markup or without."""
    body = text_of(articles, "articleBody")[:MAX_BODY]
    text = html_to_text(body) if "<" in body else html.unescape(body)
    lines = (" ".join(line.split()) for line in clean(text).splitlines())
    return [
        Block(line.removeprefix("- "), Kind.ITEM if line.startswith("- ") else Kind.TEXT) for line in lines if line
    ]


def by_captions(page: Sequence[Block]) -> list[Block]:
    """What stands below the pictures of a page, which may be all that a gallery says."""
    return [Block(line.text) for line in page if len(line.text) >= _CAPTION and _is_caption(line)]


def _is_caption(line: Block) -> bool:
    element = line.element
    return element is not None and (
        element.tag == "figcaption" or next(element.iterancestors("figcaption"), None) is not None
    )


def by_readability(tree: Any) -> list[Block]:
    """Readability's guess at the article, for pages on which a careful extraction finds nothing."""
    from copy import deepcopy

    from trafilatura.readability_lxml import Document

    if sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
        return []
    try:
        summary = Document(deepcopy(tree)).summary()
        # It says nothing of its charset, and libxml2 would take it for Latin-1.
        parser = lxml_html.HTMLParser(encoding="utf-8")
        return blocks_of(lxml_html.document_fromstring(summary.encode("utf-8", "replace"), parser=parser))
    except (etree.LxmlError, ValueError, AssertionError, AttributeError, TypeError, LookupError):
        return []
