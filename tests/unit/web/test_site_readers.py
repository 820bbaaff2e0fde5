"""What readers are not told: the queries of feeds' addresses, where paid feeds have a token."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from api_house import Api
from made import feed_settings
from newsroom import FEED, JSON_FILE, Newsroom, failing
from starlette.testclient import TestClient

from monitor.app.entrance import Entrance, hash_of
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.feed import PollOutcome
from monitor.model.health import HealthSettings, IncidentKind, Trouble
from monitor.model.web import AccessToken, ListenAddress, Role
from monitor.web import Views, build_pages

TOKENS = (
    AccessToken("anna", Role.OPERATOR, hash_of("mon_anna")),
    AccessToken("desk", Role.READER, hash_of("mon_desk")),
)
PAID = "https://paid.example/rss?token=s3cret"
ECHO = f'the server sent an HTML page, not a feed ("403 for {PAID}" and "/rss?token=s3cret")'


@pytest.fixture
def newsroom() -> Newsroom:
    """A paid feed that is removed, one that says its address again, and a config that does not hold."""
    room = Newsroom(
        feeds=(feed_settings(FEED), feed_settings(PAID)), health=HealthSettings(receivers=(JSON_FILE.name,))
    )
    room.fetcher.answers |= {FEED: failing(PollOutcome.NOT_A_FEED, 200, ECHO), PAID: failing(PollOutcome.OK)}
    room.poll()
    room.store.feeds.sync((feed_settings(FEED),), room.clock.now())
    problem = f'config.toml:7: "{PAID}" is there twice'
    refused = Trouble(IncidentKind.RELOAD_FAILED, problem, problem)
    for wait in (timedelta(0), timedelta(minutes=2), timedelta(days=4)):
        room.clock.advance(wait)
        room.store.feeds.make_all_due(room.clock.now())
        room.poll()
        room.look_after(refused)
        room.deliver()
    return room


@pytest.fixture
def locked(open_house: OpenHouse, newsroom: Newsroom) -> TestClient:
    entrance = Entrance(lambda: TOKENS, b"k" * 32, newsroom.clock)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=open_house, entrance=entrance)
    return TestClient(build_pages(views, ListenAddress("127.0.0.1", 8080)), base_url="http://127.0.0.1:8080")


PAGES = (
    "/",
    "/feeds",
    "/feeds/1",
    "/feeds/2",
    "/why?url=https://paid.example/news",
    f"/why?url={FEED}/news",
    "/deliveries",
    *(f"/digests/health?form={form}&whole=1" for form in ("html", "text", "slack", "json")),
    "/digests/health/frame",
)
ANSWERS = (
    "/status",
    "/feeds",
    "/feeds/1",
    "/why?url=https://paid.example/news",
    "/deliveries",
    *(f"/digests/health/preview?form={form}" for form in ("html", "text", "slack", "json")),
)


def deliveries(site: TestClient, token: str) -> list[str]:
    return [f"/deliveries/{one['id']}" for one in Api(site, token).get("/deliveries")["items"]]


def asked(api: Api, path: str) -> Any:
    place, _, query = path.partition("?")
    return api.get(place, **dict(parse_qsl(query)))


def test_no_page_tells_a_reader_the_query_of_a_feed(locked: TestClient) -> None:
    said = {}
    for token in ("mon_anna", "mon_desk"):
        paths = (*PAGES, *deliveries(locked, token))
        pages = {path: locked.get(path, headers={"authorization": f"Bearer {token}"}) for path in paths}
        assert {one.status_code for one in pages.values()} == {200}
        said[token] = {path for path, one in pages.items() if "s3cret" in one.text}
    assert said["mon_desk"] == set()
    assert {"/", "/why?url=https://paid.example/news", "/digests/health?form=text&whole=1"} <= said["mon_anna"]
    assert [path for path in said["mon_anna"] if re.match("/deliveries/", path)]


def test_no_answer_of_the_api_tells_a_reader_the_query_of_a_feed(locked: TestClient) -> None:
    said = {}
    for token in ("mon_anna", "mon_desk"):
        api = Api(locked, token)
        paths = (*ANSWERS, *deliveries(locked, token))
        said[token] = {path for path in paths if "s3cret" in str(asked(api, path))}
    assert said["mon_desk"] == set()
    assert {"/status", "/feeds/1", "/digests/health/preview?form=json"} <= said["mon_anna"]
    assert [path for path in said["mon_anna"] if re.match("/deliveries/", path)]


def test_what_else_a_message_says_readers_are_told(locked: TestClient) -> None:
    for path in ("/digests/health?form=text&whole=1", *deliveries(locked, "mon_desk")):
        page = locked.get(path, headers={"authorization": "Bearer mon_desk"}).text
        assert "paid.example/rss" in page
