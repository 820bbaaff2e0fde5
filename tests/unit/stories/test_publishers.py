"""Who carries a story, and how many of them are independent."""

from __future__ import annotations

import pytest
from made import NOON

from monitor.core.stories.publishers import Publishers
from monitor.core.text.domains import registrable_domain
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.telling import StoryMember


def member(url: str, publisher: str = "News", wire: str = "") -> StoryMember:
    return StoryMember("s_1", 1, url, publisher, wire, NOON, False)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.arabnews.pk/node/1", "arabnews.pk"),
        ("http://news.BBC.co.uk:8080/x", "bbc.co.uk"),
        ("https://desk.blogspot.com/x", "desk.blogspot.com"),
        ("http://127.0.0.1:8000/x", ""),
        ("http://[::1]/x", ""),
        ("http://localhost/x", ""),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_a_page_belongs_to_who_registered_its_domain(url: str, domain: str) -> None:
    assert registrable_domain(host_of(canonical_url(url))) == domain


def test_the_config_joins_domains_into_one_publisher() -> None:
    joined = Publishers({"arabnews.com": "arab_news", "arabnews.pk": "arab_news", "blogs.dawn.com": "dawn_blogs"})
    assert joined.owner_of("https://www.arabnews.com/1", "Arab News") == joined.owner_of(
        "https://arabnews.pk/2", "Arab News Pakistan"
    )
    assert joined.owner_of("https://eye.blogs.dawn.com/1", "x") != joined.owner_of("https://www.dawn.com/2", "x")
    assert joined.owner_of("https://notarabnews.com/", "x") == "notarabnews.com"


def test_the_config_joins_by_name_what_has_no_domain() -> None:
    joined = Publishers({Publishers.named(name): "arab_news" for name in ("Arab News", "Arab News Pakistan")})
    assert joined.owner_of("http://127.0.0.15/1", "ARAB NEWS") == joined.owner_of("", "Arab News Pakistan")
    assert joined.owner_of("http://127.0.0.15/1", "Dawn") != joined.owner_of("", "Arab News")


def test_pages_without_a_domain_belong_to_the_publisher_that_they_name() -> None:
    publishers = Publishers()
    assert publishers.owner_of("http://127.0.0.1:1/a", "Dawn") == publishers.owner_of(
        "http://127.0.0.1:2/b", "DAWN"
    )
    assert publishers.owner_of("http://127.0.0.1:1/a", "Dawn") != publishers.owner_of(
        "http://127.0.0.1:1/b", "AVA"
    )


def test_what_many_carry_of_one_agency_has_one_source() -> None:
    carried = [member(f"https://paper{n}.com/1", wire="AP") for n in range(9)]
    own = [member(f"https://house{n}.com/1") for n in range(3)]
    assert len(Publishers().independent([*carried, *own])) == 4


def test_the_sample_documents_have_two_independent_publishers() -> None:
    story = [
        member("https://southasiatimes.org/1", "South Asia Times", "AP"),
        member("https://www.arabnews.com/node/1", "Arab News"),
        member("https://www.arabnews.pk/node/2", "Arab News Pakistan"),
    ]
    joined = Publishers({"arabnews.com": "arab_news", "arabnews.pk": "arab_news"})
    assert len(joined.independent(story)) == 2
    assert len(Publishers().independent(story)) == 3
