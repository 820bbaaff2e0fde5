"""An HTML page around a document, in the shapes news sites really use.

A page carries the whole document: rails and appended articles too, with navigation and footer around it. Cutting
the foreign parts off again is the monitor's work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from html import escape
from itertools import groupby

from monitor.demo.layout import Block, BlockKind, layout
from monitor.demo.samples import SampleStory


class Wrapping(StrEnum):
    """How a site lays out its pages."""

    SEPARATE_H1 = "separate_h1"  # every text its own box, every headline an h1 (endless scrolling)
    H2_ONLY = "h2_only"  # no h1 at all, sections under h2
    DIV_SOUP = "div_soup"  # nothing but div and span, classes without meaning
    ONE_ARTICLE = "one_article"  # one <article> round the story and all that follows it
    MAIN_ASIDE = "main_aside"  # header, main and aside as the standard means them; h3 inside
    WORDPRESS = "wordpress"  # entry-title, entry-content; what follows stands inside the entry's content
    SCROLL = "scroll"  # one <article> after the other, each with its own header
    DATA_BODY = "data_body"  # the whole text in JSON-LD too, an @graph with several nodes
    AMP = "amp"  # accelerated pages: amp-img, amp-sidebar, list markup for what follows


_LINK = re.compile(r"https?://\S+")

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title} | {publisher}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{description}">
<meta property="og:type" content="article">
<meta property="og:title" content="{title}">
<meta property="og:site_name" content="{publisher}">
<meta property="og:url" content="{url}">
<meta property="article:published_time" content="{published}">
<link rel="canonical" href="{url}">
{extra}<link rel="stylesheet" href="/site.css">
</head>
"""

_NAVIGATION = ("Home", "World", "Business", "Sport", "Opinion", "Subscribe")
_FOOTER = ("About us", "Contact", "Privacy policy", "Terms of use")


def page_html(story: SampleStory, url: str, wrapping: Wrapping) -> str:
    """The page of a story as its site would serve it; `url` is its own address (canonical link, og:url)."""
    document = layout(story)
    extra = _extra_head(story, url, wrapping)
    head = _HEAD.format(
        title=escape(story.title),
        publisher=escape(story.publisher),
        description=escape(story.title),
        url=escape(url),
        published=_iso(story.published),
        extra=extra,
    )
    body = _BODIES[wrapping](story, document.story, document.tail)
    return head + "<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _json_ld(story: SampleStory, url: str) -> str:
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "datePublished": _iso(story.published),
        "mainEntityOfPage": url,
        "publisher": {"@type": "Organization", "name": story.publisher},
    }
    return _script(facts)


def _script(facts: dict[str, object]) -> str:
    # "</script>" inside a script element would end it
    text = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>\n'


def _extra_head(story: SampleStory, url: str, wrapping: Wrapping) -> str:
    if wrapping is Wrapping.ONE_ARTICLE:
        return _json_ld(story, url)
    if wrapping is Wrapping.DATA_BODY:
        return _script(_graph(story, url))
    return ""


def _graph(story: SampleStory, url: str) -> dict[str, object]:
    body = "\n\n".join(block.text for block in layout(story).story if block.kind is BlockKind.PARAGRAPH)
    site = {"@type": "WebSite", "name": story.publisher, "datePublished": "2011-01-01"}
    article = {
        "@type": ["NewsArticle", "ReportageNewsArticle"],
        "headline": story.title,
        "datePublished": _iso(story.published),
        "dateModified": "2026-02-06T10:00:00Z",
        "author": [{"@type": "Person", "name": "Staff Reporter"}],
        "articleBody": body,
        "url": url,
    }
    return {"@context": "https://schema.org", "@graph": [site, {"@type": "BreadcrumbList"}, article]}


def _inline(text: str) -> str:
    parts, last = [], 0
    for link in _LINK.finditer(text):
        address = escape(link.group())
        parts += [escape(text[last : link.start()]), f'<a href="{address}">{address}</a>']
        last = link.end()
    return "".join([*parts, escape(text[last:])])


def _rendered(blocks: Iterable[Block], headline: str, subhead: str) -> Iterator[str]:
    """Blocks as ordinary HTML; `headline` and `subhead` are the element names to use."""
    for kind, run in groupby(blocks, key=lambda block: block.kind):
        texts = [_inline(block.text) for block in run]
        match kind:
            case BlockKind.HEADLINE:
                yield from (f"<{headline}>{text}</{headline}>" for text in texts)
            case BlockKind.SUBHEAD:
                yield from (f"<{subhead}>{text}</{subhead}>" for text in texts)
            case BlockKind.BULLET:
                yield "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>"
            case BlockKind.CAPTION:
                yield from (
                    f'<figure><img src="/picture.jpg" alt=""><figcaption>{text}</figcaption></figure>'
                    for text in texts
                )
            case BlockKind.FURNITURE:
                yield from (f'<div class="meta"><span>{text}</span></div>' for text in texts)
            case BlockKind.PARAGRAPH:
                yield from (f"<p>{text}</p>" for text in texts)


def _top(story: SampleStory) -> str:
    links = "".join(f'<li><a href="/{name.lower()}/">{name}</a></li>' for name in _NAVIGATION)
    name = escape(story.publisher)
    return f'<header><a class="logo" href="/">{name}</a><nav><ul>{links}</ul></nav></header>'


def _bottom(story: SampleStory) -> str:
    links = "".join(f'<li><a href="/pages/{n}">{name}</a></li>' for n, name in enumerate(_FOOTER))
    rights = f"© {story.published.year} {escape(story.publisher)}. All rights reserved."
    return f"<footer><ul>{links}</ul><p>{rights}</p></footer>"


def _separate_h1(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    yield _top(story)
    yield '<main id="content">'
    for blocks in (main, tail):
        if blocks:
            yield '<div class="story-box">'
            yield from _rendered(blocks, headline="h1", subhead="h2")
            yield "</div>"
    yield "</main>"
    yield _bottom(story)


def _h2_only(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    yield _top(story)
    yield '<div id="page">'
    for blocks in (main, tail):
        if blocks:
            yield "<section>"
            yield from _rendered(blocks, headline="h2", subhead="h3")
            yield "</section>"
    yield "</div>"
    yield _bottom(story)


def _one_article(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    yield _top(story)
    yield "<article>"
    yield from _rendered(main, headline="h1", subhead="h2")
    yield from _rendered(tail, headline="h2", subhead="h3")
    yield "</article>"
    yield _bottom(story)


def _div_soup(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    links = "".join(f'<span class="n1"><a href="/{name.lower()}/">{name}</a></span>' for name in _NAVIGATION)
    yield f'<div class="r0"><div class="r1">{escape(story.publisher)}</div><div class="r2">{links}</div></div>'
    yield '<div class="c0"><div class="c1">'
    for block in (*main, *tail):
        size = "t2" if block.kind in {BlockKind.HEADLINE, BlockKind.SUBHEAD} else "t1"
        yield f'<div class="{size}"><span>{_inline(block.text)}</span></div>'
    yield "</div></div>"
    below = "".join(f'<span class="n2"><a href="/pages/{n}">{name}</a></span>' for n, name in enumerate(_FOOTER))
    yield f'<div class="r9">{below}<div>© {story.published.year} {escape(story.publisher)}</div></div>'


def _main_aside(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    yield _top(story)
    yield '<main><div class="column">'
    yield from _rendered(main, headline="h1", subhead="h3")
    yield '</div><div class="side">'
    yield from _rendered(tail, headline="h3", subhead="h4")
    yield "</div></main>"
    links = "".join(f'<li><a href="/{name.lower()}/">{name}</a></li>' for name in _NAVIGATION)
    yield f"<aside><h3>Sections</h3><ul>{links}</ul></aside>"
    yield _bottom(story)


def _wordpress(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    yield _top(story)
    yield '<div id="primary" class="content-area"><div class="post type-post hentry">'
    yield f'<header class="entry-header"><h1 class="entry-title">{escape(story.title)}</h1>'
    yield f'<div class="entry-meta"><time class="entry-date published" datetime="{_iso(story.published)}">'
    yield f"{story.published:%d %B %Y}</time></div></header>"
    yield '<div class="entry-content">'
    rest = main[1:] if main and main[0].text == story.title else main
    yield from _rendered(rest, headline="h2", subhead="h3")
    yield '<div class="wp-block-group">'
    yield from _rendered(tail, headline="h4", subhead="h5")
    yield "</div></div></div></div>"
    yield _bottom(story)


def _scroll(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    yield _top(story)
    yield '<div class="feed">'
    for blocks in (main, *_texts(tail)):
        yield '<article class="card">'
        yield from _rendered(blocks, headline="h2", subhead="h4")
        yield "</article>"
    yield "</div>"
    yield _bottom(story)


def _texts(tail: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """What follows the story, text by text: each begins with a headline that does not repeat the one before."""
    text: list[Block] = []
    for block in tail:
        new = block.kind is BlockKind.HEADLINE and block.text not in {known.text for known in text}
        if new and text:
            yield tuple(text)
            text = []
        text.append(block)
    if text:
        yield tuple(text)


def _amp(story: SampleStory, main: tuple[Block, ...], tail: tuple[Block, ...]) -> Iterator[str]:
    links = "".join(f'<li><a href="/{name.lower()}/">{name}</a></li>' for name in _NAVIGATION)
    yield f'<amp-sidebar id="s"><ul>{links}</ul></amp-sidebar><header class="amp-header">{escape(story.publisher)}'
    yield '</header><div class="amp-article"><amp-img src="/p.jpg" width="1" height="1"></amp-img>'
    yield from _rendered(main, headline="h1", subhead="h2")
    yield '<amp-ad width="300" height="250"></amp-ad>'
    for text in _texts(tail):
        yield '<div class="amp-next"><amp-img src="/q.jpg" width="1" height="1"></amp-img>'
        yield from _rendered(text, headline="h2", subhead="h3")
        yield "</div>"
    yield "</div>"
    yield _bottom(story)


_BODIES: dict[Wrapping, Callable[[SampleStory, tuple[Block, ...], tuple[Block, ...]], Iterator[str]]] = {
    Wrapping.SEPARATE_H1: _separate_h1,
    Wrapping.H2_ONLY: _h2_only,
    Wrapping.DIV_SOUP: _div_soup,
    Wrapping.ONE_ARTICLE: _one_article,
    Wrapping.MAIN_ASIDE: _main_aside,
    Wrapping.WORDPRESS: _wordpress,
    Wrapping.SCROLL: _scroll,
    Wrapping.DATA_BODY: _h2_only,
    Wrapping.AMP: _amp,
}
