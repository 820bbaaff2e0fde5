"""Pages in the manner of real publishers: nothing of an article is lost, and walls are told from articles."""

from __future__ import annotations

import re

import pytest
from publisher_pages import LOOKED_AT, UNSEEN, Page, Story, odd_charsets, pages, stories, walls

from monitor.core.articles.extract import extract_article
from monitor.model.errors import NotExtractable

URL = "https://lamp.example/n/1"
ALL = [*pages(LOOKED_AT), *pages(UNSEEN)]
# Whole articles behind the first, or headlines without a link, and no rank, make or date that says what they are;
# in two an <article> ends before them, which is mark enough for longer texts only.
UNMARKED = {"one_table", "urdu_service", "text_page", "ngo_appeal", "ministry_arabic", "podcast"}
TOO_SHORT = {"cookie_layer", "wire_desk"}


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def lost_and_leaked(page: Page) -> tuple[list[str], list[str]]:
    text = words(extract_article(page.html, URL, page.content_type).text)
    lost = [one for one in page.main if words(one) not in text]
    return lost, [one for one in page.foreign if words(one) in text]


def test_no_paragraph_of_an_article_is_lost_in_any_style() -> None:
    assert [(page.name, lost) for page in ALL if (lost := lost_and_leaked(page)[0])] == []


def test_foreign_text_stays_only_where_nothing_in_the_page_marks_it() -> None:
    leaked = {page.name.partition(",")[0] for page in ALL if lost_and_leaked(page)[1]}
    assert leaked == UNMARKED | TOO_SHORT


@pytest.mark.parametrize("story", stories().values(), ids=lambda story: story.key)
def test_subheads_of_the_headlines_own_make_and_an_article_that_ends_early_cut_nothing(story: Story) -> None:
    half = len(story.lines) // 2
    first, second = ("".join(f"<p>{one}</p>" for one in part) for part in (story.lines[:half], story.lines[half:]))
    head = f'<title>{story.title}</title><body><main><article><h2 class="t">{story.title}</h2>{first}'
    for between in ('<h2 class="t">In the region</h2>', "</article><h2>In the region</h2><div>"):
        found = extract_article(f"{head}{between}{second}".encode(), URL, "text/html; charset=utf-8")
        assert found.dropped == ()


@pytest.mark.parametrize("page", list(odd_charsets()), ids=lambda page: page.name)
def test_a_page_whose_header_names_another_charset_is_read(page: Page) -> None:
    assert lost_and_leaked(page) == ([], [])


@pytest.mark.parametrize("page", [page for page, _ in walls()], ids=lambda page: page.name)
def test_a_page_without_article_gives_no_text(page: Page) -> None:
    try:
        found = extract_article(page.html, URL, page.content_type)
    except NotExtractable:
        return
    assert found.wall is not None
    assert found.text == ""
