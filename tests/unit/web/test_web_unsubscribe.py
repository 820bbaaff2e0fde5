"""The pages on which a reader leaves a digest: what they change, for whom, and what they give away."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import html
from made import NOON
from newsroom import fresh_store
from starlette.testclient import TestClient
from structlog.testing import capture_logs
from talk import ask, connected, everything

from monitor.adapters.store.sql import SqlStore
from monitor.app.unsubscribing import Unsubscribing, unsubscribing_of
from monitor.app.vitals import Health
from monitor.model.errors import StoreUnusable
from monitor.model.renaming import Named, Rename
from monitor.model.suppression import SuppressedBy, Suppression
from monitor.model.web import ListenAddress
from monitor.testing import FakeClock
from monitor.web import Views, WebDoor, build_pages, listen, unsubscribe
from monitor.web.guard import HEADERS

PUBLIC = "https://news.example/monitor"
HERE = ListenAddress("127.0.0.1", 8080)
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "BREW")


@pytest.fixture
def store() -> SqlStore:
    return fresh_store()


@pytest.fixture
def readers(store: SqlStore) -> Unsubscribing:
    return Unsubscribing(store.suppressions, FakeClock(NOON), PUBLIC)


@pytest.fixture
def pages(readers: Unsubscribing) -> TestClient:
    return client(readers)


def client(readers: Unsubscribing) -> TestClient:
    views = Views(Health, Health, lambda: (b"one 1\n", "text/plain"), readers)
    app = build_pages(views, HERE)
    return TestClient(app, base_url="https://news.example", raise_server_exceptions=False)


def link(readers: Unsubscribing, digest: str = "morning", address: str = "Night <Night@example.org>") -> str:
    return readers.link(digest, address)


def pressed(pages: TestClient, url: str):
    """The page after its one button was pressed, as a browser does it."""
    (form,) = html.fromstring(pages.get(url).text).xpath("//form")
    assert form.get("method") == "post"
    return pages.post(urljoin(url, form.get("action")))


def test_a_get_asks_and_changes_nothing(pages: TestClient, readers: Unsubscribing, store: SqlStore) -> None:
    for _ in range(3):
        page = pages.get(link(readers))
        assert pages.head(link(readers)).status_code == 200
    assert page.status_code == 200
    assert "morning" in page.text
    assert "night@example.org" in page.text
    assert store.suppressions.all() == []


@pytest.mark.parametrize(
    "body", [{"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": "One-Click"}}, {}]
)
def test_a_post_unsubscribes_as_mail_programs_do_it(
    pages: TestClient, readers: Unsubscribing, store: SqlStore, body: dict[str, dict[str, str]]
) -> None:
    for _ in range(2):
        page = pages.post(link(readers), follow_redirects=False, **body)
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
    assert store.suppressions.all() == [Suppression("morning", "night@example.org", NOON, SuppressedBy.LINK)]
    assert not store.suppressions.holds("alerts", "night@example.org")


def test_the_buttons_lead_out_and_back_in(pages: TestClient, readers: Unsubscribing, store: SqlStore) -> None:
    left = pressed(pages, link(readers))
    assert "You have unsubscribed" in left.text
    assert store.suppressions.holds("morning", "night@example.org")
    assert "Subscribe again" in pages.get(link(readers)).text
    back = pressed(pages, link(readers))
    assert str(back.url) == link(readers) + "/again"
    assert store.suppressions.all() == []
    assert pressed(pages, str(back.url)).status_code == 200
    assert store.suppressions.holds("morning", "night@example.org")


def test_a_proxy_may_take_the_prefix_away(pages: TestClient, readers: Unsubscribing, store: SqlStore) -> None:
    path = urlsplit(link(readers)).path.removeprefix("/monitor")
    assert pages.post(path, headers={"host": "127.0.0.1:8080"}).status_code == 200
    assert store.suppressions.holds("morning", "night@example.org")


@pytest.mark.parametrize("token", ["A", "A" * 5000, "..%2f..%2fmetrics", "%00", "%ff", "x/again"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_we_did_not_make_is_a_404_that_says_nothing(
    pages: TestClient, store: SqlStore, token: str, method: str
) -> None:
    page = pages.request(method, f"{PUBLIC}/unsubscribe/{token}")
    assert page.status_code == 404
    assert "morning" not in page.text
    assert store.suppressions.all() == []


def test_every_wrong_token_gets_the_same_page(pages: TestClient, readers: Unsubscribing) -> None:
    real = link(readers)
    wrong = {
        pages.post(url).text for url in (real[:-1], real + "A", f"{PUBLIC}/unsubscribe/abc", real[:-3] + "AAA")
    }
    assert len(wrong) == 1


def test_another_stores_links_do_not_hold(pages: TestClient) -> None:
    other = SqlStore("sqlite://")
    assert pages.post(link(Unsubscribing(other.suppressions, FakeClock(NOON), PUBLIC))).status_code == 404
    other.close()


def test_the_links_of_a_store_hold_after_a_restart(readers: Unsubscribing, store: SqlStore) -> None:
    assert link(Unsubscribing(store.suppressions, FakeClock(NOON), PUBLIC)) == link(readers)


def test_the_public_name_is_answered_for_this_page_only(pages: TestClient, readers: Unsubscribing) -> None:
    for path in ("/", "/metrics", "/healthz", "/readyz", "/monitor/metrics", "/unsubscribe", "/unsubscribed/x"):
        assert pages.get(path).status_code == 400
    assert pages.get("/metrics", headers={"host": "127.0.0.1:8080"}).status_code == 200
    assert pages.get(link(readers), headers={"host": "evil.example"}).status_code == 400
    assert pages.get(link(readers), headers={"host": "NEWS.example:443"}).status_code == 200


@pytest.mark.parametrize("method", METHODS)
def test_other_methods_are_not_known(pages: TestClient, readers: Unsubscribing, method: str) -> None:
    assert pages.request(method, link(readers)).status_code == 405


def test_a_long_body_is_not_taken(pages: TestClient, readers: Unsubscribing, store: SqlStore) -> None:
    assert pages.post(link(readers), content=b"x" * 5000).status_code == 413
    assert pages.post(link(readers), content=iter([b"x" * 3000] * 2)).status_code == 413
    assert store.suppressions.all() == []


def test_the_page_may_send_its_form_to_itself_and_nothing_else(pages: TestClient, readers: Unsubscribing) -> None:
    page = pages.get(link(readers))
    policy = page.headers["content-security-policy"]
    assert "form-action 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, value in HEADERS.items():
        assert page.headers[name] == value or name == "content-security-policy"
    inside = pages.get("/metrics", headers={"host": "127.0.0.1"})
    assert "form-action 'none'" in inside.headers["content-security-policy"]


def test_a_name_with_markup_is_shown_as_text(pages: TestClient, readers: Unsubscribing) -> None:
    page = pages.get(link(readers, "<script>x</script>", '"<b>"@example.org'))
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_store_that_is_busy_is_asked_again_later(
    store: SqlStore, readers: Unsubscribing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsubscribe.build_unsubscribe, "__defaults__", (0.2,))
    pages, held, free = client(readers), threading.Event(), threading.Event()

    def hold() -> None:
        with store._db.write():
            held.set()
            free.wait(10)

    writer = threading.Thread(target=hold)
    writer.start()
    held.wait(10)
    try:
        with capture_logs() as logs:
            page = pages.post(link(readers))
    finally:
        free.set()
        writer.join()
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert "night" not in str(logs)
    assert pages.post(link(readers)).status_code == 200


def test_a_store_in_trouble_is_a_503_and_a_broken_page_names_no_reader(
    pages: TestClient, readers: Unsubscribing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise StoreUnusable("monitor.db", "the disk is full")

    def broken(*_: object) -> bool:
        raise RuntimeError("no such luck")

    for trouble, status in ((full, 503), (broken, 500)):
        monkeypatch.setattr(readers, "leave", trouble)
        with capture_logs() as logs:
            assert pages.post(link(readers)).status_code == status
        assert logs
        assert urlsplit(link(readers)).path.rpartition("/")[2] not in str(logs)


def test_who_hangs_up_in_the_middle_changes_nothing_and_fills_no_log(
    pages: TestClient, readers: Unsubscribing, store: SqlStore
) -> None:
    door = WebDoor(pages.app, listen(ListenAddress("127.0.0.1", 0)))
    door.start()
    try:
        with capture_logs() as logs:
            for path in (urlsplit(link(readers)).path, "/unsubscribe/abc"):
                with connected(door.address.host, door.address.port) as half:
                    half.sendall(
                        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nList".encode()
                    )
                    half.shutdown(socket.SHUT_WR)
                    assert everything(half) == b""
            assert ask(door.address.host, door.address.port).status == 200  # and all before it is done
    finally:
        assert door.stop(10)
    assert store.suppressions.all() == []
    assert logs == []


def test_what_is_logged_names_no_address(pages: TestClient, readers: Unsubscribing) -> None:
    with capture_logs() as logs:
        pages.post(link(readers))
        pages.post(link(readers) + "/again")
    assert [line["event"] for line in logs] == ["unsubscribed", "subscribed again"]
    assert "night" not in str(logs)


def test_without_a_public_address_there_is_no_such_page(readers: Unsubscribing) -> None:
    views = Views(Health, Health, lambda: (b"", "text/plain"))
    page = TestClient(build_pages(views, HERE), base_url="http://127.0.0.1").get(urlsplit(link(readers)).path)
    assert page.status_code == 404


def test_a_link_that_was_sent_under_an_old_name_leaves_the_digest_as_it_is_called_now(store: SqlStore) -> None:
    store.digests.open_digest("morning", NOON)
    store.suppressions.add(Suppression("morning", "day@example.org", NOON, SuppressedBy.LINK))
    sent = link(unsubscribing_of(store, FakeClock(NOON), PUBLIC))
    store.renames.carry_over([Rename(Named.DIGEST, "morning", "border")], {}, NOON)
    pages = client(unsubscribing_of(store, FakeClock(NOON), PUBLIC))
    asked = pages.get(sent)
    assert "border" in asked.text
    assert "morning" not in asked.text
    left = pressed(pages, sent)
    assert "You have unsubscribed" in left.text
    assert store.suppressions.suppressed("border") == {"night@example.org", "day@example.org"}
    assert store.suppressions.suppressed("morning") == frozenset()
    pressed(pages, sent)
    assert store.suppressions.suppressed("border") == {"day@example.org"}
    store.renames.carry_over([Rename(Named.DIGEST, "border", "pass")], {}, NOON)  # and once more
    pages.post(sent)
    assert store.suppressions.suppressed("pass") == {"night@example.org", "day@example.org"}
