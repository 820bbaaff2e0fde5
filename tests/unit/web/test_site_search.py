"""The search of the dashboard: soon a first answer, then all of its time, and on from where that ended."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from newsroom import Newsroom, item
from starlette.testclient import TestClient

from monitor.app import search_in_time as module
from monitor.app.open_house import OpenHouse
from monitor.app.search import Asked
from monitor.app.search_in_time import search_in_time

NONE = timedelta(seconds=-1)
MUCH = timedelta(minutes=1)


@pytest.fixture
def seven(newsroom: Newsroom) -> Newsroom:
    """Seven articles with one word, of three hours, and one without it."""
    for hour in range(3):
        newsroom.bring_in(
            *(item(f"h{hour}n{n}", f"Torkham closed, report {hour} {n}", "Trucks wait.") for n in range(2))
        )
        newsroom.clock.advance(timedelta(hours=20))
    newsroom.bring_in(item("last", "Torkham floods", "Water."), item("other", "Karachi floods", "Water."))
    return newsroom


def asked(newsroom: Newsroom, **more: object) -> Asked:
    return Asked("Torkham", newsroom.clock.now() - timedelta(days=30), **more)  # type: ignore[arg-type]


def titles(page: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r'<h2><a [^>]*><bdi dir="auto">([^<]*)', page)]


def next_page(page: str) -> str:
    link = re.search(r'href="(/search[^"]+)" rel="next"', page)
    return html.unescape(link[1]) if link else ""


def test_without_any_time_it_goes_on_article_by_article_and_loses_none(
    seven: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.site.search.BUDGET", NONE)
    path, found = "/search?query=Torkham&since=30d&whole=1", []
    for _ in range(400):  # at least two hours each
        page = site.get(path).text
        found += titles(page)
        path = next_page(page)
        if not path:
            break
        path += "&whole=1"
    assert not path
    assert len(found) == len(set(found)) == 7


def test_more_matches_than_are_shown_are_shown_behind_a_link(
    seven: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHOWN", 3)
    first = site.get("/search?query=Torkham&since=30d&whole=1").text
    assert "7 matches" in first
    second = site.get(next_page(first)).text
    third = site.get(next_page(second)).text
    found = [titles(one) for one in (first, second, third)]
    assert [len(one) for one in found] == [3, 3, 1]
    assert len({title for some in found for title in some}) == 7
    assert not next_page(third)


def test_a_first_answer_that_is_not_all_has_a_script_ask_for_the_rest(
    seven: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.site.search.FIRST", NONE)
    page = site.get("/search?query=Torkham&since=30d").text
    assert 'aria-busy="true"' in page
    link = re.search(r'hx-get="([^"]+)"', page)
    assert link is not None
    assert len(titles(page)) == 1
    whole = site.get(html.unescape(link[1]), headers={"hx-request": "true"}).text
    assert len(titles(whole)) == 7
    assert "hx-get" not in whole
    assert "<!doctype" not in whole
    # Without scripts the form asks for all of its time at once.
    assert '<noscript><input type="hidden" name="whole" value="1"></noscript>' in page


def test_the_time_that_was_read_is_told(
    seven: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.site.search.BUDGET", NONE)
    page = site.get("/search?query=Torkham&since=30d&whole=1").text
    assert "Not all was read:" in page
    assert "monitor search" in page


def test_a_facet_narrows_the_search_and_can_be_taken_away(seven: Newsroom, site: TestClient) -> None:
    page = site.get("/search?query=Torkham&since=30d&whole=1").text
    link = re.search(r'href="([^"]*publisher=[^"]*)"><bdi>', page)
    assert link is not None
    narrowed = site.get(html.unescape(link[1]) + "&whole=1").text
    assert "7 matches" in narrowed
    assert "any publisher" in narrowed
    assert "0 matches" in site.get("/search?query=Torkham&since=30d&publisher=Nobody").text
    assert "0 matches" in site.get("/search?query=Torkham&since=30d&language=ps&tag=x").text


def test_what_was_found_becomes_a_rule_by_a_button(seven: Newsroom, site: TestClient) -> None:
    page = site.get("/search", params={"query": "Torkham OR flood*", "publisher": 'The "Times'}).text
    link = re.search(r'class="button" href="(/rules/new[^"]+)"', page)
    assert link is not None
    draft = site.get(html.unescape(link[1])).text
    assert '(Torkham OR flood*) AND publisher:"The  Times"' in html.unescape(draft)


def test_only_what_is_shown_is_kept_and_no_text_of_it(
    seven: Newsroom, open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHOWN", 3)
    answer = search_in_time(open_house.house, asked(seven), MUCH)
    assert (answer.search.tally.matches, len(answer.found), answer.is_whole) == (7, 3, True)
    assert all(not one.article.text and not one.article.summary and one.passages for one in answer.found)
    assert dict(answer.facets())["publisher"] == [("News", 7)]
    days = answer.days(seven.clock.now() - timedelta(days=3), seven.clock.now())
    assert sum(number for _, number in days) == 7


def test_days_that_were_not_read_are_not_shown_as_empty(seven: Newsroom, open_house: OpenHouse) -> None:
    answer = search_in_time(open_house.house, asked(seven), NONE)
    assert not answer.is_whole
    days = answer.days(seven.clock.now() - timedelta(days=30), seven.clock.now())
    assert len(days) == 1


def test_an_article_from_the_future_of_the_clock_is_found(seven: Newsroom, open_house: OpenHouse) -> None:
    seven.clock.advance(timedelta(days=-1))
    answer = search_in_time(open_house.house, asked(seven), MUCH)
    assert answer.search.tally.matches == 7


@pytest.mark.parametrize(
    "place", ["_", "2023-02-22_1", "2023-02-22T00:00:00_1", "x_1", "9999-12-31T23:59:59-23:59_1"]
)
def test_a_place_that_is_none_is_no_fault(seven: Newsroom, site: TestClient, place: str) -> None:
    page = site.get("/search", params={"query": "Torkham", "before": place})
    assert page.status_code == 200
