"""What a page says about itself: title, publisher, authors, language, date, section, address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tld import get_fld

from monitor.core.articles.dates import date_in_address, doubt, stated_date
from monitor.core.articles.json_ld import Node, json_ld_articles, names_in, text_of
from monitor.core.text.html import plain_title
from monitor.core.text.urls import absolute_http_url, host_of, is_home_page
from monitor.model.article import DateFlag

_MAX_META = 2_000
_MAX_SECTION = 100
_MOST_SECTIONS = 10
_MOST_AUTHORS = 20
_DATE_NAMES = ("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date",
               "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date", "date", "pubdate", "publishdate",
               "publish-date", "publication_date", "sailthru.date", "cxenseparse:recs:publishtime")  # fmt: skip
_SECTION_NAMES = ("article:section", "og:article:section", "articlesection", "parsely-section")
_TITLE_NAMES = ("og:title", "twitter:title", "parsely-title", "dc.title")
_PUBLISHER_NAMES = ("og:site_name", "application-name", "dc.publisher")
_AUTHOR_NAMES = ("author", "article:author", "parsely-author", "dc.creator", "byl", "sailthru.author")
_BETWEEN_AUTHORS = re.compile(r"\s*;\s*|\s*,\s+(?:and\s+)?|\s+and\s+(?=[A-Z])")
_BY = re.compile(r"^(?:by|von|par|por|di)\s+", re.I)
_SITE_IN_TITLE = re.compile(r"\s+[|–—·»«-]\s+")


@dataclass(frozen=True, slots=True)
class Facts:
    """The metadata of a page. `published` is None where no date is stated or believed; `date_flag` says which."""

    title: str
    publisher: str | None
    language: str | None
    authors: tuple[str, ...]
    section: str
    published: datetime | None
    date_flag: DateFlag | None
    canonical_url: str | None
    articles: tuple[Node, ...]  # the JSON-LD articles


def page_facts(tree: Any, url: str, now: datetime | None) -> Facts:
    """Reads the metadata; `url` is the page's own address ("" = unknown)."""
    articles = json_ld_articles(tree)
    metas = list(_metas(tree))
    meta: dict[str, str] = {}
    for name, content in metas:
        meta.setdefault(name, content)
    publisher = _publisher(meta, articles)
    published, flag = _published(tree, meta, articles, url, now)
    return Facts(
        title=_title(tree, meta, articles, publisher),
        publisher=publisher or host_of(url) or None,
        language=_language(tree, meta, articles),
        authors=_authors(tree, meta, articles),
        section=_section(metas, articles),
        published=published,
        date_flag=flag,
        canonical_url=_canonical(tree, meta, url),
        articles=articles,
    )


def _metas(tree: Any) -> Iterator[tuple[str, str]]:
    """`<meta>` by lower-case name, property or itemprop."""
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content and len(content) <= _MAX_META:
            yield name.strip().lower(), content.strip()


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if meta.get(name)), "")


def _title(tree: Any, meta: dict[str, str], articles: tuple[Node, ...], publisher: str) -> str:
    """og:title and its kin, the JSON-LD headline, <title>, the first h1; without the site's name behind it.

    Titles in attributes are written as carelessly as in feeds: their references are resolved once more.
    """
    tag = tree.findtext(".//title") or ""
    found = plain_title(_first(meta, _TITLE_NAMES)) or plain_title(text_of(articles, "headline"))
    if not found and (heading := next(tree.iter("h1"), None)) is not None:
        said = plain_title("".join(heading.itertext()))
        found = said if said and said.casefold() in tag.casefold() else ""
    found = found or plain_title(tag)
    first, *rest = _SITE_IN_TITLE.split(found)
    named = rest and publisher and rest[-1].casefold() == publisher.casefold()
    return found[: found.rindex(rest[-1])].rstrip(" |–—·»«-") or first if named else found


def _publisher(meta: dict[str, str], articles: tuple[Node, ...]) -> str:
    if site := plain_title(_first(meta, _PUBLISHER_NAMES[:1]), 200):
        return site
    stated = [name for node in articles for name in names_in(node.get("publisher"))]
    return plain_title(stated[0] if stated else _first(meta, _PUBLISHER_NAMES[1:]), 200)


def _language(tree: Any, meta: dict[str, str], articles: tuple[Node, ...]) -> str | None:
    """The primary subtag of BCP 47: "en" of "en-GB"."""
    stated = (
        tree.get("lang") or tree.get("xml:lang") or text_of(articles, "inLanguage") or meta.get("og:locale", "")
    )
    primary = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", stated.strip())
    return primary[0].lower() if primary else None


def _authors(tree: Any, meta: dict[str, str], articles: tuple[Node, ...]) -> tuple[str, ...]:
    """JSON-LD's, else the meta tags', else the page's own byline; each once."""
    stated = [name for node in articles[:1] for name in names_in(node.get("author"))]
    if not stated and (said := _first(meta, _AUTHOR_NAMES)):
        stated = [] if said.startswith(("http:", "https:")) else _BETWEEN_AUTHORS.split(said)
    if not stated:
        stated = _bylines(tree)
    names = (_BY.sub("", plain_title(name, 200)) for name in stated[:_MOST_AUTHORS])
    return tuple({name.casefold(): name for name in names if name and not name.startswith(("http", "@"))}.values())


def _bylines(tree: Any) -> list[str]:
    """Names behind rel=author or itemprop=author, where the page marks one."""
    for element in tree.iter("a", "span", "div", "p", "address"):
        if "author" in ((element.get("rel") or "").lower(), (element.get("itemprop") or "").lower()):
            said = " ".join("".join(element.itertext()).split())
            if 0 < len(said) <= 120:
                return _BETWEEN_AUTHORS.split(said)
    return []


def _section(metas: Iterable[tuple[str, str]], articles: tuple[Node, ...]) -> str:
    """`article:section` (Open Graph) and `articleSection` (schema.org), which may be several, each once."""
    stated = [content for name, content in metas if name in _SECTION_NAMES]
    for node in articles:
        found = node.get("articleSection")
        stated += [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]
    sections: dict[str, str] = {}
    for name in (plain_title(one, _MAX_SECTION) for one in stated[:_MOST_SECTIONS]):
        if name:
            sections.setdefault(name.casefold(), name)
    return ", ".join(sections.values())


def _published(
    tree: Any, meta: dict[str, str], articles: tuple[Node, ...], url: str, now: datetime | None
) -> tuple[datetime | None, DateFlag | None]:
    """The first date that is believed, of those the page states; else why the first was not."""
    flag: DateFlag | None = None
    for moment in _stated_dates(tree, meta, articles, url):
        odd = doubt(moment, now)
        if odd is None:
            return moment, None
        flag = flag or odd
    return None, flag


def _stated_dates(tree: Any, meta: dict[str, str], articles: tuple[Node, ...], url: str) -> Iterator[datetime]:
    """In the order of trust: meta tags, JSON-LD, `<time>` marked as publication, the first `<time>`, address."""
    stated = [meta[name] for name in _DATE_NAMES if name in meta]
    # Of several articles the first is the page's own; the others are its rail.
    stated += [
        node[key] for node in articles for key in ("datePublished", "dateCreated") if _is_text(node.get(key))
    ]
    times = [time for time in tree.iter("time") if time.get("datetime")][:50]
    marked = [time for time in times if time.get("pubdate") is not None or "published" in _marks(time)]
    stated += [time.get("datetime") for time in (*marked, *times[:1])]
    for text in stated:
        if moment := stated_date(text):
            yield moment
    if moment := date_in_address(url):
        yield moment


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _marks(element: Any) -> str:
    return f"{element.get('itemprop') or ''} {element.get('class') or ''}".lower()


def _canonical(tree: Any, meta: dict[str, str], url: str) -> str | None:
    """rel=canonical, else og:url, on the page's registrable domain and not the home page (stories design)."""
    stated = [
        link.get("href") or ""
        for link in tree.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    for candidate in (*stated[:1], meta.get("og:url", "")):
        found = absolute_http_url(candidate, url)
        if found and _same_site(found, url) and not is_home_page(found):
            return found
    return None


def _same_site(one: str, other: str) -> bool:
    """Whether both lie on one registrable domain: "news.example.co.uk" and "example.co.uk" do.

    Private suffixes count ("a.github.io" and "b.github.io" are two); hosts without one must be equal.
    """
    if host_of(one) == host_of(other):
        return True
    return _domain(one) is not None and _domain(one) == _domain(other)


def _domain(url: str) -> str | None:
    found = get_fld(f"https://{host_of(url)}/", fail_silently=True, search_private=True)
    return found if isinstance(found, str) else None
