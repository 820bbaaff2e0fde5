"""The pages of stories: what was matched and changed, what a list is narrowed to, and "not the same story"."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from newsroom import CLOSED, Newsroom, crowd, item
from starlette.testclient import TestClient

from monitor.web.site import stories as listed
from monitor.web.site import story as shown

OWN = {"sec-fetch-site": "same-origin"}
DAY = timedelta(days=1)


@pytest.fixture
def told(newsroom: Newsroom) -> Newsroom:
    newsroom.bring_in(item("e1", "Torkham closed", CLOSED))
    newsroom.plan()
    newsroom.deliver()
    return newsroom


# ---- one story


def test_the_sentence_that_a_rule_matched_is_shown_with_its_words_marked(told: Newsroom, site: TestClient) -> None:
    page = site.get("/stories/s_1").text
    assert "The <mark>Torkham</mark> crossing was <mark>closed</mark> on Sunday." in page
    assert "Hundreds of <mark>trucks</mark> wait." in page


def test_a_sentence_whose_text_is_gone_leaves_the_reason_alone(told: Newsroom, site: TestClient) -> None:
    with told.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET text = '', summary = '', title = ''")
        connection.exec_driver_sql("UPDATE matches SET spans = '[]'")
    page = site.get("/stories/s_1").text
    assert "<blockquote" not in page
    assert "torkham-closed" in page


def test_an_edit_shows_the_words_that_went_and_those_that_came(told: Newsroom, site: TestClient) -> None:
    told.clock.advance(timedelta(hours=1))
    told.bring_in(item("e1", "Torkham reopened", CLOSED.replace("closed on Sunday", "opened on Monday")))
    page = site.get("/stories/s_1").text
    assert "<del>closed</del> <ins>reopened</ins>" in page
    assert "<del>closed</del> <ins>opened</ins> on <del>Sunday.</del> <ins>Monday.</ins>" in page
    edits = site.get("/stories/s_1/edits").text
    assert "<ins>reopened</ins>" in edits
    assert "No article of this story was edited" in site.get("/stories/s_1/edits?before=1").text


def test_hostile_words_of_an_edit_are_text(told: Newsroom, site: TestClient) -> None:
    told.clock.advance(timedelta(hours=1))
    told.bring_in(
        item("e1", "Torkham &lt;/del&gt;&lt;script&gt;x", CLOSED + " &lt;img src=x onerror=alert(1)&gt;")
    )
    page = site.get("/stories/s_1").text
    assert "<script>x" not in page
    assert "<img" not in page


def test_of_a_large_story_the_newest_articles_are_shown_and_the_others_behind_a_link(
    newsroom: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "SHOWN", 2)
    page = site.get(crowd(newsroom, 5)).text
    assert "5 articles" in page
    assert "2 of 5 articles and wordings" in page
    names: list[str] = []
    while True:
        names = re.findall(r'<li id="(a_\d+)"', page) + names
        link = re.search(r'href="(/stories/s_1\?before=\d+)#articles" rel="next"', page)
        if link is None:
            break
        page = site.get(link[1]).text
    assert names == ["a_1", "a_2", "a_3", "a_4", "a_5"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "1e3", "٣"])
def test_a_place_that_is_none_is_the_beginning(newsroom: Newsroom, site: TestClient, before: str) -> None:
    assert site.get(crowd(newsroom), params={"before": before}).status_code == 200
    assert site.get("/deliveries", params={"before": before}).status_code == 200
    assert site.get("/stories", params={"before": before}).status_code == 200
    assert site.get("/search", params={"query": "Torkham", "before": before}).status_code == 200


# ---- not the same story


def test_a_ticked_article_leaves_the_story_with_author_and_reason_and_comes_back(
    newsroom: Newsroom, site: TestClient
) -> None:
    path = crowd(newsroom)
    fields = {"a_2": "1", "reason": "another crossing", "author": "Anna"}
    done = site.post(f"{path}/split", data=fields, headers=OWN)
    assert done.status_code == 200
    assert "by <bdi>Anna</bdi>" in done.text
    page = site.get("/stories/a_2").text
    assert "Said not to be the same" in page
    assert "another crossing" in page
    assert newsroom.article("e2").story_id not in {newsroom.article(one).story_id for one in ("e1", "e3")}
    back = site.post("/stories/join", data={"articles": "a_1 a_2 a_3"}, headers=OWN)
    assert "2 pairs of articles" in back.text
    assert "Said not to be the same" not in site.get("/stories/a_2").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "x", "author": "a"}, "Tick the articles"),
        ({"a_2": "1", "author": "a"}, "Say who says so, and why"),
        ({"a_2": "1", "reason": "x"}, "Say who says so, and why"),
        ({"a_1": "1", "a_2": "1", "a_3": "1", "reason": "x", "author": "a"}, "all articles of the story"),
        ({"a_99": "1", "reason": "x", "author": "a"}, "no story is known"),
        ({"a_x": "1", "reason": "x", "author": "a"}, "no story is known"),
    ],
)
def test_a_split_that_says_too_little_is_the_form_again(
    newsroom: Newsroom, site: TestClient, fields: dict[str, str], said: str
) -> None:
    page = site.post(crowd(newsroom) + "/split", data=fields, headers=OWN)
    assert page.status_code == 422
    assert said in page.text
    assert not newsroom.store.stories.said_apart([1, 2, 3])


def test_two_hundred_ticks_are_one_form(newsroom: Newsroom, site: TestClient) -> None:
    fields = {f"a_{n}": "1" for n in range(1, 201)} | {"reason": "x", "author": "a"}
    assert site.post(crowd(newsroom) + "/split", data=fields, headers=OWN).status_code == 422


def test_what_was_merged_because_of_the_wrong_story_is_told_again(newsroom: Newsroom, site: TestClient) -> None:
    path = crowd(newsroom, 2)
    newsroom.plan()
    fields = {"a_2": "1", "reason": "another crossing", "author": "Anna"}
    page = site.post(f"{path}/split", data=fields, headers=OWN).text
    assert "Told again" in page or "No alert had been merged" in page


def test_somebody_elses_page_splits_nothing(newsroom: Newsroom, site: TestClient) -> None:
    path = crowd(newsroom)
    fields = {"a_2": "1", "reason": "x", "author": "a"}
    assert site.post(f"{path}/split", data=fields, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert not newsroom.store.stories.said_apart([1, 2, 3])


# ---- the list


def test_a_filter_offers_what_there_is_in_that_time(told: Newsroom, site: TestClient) -> None:
    page = site.get("/stories?since=30d").text
    assert '<option value="torkham-closed">torkham-closed (1)</option>' in page
    assert '<option value="border">' in page  # a tag of a rule that matched
    assert '<option value="en">' in page
    assert '<option value="floods">' not in page


def test_what_is_chosen_stays_offered(told: Newsroom, site: TestClient) -> None:
    page = site.get("/stories?since=30d&language=ps&tag=x%22%3E").text
    assert '<option value="ps" selected>' in page
    assert '<option value="x&#34;&gt;" selected>' in page
    assert "Without the filter" in page


def test_the_list_goes_on_behind_its_last_story(
    newsroom: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "SHOWN", 2)
    newsroom.bring_in(*(item(f"e{n}", f"Torkham closed {n}", f"{n} trucks") for n in range(1, 6)))
    with newsroom.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET story_id = 's_' || id, duplicate_of = NULL")
    found: list[str] = []
    path = "/stories?since=30d"
    while path:
        page = site.get(path).text
        found += re.findall(r'<h2><a href="/stories/(s_\d+)"', page)
        link = re.search(r'href="([^"]+)" rel="next"', page)
        path = link[1].replace("&amp;", "&") if link else ""
    assert sorted(found) == ["s_1", "s_2", "s_3", "s_4", "s_5"]
    assert len(found) == 5


def test_without_any_story_the_page_says_what_to_do(site: TestClient) -> None:
    page = site.get("/stories").text
    assert "no article was read and grouped" in page
    assert 'href="/feeds"' in page
