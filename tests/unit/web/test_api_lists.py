"""Lists of the API: each goes on where it stopped, whatever comes and goes meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from api_house import Api
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import NOON, feed_settings
from newsroom import Newsroom, crowd
from starlette.testclient import TestClient

from monitor.web.api.application import PREFIX
from monitor.web.api.asking import MOST

SILENCE = {"rules": ["torkham-*"], "for": "4h", "reason": "known", "author": "anna"}
LISTS = ("/stories", "/stories/a_1", "/matches", "/entries", "/rules", "/feeds", "/deliveries", "/silences")


@pytest.mark.parametrize(
    ("path", "more", "name"),
    [
        ("/stories", {"since": "30d"}, "id"),
        ("/search", {"since": "30d", "query": "Torkham OR floods OR quiet"}, "article"),
        ("/matches", {}, "id"),
        ("/rules", {}, "id"),
        ("/deliveries", {}, "id"),
        ("/silences", {}, "id"),
        ("/feeds", {}, "id"),
        ("/entries", {}, "id"),
    ],
)
def test_a_list_goes_on_where_it_stopped(
    api: Api, told: Newsroom, path: str, more: dict[str, str], name: str
) -> None:
    for _ in range(3):
        api.post("/silences", SILENCE, 201)
    told.store.feeds.sync([*told.feeds, *(feed(number) for number in range(3))], told.clock.now())
    whole = [one[name] for one in api.get(path, **more)["items"]]
    found: list[Any] = []
    cursor: dict[str, str] = {}
    for _ in range(len(whole) + 1):
        page = api.get(path, limit=1, **more, **cursor)
        found += [one[name] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(whole) > 1
    assert found == whole


def test_a_large_story_is_told_page_by_page_and_counted_whole(api: Api, newsroom: Newsroom) -> None:
    path, found, cursor = crowd(newsroom, 5), [], {}
    while True:
        page = api.get(path, limit=2, **cursor)
        assert (page["articles"], page["publishers"], page["headline"]) == (5, 1, "Torkham closed, report 1")
        found += sorted((one["article"] for one in page["timeline"]), reverse=True)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == [5, 4, 3, 2, 1]
    assert api.get(path)["next"] is None
    assert api.get(path, 400, limit=MOST + 1)["reason"] == "invalid_parameter"


def test_feeds_that_come_go_or_change_their_names_move_no_other(api: Api, told: Newsroom) -> None:
    feeds = [feed(number) for number in range(4)]
    told.store.feeds.sync([*told.feeds, *feeds], told.clock.now())
    first = api.get("/feeds", limit=2)
    told.store.feeds.sync([*told.feeds, *feeds[1:], feed_settings("https://new.example/", name="A")], NOON)
    rest = api.get("/feeds", limit=200, cursor=first["next"])["items"]
    assert [one["name"] for one in (*first["items"], *rest)] == ["News", *(f"Other {n}" for n in range(4)), "A"]


def feed(number: int) -> Any:
    return feed_settings(f"https://other.example/{number}", name=f"Other {number}")


def test_a_search_that_ran_out_of_time_goes_on_behind_what_it_read(
    api: Api, told: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.app.search.READ", 1)
    monkeypatch.setattr("monitor.web.api.reading.BUDGET", timedelta(seconds=-1))
    query, found, pages = {"query": "Torkham OR floods OR ground", "since": "30d"}, [], 0
    page = api.get("/search", **query)
    while page["next"] is not None:
        pages, found = pages + 1, found + page["items"]
        page = api.get("/search", **query, cursor=page["next"])
    found += page["items"]
    assert [one["title"] for one in found] == ["Cricket", "Floods in Sindh", "Torkham closed"]
    assert pages >= 2


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(max_size=60) | st.sampled_from(["MQ", "IngieCI", "WzEsMl0", "bnVsbA", "MWUzMDA", "e30", "W1tbW1tb"])
)
def test_no_text_is_a_cursor_that_breaks_a_list(site: TestClient, cursor: str) -> None:
    api = Api(site)
    for path in (
        "/stories",
        "/stories/a_1",
        "/matches",
        "/entries",
        "/rules",
        "/feeds",
        "/deliveries",
        "/silences",
    ):
        answer = site.get(f"{PREFIX}{path}", params={"cursor": cursor})
        assert answer.status_code in (200, 400, 404)
    assert api.get("/status")
