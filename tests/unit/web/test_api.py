"""The API: every answer is as its document says, lists go on where they stopped, and what is wrong has a name."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from api_house import Api
from made import decision, feed_settings
from newsroom import Newsroom, item
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient
from stored import record_poll

from monitor.app.open_house import OpenHouse
from monitor.model.errors import StoreUnusable
from monitor.model.feed import Answered, Polled, PollOutcome
from monitor.model.web import Role, Visitor
from monitor.web.api.application import PREFIX
from monitor.web.api.asking import MOST, Asked
from monitor.web.api.document import document
from monitor.web.api.feeds import past_polls
from monitor.web.api.problems import STATUS_OF, Reason
from monitor.web.api.routes import ROUTES

URL = "https://news.example/e1"
SILENCE = {"rules": ["torkham-*"], "for": "4h", "reason": "known", "author": "anna"}


# ---- the document


def test_the_document_is_openapi(site: TestClient) -> None:
    said = site.get(f"{PREFIX}/openapi.json").json()
    OpenAPIV31SpecValidator(said).validate()
    assert said == document()


def test_each_route_is_in_the_document_and_the_reverse() -> None:
    written = {(method.upper(), path) for path, operations in document()["paths"].items() for method in operations}
    assert written == {(route.method, route.path.replace(":number", "")) for route in ROUTES}
    names = [one["operationId"] for operations in document()["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names))


def test_each_reason_has_a_status_and_stands_in_the_document() -> None:
    assert set(STATUS_OF) == set(Reason)
    assert set(document()["components"]["schemas"]["Problem"]["properties"]["reason"]["enum"]) == set(Reason)


def test_whatever_changes_something_is_for_operators() -> None:
    harmless = {"/rules/try", "/rules/explain"}
    assert {route.path for route in ROUTES if route.method != "GET" and not route.acts} == harmless
    # What it gives are the addresses of paid feeds with their tokens.
    assert [route.path for route in ROUTES if route.method == "GET" and route.acts] == ["/feeds/export"]


# ---- reading


def test_the_status_is_that_of_the_command(api: Api, told: Newsroom) -> None:
    said = api.get("/status")
    assert said["feeds"]["total"] == 1
    assert said["digests"] == api.get("/digests")["items"]


def test_the_status_names_every_feed_that_fails_as_the_command_does(api: Api, newsroom: Newsroom) -> None:
    store, now = newsroom.store, newsroom.clock.now()
    addresses = [f"https://{number}.example/feed" for number in range(7)]
    store.feeds.sync([feed_settings(url) for url in addresses], now)
    for feed in store.feeds.all():
        if feed.url in addresses:
            failed = decision(now, url=feed.url, outcome=PollOutcome.HTTP_ERROR, failures=1, error="HTTP 500")
            record_poll(store, feed, failed, (), now=now)
    said = api.get("/status")["feeds"]
    assert (said["failing"], [one["url"] for one in said["errors"]]) == (7, addresses)


def test_stories_are_listed_and_shown(api: Api, told: Newsroom) -> None:
    listed = api.get("/stories", since="30d")["items"]
    assert [one["headline"] for one in listed] == ["Cricket", "Floods in Sindh", "Torkham closed"]
    shown = api.get(f"/stories/{listed[-1]['id']}")
    assert shown["rules"][0]["id"] == "torkham-closed"
    assert api.get("/stories", since="30d", rule="floods")["items"][0]["headline"] == "Floods in Sindh"
    assert api.get("/stories/s_zzz", 404)["reason"] == "no_such_story"
    assert api.get("/stories", 404, rule="nothing")["reason"] == "no_such_rule"


def test_what_came_is_listed_and_counted(api: Api, told: Newsroom) -> None:
    came = api.get("/entries")["items"]
    assert [(one["title"], one["feed"], one["rules"]) for one in came] == [
        ("Cricket", "News", []),
        ("Floods in Sindh", "News", ["floods"]),
        ("Torkham closed", "News", ["torkham-closed"]),
    ]
    assert api.get("/entries", until=came[-1]["first_seen"])["items"] == []
    said = api.get("/rates")
    assert (len(said["hours"]), len(said["days"])) == (24, 30)
    assert (said["hours"][-1]["entries"], said["days"][-1]["matches"]) == (3, 2)


def test_edits_are_told_word_by_word(api: Api, told: Newsroom) -> None:
    assert api.get("/stories/a_1/edits")["items"] == []
    for words in ("reopened", "shut", "بند"):
        told.clock.advance(timedelta(hours=1))
        told.bring_in(item("e1", f"Torkham {words}", f"The Torkham crossing was {words}.", link=URL))
    page = api.get("/stories/a_1/edits", limit=2)
    (edit, _) = page["items"]
    assert {"change": "new", "text": "بند"} in edit["title_changed"]
    (first,) = api.get("/stories/a_1/edits", cursor=page["next"])["items"]
    assert {"change": "gone", "text": "closed"} in first["title_changed"]
    assert api.get("/stories/s_zzz/edits", 404)["reason"] == "no_such_story"


def test_past_polls_are_told_and_what_was_said_instead_is_for_operators(
    api: Api, newsroom: Newsroom, open_house: OpenHouse
) -> None:
    (feed,), now = newsroom.store.feeds.all(), newsroom.clock.now()
    refused = decision(now, outcome=PollOutcome.HTTP_ERROR, failures=1, error="no https://x.example/a?k=geheim")
    answered = Answered(500, 18, 1.25, b"<b>Out of cheese, geheim</b>")
    newsroom.store.feeds.record_polls([Polled(feed, refused, now, answered=answered)])
    said = api.get(f"/feeds/{feed.id}/polls")
    (poll,) = said["items"]
    assert (poll["outcome"], poll["status"], poll["seconds"]) == ("http_error", 500, 1.25)
    assert "cheese" in said["said_instead"]["text"]
    asked = Asked(open_house, open_house.house, now, Visitor("x", Role.READER), {"feed": feed.id}, None, None)
    assert "geheim" not in str(past_polls(asked))
    assert api.get("/feeds/999/polls", 404)["reason"] == "no_such_feed"


def test_the_archive_is_searched(api: Api, told: Newsroom) -> None:
    said = api.get("/search", query="Torkham NEAR/5 closed", since="30d")
    assert [one["url"] for one in said["items"]] == [URL]
    assert said["next"] is None
    assert said["read"] == said["candidates"]
    publisher = said["items"][0]["publisher"]
    narrowed = api.get("/search", query="Torkham", since="30d", publisher=publisher, language="en")["items"]
    assert [one["url"] for one in narrowed] == [URL]
    assert api.get("/search", query="Torkham", since="30d", publisher="nobody")["items"] == []
    wrong = api.get("/search", 422, query="(Torkham")
    assert wrong["reason"] == "query_invalid"
    assert wrong["problems"][0]["gravity"] == "error"
    assert "^" in "".join(wrong["problems"][0]["context"])


def test_matches_are_listed(api: Api, told: Newsroom) -> None:
    assert [one["rule"] for one in api.get("/matches")["items"]] == ["floods", "torkham-closed"]
    assert api.get("/matches", rule="floods")["items"][0]["digests"][0]["state"] == "planned"
    assert api.get("/matches", 404, digest="nothing")["reason"] == "no_such_digest"


def test_why_tells_what_became_of_an_article(api: Api, told: Newsroom) -> None:
    (entry,) = api.get("/why", url=URL)["items"]
    assert entry["seen"]
    assert entry["digests"][0]["deliveries"][0]["state"] == "sent"
    (never,) = api.get("/why", url="https://news.example/never")["items"]
    assert [one["name"] for one in never["covering_feeds"]]
    assert api.get("/why", 404, url=URL, rule="nothing")["reason"] == "no_such_rule"


def test_rules_are_listed_and_shown(api: Api, told: Newsroom) -> None:
    assert [one["id"] for one in api.get("/rules")["items"]] == ["floods", "torkham-closed", "trucks"]
    assert [one["id"] for one in api.get("/rules", tag="border")["items"]] == ["torkham-closed"]
    assert [one["id"] for one in api.get("/rules", find="FLOOD")["items"]] == ["floods"]
    rule = api.get("/rules/torkham-closed")
    assert rule["digests"] == ["alerts"]
    assert rule["days"][-1]["matches"] == 1
    assert api.get("/rules/torkham-closed/record")["matches"] == 1
    assert api.get("/rules/nothing", 404)["reason"] == "no_such_rule"
    assert api.get("/rules/nothing/record", 404)["reason"] == "no_such_rule"


def test_a_draft_is_tried_and_changes_nothing(api: Api, told: Newsroom) -> None:
    body = {"query": "Torkham OR bridge*", "rule": "torkham-closed", "since": "30d"}
    said = api.post("/rules/try", body)
    assert said["summary"]["matches"] == 2
    assert said["summary"]["current"]["gained"] == 1
    gained = [one["title"] for one in said["articles"] if one["matches"] and not one["current"]]
    assert gained == ["Floods in Sindh"]
    assert said["reached"][0]["operand"] == "bridge*"
    assert api.get("/rules/torkham-closed")["query"] == "Torkham AND (closed OR closure)"
    assert api.post("/rules/try", {"query": "Torkham NEAR"}, 422)["reason"] == "query_invalid"
    assert api.post("/rules/try", body | {"rule": "nothing"}, 404)["reason"] == "no_such_rule"


def test_the_words_of_a_draft_are_spelt_out(api: Api, told: Newsroom) -> None:
    reached = api.post("/rules/try", {"query": "~close OR shut*"})["reached"]
    assert {one["kind"] for one in reached} == {"family", "prefix"}


def test_a_rule_is_explained_on_an_article_and_on_a_text(api: Api, told: Newsroom) -> None:
    said = api.post("/rules/explain", {"rule": "torkham-closed", "url": URL})
    assert said["holds"]
    assert {one["text"] for one in said["spans"]} >= {"Torkham"}
    said = api.post("/rules/explain", {"query": "Torkham", "text": {"title": "Chaman", "body": "closed"}})
    assert not said["holds"]
    unseen = api.post("/rules/explain", {"rule": "floods", "url": "https://news.example/never"}, 422)
    assert unseen["reason"] == "not_explainable"
    assert api.post("/rules/explain", {"rule": "nothing", "url": URL}, 404)["reason"] == "no_such_rule"


@pytest.mark.parametrize(
    "body",
    [{}, {"rule": "a"}, {"rule": "a", "query": "b", "url": URL}, {"rule": "a", "url": URL, "text": {}}],
)
def test_what_is_explained_must_be_said_once(api: Api, told: Newsroom, body: dict[str, Any]) -> None:
    assert api.post("/rules/explain", body, 400)["reason"] == "invalid_body"


def test_feeds_are_listed_and_shown(api: Api, told: Newsroom) -> None:
    (feed,) = api.get("/feeds")["items"]
    assert api.get("/feeds", state="ok", find="news.example")["items"] == [feed]
    assert api.get("/feeds", state="gone")["items"] == []
    shown = api.get(f"/feeds/{feed['id']}")
    assert shown["url"] == feed["url"]
    assert len(shown["entries"]) == 3
    assert api.get(f"/feeds/{feed['id']}", entries=1)["stored"] == 3
    assert api.get("/feeds/999", 404)["reason"] == "no_such_feed"


@pytest.mark.parametrize("form", ["json", "text", "html", "slack"])
def test_a_digest_is_previewed_and_not_sent(api: Api, newsroom: Newsroom, form: str) -> None:
    newsroom.bring_in(item("e1", "Torkham closed", "The Torkham crossing was closed.", link=URL))
    said = api.get("/digests/alerts/preview", form=form)
    assert "Torkham" in str(said["parts"])
    assert api.get("/deliveries")["items"] == []
    assert api.get("/digests/nothing/preview", 404)["reason"] == "no_such_digest"


def test_deliveries_are_listed_and_shown(api: Api, told: Newsroom) -> None:
    listed = api.get("/deliveries", state="sent", digest="alerts", receiver="desk")["items"]
    assert listed
    shown = api.get(f"/deliveries/{listed[0]['id']}")
    assert shown["history"][0]["outcome"] == "sent"
    assert api.get("/deliveries/999", 404)["reason"] == "no_such_delivery"
    assert api.get("/deliveries", 404, receiver="nothing")["reason"] == "no_such_receiver"


# ---- acting


def test_a_dead_delivery_is_tried_again_and_a_sent_one_is_not(api: Api, told: Newsroom) -> None:
    sent = api.get("/deliveries")["items"][0]["id"]
    refused = api.post(f"/deliveries/{sent}/retry", status=409)
    assert (refused["reason"], refused["answer"]) == ("not_retried", "already_sent")
    dead(told, sent)
    assert api.post(f"/deliveries/{sent}/retry")["answer"] == "due_now"
    dead(told, sent)
    assert api.post("/deliveries/retry", {"receiver": "desk"}) == {"due_now": {"desk": 1}}
    assert api.post("/deliveries/retry") == {"due_now": {}}
    assert api.post("/deliveries/retry", {"receiver": "nothing"}, 404)["reason"] == "no_such_receiver"
    assert api.post("/deliveries/999/retry", status=404)["reason"] == "no_such_delivery"


def dead(newsroom: Newsroom, delivery: int) -> None:
    from monitor.adapters.store import tables as t

    with newsroom.store._db.write() as connection:
        connection.execute(t.deliveries.update().where(t.deliveries.c.id == delivery).values(state="dead"))


def test_a_silence_is_made_listed_and_ended(api: Api, told: Newsroom) -> None:
    made = api.post("/silences", SILENCE, 201)
    assert (made["rules"], made["author"], made["reaches_rules"]) == (["torkham-*"], "anna", 1)
    (listed,) = api.get("/silences")["items"]
    assert listed["id"] == made["id"]
    assert api.post(f"/silences/{made['id']}/end", {"tell": True})["state"] == "ended"
    assert api.get("/silences")["items"] == []
    assert api.get("/silences", all="true")["items"][0]["id"] == made["id"]
    assert api.post("/silences/999/end", status=404)["reason"] == "no_such_silence"


REFUSED: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"rules": []}, 422, "cannot_silence"),
    ({"reason": " "}, 422, "cannot_silence"),
    ({"for": "0s"}, 422, "cannot_silence"),
    ({"for": "3650d"}, 422, "cannot_silence"),
    ({"rules": ["*"]}, 422, "silences_everything"),
    ({"story": "s_zzz"}, 404, "no_such_story"),
    ({"digests": ["nothing"]}, 404, "no_such_digest"),
    ({"for": "soon"}, 400, "invalid_body"),
    ({"until": "2030-01-01T00:00:00Z"}, 400, "invalid_body"),
    ({"for": None}, 400, "invalid_body"),
    ({"for": None, "until": "2030-01-01T00:00:00"}, 400, "invalid_body"),
    ({"for": None, "until": "0001-01-01T00:00:00+14:00"}, 400, "invalid_body"),
    ({"mode": "forget"}, 400, "invalid_body"),
    ({"everything": "yes"}, 400, "invalid_body"),
    ({"colour": "red"}, 400, "invalid_body"),
    ({"reason": "a\0b"}, 400, "invalid_body"),
    ({"rules": ["\ud800"]}, 400, "invalid_body"),
)


def test_a_silence_that_does_not_hold_together_is_refused_with_a_reason(api: Api, told: Newsroom) -> None:
    for change, status, reason in REFUSED:
        assert api.post("/silences", SILENCE | change, status)["reason"] == reason, change
    assert not told.store.silences.all()


def test_a_silence_of_everything_is_made_where_it_is_meant(api: Api, told: Newsroom) -> None:
    assert api.post("/silences", SILENCE | {"rules": ["*"], "everything": True}, 201)["reaches_rules"] == 3


def test_a_silence_may_have_a_moment_as_its_end(api: Api, told: Newsroom) -> None:
    until = told.clock.now() + timedelta(hours=2)
    made = api.post("/silences", SILENCE | {"for": None, "until": until.isoformat()}, 201)
    assert made["ends_at"] == until.isoformat()


def test_a_feed_is_paused_resumed_and_polled_at_once(api: Api, told: Newsroom) -> None:
    assert api.post("/feeds/1/poll") == {"answer": "due"}
    told.poll()
    refused = api.post("/feeds/1/poll", status=409)
    assert (refused["reason"], refused["answer"]) == ("not_asked", "just_asked")
    assert api.post("/feeds/1/pause") == {"id": 1, "name": "News", "status": "paused", "changed": True}
    assert not api.post("/feeds/1/pause")["changed"]
    assert api.post("/feeds/1/poll", status=409)["answer"] == "not_polled"
    assert [one["status"] for one in api.get("/feeds", state="paused")["items"]] == ["paused"]
    assert api.post("/feeds/1/resume") == {"id": 1, "name": "News", "status": "active", "changed": True}
    for word in ("pause", "resume", "poll"):
        assert api.post(f"/feeds/999/{word}", status=404)["reason"] == "no_such_feed"


# ---- what is wrong


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/stories", {"sinse": "7d"}),
    ("/stories", {"since": "soon"}),
    ("/stories", {"limit": "0"}),
    ("/stories", {"limit": str(MOST + 1)}),
    ("/stories", {"limit": "many"}),
    ("/stories", {"rule": ""}),
    ("/stories", {"rule": "x" * 201}),
    ("/stories", {"rule": "a\0b"}),
    ("/stories", {"limit": ["1", "2"]}),
    ("/search", {}),
    ("/search", {"query": "Torkham", "until": "yesterday"}),
    ("/why", {}),
    ("/deliveries", {"state": "lost"}),
    ("/feeds", {"state": "lost"}),
    ("/silences", {"all": "perhaps"}),
    ("/digests/alerts/preview", {"form": "pdf"}),
    ("/status", {"x": "1"}),
)


def test_a_parameter_that_means_nothing_is_refused(api: Api) -> None:
    for path, query in WRONG:
        assert api.get(path, 400, **query)["reason"] == "invalid_parameter"


def test_a_body_that_is_no_object_of_this_route_is_refused(api: Api, told: Newsroom) -> None:
    headers = {"content-type": "application/json"}
    paths = ("/silences", "/rules/try", "/rules/explain", "/deliveries/1/retry", "/silences/1/end")
    for path, sent in product(paths, (b"", b"[]", b"1", b"{", b"\xff", b'{"a":1}', b"[" * 100_000)):
        said = api.ask("POST", path, 400, content=sent, headers=headers)
        assert said["reason"] == "invalid_body"


def test_a_body_is_json_and_no_form(api: Api, told: Newsroom) -> None:
    own = {"sec-fetch-site": "same-origin"}
    assert api.ask("POST", "/silences", 415, data={"rules": "x"}, headers=own)["reason"] == "not_json"


def test_a_body_has_an_end(api: Api, told: Newsroom) -> None:
    body = {"query": "x" * 300_000}
    assert api.post("/rules/try", body, 413)["reason"] == "too_large"


def test_what_is_not_there_is_said_in_json(site: TestClient) -> None:
    for method, path, status, reason in (
        ("GET", "/nothing", 404, "no_such_route"),
        ("GET", "/feeds/abc", 404, "no_such_route"),
        ("POST", "/status", 405, "wrong_method"),
        ("DELETE", "/silences/1", 404, "no_such_route"),
    ):
        own = {"sec-fetch-site": "same-origin"}
        answer = site.request(method, f"{PREFIX}{path}", headers=own)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reason"] == reason


def test_a_store_that_does_not_answer_is_said(api: Api, told: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StoreUnusable("monitor.db", "disk I/O error")

    monkeypatch.setattr(told.store.silences, "all", broken)
    assert api.get("/silences", 503)["reason"] == "no_store"


def test_what_breaks_is_said_and_logged(site: TestClient, told: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told.store.silences, "all", lambda **_: 1 / 0)
    quiet = TestClient(site.app, base_url="http://127.0.0.1:8080", raise_server_exceptions=False)
    answer = quiet.get(f"{PREFIX}/silences")
    assert answer.status_code == 500
    assert answer.json()["reason"] == "broken"
    assert "division" not in answer.text


def test_a_reader_gets_feeds_without_the_queries_of_their_addresses() -> None:
    def seen(role: Role) -> str:
        return Asked(None, None, None, Visitor("x", role), {}, None, None).url("https://a.example/f?token=1")  # type: ignore[arg-type]

    reader = Asked(None, None, None, Visitor("x", Role.READER), {}, None, None)  # type: ignore[arg-type]
    assert (
        reader.error("https://a.example/f?token=1: too many redirects") == "https://a.example/f too many redirects"
    )
    assert reader.error(None) is None
    assert seen(Role.READER) == "https://a.example/f"
    assert seen(Role.OPERATOR) == "https://a.example/f?token=1"
