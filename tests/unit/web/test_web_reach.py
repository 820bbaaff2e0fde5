"""How the pages are reached from elsewhere: names, proxies, and whose word is taken for who asks."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from newsroom import Newsroom
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from monitor.app.entrance import TRIES, Entrance, hash_of
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.web import AccessToken, ListenAddress, Role
from monitor.web import Reach, Views, build_pages

TOKENS = (AccessToken("anna", Role.OPERATOR, hash_of("mon_anna")),)
HOST = "news.example.org"
PROXY, OUTSIDE = "10.0.0.5", "203.0.113.9"
REACH = Reach((HOST, "[2001:db8::1]"), ("10.0.0.0/28", "2001:db8:1::/64"))
OWN = {"sec-fetch-site": "same-origin"}
EVERYWHERE = ListenAddress("0.0.0.0", 8080)
PROBES = ("/healthz", "/readyz", "/metrics")


class Houses:
    """The same pages, as several machines see them."""

    def __init__(self, open_house: OpenHouse, newsroom: Newsroom) -> None:
        entrance = Entrance(lambda: TOKENS, b"k" * 32, newsroom.clock, ended=newsroom.store.sessions)
        self.views = Views(Health, Health, lambda: (b"1", "text/plain"), open_house=open_house, entrance=entrance)

    def seen_from(
        self, client: str, host: str = HOST, reach: Reach = REACH, address: ListenAddress = EVERYWHERE
    ) -> TestClient:
        pages = build_pages(self.views, address, reach)
        return TestClient(pages, base_url=f"http://{host}", client=(client, 50_000))


@pytest.fixture
def houses(open_house: OpenHouse, newsroom: Newsroom) -> Houses:
    return Houses(open_house, newsroom)


def guess(site: TestClient, headers: dict[str, str]) -> int:
    return site.post("/login", data={"token": "mon_guess"}, headers=OWN | headers).status_code


def lock_out(site: TestClient, headers: dict[str, str]) -> None:
    for _ in range(TRIES):
        assert guess(site, headers) == 403
    assert guess(site, headers) == 429


# ---- names


@pytest.mark.parametrize(
    "host", [HOST, HOST.upper(), f"{HOST}:8080", "127.0.0.1:8080", "localhost", "[2001:db8::1]:443"]
)
def test_the_names_of_the_config_and_of_this_machine_are_answered(houses: Houses, host: str) -> None:
    assert houses.seen_from(OUTSIDE).get("/login", headers={"host": host}).status_code == 200


def test_no_other_name_is_answered(houses: Houses) -> None:
    names = (
        "evil.example",
        f"{HOST}.evil.example",
        f"evil.{HOST}",
        f"{HOST}@evil.example",
        "203.0.113.9",
        "0.0.0.0.evil.example",
        "",
        "[2001:db8::2]",
        f"{HOST}/../",
        "127.0.0.1.evil.example",
    )
    site = houses.seen_from(OUTSIDE)
    paths = ("/", "/login", "/api/v1/status", "/healthz", "/metrics", "/static/x/site.css")
    for host, path in product(names, paths):
        headers = {"host": host, "authorization": "Bearer mon_anna"}
        assert site.get(path, headers=headers, follow_redirects=False).status_code == 400, host + path


@pytest.mark.parametrize("header", ["x-forwarded-host", "forwarded", "x-host", "x-original-host"])
def test_no_header_but_host_says_by_which_name_it_is_asked(houses: Houses, header: str) -> None:
    site = houses.seen_from(PROXY)
    assert site.get("/login", headers={"host": "evil.example", header: HOST}).status_code == 400
    assert site.get("/login", headers={header: "evil.example"}).status_code == 200


# ---- who asks


def test_guesses_are_counted_for_each_visitor_behind_the_proxy(houses: Houses) -> None:
    site = houses.seen_from(PROXY)
    lock_out(site, {"x-forwarded-for": OUTSIDE})
    assert guess(site, {"x-forwarded-for": "203.0.113.10"}) == 403
    right = site.post("/login", data={"token": "mon_anna"}, headers=OWN | {"x-forwarded-for": OUTSIDE})
    assert right.status_code == 200


def test_who_comes_by_no_proxy_of_ours_is_who_he_is_whatever_he_says(houses: Houses) -> None:
    site = houses.seen_from(OUTSIDE)
    for number in range(TRIES):
        assert guess(site, {"x-forwarded-for": f"198.51.100.{number}", "forwarded": "for=198.51.100.7"}) == 403
    assert guess(site, {"x-forwarded-for": "198.51.100.99"}) == 429


def test_what_a_visitor_put_in_front_of_the_list_is_not_believed(houses: Houses) -> None:
    site = houses.seen_from(PROXY)
    for number in range(TRIES):
        assert guess(site, {"x-forwarded-for": f"198.51.100.{number}, 127.0.0.1, {OUTSIDE}, 10.0.0.6"}) == 403
    assert guess(site, {"x-forwarded-for": OUTSIDE}) == 429


def test_several_lines_of_the_header_are_one_list(houses: Houses) -> None:
    site = houses.seen_from(PROXY)
    lock_out(site, {"x-forwarded-for": OUTSIDE})
    lines = [*(OWN.items()), ("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", OUTSIDE)]
    answer = site.post("/login", data={"token": "mon_guess"}, headers=lines)  # type: ignore[arg-type]
    assert answer.status_code == 429


@pytest.mark.parametrize(
    "written", ["2001:db8:9::1", "[2001:db8:9::1]:4711", "[2001:db8:9::ffff]", "2001:DB8:9:0:0:0:0:3"]
)
def test_an_ipv6_visitor_is_his_network(houses: Houses, written: str) -> None:
    site = houses.seen_from("2001:db8:1::7")
    lock_out(site, {"x-forwarded-for": "2001:db8:9::2"})
    assert guess(site, {"x-forwarded-for": written}) == 429


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
    | st.lists(st.ip_addresses().map(str) | st.sampled_from(["", ",", "unknown", "_x", "[", "]:1", "1.2.3"])).map(
        ",".join
    )
)
def test_garbage_of_a_proxy_breaks_nothing_and_makes_nobody_local(houses: Houses, said: str) -> None:
    site = houses.seen_from(PROXY, "127.0.0.1:8080")
    with capture_logs() as logs:
        assert site.get("/login", headers={"x-forwarded-for": said}).status_code == 200
        assert guess(site, {"x-forwarded-for": said}) in (403, 429)
        assert site.get("/metrics", headers={"x-forwarded-for": said}).status_code == 401
    assert all(said.strip() != one.get("address") or one["address"].count(":") or "." in said for one in logs)


def test_the_log_says_who_it_was(houses: Houses) -> None:
    site = houses.seen_from(PROXY)
    with capture_logs() as logs:
        guess(site, {"x-forwarded-for": OUTSIDE})
        site.post("/login", data={"token": "mon_anna"}, headers=OWN | {"x-forwarded-for": OUTSIDE})
    assert [(one["event"], one["address"]) for one in logs] == [
        ("a wrong token was refused", OUTSIDE),
        ("logged in", OUTSIDE),
    ]
    assert "mon_" not in str(logs)


# ---- https


@pytest.mark.parametrize(
    ("client", "headers", "secure"),
    [
        (PROXY, {"x-forwarded-proto": "https"}, True),
        (PROXY, {"x-forwarded-proto": "http"}, False),
        (PROXY, {"x-forwarded-proto": "https, http"}, False),
        (PROXY, {"x-forwarded-proto": "javascript"}, False),
        (PROXY, {}, False),
        (OUTSIDE, {"x-forwarded-proto": "https"}, False),
    ],
)
def test_a_cookie_that_came_by_https_goes_by_https_only(
    houses: Houses, client: str, headers: dict[str, str], secure: bool
) -> None:
    site = houses.seen_from(client)
    answer = site.post("/login", data={"token": "mon_anna"}, headers=OWN | headers, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert ("secure" in cookie) is secure
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "domain" not in cookie


@pytest.mark.parametrize(
    ("origin", "status"), [(f"https://{HOST}", 303), (f"http://{HOST}", 403), ("https://evil.example", 403)]
)
def test_our_own_page_is_that_of_the_address_that_the_proxy_shows(
    houses: Houses, origin: str, status: int
) -> None:
    site = houses.seen_from(PROXY)
    headers = {"origin": origin, "x-forwarded-proto": "https"}
    answer = site.post("/login", data={"token": "mon_anna"}, headers=headers, follow_redirects=False)
    assert answer.status_code == status


# ---- probes


@pytest.mark.parametrize("path", PROBES)
def test_probes_are_for_everybody_on_this_machine_and_need_a_token_from_elsewhere(
    houses: Houses, path: str
) -> None:
    bearer = {"authorization": "Bearer mon_anna"}
    for client in ("127.0.0.1", "::1"):
        assert houses.seen_from(client, "127.0.0.1:8080").get(path).status_code == 200
    for client, host, more in (
        (OUTSIDE, HOST, {}),
        (OUTSIDE, "127.0.0.1:8080", {}),  # whoever can send a packet can send any Host
        ("127.0.0.1", HOST, {}),  # a proxy on this machine that is not named as one
        ("127.0.0.1", "127.0.0.1:8080", {"x-forwarded-for": OUTSIDE}),
        *(("127.0.0.1", "127.0.0.1:8080", {name: OUTSIDE}) for name in ("forwarded", "via", "x-real-ip")),
        (PROXY, "127.0.0.1:8080", {"x-forwarded-for": "127.0.0.1"}),
        (OUTSIDE, HOST, {"authorization": "Bearer mon_guess"}),
    ):
        site = houses.seen_from(client, host)
        assert site.get(path, headers=more).status_code == 401
        assert site.get(path, headers=more | bearer).status_code == 200


@pytest.mark.parametrize("path", PROBES)
def test_a_health_check_of_this_machine_asks_the_address_that_is_listened_on(houses: Houses, path: str) -> None:
    pages = build_pages(houses.views, ListenAddress("192.0.2.7", 8080), REACH)

    async def arrived(
        scope: Any, receive: Any, send: Any
    ) -> None:  # as the server has it: of its socket, not of Host
        await pages({**scope, "server": ("192.0.2.7", 8080)}, receive, send)

    for client, status in (("192.0.2.7", 200), (OUTSIDE, 401)):
        site = TestClient(arrived, base_url="http://192.0.2.7:8080", client=(client, 50_000))
        assert site.get(path).status_code == status


def test_on_this_machine_alone_probes_stay_as_they_are(houses: Houses) -> None:
    site = houses.seen_from("127.0.0.1", "127.0.0.1:8080", Reach(), ListenAddress("127.0.0.1", 8080))
    for path in PROBES:
        assert site.get(path).status_code == 200


# ---- log out


def test_a_copied_cookie_ends_with_the_session(houses: Houses) -> None:
    site = houses.seen_from(PROXY)
    site.post("/login", data={"token": "mon_anna"}, headers=OWN)
    copy = dict(site.cookies)
    site.post("/logout", headers=OWN)
    thief = houses.seen_from(OUTSIDE)  # another process, the same store
    thief.cookies.update(copy)
    for path in ("/", "/stories", "/silences"):
        answer = thief.get(path, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")
    assert thief.post("/silences", data={"rule": "x"}, headers=OWN).status_code == 401
    assert thief.get("/api/v1/status").json()["reason"] == "no_token"
