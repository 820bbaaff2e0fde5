"""Walls: what stands before an article is told from an article that speaks of walls."""

from __future__ import annotations

import json

import pytest

from monitor.core.articles.extract import extract_article
from monitor.model.article import DropReason, Engine, Quality, WallKind
from monitor.model.errors import NotExtractable

URL = "https://news.example/2024/03/cable.html"
TEASER = (
    "A court freed the skipper who cut a sea cable with his anchor in November. The judges found no intent and no "
    "law against bad luck, and the islands without a telephone learned of it by letter."
)
LONG = [
    f"{TEASER} In the {word} hour of the hearing a diver spoke of sand, rope and a light that he "
    f"could not explain, "
    "and the owner of the cable asked for damages once more."
    for word in ("first", "second", "third", "fourth", "fifth", "sixth")
]


def page(*body: str, title: str = "Court frees skipper", head: str = "") -> bytes:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body>{''.join(body)}</body></html>"
    ).encode()


def paragraphs(*texts: str) -> str:
    return "<article><h1>Court frees skipper</h1>" + "".join(f"<p>{text}</p>" for text in texts) + "</article>"


def locked(**more: object) -> str:
    facts = {"@type": "NewsArticle", "headline": "Court frees skipper", "isAccessibleForFree": False, **more}
    return f'<script type="application/ld+json">{json.dumps(facts)}</script>'


@pytest.mark.parametrize(
    ("html", "wall"),
    [
        (
            page(
                "<h1>Just a moment...</h1><p>Enable JavaScript and cookies to continue</p>",
                title="Just a moment...",
            ),
            WallKind.BOT_CHECK,
        ),
        (
            page(
                "<h1>news.example</h1><p>Checking if the site connection is secure</p><p>This website is using a "
                "security service to protect itself from online attacks.</p>",
                title="Attention Required! | Cloudflare",
            ),
            WallKind.BOT_CHECK,
        ),
        (
            page("<p>Please verify you are a human</p>", title="Access to this page has been denied"),
            WallKind.BOT_CHECK,
        ),
        (
            page(
                "<h1>We value your privacy</h1><p>We and our 812 partners store and access information on your "
                "device, "
                "such as cookies, and use it for advertising, content and audience research.</p>"
                "<button>Accept all cookies</button>",
                title="news.example",
            ),
            WallKind.COOKIES,
        ),
        (page("<p>Please accept our cookies.</p>"), WallKind.COOKIES),
        (page("<h1>Before you continue to News</h1><p>Nous utilisons des cookies.</p>"), WallKind.COOKIES),
        (page(paragraphs(TEASER), "<div>Subscribe to continue reading</div>"), WallKind.PAYWALL),
        (page(paragraphs(TEASER), "<div>Already a subscriber? Log in</div>"), WallKind.PAYWALL),
        (page(paragraphs(TEASER), "<div>This article is for subscribers only.</div>"), WallKind.PAYWALL),
        (page(paragraphs(TEASER), "<div>Dieser Artikel ist für Abonnenten</div>"), WallKind.PAYWALL),
        (page(paragraphs(TEASER), "<div>Cet article est réservé aux abonnés</div>"), WallKind.PAYWALL),
        (page(paragraphs(TEASER), "<div>Contenido exclusivo para suscriptores</div>"), WallKind.PAYWALL),
        (page(paragraphs(TEASER), "<div>Sign in to continue</div>"), WallKind.LOGIN),
        (page("<h1>Members</h1><p>You must be logged in to view this page.</p>"), WallKind.LOGIN),
        (page(paragraphs(TEASER), head=locked()), WallKind.PAYWALL),
    ],
)
def test_a_wall_is_named_and_its_words_are_no_text(html: bytes, wall: WallKind) -> None:
    article = extract_article(html, URL, "text/html")
    assert (article.quality, article.wall, article.text) == (Quality.STUB, wall, "")
    assert [one.reason for one in article.dropped] == [DropReason.WALL]


@pytest.mark.parametrize(
    "html",
    [
        page(paragraphs(*LONG), "<div>Subscribe to continue reading our stories</div>"),
        page(paragraphs(*LONG, "Subscribe to read more stories like this one.")),
        page(paragraphs(*LONG), "<div>We value your privacy</div><div>Accept all cookies</div>"),
        page(paragraphs(*LONG), head=locked()),
        # short reports about walls
        page(
            paragraphs(
                "A regulator fined a publisher because its banner said “accept all cookies” in green and “manage "
                "settings” in grey. The publisher will appeal, its lawyer told reporters on Tuesday.",
                "The fine of nine million crowns is the highest of its kind. We use cookies, the publisher said "
                "in a "
                "statement, as everybody does, and we respect the law as few others do; the banner will be "
                "redrawn.",
            )
        ),
        page(
            paragraphs(
                "Researchers let a robot solve captchas and it beat nine people in ten. “Prove that you are a "
                "human” "
                "has become a question that only machines answer quickly, they write in a paper of eleven pages.",
                "Sites that enable JavaScript only to check visitors lose one in thirty readers, the paper says.",
            ),
            title="Robot beats people at captchas",
        ),
        page(
            paragraphs(
                "The library asks readers to log in to its machines with a card from Monday. The old paper "
                "slips will "
                "be kept in a museum, the librarian said, next to the stamp that nobody could read in forty "
                "years.",
                "To read the minutes of the council, visitors need no card; they are on a table at the entrance.",
            ),
            title="Just a moment: the library asks for cards",
        ),
    ],
)
def test_an_article_is_no_wall(html: bytes) -> None:
    article = extract_article(html, URL, "text/html")
    assert (article.quality, article.wall) == (Quality.FULL, None)
    assert article.dropped == ()


def test_behind_a_paywall_the_pages_own_data_may_hold_the_whole_article() -> None:
    html = page(
        paragraphs(TEASER), "<div>Subscribe to continue reading</div>", head=locked(articleBody="\n\n".join(LONG))
    )
    article = extract_article(html, URL, "text/html")
    assert (article.quality, article.engine, article.wall) == (Quality.FULL, Engine.JSON_LD, None)
    assert article.text == "\n\n".join(LONG)


def test_a_page_without_text_and_without_a_wall_holds_no_article() -> None:
    with pytest.raises(NotExtractable, match="no main text"):
        extract_article(page("<h1>Video</h1><p>Watch the clip.</p>"), URL, "text/html")
