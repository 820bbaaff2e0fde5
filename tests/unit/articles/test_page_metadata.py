"""What a page says about itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitor.core.articles.extract import extract_article
from monitor.model.article import DateFlag, Extracted

URL = "https://www.lamp.example/news/cable"
NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
TEXT = "".join(
    f"<p>The skipper who cut the sea cable was freed on day {n}, the court of the island said.</p>"
    for n in range(6)
)


def read(
    head: str = "", top: str = "", end: str = "", url: str = URL, html: str = '<html lang="en">'
) -> Extracted:
    page = (
        f"<!DOCTYPE html>{html}<head><meta charset='utf-8'><title>Skipper freed - The Lamp</title>{head}</head>"
        f"<body><article><h1>Skipper freed</h1>{top}{TEXT}</article>{end}</body></html>"
    )
    return extract_article(page.encode(), url, "text/html", NOW)


def data(*nodes: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(nodes[0] if len(nodes) == 1 else nodes)}</script>'


@pytest.mark.parametrize(
    ("head", "top", "published"),
    [
        ('<meta itemprop="datePublished" content="2024-03-04T10:00:00+01:00">', "", datetime(2024, 3, 4, 9)),
        (
            '<meta property="article:published_time" content="2024-03-04T10:00:00+0100">',
            "",
            datetime(2024, 3, 4, 9),
        ),
        ('<meta name="pubdate" content="Mon, 04 Mar 2024 10:00:00 GMT">', "", datetime(2024, 3, 4, 10)),
        (data({"@type": "NewsArticle", "datePublished": "2024-03-04"}), "", datetime(2024, 3, 4)),
        (data({"@graph": [{"@type": "WebPage"}, {"@type": ["Article"], "datePublished": "2024-03-04"}]}), "",
         datetime(2024, 3, 4)),
        (data({"@type": "WebPage", "mainEntity": {"@type": "Report", "datePublished": "2024-03-04"}}), "",
         datetime(2024, 3, 4)),
        ("", '<time datetime="2024-03-04T10:00:00Z">yesterday</time>', datetime(2024, 3, 4, 10)),
        ("", "<div>Updated 4 March 2024</div>", datetime(2024, 3, 4)),
        ("", "<div>March 4th, 2024 10:00</div>", datetime(2024, 3, 4)),
        ("", "<div>04/03/2024</div>", None),  # half of the world reads it as 3 April
        ("", "", None),
    ],
)  # fmt: skip
def test_the_date_of_publication_is_found(head: str, top: str, published: datetime | None) -> None:
    assert read(head, top).published == (published and published.replace(tzinfo=UTC))


def test_the_date_of_what_follows_is_not_the_articles() -> None:
    end = (
        "<article><h2>Museum opens</h2><time datetime='2023-05-06'>6 May</time><div>Updated 06 May 2023</div>"
        "<p>A museum has opened.</p></article>"
    )
    assert read('<meta name="date" content="2024-03-04">', end=end).published == datetime(2024, 3, 4, tzinfo=UTC)
    assert read(top="<time datetime='2024-03-04'>4 March</time>", end=end).published == datetime(
        2024, 3, 4, tzinfo=UTC
    )
    assert read(top="<div>4 March 2024</div>", end=f"<div>Updated 06 May 2023</div>{TEXT}").published == datetime(
        2024, 3, 4, tzinfo=UTC
    )


def test_a_date_in_the_address_is_the_last_resort() -> None:
    assert read(url="https://lamp.example/2024/03/04/cable").published == datetime(2024, 3, 4, tzinfo=UTC)
    assert read(url="https://lamp.example/2024/13/44/cable").published is None


@pytest.mark.parametrize(
    ("stated", "flag"),
    [("1970-01-01T00:00:00Z", DateFlag.ABSURD), ("0001-01-01", DateFlag.ABSURD), ("2099-01-01", DateFlag.FUTURE)],
)
def test_a_date_that_cannot_be_is_none_and_says_why(stated: str, flag: DateFlag) -> None:
    found = read(f'<meta name="date" content="{stated}">')
    assert (found.published, found.date_flag) == (None, flag)


def test_behind_a_date_that_cannot_be_the_next_one_counts() -> None:
    found = read(
        '<meta name="date" content="1970-01-01">' + data({"@type": "Article", "datePublished": "2024-03-04"})
    )
    assert (found.published, found.date_flag) == (datetime(2024, 3, 4, tzinfo=UTC), None)


def test_a_date_some_hours_ahead_is_a_zone_and_no_mistake() -> None:
    assert read('<meta name="date" content="2024-03-05T20:00:00Z">').date_flag is None


@pytest.mark.parametrize(
    ("head", "authors"),
    [
        (data({"@type": "NewsArticle", "author": {"@type": "Person", "name": "Maria Sand"}}), ("Maria Sand",)),
        (
            data({"@type": "NewsArticle", "author": ["Maria Sand", {"name": "Tomas Berg"}]}),
            ("Maria Sand", "Tomas Berg"),
        ),
        (data({"@type": "NewsArticle", "author": {"name": ["Maria Sand", "maria sand"]}}), ("maria sand",)),
        ('<meta name="author" content="By Maria Sand and Tomas Berg">', ("Maria Sand", "Tomas Berg")),
        ('<meta property="article:author" content="https://facebook.example/lamp">', ()),
        ("", ()),
    ],
)
def test_authors_come_from_the_data_else_from_the_tags(head: str, authors: tuple[str, ...]) -> None:
    assert read(head).authors == authors


def test_a_byline_that_the_page_marks_names_the_author() -> None:
    assert read(top='<a rel="author" href="/m">By Maria Sand</a>').authors == ("Maria Sand",)


@pytest.mark.parametrize(
    ("head", "publisher"),
    [
        ('<meta property="og:site_name" content="The Lamp">', "The Lamp"),
        (data({"@type": "NewsArticle", "publisher": {"name": "The Lamp &amp; Post"}}), "The Lamp & Post"),
        ("", "lamp.example"),
    ],
)
def test_the_publisher_is_named_by_the_page_else_by_its_host(head: str, publisher: str) -> None:
    assert read(head).publisher == publisher


def test_the_title_goes_without_the_name_of_the_site() -> None:
    site = '<meta property="og:site_name" content="The Lamp">'
    assert read(site).title == "Skipper freed"
    assert read(site + '<meta property="og:title" content="Skipper freed | The Lamp">').title == "Skipper freed"
    assert read('<meta property="og:title" content="Ferry - late - again">' + site).title == "Ferry - late - again"


@pytest.mark.parametrize(
    ("html", "language"),
    [('<html lang="de-AT">', "de"), ("<html>", None), ('<html lang="x">', None)],
)
def test_the_language_is_the_one_stated(html: str, language: str | None) -> None:
    assert read(html=html).language == language
    assert read(data({"@type": "Article", "inLanguage": "ur-PK"}), html="<html>").language == "ur"


@pytest.mark.parametrize(
    ("page", "canonical", "taken"),
    [
        ("https://amp.lamp.example/a", "https://lamp.example/a", True),
        ("https://news.lamp.co.uk/a", "https://lamp.co.uk/a", True),
        ("https://lamp.co.uk/a", "https://post.co.uk/a", False),
        ("https://ada.github.io/a", "https://bob.github.io/a", False),
        ("http://127.0.0.11:8080/a", "http://127.0.0.11:8080/b", True),
        ("http://127.0.0.11/a", "http://127.0.0.12/a", False),
        ("https://news.lamp.example/a", "https://lamp.example/", False),
    ],
)
def test_a_canonical_address_counts_on_the_same_registrable_domain(page: str, canonical: str, taken: bool) -> None:
    head = f'<link rel="canonical" href="{canonical}">'
    assert read(head, url=page).canonical_url == (canonical if taken else None)
    assert read(f'<meta property="og:url" content="{canonical}">', url=page).canonical_url == (
        canonical if taken else None
    )


@pytest.mark.parametrize(
    "broken", ["{", "[" * 50_000, '{"@graph": 7}', '{"@type": {"a": 1}}', "null", '[[["x"]]]']
)
def test_broken_data_say_nothing(broken: str) -> None:
    found = read(f'<script type="application/ld+json">{broken}</script>')
    assert (found.title, found.authors, found.published) == ("Skipper freed", (), None)
