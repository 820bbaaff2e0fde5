"""Canonical URLs: one key per article, and never one key for two."""

from __future__ import annotations

import pytest

from monitor.core.text.urls import (
    MAX_KEY,
    MAX_URL,
    absolute_http_url,
    canonical_url,
    feed_key,
    host_of,
    is_home_page,
)

KEY = "https://example.org/news/1"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/news/1",
        "http://example.org/news/1",
        "HTTP://WWW.Example.ORG:80/news/1/",
        "https://m.example.org:443/news/1#comments",
        "https://www.m.example.org/news//1",
        "https://mobile.example.org/news/1?utm_source=rss&utm_medium=x",
        "https://amp.example.org/news/1?fbclid=1&gclid=2&mc_cid=3&CMP=4&ref=5&at_medium=6&ito=7",
        "https://example.org/news/1/amp",
        "https://example.org/news/1/amp/",
        "https://example.org/amp/news/1",
        "https://example.org/news/1.amp",
        "https://example.org/news/1?amp",
        "https://example.org/news/1?amp=1",
        "https://example.org/news/1?outputType=amp",
        "https://example.org/news/1/print",
        "https://example.org/news/1?print=1",
        "https://example.org/news/1/index.html",
        "https://example.org/news/%31",
        "https://example.org./news/1",
        "  https://example.org/news/1\n",
        "https://www.google.com/amp/s/www.example.org/news/1",
        "https://example-org.cdn.ampproject.org/c/s/example.org/news/1?usqp=x",
    ],
)
def test_all_forms_of_an_address_are_one_key(url: str) -> None:
    assert canonical_url(url) == KEY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/?id=1", "https://example.org/?id=2"),
        ("https://example.org/a?page=1", "https://example.org/a"),
        ("https://example.org/A", "https://example.org/a"),
        ("https://example.org/#!/a", "https://example.org/#!/b"),
        ("https://example.org:8080/a", "https://example.org/a"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
        ("https://example.org/a%3Fb", "https://example.org/a?b"),
        ("https://news.example.org/a", "https://example.org/a"),
        ("https://example.org/a.html", "https://example.org/a"),
        ("https://m.de/a", "https://www.de/a"),
        ("https://example.org/?a=1&a=2", "https://example.org/?a=2"),
        ("https://example.org/champ", "https://example.org/ch"),
    ],
)
def test_different_articles_stay_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


def test_the_order_of_the_query_and_the_spelling_of_escapes_do_not_count() -> None:
    assert canonical_url("https://e.org/?b=2&a=1") == canonical_url("https://e.org/?a=1&b=2")
    assert canonical_url("https://e.org/%7Ejo/caf%c3%a9") == canonical_url("https://e.org/~jo/café")
    assert canonical_url("https://bücher.example/") == canonical_url("https://xn--bcher-kva.example")


@pytest.mark.parametrize(
    "url", ["", "not a url", "mailto:a@b.c", "http://[bad", "http://e.org:99999/", "urn:uuid:1", "https://"]
)
def test_what_is_no_web_address_comes_back_unchanged(url: str) -> None:
    assert canonical_url(url) == url


def test_credentials_never_become_part_of_a_key() -> None:
    assert canonical_url("https://user:secret@example.org/news/1") == KEY


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Example.org:8443/a", "example.org"),
        ("https://news.bbc.co.uk/", "news.bbc.co.uk"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://[::1]/", "::1"),
        ("nonsense", ""),
        ("http://[bad", ""),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://example.org", True),
        ("https://www.example.org/index.html?utm_source=x#top", True),
        ("https://example.org/?p=1", False),
        ("https://example.org/a", False),
        ("", False),
    ],
)
def test_is_home_page(url: str, home: bool) -> None:
    assert is_home_page(url) is home


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("/a", "https://example.org/a"),
        ("b?x=1", "https://example.org/feeds/b?x=1"),
        ("//other.example/a", "https://other.example/a"),
        ("https://e.org/a b", "https://e.org/a%20b"),
        ("\thttps://e.org/\na", "https://e.org/a"),
        ("", None),
        ("javascript:alert(1)", None),
        ("JaVa\tScript:alert(1)", None),
        ("http:///a", None),
        ("http://e.org:0x/", None),
        ("https://e.org/" + "a" * 10_000, None),
    ],
)
def test_links_become_absolute_http_urls_or_nothing(link: str, absolute: str | None) -> None:
    assert absolute_http_url(link, "https://example.org/feeds/home.xml") == absolute


@pytest.mark.parametrize("length", [MAX_KEY, MAX_KEY + 1, MAX_URL, MAX_URL + 1, 100_000])
@pytest.mark.parametrize("letter", ["x", "ب", "%d8%a8"])
def test_a_key_is_never_longer_than_an_index_takes_and_tells_long_urls_apart(length: int, letter: str):
    first, second = (f"https://news.example/?q={letter * length}{end}" for end in "ab")
    keys = {canonical_url(first), canonical_url(second)}
    assert len(keys) == 2
    for key in keys:
        assert len(key.encode()) <= MAX_KEY
        assert canonical_url(key) == key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://Example.org/feed", "HTTPS://example.org:443/feed#top", True),
        ("https://example.org", "https://example.org/", True),
        ("http://[::1]:8080/feed", "http://[::1]:8080/feed", True),
        ("http://example.org/feed", "https://example.org/feed", False),
        ("https://example.org/feed", "https://www.example.org/feed", False),
        ("https://example.org/feed?utm_source=a", "https://example.org/feed", False),
        ("https://example.org/Feed", "https://example.org/feed", False),
    ],
)
def test_two_addresses_are_one_feed_only_where_nothing_could_tell_them_apart(
    one: str, other: str, same: bool
) -> None:
    assert (feed_key(one) == feed_key(other)) is same
