"""Which feeds a page offers, and where they usually are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import parsed

from monitor.core.feeds.discovery import MOST_OFFERED, Offer, Via, guesses, offers_of, same_feed

URL = "https://news.example/world/"


def offers(head: str, header: str = "") -> list[Offer]:
    return list(offers_of(f"<html><head>{head}</head></html>".encode(), "text/html", header, URL).offers)


def link(href: str, kind: str = "application/rss+xml", rel: str = "alternate", title: str = "") -> str:
    return f'<link rel="{rel}" type="{kind}" title="{title}" href="{href}">'


@pytest.mark.parametrize(
    ("tag", "url"),
    [
        (link("/feed"), "https://news.example/feed"),
        (link("rss.xml"), "https://news.example/world/rss.xml"),
        (link("https://feeds.example/x", "application/atom+xml"), "https://feeds.example/x"),
        (link("/feed.json", "application/feed+json"), "https://news.example/feed.json"),
        (link("/feed.json", "application/json"), "https://news.example/feed.json"),
        (link("/feed", "Application/RSS+XML; charset=utf-8"), "https://news.example/feed"),
        (link("/feed", rel="home ALTERNATE"), "https://news.example/feed"),
        ('<base href="https://cdn.example/a/">' + link("b"), "https://cdn.example/a/b"),
    ],
)
def test_a_link_tag_names_a_feed(tag: str, url: str) -> None:
    assert [one.url for one in offers(tag)] == [url]


@pytest.mark.parametrize(
    "tag",
    [
        link("/de", "text/html"),
        link("/wp-json/wp/v2/posts/1", "application/json"),
        link("/embed", "application/json+oembed"),
        link("/s.css", "text/css", "stylesheet"),
        link("/feed", rel="search"),
        link("javascript:alert(1)"),
        link("file:///etc/passwd"),
        link(""),
    ],
)
def test_a_link_tag_that_names_no_feed_is_passed_over(tag: str) -> None:
    assert offers(tag) == []


def test_a_link_header_names_feeds_too() -> None:
    header = (
        '</style.css>; rel=preload, </feed>; rel="alternate"; type="application/rss+xml"; '
        'title="All, \\"of\\" it",'
        " <https://o.example/atom>;type=application/atom+xml;rel=alternate"
    )
    assert offers("", header) == [
        Offer("https://news.example/feed", 'All, "of" it', Via.HEADER),
        Offer("https://o.example/atom", "", Via.HEADER),
    ]


def test_feeds_of_comments_come_last_and_each_address_once() -> None:
    found = offers(link("/comments/feed/", title="Comments") + link("/feed") + link("/feed") + link("/atom"))
    assert [one.url.rpartition("example")[2] for one in found] == ["/feed", "/atom", "/comments/feed/"]


def test_titles_are_plain_text_and_no_more_than_so_many_feeds_are_taken() -> None:
    assert offers(link("/feed", title="&lt;b&gt;All&lt;/b&gt;"))[0].title == "All"
    assert len(offers("".join(link(f"/tag/{n}") for n in range(500)))) == MOST_OFFERED


def test_ordinary_links_that_look_like_feeds_are_told_apart_from_what_the_page_names() -> None:
    links = (
        "/rss/world.rss",
        "/feed/",
        "/a/feed.json?x=1",
        "/rss",
        "/about",
        "/sitemap.xml",
        "/feedback",
        "/x.xml#a",
    )
    body = "".join(f'<a href="{href}">x</a>' for href in links)
    page = offers_of(f"{link('/named')}<body>{body}".encode(), "text/html", "", URL)
    assert [one.url for one in page.offers] == ["https://news.example/named"]
    paths = [one.url.removeprefix("https://news.example") for one in page.linked]
    assert paths == ["/rss/world.rss", "/feed/", "/a/feed.json?x=1", "/rss", "/x.xml#a"]


@given(st.binary(max_size=300), st.text(max_size=200))
def test_no_page_and_no_header_breaks_it(body: bytes, header: str) -> None:
    offers_of(body, None, header, URL)


def test_usual_addresses_are_those_of_the_folder_and_of_the_site() -> None:
    found = [one.url for one in guesses("https://news.example/blog/2023/post.html?x=/y")]
    assert found[0] == "https://news.example/blog/feed"
    assert "https://news.example/feeds/posts/default" in found
    assert len(found) == 12
    assert len(guesses("https://news.example")) == 8


def test_two_feeds_are_one_where_their_first_entries_lead_to_the_same_pages() -> None:
    whole = [parsed(f"e{n}") for n in range(10)]
    assert same_feed(whole, [parsed(f"urn:{n}", link=f"https://news.example/e{n}") for n in range(5)])
    assert not same_feed(whole, whole[3:6])  # a section's
    assert not same_feed(whole, [])
