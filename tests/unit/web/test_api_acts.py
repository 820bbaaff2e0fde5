"""What a program does through the API: feeds come and go, lists in and out, stories apart, test messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_house import Api
from local_feed import LocalFeed
from made import feed_settings
from newsroom import FEED, Newsroom, crowd, item
from scripted import LOGIN_PAGE
from starlette.testclient import TestClient

from monitor.app import receiver_tests
from monitor.app.open_house import OpenHouse
from monitor.demo.server import Answer, LocalSite
from monitor.model.delivery import FileEndpoint, Receiver
from monitor.model.digest import MessageFormat
from monitor.model.feed import FeedOrigin, Subscription
from monitor.web.api.application import PREFIX

PAID = "https://paid.example/feed?token=geheim"
LIST = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<opml version="2.0"><body><outline text="Übersee">
<outline type="rss" text="One" xmlUrl="https://one.example/feed"/>
<outline type="rss" text="Known" xmlUrl="{FEED}"/>
<outline type="rss" text="Bad" xmlUrl="ftp://bad.example/"/>
<outline type="rss" text="One again" xmlUrl="https://one.example/feed"/>
</outline></body></opml>"""


def subscribe(newsroom: Newsroom, url: str, name: str) -> int:
    wanted = feed_settings(url, name=name, tags=("border",), origin=FeedOrigin.STORE)
    (made,) = newsroom.store.feeds.subscribe([Subscription(wanted, newsroom.clock.now())], newsroom.clock.now())
    return made.id


# ---- feeds


def test_a_site_is_looked_at_and_nothing_is_stored(
    api: Api, to_the_outside: OpenHouse, outside: LocalSite, newsroom: Newsroom
) -> None:
    feed = LocalFeed(outside, "Dawn")
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    feed.add("طورخم بند", "سرحد")
    (found,) = api.post("/feeds/discover", {"url": feed.url})["feeds"]
    assert (found["title"], found["entries"], found["subscribed"]) == ("Dawn", 2, False)
    preview = found["preview"]
    assert [(one["title"], one["rules"]) for one in preview["entries"]] == [
        ("طورخم بند", []),
        ("Torkham closed", ["torkham-closed"]),
    ]
    assert (preview["feed"], preview["declared"], preview["again"]) == (None, None, False)
    assert len(newsroom.store.feeds.all()) == 1


def test_a_page_that_names_no_feed_is_no_error_and_a_dead_host_is(
    api: Api, to_the_outside: OpenHouse, outside: LocalSite
) -> None:
    page = outside.route("/", Answer(b"<html><title>Hi</title></html>", headers={"content-type": "text/html"}))
    assert api.post("/feeds/discover", {"url": page})["feeds"] == []
    assert api.post("/feeds/discover", {"url": "http://127.0.0.1:9/"}, 422)["reason"] == "no_feed"
    for url in ("javascript:alert(1)", "file:///etc/passwd", " "):
        assert api.post("/feeds/discover", {"url": url}, 400)["reason"] == "invalid_body"


def test_the_house_itself_is_not_looked_at(api: Api) -> None:
    for url in ("http://127.0.0.1:8080/", "http://169.254.169.254/latest"):
        assert api.post("/feeds/discover", {"url": url}, 422)["reason"] == "no_feed"
        assert api.post("/feeds", {"url": url}, 422)["reason"] == "no_feed"


def test_a_feed_is_added_removed_and_comes_back(
    api: Api, to_the_outside: OpenHouse, outside: LocalSite, newsroom: Newsroom
) -> None:
    feed = LocalFeed(outside, "Dawn")
    feed.add("Torkham closed", "The Torkham crossing was closed.", published=newsroom.clock.now())
    body = {"url": f" {feed.url} ", "tags": ["pk"], "interval": "10m", "backfill": "24h", "full_text": True}
    added = api.post("/feeds", body, 201)
    assert (added["name"], added["again"], added["waiting"]) == ("Dawn", False, 1)
    assert added["rules"] == {"torkham-closed": 1}
    path = f"/feeds/{added['id']}"
    shown = api.get(path)
    assert (shown["tags"], shown["status"], shown["stored"]) == (["pk"], "active", 1)
    refused = api.post("/feeds", body, 409)
    assert refused["reason"] == "not_added"
    assert "subscribed to already" in refused["detail"]
    standing = {"id": added["id"], "name": "Dawn", "status": "removed"}
    assert api.post(f"{path}/remove") == standing | {"changed": True}
    assert api.post(f"{path}/remove") == standing | {"changed": False}
    assert api.post(f"{path}/again") == standing | {"status": "active", "changed": True}
    assert not api.post(f"{path}/again")["changed"]
    api.post(f"{path}/remove")
    assert api.post("/feeds", {"url": feed.url}, 201)["again"]
    assert api.get(path)["tags"] == ["pk"]


def test_what_is_no_feed_is_added_only_where_it_is_not_to_be_asked(
    api: Api, to_the_outside: OpenHouse, outside: LocalSite
) -> None:
    url = outside.route("/feed", LOGIN_PAGE)
    refused = api.post("/feeds", {"url": url}, 422)
    assert refused["reason"] == "no_feed"
    assert "nothing was added" in refused["detail"]
    assert api.post("/feeds", {"url": url, "poll": False}, 201)["engine"] is None


def test_a_feed_that_does_not_hold_together_is_refused(api: Api, newsroom: Newsroom) -> None:
    for body, status, reason in (
        ({}, 400, "invalid_body"),
        ({"url": ""}, 400, "invalid_body"),
        ({"url": "ftp://x.example/"}, 400, "invalid_body"),
        ({"url": "https://x.example/", "interval": "soon"}, 400, "invalid_body"),
        ({"url": "https://x.example/", "tags": "border"}, 400, "invalid_body"),
        ({"url": "https://x.example/", "tags": ["a b\n"]}, 400, "invalid_body"),
        ({"url": "https://x.example/", "origin": "config"}, 400, "invalid_body"),
        ({"url": FEED}, 409, "not_added"),
    ):
        assert api.post("/feeds", body, status)["reason"] == reason, body
    assert len(newsroom.store.feeds.all()) == 1


def test_a_feed_of_the_config_is_removed_there(api: Api, newsroom: Newsroom) -> None:
    refused = api.post("/feeds/1/remove", status=409)
    assert refused["reason"] == "declared"
    assert "config.toml:" in refused["detail"]
    for word in ("remove", "again"):
        assert api.post(f"/feeds/999/{word}", status=404)["reason"] == "no_such_feed"


def test_a_removed_feed_whose_address_another_one_has_does_not_come_back(api: Api, newsroom: Newsroom) -> None:
    twin = subscribe(newsroom, FEED.replace("news", "NEWS"), "Twin")
    api.post(f"/feeds/{twin}/remove")
    assert api.post(f"/feeds/{twin}/again", status=409)["reason"] == "not_added"


# ---- lists


def import_list(api: Api, content: bytes, status: int = 200, kind: str = "text/x-opml", **query: Any) -> Any:
    headers = {"content-type": kind}
    return api.ask("POST", "/feeds/import", status, content=content, headers=headers, params=query)


def test_a_list_says_what_becomes_of_each_line(api: Api, newsroom: Newsroom) -> None:
    looked = import_list(api, LIST.encode("iso-8859-1"), dry_run="true", tag="imported,pk")
    assert (looked["listed"], looked["wanted"], looked["added"], looked["dry_run"]) == (4, 1, 0, True)
    assert [(one["line"], one["became"]) for one in looked["lines"]] == [
        (3, "new"),
        (4, "already"),
        (5, "refused"),
        (6, "twice"),
    ]
    assert looked["lines"][0]["what"] == "https://one.example/feed"
    assert looked["lines"][3]["what"] == "line 3"
    assert len(newsroom.store.feeds.all()) == 1
    done = import_list(api, LIST.encode("iso-8859-1"), tag="imported,pk")
    assert (done["added"], done["lines"]) == (1, looked["lines"])
    added = newsroom.store.feeds.all()[-1]
    assert (added.name, added.settings.tags) == ("One", ("Übersee", "imported", "pk"))


def test_a_list_goes_out_and_comes_in_again(api: Api, newsroom: Newsroom) -> None:
    subscribe(newsroom, PAID, "ادائیگی & Söhne")
    said = api.get("/feeds/export")
    assert PAID in said
    assert FEED not in api.get("/feeds/export", tag="border")
    again = import_list(api, said.encode())
    assert {one["became"] for one in again["lines"]} == {"already"}
    assert "ادائیگی & Söhne" in [one["what"] for one in again["lines"]]


def test_what_is_no_list_is_refused(api: Api, newsroom: Newsroom) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><opml><body>&a;</body></opml>'
    for content in (b"", b"no list", bomb, b"\xff\xfe\x00", b"[]"):
        assert import_list(api, content, 422)["reason"] == "list_refused", content
    assert import_list(api, LIST.encode(), 400, tag="a\tb")["reason"] == "invalid_parameter"
    assert import_list(api, LIST.encode(), 400, tags="a")["reason"] == "invalid_parameter"
    assert import_list(api, b" " * 5_000_001, 413)["reason"] == "too_large"
    assert import_list(api, LIST.encode(), 415, kind="application/json")["reason"] == "not_opml"
    assert len(newsroom.store.feeds.all()) == 1


def test_no_form_of_a_foreign_page_imports_a_list(site: TestClient, newsroom: Newsroom) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""):
        answer = site.post(f"{PREFIX}/feeds/import", content=LIST.encode(), headers={"content-type": kind})
        assert answer.status_code == 403
    assert len(newsroom.store.feeds.all()) == 1


# ---- stories


def test_articles_leave_a_story_and_come_back(api: Api, newsroom: Newsroom) -> None:
    path = crowd(newsroom)
    body = {"articles": ["a_2"], "reason": "another crossing — دوسری سرحد", "author": "Anna"}
    planned = api.post(f"{path}/split", body | {"dry_run": True})
    assert (planned["apart"], planned["together"]) == ([["a_2"]], ["a_1", "a_3"])
    assert not newsroom.store.stories.said_apart([1, 2, 3])
    done = api.post(f"{path}/split", body)
    assert done["pairs"] == 2
    stories = {one["id"]: one["articles"] for one in done["stories"]}
    assert ["a_2"] in stories.values()
    said = api.get(path)["not_the_same"][0]
    assert (said["author"], said["reason"]) == ("Anna", "another crossing — دوسری سرحد")
    back = api.post("/stories/join", {"articles": [*stories]})
    assert back["pairs"] == 2
    assert not newsroom.store.stories.said_apart([1, 2, 3])
    assert api.post("/stories/join", {"articles": ["a_1", "a_2"]})["pairs"] == 0


def test_every_article_stands_apart_where_that_is_meant(api: Api, newsroom: Newsroom) -> None:
    done = api.post(f"{crowd(newsroom)}/split", {"all": True, "reason": "three crossings"})
    assert done["pairs"] == 3


def test_a_split_that_says_nothing_is_refused(api: Api, newsroom: Newsroom) -> None:
    path = crowd(newsroom)
    newsroom.bring_in(item("e9", "Cricket", "A quiet day at the ground in Lahore."))
    why = {"reason": "x"}
    for place, body, status, reason in (
        (path, why, 400, "invalid_body"),
        (path, why | {"articles": ["a_1"], "all": True}, 400, "invalid_body"),
        (path, {"articles": ["a_1"]}, 400, "invalid_body"),
        (path, {"articles": ["a_1"], "reason": ""}, 400, "invalid_body"),
        (path, why | {"articles": ["a_1", "a_2", "a_3"]}, 422, "cannot_split"),
        (path, why | {"articles": ["a_4"]}, 422, "cannot_split"),
        (path, why | {"articles": ["s_1"]}, 422, "cannot_split"),
        (path, why | {"articles": ["a_99"]}, 404, "no_such_story"),
        ("/stories/s_zzz", why | {"articles": ["a_1"]}, 404, "no_such_story"),
        ("/stories/a_4", why | {"all": True}, 422, "cannot_split"),
    ):
        assert api.post(f"{place}/split", body, status)["reason"] == reason, body
    assert api.post("/stories/join", {"articles": []}, 400)["reason"] == "invalid_body"
    assert api.post("/stories/join", {"articles": ["s_zzz"]}, 404)["reason"] == "no_such_story"
    assert not newsroom.store.stories.said_apart([1, 2, 3, 4])


# ---- receivers


def test_a_receiver_gets_a_test_message_and_no_second_one_at_once(
    api: Api, newsroom: Newsroom, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk,) = api.get("/receivers")["items"]
    assert (desk["receiver"], desk["digests"]) == ("desk", ["alerts"])
    (told,) = api.post("/receivers/desk/test")["items"]
    assert (told["channel"], told["ok"], told["error"]) == ("stdout", True, None)
    assert "test" in capsys.readouterr().out.lower()
    refused = api.post("/receivers/desk/test", status=429)
    assert (refused["reason"], refused["retry_after"]) == ("too_soon", 60)
    newsroom.clock.advance(timedelta(minutes=1))
    assert api.post("/receivers/desk/test")["items"][0]["ok"]
    assert api.post("/receivers/nobody/test", status=404)["reason"] == "no_such_receiver"
    assert api.get("/deliveries")["items"] == []


def test_a_test_that_fails_or_is_not_answered_is_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver_tests, "MOST_RECIPIENTS", 0)
    (told,) = api.post("/receivers/desk/test")["items"]
    assert told["ok"] is None
    assert "not tried" in told["error"]


def test_a_refused_test_says_which_fault_it_was(open_house: OpenHouse, api: Api, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder", encoding="utf-8")
    broken = Receiver("desk", (FileEndpoint(str(tmp_path / "taken"), MessageFormat.JSON),))
    ready = open_house.ready()
    changed = replace(ready, settings=replace(ready.settings, receivers=(broken,)))
    object.__setattr__(open_house, "ready", lambda: changed)
    (told,) = api.post("/receivers/desk/test")["items"]
    assert (told["ok"], told["receipt"]) == (False, None)
    assert told["fault"]
    assert "directory of file" in told["advice"]
