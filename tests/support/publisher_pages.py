# ruff: noqa: E501 - markup is quoted as publishers write it
"""Pages in the manner of real publishers, around articles of our own wording, with what belongs to each.

`pages()` gives every style twice: the article alone, and with foreign text behind or beside it. `walls()` gives
pages that hold no article. Nothing is copied from a publisher: only the shape of the markup is as theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parents[1] / "data" / "pages" / "publishers.txt"


class Story(NamedTuple):
    """One article of the file: its lines are paragraphs, those that begin with "# " subheads."""

    key: str
    language: str
    title: str
    lines: list[str]

    @property
    def paragraphs(self) -> list[str]:
        """What has to be kept."""
        return [line for line in self.lines if not line.startswith("# ")]


class Page(NamedTuple):
    """A page, the paragraphs that are its article, those that are not, and how the server names its charset."""

    name: str
    html: bytes
    content_type: str
    main: list[str]
    foreign: list[str]
    summary: str = ""


class Around(NamedTuple):
    """What a style shows beside its article: another article, or none, and headlines of more."""

    other: Story | None
    teasers: list[str]


Style = Callable[[Story, Around], str]
Styles = tuple[tuple[Style, tuple[str, str]], ...]


def stories() -> dict[str, Story]:
    """The articles of the file by key."""
    found = {}
    for part in FILE.read_text(encoding="utf-8").split("\n=== ")[1:]:
        head, *lines = part.splitlines()
        key, language, title = (word.strip() for word in head.split("|"))
        found[key] = Story(key, language, title, [line for line in lines if line.strip()])
    return found


def _ps(story: Story, open_p: str = "<p>", sub: str = "h2") -> str:
    tag = open_p[1:].split(">")[0].split()[0]
    return "\n".join(
        f"<{sub}>{escape(line[2:])}</{sub}>" if line.startswith("# ") else f"{open_p}{escape(line, False)}</{tag}>"
        for line in story.lines
    )


def _split(story: Story, middle: str, open_p: str = "<p>", sub: str = "h2") -> str:
    """The paragraphs with something between the third and the fourth."""
    first, rest = story._replace(lines=story.lines[:3]), story._replace(lines=story.lines[3:])
    return f"{_ps(first, open_p, sub)}\n{middle}\n{_ps(rest, open_p, sub)}"


def _links(titles: list[str], item: str = "li") -> str:
    return "".join(f'<{item}><a href="/n/{n}">{escape(title)}</a></{item}>' for n, title in enumerate(titles))


def _page(story: Story, body: str, head: str = "", site: str = "The Lamp") -> str:
    rtl = ' dir="rtl"' if story.language in ("ar", "ur") else ""
    return (
        f'<!DOCTYPE html><html lang="{story.language}"{rtl}><head><meta charset="utf-8">'
        f"<title>{escape(story.title)} - {site}</title>"
        f'<meta property="og:title" content="{escape(story.title)}"><meta property="og:type" content="article">'
        f'<meta property="og:site_name" content="{site}">{head}</head><body>{body}</body></html>'
    )


NAV = (
    '<header><a href="#main">Skip to content</a><nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a>'
    '</li><li><a href="/business">Business</a></li><li><a href="/sport">Sport</a></li></ul></nav></header>'
)
FOOT = (
    '<footer><ul><li><a href="/terms">Terms of Use</a></li><li><a href="/privacy">Privacy Policy</a></li>'
    '<li><a href="/cookies">Cookies</a></li></ul><p>© 2024 The Lamp. The Lamp is not responsible for the content of '
    "external sites.</p></footer>"
)


# --- the first half: looked at while the guards were mended -----------------------------------------------------


def broadcaster(story: Story, around: Around) -> str:
    """Text blocks with hashed classes, a list of topics, "More on this story", top stories."""
    blocks = "".join(
        f'<div data-component="{"subheadline" if line[:2] == "# " else "text"}-block" class="ssrcss-uf6wea">'
        f'<p class="ssrcss-1q0x1qg"><b>{escape(line[2:])}</b></p></div>'
        if line[:2] == "# "
        else f'<div data-component="text-block" class="ssrcss-uf6wea"><p class="ssrcss-1q0x1qg">{escape(line)}</p></div>'
        for line in story.lines
    )
    more = ""
    if around.other:
        cards = "".join(
            f'<div data-testid="card"><a href="/n/{n}"><h3>{escape(title)}</h3></a><p>{escape(text)}</p></div>'
            for n, (title, text) in enumerate(zip(around.teasers, around.other.paragraphs, strict=False))
        )
        more = f'<section data-component="links-block"><h2>More on this story</h2>{cards}</section>'
    return _page(
        story,
        f'{NAV}<main id="main"><article><div data-component="headline-block"><h1>{escape(story.title)}</h1></div>'
        '<div data-component="byline-block"><time datetime="2024-03-12T09:10:00Z">3 hours ago</time><div>Ana Forrest'
        f"</div><div>North correspondent</div></div>{blocks}<section><h2>Related Topics</h2>"
        f'<ul><li><a href="/t/1">Transport</a></li></ul></section></article></main>{more}{FOOT}',
    )


def agency(story: Story, around: Around) -> str:
    """Rich text with hub links, a promotion inside, a line of underscores and a credit."""
    hub = f'<div class="HTMLModuleEnhancement"><div class="HubLinks">{_links(around.teasers)}</div></div>'
    body = _split(story, hub if around.other else "")
    more = ""
    if around.other:
        more = (
            f'<div class="PageList"><h2>Most read</h2>{_links(around.teasers, "div")}</div>'
            f"<bsp-page-promo><h3>{escape(around.other.title)}</h3>{_ps(around.other)}</bsp-page-promo>"
        )
    return _page(
        story,
        f'{NAV}<main class="Page-main"><div class="Page-content"><h1 class="Page-headline">{escape(story.title)}</h1>'
        '<div class="Page-byline"><a>ILONA MARSH</a></div><bsp-timestamp>Updated 7:48 PM GMT, March 12, 2024'
        f'</bsp-timestamp><div class="RichTextStoryBody RichTextBody">{body}<p>___</p><p>Associated writer Kim Dow in '
        f"Velle contributed to this report.</p></div></div>{more}</main>{FOOT}",
    )


def broadsheet(story: Story, around: Around) -> str:
    """Paragraphs of the body with a related card inside, explore links, "Most viewed"."""
    card = more = ""
    if around.other:
        card = (
            '<aside data-component="rich-link"><div><h4>'
            f'<a href="/x">{escape(around.teasers[0])}</a></h4><div>Read more</div></div></aside>'
        )
        more = (
            f'<section id="onward-upper-whole"><h2>More on this story</h2><ul>{_links(around.teasers)}</ul></section>'
            f'<section id="most-viewed"><h2>Most viewed</h2><ol>{_links(around.teasers)}</ol></section>'
            f"<section><h2>{escape(around.other.title)}</h2>{_ps(around.other)}</section>"
        )
    return _page(
        story,
        f'{NAV}<main data-layout="StandardLayout"><article><div data-gu-name="headline"><h1>{escape(story.title)}</h1>'
        f'</div><div data-gu-name="standfirst"><p>Report follows an inquiry that lasted a year</p></div>'
        '<address aria-label="Contributor info"><a rel="author">Jon Teague</a></address><details><summary>Tue 12 Mar '
        '2024 09.10 GMT</summary></details><div data-gu-name="body"><div id="maincontent"><div class="article-body">'
        f'{_split(story, card, "<p class=dcr-5hsn2k>")}</div></div></div><div data-gu-name="meta"><ul>'
        f"<li>World news</li><li>news</li></ul></div></article></main>{more}{FOOT}",
    )


def daily(story: Story, around: Around) -> str:
    """Story content with bold "READ" lines inside and a line that says where it was printed."""
    read = f'<p><strong>READ: <a href="/x">{escape(around.teasers[0])}</a></strong></p>' if around.other else ""
    more = ""
    if around.other:
        more = (
            f'<div class="box"><h2 class="story__title"><a>{escape(around.other.title)}</a></h2>'
            f'<span class="timestamp">Updated 11 Mar, 2024 10:02am</span><div>{_ps(around.other)}</div></div>'
        )
    return _page(
        story,
        f'{NAV}<div class="container"><article class="story"><h2 class="story__title"><a href="/news/1">'
        f'{escape(story.title)}</a></h2><span class="story__byline">A Reporter</span><span>Published March 12, 2024'
        f'</span><div class="story__content">{_split(story, read)}<p><em>Published in The Lamp, March 12th, 2024</em>'
        f"</p></div></article>{more}</div>{FOOT}",
    )


def gulf_daily(story: Story, around: Around) -> str:
    """Short url, Updated, Follow on top; below it, in the same column, the next article with the same lines."""

    def block(one: Story) -> str:
        return (
            f'<div class="entry-title"><h1>{escape(one.title)}</h1></div><div class="entry-media"><img alt=""><div>A '
            "picture of the place. (File)</div></div><div>Short Url</div><div>https://lamp.example/zx4pq</div>"
            f"<div>Updated 12 March 2024</div><div>Follow</div><h2>{escape(one.title)}</h2>"
            f'<div class="entry-content">{_ps(one)}</div>'
        )

    tail = block(around.other) if around.other else ""
    return _page(story, f'{NAV}<div class="region-content">{block(story)}{tail}</div>{FOOT}')


def wordpress(story: Story, around: Around) -> str:
    """Entry content with sharing buttons, likes and related posts inside, comments below."""
    related = ""
    if around.other:
        related = (
            '<div id="jp-relatedposts"><h3 class="jp-relatedposts-headline"><em>Related</em></h3>'
            + "".join(
                f'<div class="jp-relatedposts-post"><h4><a>{escape(title)}</a></h4><p>{escape(text)}</p>'
                '<time>March 2, 2024</time><p>In "News"</p></div>'
                for title, text in zip(around.teasers, around.other.paragraphs, strict=False)
            )
            + "</div>"
        )
    return _page(
        story,
        f'{NAV}<div id="primary"><main><article class="post type-post hentry"><header class="entry-header"><h1 '
        f'class="entry-title">{escape(story.title)}</h1><div class="entry-meta">Posted on <time>March 12, 2024</time> '
        f'by <a>admin</a></div></header><div class="entry-content">{_ps(story)}<div class="sharedaddy"><h3>Share this:'
        "</h3><ul><li>Twitter</li><li>Facebook</li></ul></div><div class='jp-likes'><h3>Like this:</h3><span>Like</span>"
        f'<span>Loading...</span></div>{related}</div><footer class="entry-meta">This entry was posted in News.'
        '</footer></article><nav><a rel="prev">Previous post</a></nav><div id="comments"><h2>Leave a Reply</h2>'
        f"<p>Your email address will not be published. Required fields are marked *</p></div></main></div>{FOOT}",
    )


def relief_site(story: Story, around: Around) -> str:
    """A report on a site of aid organisations: metadata as a list, then the body, then "Related content"."""
    meta = "".join(
        f"<dt>{k}</dt><dd>{v}</dd>"
        for k, v in (("Country", "Velland"), ("Source", "Relief Desk"), ("Posted", "12 Mar 2024"))
    )
    more = ""
    if around.other:
        more = "<section><h2>Related Content</h2>" + "".join(
            f"<article><header><h3><a>{escape(title)}</a></h3></header><div><p>{escape(text)}</p></div></article>"
            for title, text in zip(around.teasers, around.other.paragraphs, strict=False)
        )
        more += "</section>"
    return _page(
        story,
        f'{NAV}<main id="main-content"><article class="rw-article rw-report"><header><h1>{escape(story.title)}</h1>'
        f'<dl class="rw-entity-meta">{meta}</dl></header><div class="rw-article__content">{_ps(story)}</div>'
        f"<footer><dl><dt>Theme</dt><dd>Health</dd></dl></footer></article>{more}</main>{FOOT}",
    )


def government(story: Story, around: Around) -> str:
    """A press release: summary, body, notes; "Share this page", related links."""
    more = ""
    if around.other:
        more = f'<div class="related"><h2>Related content</h2><ul>{_links(around.teasers)}</ul></div>'
        more += f'<div class="next-release"><h2>{escape(around.other.title)}</h2>{_ps(around.other)}</div>'
    return _page(
        story,
        f'{NAV}<main role="main"><div class="gem-c-title"><span>Press release</span><h1>{escape(story.title)}</h1></div>'
        f'<div class="gem-c-metadata"><dl><dt>From:</dt><dd>Ministry</dd><dt>Published</dt><dd>12 March 2024</dd></dl>'
        f'</div><div class="govspeak">{_ps(story)}</div><div class="share"><h2>Share this page</h2></div>{more}</main>'
        f"{FOOT}",
    )


def blog_with_breaks(story: Story, around: Around) -> str:
    """A post without paragraphs, lines parted by <br><br>, an archive beside it."""
    text = "<br><br>".join(
        f"<b>{escape(line[2:])}</b>" if line[:2] == "# " else escape(line) for line in story.lines
    )
    more = ""
    if around.other:
        lines = "<br><br>".join(escape(line.removeprefix("# ")) for line in around.other.lines)
        more = (
            f"<h2 class='date-header'><span>Monday, 11 March 2024</span></h2><div class='post hentry'><h3 "
            f"class='post-title entry-title'><a>{escape(around.other.title)}</a></h3><div class='post-body'>{lines}"
            "</div></div>"
        )
    return _page(
        story,
        "<div id='header'><h1>Notes from the coast</h1></div><div id='main'><h2 class='date-header'><span>Tuesday, 12 "
        "March 2024</span></h2><div class='post hentry'><h3 class='post-title entry-title'>"
        f"{escape(story.title)}</h3><div class='post-body entry-content'>{text}</div><div class='post-footer'>Posted by "
        f"Elin at 09:10 <a>Email This</a></div></div>{more}<div class='blog-pager'><a>Newer Post</a> <a>Older Post</a>"
        "</div></div><div id='sidebar'><h2>Blog Archive</h2><ul><li>March (4)</li><li>February (9)</li></ul></div>",
    )


def newsletter(story: Story, around: Around) -> str:
    """Ghost: content with a card that asks to subscribe in the middle, "Read more" cards below."""
    card = '<div class="kg-card kg-cta-card"><p>Sign up for our Tuesday letter</p><a>Subscribe</a></div>'
    more = ""
    if around.other:
        more = '<section class="gh-container is-grid"><h2>Read more</h2>' + "".join(
            f'<article class="gh-card post"><a><h3>{escape(title)}</h3><p>{escape(text)}</p></a><footer><time>Mar 2, '
            "2024</time></footer></article>"
            for title, text in zip(around.teasers, around.other.paragraphs, strict=False)
        )
        more += "</section>"
    return _page(
        story,
        f'{NAV}<main><article class="gh-article post"><header><h1 class="gh-article-title">{escape(story.title)}</h1>'
        f'<div class="gh-article-meta">By Elin Dahl — 12 Mar 2024</div></header><section class="gh-content">'
        f"{_split(story, card)}</section></article>{more}</main>{FOOT}",
    )


def amp(story: Story, around: Around) -> str:
    """An AMP page with advertisements, and amp-list of more."""
    ad = '<amp-ad width="300" height="250" type="x"><div overflow>Advertisement</div></amp-ad>'
    more = f"<section><h3>More from The Lamp</h3>{_links(around.teasers, 'p')}</section>" if around.other else ""
    if around.other:
        more += f"<amp-next-page><article><h1>{escape(around.other.title)}</h1>{_ps(around.other)}</article></amp-next-page>"
    return _page(
        story,
        f'<amp-sidebar id="s"><ul><li>Home</li></ul></amp-sidebar><article><h1>{escape(story.title)}</h1><p class="by">'
        f'By Ana Forrest</p><amp-img src="a.jpg" alt=""></amp-img>{_split(story, ad)}</article>{more}{FOOT}',
    ).replace("<html ", "<html amp ", 1)


def live_blog(story: Story, around: Around) -> str:
    """Every paragraph is an entry with its own time and headline."""
    entries = "".join(
        f'<article class="live-entry"><time>{9 + n // 6:02}.{n * 7 % 60:02}</time><h2>{escape(" ".join(p.split()[:7]))}'
        f"</h2><p>{escape(p)}</p><button>Share</button></article>"
        for n, p in enumerate(story.paragraphs)
    )
    more = f"<section><h2>Most viewed</h2><ol>{_links(around.teasers)}</ol></section>" if around.other else ""
    head = (
        '<script type="application/ld+json">{"@context":"https://schema.org","@type":"LiveBlogPosting","headline":'
        f'"{story.title}","datePublished":"2024-03-12T09:00:00Z"}}</script>'
    )
    return _page(
        story, f"{NAV}<main><h1>{escape(story.title)} – live</h1><div>{entries}</div></main>{more}{FOOT}", head
    )


def cookie_layer(story: Story, around: Around) -> str:
    """The whole article, and over it a layer of consent with much text."""
    layer = (
        '<div id="onetrust-consent-sdk"><div role="dialog" aria-label="Privacy"><h2>We value your privacy</h2><p>We and '
        "our 842 partners store and access information on a device, such as unique IDs in cookies to process personal "
        "data. You may accept or manage your choices by clicking below, including your right to object where legitimate "
        "interest is used.</p><p>We use cookies to personalise content and advertisements, to offer functions of social "
        "media and to analyse our traffic.</p><button>Accept all</button><button>Reject all</button></div></div>"
    )
    more = ""
    if around.other:
        more = f"<div class='read-next'><h2>{escape(around.other.title)}</h2>{_ps(around.other)}</div>"
    return _page(
        story,
        f"{layer}{NAV}<main><article><h1>{escape(story.title)}</h1>{_ps(story)}</article>{more}</main>{FOOT}",
    )


def video(story: Story, around: Around) -> str:
    """A player, and two paragraphs that say what it shows."""
    more = f"<div class='playlist'><h2>Up next</h2>{_links(around.teasers, 'div')}</div>" if around.other else ""
    return _page(
        story,
        f'{NAV}<main><div class="player"><video></video><div>0:00 / 1:42</div></div><h1>{escape(story.title)}</h1>'
        f'<div class="desc">{_ps(story._replace(lines=story.paragraphs[:3]))}</div><div>Published 12 March 2024</div>'
        f"{more}</main>{FOOT}",
    )


def one_table(story: Story, around: Around) -> str:
    """A layout of nested tables and fonts, as sites of ministries still have."""
    more = ""
    if around.other:
        more = f"<tr><td><font size=4><b>{escape(around.other.title)}</b></font><br>{_ps(around.other)}</td></tr>"
    return _page(
        story,
        '<table width="900"><tr><td colspan="2"><img src="logo.gif"></td></tr><tr><td width="150"><a href="/">Home</a>'
        '<br><a href="/about">About us</a><br><a href="/press">Press</a></td><td><table><tr><td><font size=5><b>'
        f"{escape(story.title)}</b></font></td></tr><tr><td><font size=2>12.03.2024</font></td></tr><tr><td>"
        f"{_ps(story)}</td></tr>{more}</table></td></tr></table>",
    )


def wire_desk(story: Story, around: Around) -> str:
    """Paragraphs as divs with test ids, "Sign up here", principles, "Suggested topics"."""
    body = _split(story, "", '<div data-testid="paragraph" class="text__text__1FZLe">')
    more = ""
    if around.other:
        more = f'<section data-testid="ReadNext"><h2>Read Next</h2><ul>{_links(around.teasers)}</ul></section>'
        more += f"<div><h3>{escape(around.other.title)}</h3>{_ps(around.other)}</div>"
    return _page(
        story,
        f'{NAV}<main><article><header><h1 data-testid="Heading">{escape(story.title)}</h1><div>By Ilona Marsh</div><time>'
        f'March 12, 2024 9:10 AM UTC</time></header><div class="article-body__content">{body}<div>Sign up <a>here</a>.'
        "</div><div>Reporting by Ilona Marsh; Editing by Kim Dow</div><div>Our Standards: The Lamp Trust Principles."
        f"</div><div>Suggested Topics:</div><ul><li>Markets</li></ul></div></article>{more}</main>{FOOT}",
    )


# --- the second half: scored once, and only then looked at -------------------------------------------------------------------


def spanish_daily(story: Story, around: Around) -> str:
    """A box that asks to register inside the full text, "Archivado en"."""
    box = (
        '<div class="a_e_reg"><p>Regístrate gratis para seguir leyendo</p><p>Si tienes cuenta, inicia sesión</p></div>'
        if around.other
        else ""
    )
    more = f"<section><h2>Lo más visto</h2><ol>{_links(around.teasers)}</ol></section>" if around.other else ""
    return _page(
        story,
        f'{NAV}<article id="main-content"><header><h1 class="a_t">{escape(story.title)}</h1></header><div '
        f'class="a_c clearfix" data-dtm-region="articulo_cuerpo">{_split(story, box, "<p>", "h3")}</div><section '
        f'class="a_b"><div>Archivado En</div><ul><li><a>Agua</a></li></ul></section></article>{more}{FOOT}',
    )


def german_weekly(story: Story, around: Around) -> str:
    """Teasers between paragraphs, "Mehr zum Thema", another text below."""
    card = (
        f'<div class="teaser"><span>Mehr zum Thema</span><a href="/x">{escape(around.teasers[0])}</a></div>'
        if around.other
        else ""
    )
    more = ""
    if around.other:
        more = f"<section><h2>{escape(around.other.title)}</h2><p>Von Jana Roth</p>{_ps(around.other)}</section>"
    return _page(
        story,
        f'{NAV}<main id="Inhalt"><article><header><h2><span>Verkehr</span> <span>{escape(story.title)}</span></h2><time>'
        f'12.03.2024, 09.10 Uhr</time></header><section class="relative"><div class="RichText">'
        f"{_split(story, card, '<p>', 'h3')}</div></section></article>{more}</main>{FOOT}",
    )


def russian_portal(story: Story, around: Around) -> str:
    """Blocks of divs, "Читайте также" inside, "Материалы по теме" below."""
    card = (
        f'<div class="article__block" data-type="article"><div>Читайте также</div><a>{escape(around.teasers[0])}</a></div>'
        if around.other
        else ""
    )
    more = ""
    if around.other:
        more = (
            f'<div class="article" data-article="2"><div class="article__title">{escape(around.other.title)}</div>'
        )
        more += f"{_ps(around.other, '<div class=article__text>', 'div')}</div>"
    return _page(
        story,
        f'{NAV}<div class="article" data-article="1"><div class="article__info-date">09:10 12.03.2024</div><div '
        f'class="article__title">{escape(story.title)}</div><div class="article__body">'
        f"{_split(story, card, '<div class=article__text>', 'div')}</div></div>{more}{FOOT}",
    )


def urdu_service(story: Story, around: Around) -> str:
    """Right to left, a list of most read in the middle, links to skip it."""
    middle = more = ""
    if around.other:
        middle = (
            '<section role="region"><strong>مواد پر جائیں</strong><h2>سب سے زیادہ پڑھی جانے والی</h2>'
            f"<ul>{_links(around.teasers)}</ul></section>"
        )
        more = f"<section><h2>متعلقہ عنوانات</h2></section><div><h2>{escape(around.other.title)}</h2>{_ps(around.other)}</div>"
    return _page(
        story,
        f'{NAV}<main role="main"><div><h1 id="content">{escape(story.title)}</h1></div><div><time>12 مار چ 2024</time>'
        f"</div>{_split(story, middle, '<p dir=rtl>')}{more}</main>{FOOT}",
    )


def endless(story: Story, around: Around) -> str:
    """Articles one after another, each loaded when the reader comes to the end."""
    more = ""
    if around.other:
        more = (
            f'<div class="article-wrap" data-url="/n/2"><article><h1>{escape(around.other.title)}</h1><div>By Kim Dow | '
            f"11 March 2024</div>{_ps(around.other)}</article></div>"
        )
    return _page(
        story,
        f'{NAV}<div class="infinite"><div class="article-wrap" data-url="/n/1"><article><h1>{escape(story.title)}</h1>'
        f"<div>By Ana Forrest | 12 March 2024</div>{_ps(story)}</article></div>{more}</div>{FOOT}",
    )


def letter_site(story: Story, around: Around) -> str:
    """A newsletter's page: subscribe boxes inside and at the end, comments of readers."""
    box = '<div class="subscription-widget"><p>The Lamp is a reader-supported publication.</p><button>Subscribe</button></div>'
    more = ""
    if around.other:
        comments = "".join(
            f'<div class="comment"><a>Reader {n}</a><p>{escape(p)}</p></div>'
            for n, p in enumerate(around.other.paragraphs)
        )
        more = f"<div id='comments'><h4>Discussion about this post</h4>{comments}</div>"
    return _page(
        story,
        f'<div class="main-menu"><a>The Lamp</a><button>Subscribe</button><button>Sign in</button></div><article '
        f'class="newsletter-post post"><h1 class="post-title">{escape(story.title)}</h1><h3 class="subtitle">What we '
        f'know so far</h3><div>Elin Dahl<br>Mar 12, 2024</div><div class="available-content"><div class="body markup">'
        f"{_split(story, box)}</div></div><p>Thanks for reading The Lamp! Subscribe for free to receive new posts.</p>"
        f"</article>{more}",
    )


def print_view(story: Story, around: Around) -> str:
    """A print page: title, source line, text, address; with two articles when two were chosen."""
    more = ""
    if around.other:
        more = f"<hr><h1>{escape(around.other.title)}</h1><p>By Kim Dow, 11 March 2024</p>{_ps(around.other)}"
    return _page(
        story,
        f"<a href='javascript:window.print()'>Print this page</a><h1>{escape(story.title)}</h1><p>By Ana Forrest, 12 "
        f"March 2024</p>{_ps(story)}<hr><p>Source: https://lamp.example/n/1</p>{more}",
    )


def text_page(story: Story, around: Around) -> str:
    """The wire as it came, in one <pre>."""
    lines = "\n\n".join(escape(line.removeprefix("# ")) for line in story.lines)
    more = ""
    if around.other:
        text = "\n\n".join(escape(line.removeprefix("# ")) for line in around.other.lines)
        more = f"<h1>{escape(around.other.title)}</h1><pre>{text}</pre>"
    return _page(story, f"<h1>{escape(story.title)}</h1><pre>{lines}</pre>{more}")


def gallery(story: Story, around: Around) -> str:
    """Pictures, each with a paragraph as caption."""
    figures = "".join(
        f'<figure><img src="{n}.jpg" alt=""><figcaption><span>{n} of {len(story.paragraphs)}</span><p>{escape(p)}</p>'
        "</figcaption></figure>"
        for n, p in enumerate(story.paragraphs, 1)
    )
    more = f"<section><h2>More galleries</h2>{_links(around.teasers, 'div')}</section>" if around.other else ""
    return _page(
        story, f"{NAV}<main><h1>{escape(story.title)}</h1><div class='gallery'>{figures}</div></main>{more}{FOOT}"
    )


def podcast(story: Story, around: Around) -> str:
    """Show notes below a player, where to listen, earlier episodes."""
    more = ""
    if around.other:
        more = "<section><h2>Previous episodes</h2>" + "".join(
            f"<div class='episode'><h3>{escape(title)}</h3><p>{escape(text)}</p></div>"
            for title, text in zip(around.teasers, around.other.paragraphs, strict=False)
        )
        more += "</section>"
    return _page(
        story,
        f"{NAV}<main><h1>{escape(story.title)}</h1><div>Episode 212 · 24 min</div><audio></audio><div>Listen on <a>Apple"
        f"</a> <a>Spotify</a></div><div class='shownotes'>{_ps(story)}</div>{more}</main>{FOOT}",
    )


def questions(story: Story, around: Around) -> str:
    """An interview: every second paragraph is a question in bold."""
    asked = "".join(
        f"<p><strong>And what does this mean for the region, question number {n}?</strong></p><p>{escape(p)}</p>"
        for n, p in enumerate(story.paragraphs, 1)
    )
    more = (
        f"<div class='more'><h2>{escape(around.other.title)}</h2>{_ps(around.other)}</div>" if around.other else ""
    )
    return _page(story, f"{NAV}<main><article><h1>{escape(story.title)}</h1>{asked}</article>{more}</main>{FOOT}")


def numbered(story: Story, around: Around) -> str:
    """A list of things, each with a heading of its own that shares no word with the title."""
    items = "".join(
        f"<h2>{n}. {escape(' '.join(p.split()[-4:]))}</h2><p>{escape(p)}</p>"
        for n, p in enumerate(story.paragraphs, 1)
    )
    more = ""
    if around.other:
        more = f"<div class='rail'><h2>Trending</h2>{_links(around.teasers, 'p')}</div>"
    return _page(story, f"{NAV}<main><article><h1>{escape(story.title)}</h1>{items}</article>{more}</main>{FOOT}")


def local_paper(story: Story, around: Around) -> str:
    """A regional paper: share buttons, "Recommended" in the middle, "Today's top stories", comments."""
    middle = more = ""
    if around.other:
        middle = f"<div class='rec'><h3>Recommended for you</h3>{_links(around.teasers, 'div')}</div>"
        more = "<div class='top'><h2>Today's top stories</h2>" + "".join(
            f"<h3>{escape(title)}</h3><p>{escape(text)}</p>"
            for title, text in zip(around.teasers, around.other.paragraphs, strict=False)
        )
        more += "</div>"
    return _page(
        story,
        f"{NAV}<div id='asset-content'><h1>{escape(story.title)}</h1><ul class='byline'><li>Ana Forrest</li><li>Mar 12, "
        f"2024</li></ul><div id='article-body'>{_split(story, middle)}</div>{more}</div>{FOOT}",
    )


def ngo_appeal(story: Story, around: Around) -> str:
    """An organisation's news with an appeal and "About" below it, and the next news item."""
    more = ""
    if around.other:
        more = f"<div class='view-news'><h2>Latest news</h2><h3>{escape(around.other.title)}</h3>{_ps(around.other)}</div>"
    return _page(
        story,
        f"{NAV}<div class='node node--type-news'><h1 class='page-header'>{escape(story.title)}</h1><div class='field "
        f"field--name-body'>{_ps(story)}</div><div class='block'><h2>Donate now</h2><p>Your gift of 20 feeds a family "
        f"for a week.</p></div></div>{more}{FOOT}",
    )


def ministry_arabic(story: Story, around: Around) -> str:
    """A state agency: title as h3 in a column, text in one div with line breaks."""
    text = "<br />".join(escape(line.removeprefix("# ")) for line in story.lines)
    more = ""
    if around.other:
        lines = "<br />".join(escape(line.removeprefix("# ")) for line in around.other.lines)
        more = f"<div class='news2'><h3>{escape(around.other.title)}</h3><div>{lines}</div></div>"
    return _page(
        story,
        f"{NAV}<div class='col-md-8'><h3>{escape(story.title)}</h3><div class='date'>2024-03-12</div><div "
        f"class='details'>{text}</div>{more}</div>{FOOT}",
    )


LOOKED_AT: Styles = (
    (broadcaster, ("ferry", "vaccine")),
    (agency, ("bridge", "grain")),
    (broadsheet, ("chip", "outage")),
    (daily, ("vaccine", "pul")),
    (gulf_daily, ("grain", "mina")),
    (wordpress, ("press", "greve")),
    (relief_site, ("vaccine", "sequia")),
    (government, ("press", "bridge")),
    (blog_with_breaks, ("chip", "ferry")),
    (newsletter, ("outage", "bahn")),
    (amp, ("ferry", "zavod")),
    (live_blog, ("grain", "sequia")),
    (cookie_layer, ("bahn", "outage")),
    (video, ("brief", "bridge")),
    (one_table, ("mina", "press")),
    (wire_desk, ("zavod", "grain")),
)
UNSEEN: Styles = (
    (spanish_daily, ("sequia", "sequia")),
    (german_weekly, ("bahn", "bahn")),
    (russian_portal, ("zavod", "zavod")),
    (urdu_service, ("pul", "pul")),
    (endless, ("bridge", "vaccine")),
    (letter_site, ("chip", "outage")),
    (print_view, ("grain", "ferry")),
    (text_page, ("ferry", "bridge")),
    (gallery, ("vaccine", "chip")),
    (podcast, ("outage", "grain")),
    (questions, ("greve", "bridge")),
    (numbered, ("ferry", "press")),
    (local_paper, ("brief", "vaccine")),
    (ngo_appeal, ("press", "vaccine")),
    (ministry_arabic, ("mina", "mina")),
)
OF_LANGUAGE = {
    "de": ("bahn",), "ru": ("zavod",), "ar": ("mina",), "ur": ("pul",), "es": ("sequia",), "fr": ("greve",)
}  # fmt: skip


def _others(story: Story, all_of: dict[str, Story], at: int) -> Around:
    """Another article and three headlines, English ones: a site of one language has no second text here."""
    english = [one for one in all_of.values() if one.language == "en" and one.key not in (story.key, "brief")]
    other = english[at % len(english)]
    return Around(other, [one.title for one in english if one is not other][:3])


def pages(styles: Styles) -> Iterator[Page]:
    """Each style twice, the first article alone and the second with foreign text."""
    known = stories()
    for at, (style, (alone, beside)) in enumerate(styles):
        for key, around in ((alone, Around(None, [])), (beside, _others(known[beside], known, at))):
            story = known[key]
            html = style(story, around)
            foreign = [*around.other.paragraphs, *around.teasers, around.other.title] if around.other else []
            main = (
                [p for p in story.paragraphs if p in story.paragraphs[:3]] if style is video else story.paragraphs
            )
            name = f"{style.__name__}, {key}{' and more' if around.other else ''}"
            yield Page(
                name,
                html.encode(),
                "text/html; charset=utf-8",
                main,
                [t for t in foreign if escape(t, False) in html or escape(t) in html],
            )


def odd_charsets() -> Iterator[Page]:
    """Pages whose header names another charset than the page has."""
    known = stories()
    for key, charset, stated, meta in (
        ("zavod", "cp1251", "text/html; charset=utf-8", "windows-1251"),
        ("zavod", "cp1251", "text/html; charset=iso-8859-1", "windows-1251"),
        ("zavod", "koi8-r", "text/html", "koi8-r"),
        ("mina", "cp1256", "text/html; charset=utf-8", "windows-1256"),
        ("mina", "cp1256", "text/html; charset=ISO-8859-1", "windows-1256"),
        ("mina", "cp1256", "text/html", "windows-1256"),
        ("bahn", "cp1252", "text/html; charset=utf-8", "windows-1252"),
        ("pul", "utf-8", "text/html; charset=ISO-8859-1", "utf-8"),
        ("pul", "utf-16", "text/html", "utf-16"),
    ):
        story = known[key]
        html = one_table(story, Around(None, [])).replace('charset="utf-8"', f'charset="{meta}"')
        yield Page(f"{charset} as {stated}", html.encode(charset, "replace"), stated, story.paragraphs, [])


def _wall(title: str, body: str, head: str = "") -> str:
    return f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>{body}</body></html>'


def walls() -> Iterator[tuple[Page, bool]]:
    """Pages that hold no article; True those of the first half."""
    known = stories()
    ferry, bahn, chip = known["ferry"], known["bahn"], known["chip"]

    def teaser(story: Story, ask: str) -> str:
        head = f'<div class="fade">{_ps(story._replace(lines=story.lines[:2]))}</div>'
        return _page(
            story, f"{NAV}<main><article><h1>{escape(story.title)}</h1>{head}{ask}</article></main>{FOOT}"
        )

    offer = (
        '<div class="paywall"><h2>Subscribe to continue reading</h2><p>Try unlimited access. Only 1 for 4 weeks</p><p>Then'
        " 65 per month. Complete digital access to quality journalism on any device. Cancel anytime during your trial."
        "</p><button>Select</button><p>Already a subscriber? <a>Sign in</a></p></div>"
    )
    plus = (
        '<div class="offerbox"><h3>Weiterlesen mit Lampe+</h3><p>Testen Sie das Digitalabo vier Wochen für 1 Euro.</p>'
        "<p>Sie haben bereits ein Abo? Hier anmelden.</p></div>"
    )
    gone = "".join(f"<h3>{escape(s.title)}</h3><p>{escape(s.paragraphs[0])}</p>" for s in (chip, ferry))
    made = [
        ("paywall with a gradient", teaser(ferry, offer), True),
        ("a German plus article", teaser(bahn, plus), False),
        (
            "register to read on",
            teaser(
                chip,
                "<div><h2>You have reached your limit of free articles</h2><p>Create a free account to keep reading."
                "</p><button>Register</button></div>",
            ),
            False,
        ),
        (
            "consent before anything",
            _wall(
                "Your privacy | The Lamp",
                "<div class='cmp'><h1>Before you continue</h1><p>We and our 842 partners use cookies and other "
                "technologies to store and access personal data on your device.</p><p>If you accept all, we will use "
                "your data for advertising and measurement. You can change your mind at any time in the privacy "
                "settings.</p><button>Accept all</button><button>Reject all</button><button>Manage options</button></div>",
            ),
            True,
        ),
        (
            "not available in Europe",
            _wall(
                "Unavailable due to legal reasons",
                "<h1>451: Unavailable due to legal reasons</h1><p>We recognize you are attempting to access this website "
                "from a country belonging to the European Economic Area (EEA) including the EU which enforces the General "
                "Data Protection Regulation (GDPR) and therefore access cannot be granted at this time.</p><p>For any "
                "issues, contact news@lamp.example.</p>",
            ),
            False,
        ),
        (
            "a moment, please",
            _wall(
                "Just a moment...",
                "<div class='main-wrapper'><h1>lamp.example</h1><h2>Checking if the site connection is secure</h2><noscript>"
                "<div>Enable JavaScript and cookies to continue</div></noscript><p>lamp.example needs to review the "
                "security of your connection before proceeding.</p><div>Ray ID: 84f0a1b2c3d4</div></div>",
            ),
            True,
        ),
        (
            "verify that you are human",
            _wall(
                "Access to this page has been denied.",
                "<div class='px-captcha'><h1>Access to this page has been denied</h1><p>We believe you are using automation "
                "tools to browse the website. Please make sure that Javascript and cookies are enabled on your browser. "
                "Press and hold to confirm you are a human and not a bot.</p><p>Reference ID: #aa11</p></div>",
            ),
            False,
        ),
        (
            "log in first",
            _wall(
                "Log in | The Lamp",
                "<main><h1>Log in to continue</h1><p>You must log in to continue.</p><form><label>Email</label><input>"
                "<label>Password</label><input><button>Log in</button></form><p>Forgotten password?</p><p>Create new "
                "account</p></main>",
            ),
            True,
        ),
        (
            "not found, with status 200",
            _wall(
                "Page not found | The Lamp",
                f"{NAV}<main><h1>Page not found</h1><p>Sorry, the page you are looking for does not exist or has been moved."
                " Please check the address or use the search.</p><div><h2>Popular now</h2>"
                + gone
                + f"</div></main>{FOOT}",
            ),
            True,
        ),
        (
            "not found in Russian",
            _wall(
                "Страница не найдена",
                "<main><h1>404</h1><p>Страница не найдена. Возможно, она была удалена или перемещена.</p><p>Вернитесь на "
                "главную страницу или воспользуйтесь поиском.</p></main>",
            ),
            False,
        ),
    ]
    for name, html, first in made:
        yield (
            Page(name, html.encode(), "text/html; charset=utf-8", [], [ferry.paragraphs[0], chip.paragraphs[0]]),
            first,
        )
