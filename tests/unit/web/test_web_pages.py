"""The pages as an application: what each answers, to whom, and what no answer lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from monitor.app.vitals import Finding, Health, Reason
from monitor.model.web import ListenAddress
from monitor.web import Views, build_pages
from monitor.web.guard import HEADERS

WELL = Health()
ILL = Health((Finding(Reason.NO_TICK, "31 s since the last tick"),))
HERE = ListenAddress("127.0.0.1", 8080)
PAGES = ("/healthz", "/readyz", "/metrics")


def client(
    alive: Callable[[], Health] = lambda: WELL,
    ready: Callable[[], Health] = lambda: WELL,
    metrics: Callable[[], tuple[bytes, str]] = lambda: (b"one 1\n", "text/plain; version=0.0.4; charset=utf-8"),
    address: ListenAddress = HERE,
) -> TestClient:
    views = Views(alive, ready, metrics)
    return TestClient(build_pages(views, address), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)


# ---- what they say


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_is_told_in_json(path: str) -> None:
    well = client().get(path)
    assert (well.status_code, well.json()) == (200, {"status": "ok", "reasons": [], "warnings": []})
    ill = client(alive=lambda: ILL, ready=lambda: ILL).get(path)
    assert ill.status_code == 503
    reason = {"reason": "no_tick", "detail": "31 s since the last tick"}
    assert ill.json() == {"status": "failing", "reasons": [reason], "warnings": []}


def test_living_and_being_ready_are_two_questions() -> None:
    assert client(ready=lambda: ILL).get("/healthz").status_code == 200
    assert client(alive=lambda: ILL).get("/readyz").status_code == 200


def test_metrics_come_as_they_are() -> None:
    page = client().get("/metrics")
    assert page.content == b"one 1\n"
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


# ---- to whom


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "127.0.0.1:1", "localhost", "LOCALHOST:9999", "[::1]", "[::1]:8080"]
)
def test_this_machine_is_answered_by_any_of_its_names_and_ports(path: str, host: str) -> None:
    assert client().get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.2",
        "[::2]",
        "[::1].evil.example",
        "127.0.0.1:8080:8080",
        "127.0.0.1 evil.example",
        "*",
        "",
    ],
)
def test_a_name_of_somebody_else_is_refused(path: str, host: str) -> None:
    page = client().get(path, headers={"host": host})
    assert page.status_code == 400
    assert page.text == "Invalid host header"


def test_the_address_that_is_listened_on_is_a_name_of_this_machine() -> None:
    pages = client(address=ListenAddress("127.0.0.9", 80))
    assert pages.get("/healthz", headers={"host": "127.0.0.9"}).status_code == 200


def test_a_proxys_word_for_the_host_counts_nothing() -> None:
    refused = client().get("/healthz", headers={"host": "evil.example", "x-forwarded-host": "127.0.0.1"})
    assert refused.status_code == 400
    assert client().get("/healthz", headers={"x-forwarded-host": "evil.example"}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_only_get_and_head_are_known(path: str) -> None:
    pages = client()
    assert pages.head(path).status_code == 200
    assert pages.head(path).content == b""
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
        page = pages.request(method, path)
        assert page.status_code == 405
        assert set(page.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/healthz/", "/%2fhealthz", "/healthz%2e", "/HEALTHZ", "/%2e%2e/etc/passwd", "/%00", "/%ff"],
)
def test_an_unknown_path_gets_a_short_404_that_repeats_nothing(path: str) -> None:
    page = client().get(path)
    assert (page.status_code, page.text) == (404, "Not Found")
    assert "location" not in page.headers


def test_a_body_is_not_taken() -> None:
    assert client().request("GET", "/healthz", content=b"x").status_code == 413


# ---- what no answer lacks


def broken() -> Any:
    raise RuntimeError("no such luck")


@pytest.mark.parametrize(
    ("pages", "path", "method", "host", "status"),
    [
        (client(), "/healthz", "GET", "localhost", 200),
        (client(), "/metrics", "GET", "localhost", 200),
        (client(ready=lambda: ILL), "/readyz", "GET", "localhost", 503),
        (client(), "/nothing", "GET", "localhost", 404),
        (client(), "/healthz", "POST", "localhost", 405),
        (client(), "/healthz", "GET", "evil.example", 400),
        (client(metrics=broken), "/metrics", "GET", "localhost", 500),
    ],
)
def test_every_answer_has_the_headers_that_keep_a_browser_quiet(
    pages: TestClient, path: str, method: str, host: str, status: int
) -> None:
    with capture_logs():
        page = pages.request(method, path, headers={"host": host})
    assert page.status_code == status
    assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in page.headers
    assert "set-cookie" not in page.headers


def test_a_page_that_breaks_says_nothing_of_itself_and_is_logged_without_its_query() -> None:
    with capture_logs() as logs:
        page = client(metrics=broken).get("/metrics?token=battery-staple")
    assert (page.status_code, page.text) == (500, "Internal Server Error")
    [line] = [line for line in logs if line["event"] == "page broke"]
    assert line["path"] == "/metrics"
    assert line["log_level"] == "error"
    assert "battery-staple" not in str(logs)


def test_a_page_that_breaks_leaves_the_others_standing() -> None:
    pages = client(metrics=broken)
    with capture_logs():
        assert [pages.get(path).status_code for path in PAGES] == [200, 200, 500]
