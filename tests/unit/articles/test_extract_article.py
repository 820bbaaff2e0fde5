"""What comes out of a page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.core.articles.extract import extract_article
from monitor.model.article import Quality
from monitor.model.errors import NotExtractable

URL = "https://www.dawn.com/news/1?utm_source=rss"
PARAGRAPHS = [
    f"Paragraph {n}: the Torkham crossing was closed by the Taliban on Sunday, officials told reporters there."
    for n in range(6)
]


def page(head: str = "", body: str | None = None, lang: str = "en-GB") -> bytes:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS) if body is None else body
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>Border shut | Dawn</title>{head}</head><body>"
        f"<nav><a href='/'>Home</a> <a href='/w'>World</a></nav><article><h1>Border shut</h1>{text}</article>"
        "<footer>Copyright Dawn Media</footer></body></html>"
    ).encode()


def test_an_article_has_its_title_text_and_metadata() -> None:
    found = extract_article(
        page(
            '<meta property="og:site_name" content="Dawn"><meta name="author" content="Jane Doe">'
            '<meta property="article:published_time" content="2023-02-22T10:11:12+05:00">'
            '<link rel="canonical" href="/news/1">'
        ),
        URL,
        "text/html",
    )
    assert (found.title, found.quality, found.language) == ("Border shut", Quality.FULL, "en")
    assert found.text == "\n\n".join(PARAGRAPHS)
    assert (found.publisher, found.authors) == ("Dawn", ("Jane Doe",))
    assert found.published == datetime(2023, 2, 22, 5, 11, 12, tzinfo=UTC)
    assert found.canonical_url == "https://www.dawn.com/news/1"


def test_list_items_stay_together() -> None:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    items = "<ul><li>The first point of the agreement</li><li>The second point of the agreement</li></ul>"
    found = extract_article(page(body=text + items + f"<p>{PARAGRAPHS[0]} Again.</p>"), URL, None)
    assert (
        "\n\n- The first point of the agreement\n- The second point of the agreement\n\nParagraph 0" in found.text
    )


def test_scripts_and_the_frame_are_left_out() -> None:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS) + "<script>track('x')</script>"
    text = extract_article(page(body=body), URL, "text/html").text
    for foreign in ("track", "Home", "Copyright"):
        assert foreign not in text


def test_a_date_stated_in_json_ld_is_found() -> None:
    head = (
        '<script type="application/ld+json">{"@graph": [{"@type": "WebPage", "datePublished": "2020-01-01"},'
        '{"@type": ["NewsArticle"], "datePublished": "2023-02-22T08:00:00Z"}]}</script>'
    )
    assert extract_article(page(head), URL, None).published == datetime(2023, 2, 22, 8, tzinfo=UTC)


def test_a_page_without_a_date_has_none() -> None:
    assert extract_article(page(), "https://example.org/a", None).published is None


@pytest.mark.parametrize(
    "canonical",
    ["https://other.example/news/1", "https://www.dawn.com/", "/", "javascript:alert(1)", "http://[bad/"],
)
def test_a_canonical_address_elsewhere_or_at_the_front_page_is_ignored(canonical: str) -> None:
    assert extract_article(page(f'<link rel="canonical" href="{canonical}">'), URL, None).canonical_url is None


def test_a_wrong_charset_is_read_well() -> None:
    body = "".join(f"<p>{paragraph} Ça été décidé à Zürich.</p>" for paragraph in PARAGRAPHS)
    for encoding, content_type in (("utf-8", "text/html; charset=iso-8859-1"), ("latin-1", "text/html")):
        html = page(body=body).decode().replace('<meta charset="utf-8">', "").encode(encoding)
        assert "Ça été décidé à Zürich." in extract_article(html, URL, content_type).text


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (b"", None, "empty"),
        (b"%PDF-1.7 ...", "text/html", "a PDF, not HTML"),
        (b"\x89PNG\r\n", None, "an image, not HTML"),
        (b"x", "application/pdf", "application/pdf, not HTML"),
        (b'{"a": 1}', "text/html", "JSON"),
        (b"<html></html>", "text/html", "no main text"),
        (b"<", "text/html", "page|text"),
        (b"\0\0\0", "text/html", "page|text"),
        (b"<div>" * 50_000, "text/html", "page|text"),
    ],
)
def test_what_holds_no_article_is_refused_in_one_sentence(body: bytes, content_type: str | None, why: str) -> None:
    with pytest.raises(NotExtractable, match=why) as caught:
        extract_article(body, URL, content_type)
    assert "\n" not in caught.value.why


@pytest.mark.parametrize(
    ("head", "section"),
    [
        ('<meta property="article:section" content="World">', "World"),
        (
            '<meta property="article:section" content="World"><meta property="article:section" content="Asia">',
            "World, Asia",
        ),
        (
            '<script type="application/ld+json">{"@type": "NewsArticle", "articleSection": "Pakistan"}</script>',
            "Pakistan",
        ),
        (
            '<meta name="article:section" content="pakistan"><script type="application/ld+json">'
            '[{"@type": "Person", "articleSection": "no"},'
            ' {"@graph": [{"@type": ["NewsArticle"], "articleSection": ["Pakistan", "Q &amp; A"]}]}]</script>',
            "pakistan, Q & A",
        ),
        ('<script type="application/ld+json">{"@type": "NewsArticle", "articleSection": 7}</script>', ""),
        ('<script type="application/ld+json">{"@type": "NewsArticle"</script>', ""),
        ("", ""),
    ],
)
def test_the_section_is_what_the_page_says_each_once(head: str, section: str) -> None:
    assert extract_article(page(head), URL, "text/html").section == section


def test_a_page_of_a_thousand_sections_has_ten() -> None:
    head = "".join(f'<meta property="article:section" content="{n}">' for n in range(1_000))
    assert extract_article(page(head), URL, "text/html").section.count(", ") == 9
