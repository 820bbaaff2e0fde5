"""HTML to article: main text and what the page says about itself. Called through the Sandbox port.

Extraction is trafilatura's, tuned for precision: foreign text in an article makes rules fire falsely.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from monitor.core.text.characters import without_controls
from monitor.core.text.charset import decode_body
from monitor.core.text.html import clean, one_line, plain_title
from monitor.core.text.urls import absolute_http_url, host_of, is_home_page
from monitor.model.article import Extracted, Quality
from monitor.model.errors import NotExtractable

MAX_PAGE = 5_000_000  # bytes read of a page (stories design "Extraction")
MIN_TEXT = 200  # code points; less is a cookie wall, a login or a video page
_MAX_META = 2_000
_MAX_SECTION = 100
_MOST_SECTIONS = 10
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
_DATE_NAMES = ("article:published_time", "datepublished", "parsely-pub-date", "dc.date.issued", "dcterms.created",
               "date", "pubdate", "publishdate", "sailthru.date", "cxenseparse:recs:publishtime")  # fmt: skip
_SECTION_NAMES = ("article:section", "og:article:section", "articlesection", "parsely-section")
_TITLE_NAMES = ("og:title", "twitter:title")


def extract_article(html: bytes, url: str, content_type: str | None) -> Extracted:
    """The article on a page: title, main text with a blank line between paragraphs, and its metadata.

    `published` is in UTC; a date without a time is that day's midnight. `canonical_url` is given only on the
    page's own host. Raises NotExtractable when the body is no HTML or holds no main text of MIN_TEXT code
    points.
    """
    _refuse_other_types(html, content_type)
    page = _CONTROL_REFERENCE.sub("", without_controls(decode_body(html[:MAX_PAGE], content_type))).strip()
    if page[:1] in ("{", "["):
        raise NotExtractable("the page is JSON, not HTML")
    tree = _tree(page)
    meta = _metadata(tree)
    found = _trafilatura(page, url)
    title = plain_title(found.title or "") or plain_title(_first(meta, _TITLE_NAMES) or _title_tag(tree))
    text = _paragraphs(found.text or "", title)
    if len(text) < MIN_TEXT:
        raise NotExtractable(f"no main text: {len(text)} characters after the page's frame is removed")
    return Extracted(
        title=title,
        text=text,
        quality=Quality.FULL,
        published=_published(meta, tree, found.date),
        publisher=plain_title(_first(meta, ("og:site_name",)) or found.sitename or "", 200) or None,
        language=_language(tree, meta),
        authors=_authors(found.author),
        section=_section(tree),
        canonical_url=_canonical(tree, meta, url),
    )


def _refuse_other_types(body: bytes, content_type: str | None) -> None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        raise NotExtractable(f"the page is {one_line(kind, 80)}, not HTML")
    for mark, name in _NOT_HTML:
        if body.startswith(mark):
            raise NotExtractable(f"the page is {name}, not HTML")
    if not body.strip():
        raise NotExtractable("the page is empty")


def _tree(page: str) -> lxml_html.HtmlElement:
    try:
        parser = lxml_html.HTMLParser(encoding="utf-8")
        return lxml_html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        raise NotExtractable("the page's HTML cannot be read") from None


def _trafilatura(page: str, url: str) -> Any:
    """trafilatura's Document. Imported here: only killable children extract, the parent stays small."""
    from trafilatura import bare_extraction

    try:
        found = bare_extraction(
            page,
            url=url,
            favor_precision=True,
            include_comments=False,
            include_tables=False,
            with_metadata=True,
            # Without the extensive search a date is one the page states, not a number that looks like one.
            date_extraction_params={"original_date": True, "extensive_search": False},
        )
    except (MemoryError, NotExtractable):
        raise
    except Exception as error:
        why = one_line(f"the page could not be read: {type(error).__name__}: {error}", 300)
        raise NotExtractable(why) from None
    if found is None:
        raise NotExtractable("no main text on the page")
    return found


def _paragraphs(text: str, title: str) -> str:
    """trafilatura ends a paragraph with one line end; list items stay together.

    A heading equal to the title goes: rules read the title by itself.
    """
    lines = [line for line in (" ".join(line.split()) for line in clean(text).splitlines()) if line]
    if lines and title and lines[0].lstrip("# ").casefold() == title.casefold():
        del lines[0]
    out = ""
    for before, line in zip(["", *lines], lines, strict=False):
        in_list = before.startswith("- ") and line.startswith("- ")
        out += ("\n" if in_list else "\n\n") + line if out else line
    return out


def _metadata(tree: lxml_html.HtmlElement) -> dict[str, str]:
    """`<meta>` by lower-case name, property or itemprop; the first of a name wins."""
    found: dict[str, str] = {}
    for name, content in _metas(tree):
        found.setdefault(name, content)
    return found


def _metas(tree: lxml_html.HtmlElement) -> Iterator[tuple[str, str]]:
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content and len(content) <= _MAX_META:
            yield name.strip().lower(), content.strip()


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((meta[name] for name in names if meta.get(name)), None)


def _title_tag(tree: lxml_html.HtmlElement) -> str:
    return tree.findtext(".//title") or ""


def _published(meta: dict[str, str], tree: lxml_html.HtmlElement, day: str | None) -> datetime | None:
    """A stated time, from the meta tags or JSON-LD, before trafilatura's, which knows the day only."""
    stated = (meta[name] for name in _DATE_NAMES if name in meta)
    for value in (*stated, *_json_ld_dates(tree), day or ""):
        if date := _date(value):
            return date
    return None


def _date(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _json_ld_dates(tree: lxml_html.HtmlElement) -> Iterator[str]:
    """`datePublished` of schema.org articles in the page's JSON-LD, in document order."""
    for node in _json_ld_articles(tree):
        if isinstance(node.get("datePublished"), str):
            yield node["datePublished"]


def _json_ld_articles(tree: lxml_html.HtmlElement) -> Iterator[dict[str, Any]]:
    """The schema.org articles (NewsArticle and its kin) in the page's JSON-LD, in document order."""
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json" or not script.text:
            continue
        try:
            waiting = deque([json.loads(script.text)])
        except (ValueError, RecursionError):
            continue
        while waiting:
            node = waiting.popleft()
            if isinstance(node, list):
                waiting.extend(node)
            elif isinstance(node, dict):
                if "Article" in str(node.get("@type")):
                    yield node
                waiting.append(node.get("@graph"))


def _language(tree: lxml_html.HtmlElement, meta: dict[str, str]) -> str | None:
    """The primary subtag of BCP 47: "en" of "en-GB"."""
    stated = tree.get("lang") or tree.get("xml:lang") or meta.get("og:locale") or ""
    primary = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", stated.strip())
    return primary[0].lower() if primary else None


def _authors(found: str | None) -> tuple[str, ...]:
    names = (plain_title(name, 200) for name in (found or "").split(";")[:20])
    return tuple(dict.fromkeys(name for name in names if name))


def _section(tree: lxml_html.HtmlElement) -> str:
    """`article:section` (Open Graph) and `articleSection` (schema.org), which may be several, each once."""
    stated = [content for name, content in _metas(tree) if name in _SECTION_NAMES]
    for node in _json_ld_articles(tree):
        found = node.get("articleSection")
        stated += [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]
    return _each_once(plain_title(one, _MAX_SECTION) for one in stated[:_MOST_SECTIONS])


def _each_once(names: Iterable[str]) -> str:
    """With a comma between; what differs in case only counts once."""
    found: dict[str, str] = {}
    for name in names:
        if name:
            found.setdefault(name.casefold(), name)
    return ", ".join(found.values())


def _canonical(tree: lxml_html.HtmlElement, meta: dict[str, str], url: str) -> str | None:
    """rel=canonical, else og:url, when it stays on the page's host and names no home page (stories design)."""
    stated = [
        link.get("href") or ""
        for link in tree.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    for candidate in (*stated[:1], meta.get("og:url", "")):
        found = absolute_http_url(candidate, url)
        if found and host_of(found) == host_of(url) and not is_home_page(found):
            return found
    return None
