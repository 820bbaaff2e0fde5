"""Who may ask the API what: tokens, roles, pages of somebody else's, and what no answer may hold."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from api_house import Api
from newsroom import FEED, RULES, Newsroom, item
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from monitor.app.check import open_settings
from monitor.app.entrance import Entrance, hash_of
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.web import AccessToken, ListenAddress, Role
from monitor.web import Views, build_pages
from monitor.web.api.application import PREFIX
from monitor.web.api.routes import ROUTES

TOKENS = (
    AccessToken("anna", Role.OPERATOR, hash_of("mon_anna")),
    AccessToken("desk", Role.READER, hash_of("mon_desk")),
)
SILENCE = {"rules": ["torkham-*"], "for": "4h", "reason": "known", "author": "somebody else"}
RULE = {"id": "new", "title": "New", "query": "Chaman"}
BODIES: dict[str, Any] = {
    "/silences": SILENCE,
    "/rules/try": {"query": "Torkham"},
    "/rules": RULE,
    "/rules/{rule}/save": {"fingerprint": "x", "query": "Torkham"},
    "/rules/{rule}/examples": {"must_match": ["Torkham closed"]},
    "/rules/{rule}/undo": {"fingerprint": "x"},
    "/stories/{story}/split": {"articles": ["a_1"], "reason": "x"},
    "/stories/join": {"articles": ["a_1"]},
    "/feeds": {"url": "http://127.0.0.1:9/feed?token=s3cret"},
    "/feeds/discover": {"url": "http://127.0.0.1:9/feed?token=s3cret"},
}
OWN = {"sec-fetch-site": "same-origin"}
SECRETS = {
    "SMTP_PASSWORD": "s3cret-of-smtp",
    "SLACK": "https://hooks.slack.com/services/T0/B0/s3cret-of-slack",
    "HOOK": "whsec_czNjcmV0LW9mLXdlYmhvb2stczNjcmV0LW9mLXdlYmhvb2s=",
    "HEARTBEAT": "https://beat.example/s3cret-of-heartbeat",
    "LOGIN": "s3cret-of-feed",
}
CONFIG = f"""
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "{FEED}"
backfill = "24h"
auth = {{ username = "u", password = "env:LOGIN" }}
[[feeds]]
url = "https://paid.example/rss?token=s3cret-of-address"
[smtp]
host = "mail.example.org"
from = "monitor@example.org"
username = "u"
password = "env:SMTP_PASSWORD"
[receivers.desk]
stdout = {{}}
email = ["desk@example.org"]
slack = {{ webhook_url = "env:SLACK" }}
webhook = {{ url = "https://siem.example/in", secret = "env:HOOK" }}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
[health]
receivers = ["desk"]
heartbeat_url = "env:HEARTBEAT"
[web]
listen = "127.0.0.1:8080"
public_url = "https://news.example.org"
[[web.tokens]]
name = "anna"
role = "operator"
sha256 = "{hash_of("mon_anna")}"
[[web.tokens]]
name = "desk"
sha256 = "{hash_of("mon_desk")}"
"""


@pytest.fixture
def locked(open_house: OpenHouse, newsroom: Newsroom) -> TestClient:
    return house_of(open_house, newsroom)


def house_of(open_house: OpenHouse, newsroom: Newsroom) -> TestClient:
    entrance = Entrance(lambda: TOKENS, b"k" * 32, newsroom.clock, ended=newsroom.store.sessions)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=open_house, entrance=entrance)
    return TestClient(build_pages(views, ListenAddress("127.0.0.1", 8080)), base_url="http://127.0.0.1:8080")


def walked(place: str) -> str:
    """A path of the table with ids that there are."""
    filled = place.replace("{story}", "a_1").replace("{rule}", "torkham-closed").replace("{digest}", "alerts")
    filled = filled.replace("{receiver}", "desk")
    for name in ("feed", "delivery", "silence"):
        filled = filled.replace(f"{{{name}:number}}", "1")
    return filled


def needed(path: str) -> dict[str, str]:
    return {"/search": {"query": "Torkham"}, "/why": {"url": "https://news.example/e1"}}.get(path, {})


@pytest.fixture
def told(newsroom: Newsroom) -> Newsroom:
    newsroom.bring_in(
        item("e1", "Torkham closed", "The Torkham crossing was closed.", link="https://news.example/e1")
    )
    newsroom.plan()
    newsroom.deliver()
    return newsroom


def test_nobody_is_let_in_without_a_token(locked: TestClient, told: Newsroom) -> None:
    session = {"cookie": "monitor_session=a.b"}
    for route, headers in product(ROUTES, ({}, session)):
        answer = locked.request(
            route.method,
            PREFIX + walked(route.path),
            json=BODIES.get(route.path, {}) if route.method == "POST" else None,
            headers=headers,
        )
        assert answer.status_code in (401, 403)
        assert answer.json()["reason"] == ("unknown_page" if headers and route.method == "POST" else "no_token")
        assert answer.headers.get("www-authenticate", "Bearer") == "Bearer"
    assert Api(locked, "mon_x").get("/status", 401)["reason"] == "wrong_token"


def test_a_reader_reads_and_acts_through_no_route(locked: TestClient, told: Newsroom) -> None:
    before = told.store.silences.all(), told.states()
    api = Api(locked, "mon_desk")
    for route in ROUTES:
        path = walked(route.path)
        if route.acts and route.method == "GET":
            assert api.get(path, 403)["reason"] == "reader"
        elif route.acts:
            assert api.post(path, BODIES.get(route.path), 403)["reason"] == "reader"
        elif route.method == "GET":
            api.get(path, **needed(route.path))
    assert (told.store.silences.all(), told.states()) == before


def test_the_document_is_for_everybody(locked: TestClient) -> None:
    assert locked.get(f"{PREFIX}/openapi.json").json()["openapi"].startswith("3.1")


def test_who_acts_is_written_down(locked: TestClient, told: Newsroom) -> None:
    with capture_logs() as logs:
        made = Api(locked, "mon_anna").post("/silences", SILENCE, 201)
    assert made["author"] == "anna"  # whoever the body says it was
    (line,) = [one for one in logs if one["event"] == "done by hand"]
    assert (line["by"], line["path"], line["status"]) == ("anna", "/api/v1/silences", 201)


def test_what_was_not_begun_since_nobody_waits_is_not_written_down_as_done(
    locked: TestClient, told: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: object) -> bool:
        return True

    monkeypatch.setattr("starlette.requests.Request.is_disconnected", gone)
    with capture_logs() as logs:
        locked.post(f"{PREFIX}/feeds/discover", json=BODIES["/feeds/discover"], headers=api_headers("mon_anna"))
    assert [one["status"] for one in logs if one["event"] == "done by hand"] == [503]


def log_in(site: TestClient, token: str) -> None:
    assert site.post("/login", data={"token": token}, headers=OWN, follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"sec-fetch-site": "cross-site"}, "foreign_page"),
        ({"sec-fetch-site": "same-site"}, "foreign_page"),
        ({"sec-fetch-site": "none"}, "foreign_page"),
        ({"origin": "https://evil.example"}, "foreign_page"),
        ({"origin": "null"}, "foreign_page"),
        ({"origin": "http://127.0.0.1:8081"}, "foreign_page"),
        ({}, "unknown_page"),
        ({"authorization": "Bearer "}, "unknown_page"),
        ({"authorization": "Basic mon_anna"}, "unknown_page"),
    ],
)
def test_no_cookie_acts_for_another_page(
    locked: TestClient, told: Newsroom, headers: dict[str, str], reason: str
) -> None:
    log_in(locked, "mon_anna")
    answer = locked.post(f"{PREFIX}/silences", json=SILENCE, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["reason"] == reason
    assert not told.store.silences.all()


def test_a_cookie_acts_for_our_own_page_until_its_visitor_logs_out(locked: TestClient, told: Newsroom) -> None:
    log_in(locked, "mon_anna")
    copy = dict(locked.cookies)
    assert locked.post(f"{PREFIX}/silences", json=SILENCE, headers=OWN).status_code == 201
    locked.post("/logout", headers=OWN)
    locked.cookies.update(copy)
    again = locked.post(f"{PREFIX}/silences", json=SILENCE, headers=OWN)
    assert again.json()["reason"] == "no_token"
    assert len(told.store.silences.all()) == 1


def test_a_token_acts_whatever_page_it_is_sent_from(locked: TestClient, told: Newsroom) -> None:
    headers = {
        "authorization": "bearer mon_anna",
        "origin": "https://evil.example",
        "sec-fetch-site": "cross-site",
    }
    assert locked.post(f"{PREFIX}/silences", json=SILENCE, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 201), ({"origin": "https://evil.example"}, 403), ({"sec-fetch-site": "cross-site"}, 403)],
)
def test_where_no_token_is_needed_programs_act_and_foreign_pages_do_not(
    site: TestClient, told: Newsroom, headers: dict[str, str], status: int
) -> None:
    assert site.post(f"{PREFIX}/silences", json=SILENCE, headers=headers).status_code == status


def test_a_form_that_an_old_browser_sends_acts_nowhere(site: TestClient, told: Newsroom) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = site.post(f"{PREFIX}/silences", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 403


def test_no_other_origin_is_ever_allowed(locked: TestClient) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for headers in (asked, asked | {"authorization": "Bearer mon_anna"}):
        answer = locked.options(f"{PREFIX}/silences", headers=headers)
        assert answer.status_code in (401, 405)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_who_guesses_tokens_waits_and_who_has_one_does_not(locked: TestClient, told: Newsroom) -> None:
    with capture_logs() as logs:
        for _ in range(5):
            Api(locked, "mon_guess").get("/status", 401)
        Api(locked, "mon_guess").get("/status", 429)
    assert [one["event"] for one in logs] == ["a wrong token was refused"] * 5
    assert "mon_" not in str(logs)
    refused = Api(locked, "mon_guess").get("/status", 429)
    assert refused["reason"] == "too_often"
    assert refused["retry_after"] > 0
    Api(locked, "mon_desk").get("/status")


def test_a_name_of_somebody_elses_is_not_answered(locked: TestClient) -> None:
    headers = {"host": "evil.example", "authorization": "Bearer mon_anna"}
    assert locked.get(f"{PREFIX}/status", headers=headers).status_code == 400


@pytest.mark.parametrize("token", ["mon_anna", "mon_desk"])
def test_no_answer_holds_a_secret(tmp_path: Path, newsroom: Newsroom, token: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.toml").write_text(RULES, encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    ready = open_settings(config, SECRETS)
    newsroom.store.feeds.sync(ready.settings.feeds, newsroom.clock.now())
    newsroom.bring_in(
        item("e1", "Torkham closed", "The Torkham crossing was closed.", link="https://news.example/e1")
    )
    newsroom.plan()
    newsroom.deliver()
    site = house_of(OpenHouse(config, lambda: ready, newsroom.store, newsroom.clock), newsroom)
    api, answers = Api(site, token), [str(site.get(f"{PREFIX}/openapi.json").json())]
    for route in ROUTES:
        path = walked(route.path)
        if route.method == "GET":
            status = 403 if route.acts and token == "mon_desk" else 200
            answers.append(str(api.get(path, status, **needed(route.path))))
        else:
            answers.append(
                str(site.post(PREFIX + path, json=BODIES.get(route.path, {}), headers=api_headers(token)).json())
            )
    said = "\n".join(answers)
    assert "paid.example/rss" in said
    hidden = ["mon_anna", "mon_desk", *(one.sha256 for one in TOKENS), *SECRETS.values(), "s3cret-of-slack"]
    hidden += [] if token == "mon_anna" else ["s3cret"]  # an operator sees addresses of feeds as they are
    assert not [one for one in hidden if one in said]


def api_headers(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_the_root_of_the_api_is_no_page_to_log_in_for(locked: TestClient) -> None:
    answer = locked.get(PREFIX, follow_redirects=False)
    assert (answer.status_code, answer.json()["reason"]) == (401, "no_token")
    answer = locked.get(PREFIX, headers=api_headers("mon_desk"))
    assert (answer.status_code, answer.json()["reason"]) == (404, "no_such_route")
