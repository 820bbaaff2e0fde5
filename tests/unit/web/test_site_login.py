"""The login of the dashboard: the way in, what each role may do, and the cookie."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from made import feed_settings
from newsroom import Newsroom
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from monitor.app.check import Ready
from monitor.app.entrance import Entrance, hash_of
from monitor.app.open_house import OpenHouse, entrance_of
from monitor.app.vitals import Health
from monitor.model.web import AccessToken, ListenAddress, Role
from monitor.web import Views, build_pages

OWN = {"sec-fetch-site": "same-origin"}
SILENCE = {"rule": "torkham-closed", "for": "24h", "reason": "x", "author": "a"}
TOKENS = (
    AccessToken("anna", Role.OPERATOR, hash_of("mon_anna")),
    AccessToken("desk", Role.READER, hash_of("mon_desk")),
)


@pytest.fixture
def locked(open_house: OpenHouse, newsroom: Newsroom) -> TestClient:
    entrance = Entrance(lambda: TOKENS, b"k" * 32, newsroom.clock)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=open_house, entrance=entrance)
    return TestClient(build_pages(views, ListenAddress("127.0.0.1", 8080)), base_url="http://127.0.0.1:8080")


def log_in(site: TestClient, token: str, back: str = "/") -> str:
    """Where it leads to."""
    answer = site.post("/login", data={"token": token, "next": back}, headers=OWN, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.mark.parametrize("path", ["/", "/stories?since=7d", "/feeds/1", "/nothing"])
def test_who_is_not_known_is_led_to_the_login_and_back(locked: TestClient, path: str) -> None:
    led = locked.get(path, follow_redirects=False)
    assert led.status_code == 303
    login = locked.get(led.headers["location"])
    assert "Your token" in login.text
    assert "Stories" not in login.text
    back = re.search(r'name="next" value="([^"]*)"', login.text)
    assert back is not None
    assert log_in(locked, "mon_anna", back[1]) == path
    assert locked.get("/").status_code == 200


def test_the_probes_and_files_need_no_login(locked: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert locked.get(path).status_code == 200


def test_the_cookie_is_for_no_script_and_no_other_site(locked: TestClient) -> None:
    answer = locked.post("/login", data={"token": "mon_anna"}, headers=OWN, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "mon_anna" not in cookie


def test_a_wrong_token_is_told_and_too_many_wait(locked: TestClient) -> None:
    for _ in range(5):
        page = locked.post("/login", data={"token": "mon_guess"}, headers=OWN)
        assert page.status_code == 403
        assert "mon_guess" not in page.text
    page = locked.post("/login", data={"token": "mon_guess"}, headers=OWN)
    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 0
    assert log_in(locked, "mon_anna") == "/"  # who has a token cannot be locked out


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "", "/a\nb"]
)
def test_a_login_leads_to_no_other_site(locked: TestClient, back: str) -> None:
    assert log_in(locked, "mon_anna", back) == "/"


def test_a_reader_looks_and_tries_and_does_not_act(locked: TestClient, newsroom: Newsroom) -> None:
    log_in(locked, "mon_desk")
    assert locked.get("/rules").status_code == 200
    assert locked.post("/rules/new/try", data={"query": "Torkham"}, headers=OWN).status_code == 200
    refused = locked.post("/silences", data=SILENCE, headers=OWN)
    assert refused.status_code == 403
    assert not newsroom.store.silences.all()
    for path in ("/silences", "/deliveries", "/rules/torkham-closed"):
        assert "ilence it" not in locked.get(path).text  # a button that would be refused


def test_an_operator_acts_and_leaves(locked: TestClient, newsroom: Newsroom) -> None:
    log_in(locked, "mon_anna")
    assert "anna" in locked.get("/").text
    with capture_logs() as logs:
        locked.post("/silences", data=SILENCE | {"author": "somebody else"}, headers=OWN)
    (made,) = newsroom.store.silences.all()
    assert made.author == "anna"  # whoever the form says it was
    assert [one for one in logs if one.get("by") == "anna" and one["path"] == "/silences"]
    locked.post("/logout", headers=OWN)
    assert locked.get("/", follow_redirects=False).status_code == 303


def test_a_program_acts_by_its_token_from_anywhere(locked: TestClient, newsroom: Newsroom) -> None:
    bearer = {"authorization": "Bearer mon_anna"}
    assert locked.post("/silences", data=SILENCE, headers=bearer, follow_redirects=False).status_code == 303
    wrong = locked.post("/silences", data=SILENCE, headers={"authorization": "Bearer mon_x"})
    assert wrong.status_code == 401
    assert "Bearer" in wrong.headers["www-authenticate"]
    reader = locked.post("/silences", data=SILENCE, headers={"authorization": "Bearer mon_desk"})
    assert reader.status_code == 403
    assert len(newsroom.store.silences.all()) == 1


def test_a_script_whose_session_ended_is_told_to_log_in(locked: TestClient) -> None:
    on = {"hx-request": "true", "hx-current-url": "http://127.0.0.1:8080/rules/new?query=a", **OWN}
    answer = locked.post("/rules/new/try", headers=on)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=/rules/new%3Fquery%3Da"
    assert locked.get("/feeds", headers={"hx-request": "true"}).headers["hx-redirect"] == "/login?next=/"


def test_the_query_of_a_feeds_address_which_may_hold_a_token_is_for_operators(
    locked: TestClient, newsroom: Newsroom
) -> None:
    paid = feed_settings("https://paid.example/rss?token=s3cret", name="Paid")
    newsroom.store.feeds.sync([*newsroom.feeds, paid], newsroom.clock.now())
    log_in(locked, "mon_desk")
    page = locked.get("/feeds/2").text
    assert "https://paid.example/rss" in page
    assert "s3cret" not in page
    assert "No feed is like that" in locked.get("/feeds?find=s3cret").text
    log_in(locked, "mon_anna")
    assert "s3cret" in locked.get("/feeds/2").text


def test_a_form_from_another_site_does_not_log_anybody_in(locked: TestClient) -> None:
    answer = locked.post("/login", data={"token": "mon_anna"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("began", "public", "let_in"),
    [
        ((), "", True),
        ((), "https://news.example", False),
        (TOKENS, "", False),
        (TOKENS, "https://news.example", False),
    ],
)
def test_a_reload_without_tokens_opens_nothing_that_was_not_open(
    open_house: OpenHouse, newsroom: Newsroom, began: tuple[AccessToken, ...], public: str, let_in: bool
) -> None:
    def ready(tokens: tuple[AccessToken, ...], public_url: str) -> Ready:
        settings = replace(open_house.ready().settings, web_tokens=tokens, public_url=public_url)
        return replace(open_house.ready(), settings=settings)

    in_force = [ready(began, public if began else "")]
    entrance = entrance_of(lambda: in_force[0], newsroom)  # type: ignore[arg-type]  # store and clock are there
    in_force[0] = ready((), public)
    assert (entrance.visitor_of("", "") is not None) is let_in


@pytest.mark.parametrize("shown", ["http://[", "http://[::1/", "//[x]y/", "http://x]/", "\u00ff", ""])
def test_what_a_script_says_it_stands_on_breaks_nothing(locked: TestClient, shown: str) -> None:
    asked = {"hx-request": "true", "hx-current-url": shown.encode("latin-1")}
    led = locked.get("/stories", headers=asked, follow_redirects=False)  # type: ignore[arg-type]
    assert led.status_code == 401
    assert led.headers["hx-redirect"].startswith("/login?next=")
