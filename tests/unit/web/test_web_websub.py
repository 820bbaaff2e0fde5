"""The callbacks of hubs: what they answer to whom, what they keep, and what they give away."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import ExitStack
from datetime import timedelta

import httpx2
import pytest
from desk import eventually
from made import NOON, decision, feed_settings
from newsroom import FEED, HOUR, fresh_store
from starlette.testclient import TestClient
from stored import record_poll
from structlog.testing import capture_logs
from talk import connected

from monitor.adapters.store.sql import SqlStore
from monitor.app.pushing import Pushing
from monitor.app.unsubscribing import Unsubscribing
from monitor.app.vitals import Health
from monitor.model.cadence import Cadence, HubOffer
from monitor.model.errors import StoreUnusable
from monitor.model.feed import PollSettings, Reading
from monitor.model.web import ListenAddress
from monitor.model.websub import HubState, HubSubscription, HubTrust
from monitor.testing import FakeClock, RecordingMeter
from monitor.web import Views, WebDoor, build_pages, listen
from monitor.web.guard import HEADERS

PUBLIC = "https://news.example/monitor"
CALLBACK = f"{PUBLIC}/websub/token"
HERE = ListenAddress("127.0.0.1", 8080)
ASKED = {"hub.mode": "subscribe", "hub.topic": FEED, "hub.challenge": "<b>echo", "hub.lease_seconds": "3600"}
SETTINGS = PollSettings(max_bytes=1000)


@pytest.fixture
def store() -> SqlStore:
    store = fresh_store()
    store.feeds.sync([feed_settings(FEED)], NOON)
    (feed,) = store.feeds.all()
    offer = HubOffer("https://hub.example/", FEED)
    made = decision(next_poll_at=NOON + HOUR)
    record_poll(store, feed, made, [], now=NOON - HOUR, reading=Reading(cadence=Cadence(), hub=offer))
    store.hubs.add(feed.id, offer, token="token", secret="sesame", public_url=PUBLIC, now=NOON)
    return store


@pytest.fixture
def meter() -> RecordingMeter:
    return RecordingMeter()


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
def pages(store: SqlStore, meter: RecordingMeter, woken: list[bool]) -> TestClient:
    clock = FakeClock(NOON)
    pushing = Pushing(
        store.hubs, clock, lambda: 0.5, lambda: SETTINGS, PUBLIC, meter, wake=lambda: woken.append(True)
    )
    readers = Unsubscribing(store.suppressions, clock, PUBLIC)
    views = Views(Health, Health, lambda: (b"one 1\n", "text/plain"), readers, pushing)
    return TestClient(build_pages(views, HERE), base_url="https://news.example", raise_server_exceptions=False)


def one(store: SqlStore) -> HubSubscription:
    (found,) = store.hubs.all()
    return found


def subscribed(store: SqlStore, pages: TestClient) -> HubSubscription:
    store.hubs.note_asked(one(store), NOON, NOON + HOUR)
    assert pages.get(CALLBACK, params=ASKED).status_code == 200
    return one(store)


def signed(body: bytes, method: str = "sha256", secret: str = "sesame") -> dict[str, str]:
    return {"X-Hub-Signature": f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"}


def count(meter: RecordingMeter, outcome: str) -> int:
    return meter.counts[("pushes", outcome)]


def test_the_challenge_of_what_was_asked_for_is_echoed_as_harmless_text(
    store: SqlStore, pages: TestClient
) -> None:
    store.hubs.note_asked(one(store), NOON, NOON + HOUR)
    for _ in range(2):  # an answer that got lost is asked for again
        said = pages.get(CALLBACK, params=ASKED)
        assert (said.status_code, said.text) == (200, "<b>echo")
    assert said.headers["content-type"].startswith("text/plain")
    assert {name: said.headers[name] for name in HEADERS} == HEADERS
    assert (one(store).state, one(store).lease_until) == (HubState.SUBSCRIBED, NOON + HOUR)


@pytest.mark.parametrize(
    ("url", "change"),
    [
        (CALLBACK, {"hub.topic": FEED + "/other"}),
        (CALLBACK, {"hub.mode": "unsubscribe"}),
        (CALLBACK, {"hub.mode": "publish"}),
        (CALLBACK, {"hub.mode": None}),
        (CALLBACK, {"hub.topic": None}),
        (CALLBACK, {"hub.challenge": None}),
        (CALLBACK + "x", {}),
    ],
)
def test_all_else_is_not_found(
    store: SqlStore, pages: TestClient, url: str, change: dict[str, str | None]
) -> None:
    store.hubs.note_asked(one(store), NOON, NOON + HOUR)
    before = one(store)
    params = {name: value for name, value in {**ASKED, **change}.items() if value is not None}
    assert pages.get(url, params=params).status_code == 404
    assert one(store) == before


def test_nothing_is_verified_before_it_was_asked_for(store: SqlStore, pages: TestClient) -> None:
    assert pages.get(CALLBACK, params=ASKED).status_code == 404
    assert one(store).state is HubState.WANTED


def test_a_hub_is_let_go_when_it_verifies_our_farewell(store: SqlStore, pages: TestClient) -> None:
    subscribed(store, pages)
    store.feeds.unsubscribe(one(store).feed_id)
    store.hubs.leave_unwanted(NOON, HOUR)
    assert pages.get(CALLBACK, params=ASKED).status_code == 404
    assert pages.get(CALLBACK, params={**ASKED, "hub.mode": "unsubscribe"}).text == "<b>echo"
    assert store.hubs.all() == []
    assert pages.post(CALLBACK, content=b"x").status_code == 410


def test_a_denial_is_kept_with_its_reason_unless_that_tells_a_secret(store: SqlStore, pages: TestClient) -> None:
    subscribed(store, pages)
    denied = {"hub.mode": "denied", "hub.topic": FEED, "hub.reason": "not\nallowed " + "x" * 500}
    assert pages.get(CALLBACK, params=denied).status_code == 200
    assert one(store).state is HubState.DENIED
    assert str(one(store).error).startswith("the hub said no: not allowed xxx")
    assert len(str(one(store).error)) < 250
    for told in ("sesame", "token"):
        pages.get(CALLBACK, params={**denied, "hub.reason": f"bad {told}"})
        assert one(store).error == "the hub said no"
    assert pages.get(CALLBACK, params={**denied, "hub.topic": "other"}).status_code == 404


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_what_the_secret_signed_is_kept_and_answered_at_once(
    store: SqlStore, pages: TestClient, meter: RecordingMeter, woken: list[bool], method: str
) -> None:
    subscribed(store, pages)
    said = pages.post(CALLBACK, content=b"<rss/>", headers={**signed(b"<rss/>", method), "Content-Type": "a/b"})
    assert said.status_code == 202
    ((push, _),) = store.hubs.pushes(9)
    assert (push.body, push.content_type) == (b"<rss/>", "a/b")
    assert woken == [True]
    assert count(meter, "taken") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature": ""},
        {"X-Hub-Signature": "sha256=00"},
        {"X-Hub-Signature": "md5=" + hashlib.md5(b"<rss/>").hexdigest()},
        signed(b"<rss/>", secret="other"),
        signed(b"<rss />"),
    ],
)
def test_what_it_did_not_sign_is_acknowledged_ignored_and_counted(
    store: SqlStore, pages: TestClient, meter: RecordingMeter, woken: list[bool], headers: dict[str, str]
) -> None:
    subscribed(store, pages)
    before = store.feeds.all()
    assert pages.post(CALLBACK, content=b"<rss/>", headers=headers).status_code == 202
    assert store.hubs.pushes(9) == []
    assert (store.feeds.all(), woken) == (before, [])
    assert count(meter, "bad_signature") == 1


def test_a_hub_that_was_relied_on_and_signs_wrongly_is_so_no_more(store: SqlStore, pages: TestClient) -> None:
    made = subscribed(store, pages)
    pages.post(CALLBACK, content=b"<rss/>", headers=signed(b"<rss/>"))
    store.hubs.record_push(store.hubs.pushes(1)[0][0], [], NOON, True, NOON + HOUR)
    assert store.feeds.all()[0].pushed_until == NOON + HOUR
    pages.post(CALLBACK, content=b"<rss/>", headers=signed(b"<rss/>", secret="other"))
    (feed,) = store.feeds.all()
    assert (feed.pushed_until, feed.next_poll_at) == (None, NOON)
    assert one(store).doubt is HubTrust.BAD_SIGNATURE
    assert made.doubt is None


def test_what_is_too_large_has_the_feed_polled(store: SqlStore, pages: TestClient, meter: RecordingMeter) -> None:
    subscribed(store, pages)
    body = b"x" * 1001
    assert pages.post(CALLBACK, content=body, headers=signed(body)).status_code == 413
    assert pages.post(CALLBACK, content=iter([body[:600], body[:600]])).status_code == 413
    assert store.hubs.pushes(9) == []
    assert store.feeds.all()[0].next_poll_at == NOON
    assert count(meter, "too_large") == 2


def test_a_hub_that_floods_us_has_the_feed_polled_instead(
    store: SqlStore, pages: TestClient, meter: RecordingMeter
) -> None:
    subscribed(store, pages)
    body = b"x" * 400
    for _ in range(5):
        assert pages.post(CALLBACK, content=body, headers=signed(body)).status_code == 202
    assert (count(meter, "taken"), count(meter, "feed_due")) == (2, 3)
    assert store.feeds.all()[0].next_poll_at == NOON


def test_a_hub_that_sent_what_nobody_could_read_is_not_read_for_an_hour(
    store: SqlStore, pages: TestClient, meter: RecordingMeter
) -> None:
    made = subscribed(store, pages)
    for ago, outcome in ((timedelta(minutes=59), "feed_due"), (HOUR, "taken")):
        store.hubs.doubt(made, HubTrust.UNREAD, NOON - ago, HOUR)
        pages.post(CALLBACK, content=b"<rss/>", headers=signed(b"<rss/>"))
        assert count(meter, outcome) == 1


def test_a_push_of_a_hub_without_secret_only_has_the_feed_polled(
    store: SqlStore, pages: TestClient, meter: RecordingMeter
) -> None:
    made = one(store)
    store.hubs.drop(made)
    offer = HubOffer("http://hub.example/", FEED)
    store.hubs.add(made.feed_id, offer, token="token", secret="", public_url=PUBLIC, now=NOON)
    subscribed(store, pages)
    assert pages.post(CALLBACK, content=b"<rss/>", headers=signed(b"<rss/>", secret="x")).status_code == 202
    assert store.hubs.pushes(9) == []
    assert store.feeds.all()[0].next_poll_at == NOON
    assert count(meter, "feed_due") == 1


def test_a_store_in_trouble_is_answered_503_so_that_the_hub_comes_again(
    store: SqlStore, pages: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(store, pages)

    def broken(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    for name in ("take", "with_token"):
        monkeypatch.setattr(store.hubs, name, broken)
        with capture_logs() as logs:
            said = pages.post(CALLBACK, content=b"<rss/>", headers=signed(b"<rss/>"))
        assert (said.status_code, said.headers["retry-after"]) == (503, "60")
        assert "token" not in str(logs)
    assert pages.get(CALLBACK, params=ASKED).status_code == 503


def test_a_hub_that_drips_keeps_out_no_other(store: SqlStore, pages: TestClient) -> None:
    subscribed(store, pages)
    store.feeds.sync([feed_settings(FEED), feed_settings("https://wire.example/feed")], NOON)
    other = HubOffer("https://other.example/", "topic")
    store.hubs.add(store.feeds.all()[1].id, other, token="else", secret="word", public_url=PUBLIC, now=NOON)
    store.hubs.note_asked(store.hubs.all()[1], NOON, NOON + HOUR)
    door = WebDoor(pages.app, listen(ListenAddress("127.0.0.1", 0)))
    door.start()

    def push(token: str, secret: str) -> int:
        url = f"http://127.0.0.1:{door.address.port}/websub/{token}"
        return httpx2.post(url, content=b"<rss/>", headers=signed(b"<rss/>", secret=secret)).status_code

    with ExitStack() as stack:
        stack.callback(door.stop, 10)
        for _ in range(5):
            half = stack.enter_context(connected("127.0.0.1", door.address.port))
            half.sendall(b"POST /websub/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n<rss")
        eventually(lambda: push("token", "sesame") == 503, "the end of its patience")
        assert push("else", "word") == 202


def test_callbacks_are_answered_by_the_public_name_only_and_with_or_without_its_path(
    store: SqlStore, pages: TestClient
) -> None:
    store.hubs.note_asked(one(store), NOON, NOON + HOUR)
    assert pages.get("https://news.example/websub/token", params=ASKED).status_code == 200
    assert pages.get("/websub/token", params=ASKED, headers={"Host": "evil.example"}).status_code == 400
    assert pages.get("/metrics").status_code == 400
    for method in ("PUT", "DELETE", "PATCH"):
        assert pages.request(method, CALLBACK).status_code == 405


def test_neither_token_nor_secret_is_logged(store: SqlStore, pages: TestClient) -> None:
    with capture_logs() as logs:
        subscribed(store, pages)
        pages.post(CALLBACK, content=b"x", headers=signed(b"y"))
        pages.get(CALLBACK, params={"hub.mode": "denied", "hub.topic": FEED})
    assert len(logs) == 3
    assert "sesame" not in str(logs)
    assert "token" not in str(logs)
