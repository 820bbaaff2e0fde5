"""Headers, login, proxy and certificates of one feed: where they go, and above all where not."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from http_server import Asked, LoopbackServer, reply
from proxies import LOGIN, Proxy

from monitor.adapters.fetch import HttpFetcher, client
from monitor.model.access import FeedAccess
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

Fetch = Callable[..., FetchResponse]
Serve = Callable[..., LoopbackServer]
CERTIFICATES = Path(__file__).parents[2] / "data" / "tls"
KEY, BEARER = "battery-staple", "Bearer correct-horse"


async def loopback(host: str) -> Sequence[str]:
    return ["127.0.0.1"]


def wire(home: str) -> FeedAccess:
    return FeedAccess(home, (("X-Key", KEY), ("Accept", "text/x-wire")), BEARER)


def was_sent(asked: Asked) -> tuple[str | None, str | None]:
    return asked.headers.get("x-key"), asked.headers.get("authorization")


SENT, KEPT_BACK = (KEY, BEARER), (None, None)


def secure(serve: Serve, answer: object = b"", name: str = "own.test.pem") -> LoopbackServer:
    return serve(answer or reply(b"<rss/>"), tls=tls_of(name))


@pytest.fixture
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")


# ---- headers and logins


def test_the_feeds_own_host_gets_headers_and_login_and_an_own_accept_replaces_ours(
    fetch: Fetch, serve: Serve
) -> None:
    server = serve(reply(b"<rss/>"))
    assert fetch(server.url(), access=wire(server.url())).outcome is PollOutcome.OK
    (asked,) = server.asked
    assert was_sent(asked) == SENT
    assert asked.headers["accept"] == "text/x-wire"


def test_a_redirect_on_the_same_host_keeps_them(fetch: Fetch, serve: Serve) -> None:
    def answer(asked: Asked) -> bytes:
        return reply(b"x") if asked.target == "/new" else reply(status=302, Location="/new")

    server = serve(answer)
    fetch(server.url("/old"), access=wire(server.url("/old")))
    assert [was_sent(asked) for asked in server.asked] == [SENT, SENT]


@pytest.mark.parametrize("host", ["127.0.0.2", "127.0.0.1"], ids=["another host", "another port"])
def test_a_redirect_elsewhere_leaves_them_behind_also_when_it_leads_on(
    fetch: Fetch, serve: Serve, host: str
) -> None:
    other = serve(reply(b"<rss/>"), address=host)
    server = serve(reply(status=301, Location=other.url()), address="127.0.0.1")
    response = fetch(server.url(), access=wire(server.url()))
    assert response.outcome is PollOutcome.OK
    assert was_sent(server.asked[0]) == SENT
    assert was_sent(other.asked[0]) == KEPT_BACK
    assert "text/x-wire" not in other.asked[0].headers["accept"]


def test_another_name_of_the_same_address_gets_nothing(fetch: Fetch, serve: Serve) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.headers["host"].startswith("one"):
            return reply(status=302, Location=f"http://two.test:{server.port}/")
        return reply(b"x")

    server = serve(answer)
    home = server.url(host="one.test")
    fetch(home, access=wire(home), resolver=loopback)
    assert [was_sent(asked) for asked in server.asked] == [SENT, KEPT_BACK]


def test_from_https_to_http_they_stay_behind(fetch: Fetch, serve: Serve, trusting: ssl.SSLContext) -> None:
    plain = serve(reply(b"<rss/>"))
    home = secure(serve, reply(status=302, Location=f"http://own.test:{plain.port}/"))
    url = home.url(host="own.test")
    fetch(url, access=wire(url), resolver=loopback, ssl_context=trusting)
    assert was_sent(home.asked[0]) == SENT
    assert was_sent(plain.asked[0]) == KEPT_BACK


def test_a_feed_that_has_moved_for_good_to_another_host_is_asked_there_without_and_says_so(
    fetch: Fetch, serve: Serve
) -> None:
    moved = serve(reply(status=401), address="127.0.0.2")
    response = fetch(moved.url(), access=wire("http://127.0.0.1/feed"))
    assert was_sent(moved.asked[0]) == KEPT_BACK
    assert response.outcome is PollOutcome.AUTH_ERROR
    assert response.error == (
        "127.0.0.2: answered 401 Unauthorized; the feed's login and headers are sent to the host of its own url "
        "only"
    )


def test_a_page_on_the_feeds_host_gets_them_its_robots_txt_and_pages_elsewhere_do_not(
    fetch: Fetch, serve: Serve
) -> None:
    home, elsewhere = serve(reply(b"")), serve(reply(b""), address="127.0.0.2")
    for server in (home, elsewhere):
        fetch(server.url("/page"), purpose=Purpose.PAGE, access=wire(home.url("/feed")))
    assert [(asked.target, was_sent(asked)) for asked in home.asked] == [
        ("/robots.txt", KEPT_BACK),
        ("/page", SENT),
    ]
    assert [was_sent(asked) for asked in elsewhere.asked] == [KEPT_BACK, KEPT_BACK]


def test_a_header_that_cannot_be_sent_is_not_repeated(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(b"<rss/>"))
    response = fetch(server.url(), access=FeedAccess(server.url(), (("X-Key", f"{KEY}\n"),)))
    assert response.error == "127.0.0.1: the request cannot be written as HTTP"
    assert not server.asked


def test_no_secret_shows_in_what_comes_back(fetch: Fetch, serve: Serve) -> None:
    access = FeedAccess("http://127.0.0.1/", (("X-Key", KEY),), BEARER, f"http://u:{KEY}@127.0.0.1:1")
    response = fetch("http://127.0.0.1/", access=access)
    assert response.outcome is PollOutcome.UNREACHABLE
    shown = f"{response!r} {response.request!r} {response.error}"
    assert KEY not in shown
    assert "correct-horse" not in shown


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_no_secret_is_logged_however_much_is(
    fetch: Fetch,
    serve: Serve,
    proxy: Callable[..., Proxy],
    caplog: pytest.LogCaptureFixture,
    scheme: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(reply(b"x"))
    by = proxy(login=True)
    access = FeedAccess(server.url(), (("X-Key", "hunter2"),), BEARER, by.url(scheme, login=True))
    assert fetch(server.url(), access=access).outcome is PollOutcome.OK
    assert not any(secret in caplog.text for secret in ("hunter2", "correct-horse", LOGIN[1]))


# ---- certificates


def test_a_feed_may_take_any_certificate_of_its_own_host(fetch: Fetch, serve: Serve) -> None:
    server = secure(serve)
    url = server.url(host="other.test")
    assert fetch(url, resolver=loopback).outcome is PollOutcome.TLS_ERROR
    response = fetch(url, access=FeedAccess(url, verify_tls=False), resolver=loopback)
    assert response.outcome is PollOutcome.OK


def test_another_host_must_show_a_good_one_all_the_same(fetch: Fetch, serve: Serve) -> None:
    elsewhere = secure(serve)
    home = secure(serve, reply(status=302, Location=elsewhere.url(host="elsewhere.test")))
    url = home.url(host="other.test")
    response = fetch(url, access=FeedAccess(url, verify_tls=False), resolver=loopback)
    assert response.outcome is PollOutcome.TLS_ERROR
    assert elsewhere.asked == []


def test_one_feed_that_takes_any_certificate_loosens_no_other(
    fetcher: Callable[..., object], serve: Serve
) -> None:
    server = secure(serve)
    url = server.url(host="other.test")
    one = fetcher(resolver=loopback)
    loose = FetchRequest(1, url, access=FeedAccess(url, verify_tls=False))
    answers = {
        response.request.key: response.outcome
        for response in one.fetch_many(iter([loose, FetchRequest(2, url), loose]))  # type: ignore[attr-defined]
    }
    assert answers == {1: PollOutcome.OK, 2: PollOutcome.TLS_ERROR}


# ---- proxies


@pytest.fixture
def proxy(stack: ExitStack) -> Callable[..., Proxy]:
    def start(names: dict[str, str] | None = None, **more: Any) -> Proxy:
        return stack.enter_context(Proxy(names, **more))

    return start


async def nobody(host: str) -> Sequence[str]:
    raise OSError("names are the proxy's to resolve")


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
@pytest.mark.parametrize("login", [False, True], ids=["open", "with a login"])
def test_a_feed_is_fetched_by_its_proxy_which_resolves_the_name(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy], scheme: str, login: bool
) -> None:
    server = serve(reply(b"<rss/>", ETag='"1"'))
    by = proxy({"wire.test": "127.0.0.1"}, login=login)
    url = server.url("/feed?a=b", host="wire.test")
    response = fetch(url, access=FeedAccess(url, proxy=by.url(scheme, login=login)), resolver=nobody)
    assert (response.outcome, response.body, response.headers["etag"]) == (PollOutcome.OK, b"<rss/>", '"1"')
    assert by.asked == [("GET" if scheme == "http" else "SOCKS", f"wire.test:{server.port}")]
    assert server.asked[0].target == "/feed?a=b"
    assert "user-agent" in server.asked[0].headers


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_certificates_are_checked_through_a_tunnel_too(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy], trusting: ssl.SSLContext, scheme: str
) -> None:
    server = secure(serve)
    by = proxy({"own.test": "127.0.0.1", "other.test": "127.0.0.1"})
    got = {}
    for host in ("own.test", "other.test"):
        url = server.url(host=host)
        access = FeedAccess(url, proxy=by.url(scheme))
        got[host] = fetch(url, access=access, resolver=nobody, ssl_context=trusting).outcome
    assert got == {"own.test": PollOutcome.OK, "other.test": PollOutcome.TLS_ERROR}
    assert len(server.asked) == 1


def test_the_login_for_the_proxy_reaches_no_server_and_that_for_the_server_no_tunnels_head(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy], trusting: ssl.SSLContext
) -> None:
    server = secure(serve)
    by = proxy({"own.test": "127.0.0.1"}, login=True)
    url = server.url(host="own.test")
    access = FeedAccess(url, authorization=BEARER, proxy=by.url(login=True))
    assert fetch(url, access=access, resolver=nobody, ssl_context=trusting).outcome is PollOutcome.OK
    assert "correct-horse" not in by.heads[0]
    assert server.asked[0].headers["authorization"] == BEARER
    assert "proxy-authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("scheme", "refuse", "outcome", "why"),
    [
        ("http", b"", PollOutcome.HTTP_ERROR, "answered 407 Proxy Authentication Required"),
        ("https-target", b"", PollOutcome.UNREACHABLE, "the proxy does not connect: answered 407 Proxy Auth…"),
        (
            "https-target",
            b"502 no",
            PollOutcome.UNREACHABLE,
            "the proxy does not connect: answered 502 Bad Gateway",
        ),
        ("socks5", b"", PollOutcome.UNREACHABLE, "the proxy does not connect: …"),
        ("socks5", b"no", PollOutcome.UNREACHABLE, "the proxy does not connect: …"),
    ],
)
def test_a_proxy_that_refuses_is_named_in_our_own_words(
    fetch: Fetch, proxy: Callable[..., Proxy], scheme: str, refuse: bytes, outcome: PollOutcome, why: str
) -> None:
    by = proxy(login=not refuse, refuse=refuse)
    url = "https://wire.test/" if scheme == "https-target" else "http://wire.test/"
    response = fetch(url, access=FeedAccess(url, proxy=by.url("http" if "http" in scheme else scheme)))
    assert response.outcome is outcome
    assert response.error is not None
    assert response.error.startswith(f"wire.test: {why.removesuffix('…')}")
    assert LOGIN[1] not in response.error


@pytest.mark.parametrize(
    ("url", "said", "outcome", "why"),
    [
        ("http://wire.test/", b"", PollOutcome.TIMEOUT, "no whole answer within 0.3 s"),
        ("http://wire.test/", b"\x05\xff", PollOutcome.UNREACHABLE, "the proxy does not connect: …"),
        ("http://wire.test/", b"HTTP/1.1 400?", PollOutcome.UNREACHABLE, "the proxy does not speak SOCKS5"),
        ("https://127.0.0.1:{port}/", b"", PollOutcome.TIMEOUT, "no whole answer within 0.3 s"),
    ],
    ids=["silent", "wants a login", "speaks something else", "a silent server, without a proxy"],
)
def test_a_handshake_that_came_to_nothing_is_hung_up(
    fetcher: Callable[..., HttpFetcher],
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    said: bytes,
    outcome: PollOutcome,
    why: str,
) -> None:
    monkeypatch.setattr(client, "_new_loop", asyncio.new_event_loop)  # uvloop's sockets end with their last reader
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        proxy = f"socks5://127.0.0.1:{port}" if "wire" in url else None
        request = FetchRequest(1, url.format(port=port), access=FeedAccess(proxy=proxy))
        gc.disable()
        try:
            answers = fetcher(timeout=timedelta(seconds=0.3)).fetch_many(iter([request]))
            with ThreadPoolExecutor(1) as thread:
                answer = thread.submit(next, answers)
                talk, _ = listening.accept()
                with talk:
                    talk.sendall(said)
                    response = answer.result()
                    talk.settimeout(5)
                    while talk.recv(100):
                        pass
        finally:
            gc.enable()
    assert response.outcome is outcome
    assert response.error is not None
    assert response.error.partition(": ")[2].startswith(why.removesuffix("…"))


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_proxy_that_is_not_there_is_what_is_named_and_not_the_feed(fetch: Fetch, scheme: str) -> None:
    access = FeedAccess("http://wire.test/", proxy=f"{scheme}://u:{KEY}@127.0.0.1:9")
    response = fetch("http://wire.test/", access=access)
    assert response.outcome is PollOutcome.UNREACHABLE
    assert response.error is not None
    assert response.error.startswith("wire.test: the proxy cannot be reached: ")
    assert KEY not in response.error


def test_what_robots_txt_says_behind_one_proxy_does_not_hold_behind_another(
    fetcher: Callable[..., HttpFetcher], serve: Serve, proxy: Callable[..., Proxy]
) -> None:
    server = serve(reply(b""))
    url = server.url("/page", host="wire.test")
    ways = [FeedAccess(url, proxy=proxy({"wire.test": "127.0.0.1"}).url()) for _ in range(2)]
    made = fetcher(resolver=nobody)
    for access in (*ways, *ways):
        list(made.fetch_many(iter([FetchRequest(1, url, Purpose.PAGE, access=access)])))
    assert [one.target for one in server.asked].count("/robots.txt") == len(ways)


def tls_of(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / name)
    return context


@pytest.mark.parametrize("verify_tls", [True, False])
def test_the_certificate_of_a_proxy_is_checked_whatever_the_feed_wants_and_before_its_login_is_sent(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy], trusting: ssl.SSLContext, verify_tls: bool
) -> None:
    server = serve(reply(b"<rss/>"))
    by = proxy({"wire.test": "127.0.0.1"}, login=True, tls=tls_of("own.test.pem"))
    url = server.url(host="wire.test")
    got = {}
    for host in ("own.test", "other.test"):
        address = by.url("https", login=True).replace("127.0.0.1", host)
        access = FeedAccess(url, proxy=address, verify_tls=verify_tls)
        got[host] = fetch(url, access=access, resolver=loopback, ssl_context=trusting).outcome
    assert got == {"own.test": PollOutcome.OK, "other.test": PollOutcome.TLS_ERROR}
    assert len(by.heads) == 1


def test_a_proxy_may_have_a_private_address_where_feeds_may_not(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy]
) -> None:
    server = serve(reply(b"<rss/>"))
    by = proxy({"wire.test": "127.0.0.1"})
    url = server.url(host="wire.test")
    response = fetch(url, access=FeedAccess(url, proxy=by.url()), allow_private_addresses=False)
    assert response.outcome is PollOutcome.OK


@pytest.mark.parametrize(
    "inside",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00::1]/",
        "http://100.64.0.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://127.1/",
        "http://0/",
        "http://127.0.0.1./",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://admin.localhost/",
        "http://printer.local/",
        "http://vault.internal/",
        "http://elsewhere.test:6379/",
    ],
)
@pytest.mark.parametrize("purpose", [Purpose.FEED, Purpose.PAGE])
def test_a_proxy_on_this_machine_is_no_way_into_it(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy], inside: str, purpose: Purpose
) -> None:
    server = serve(reply(status=302, Location=inside))
    by = proxy({"wire.test": "127.0.0.1"})
    home = server.url(host="wire.test")
    access = FeedAccess(home, proxy=by.url())
    url = home if purpose is Purpose.FEED else inside
    response = fetch(url, purpose=purpose, access=access, allow_private_addresses=False)
    assert response.outcome is PollOutcome.FORBIDDEN_ADDRESS
    assert len(by.asked) == (purpose is Purpose.FEED)


def test_redirects_pages_and_robots_txt_go_by_the_proxy_too(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy]
) -> None:
    def answer(asked: Asked) -> bytes:
        return reply(status=302, Location="/there") if asked.target == "/page" else reply(b"")

    server = serve(answer)
    by = proxy({"paper.test": "127.0.0.1"})
    access = FeedAccess("http://wire.test/", proxy=by.url())
    url = server.url("/page", host="paper.test")
    assert fetch(url, purpose=Purpose.PAGE, access=access, resolver=nobody).outcome is PollOutcome.OK
    assert [asked.target for asked in server.asked] == ["/robots.txt", "/page", "/there"]
    assert len(by.asked) == 3


def test_an_endless_answer_of_a_proxy_is_stopped_like_a_servers(
    fetch: Fetch, serve: Serve, proxy: Callable[..., Proxy]
) -> None:
    by = proxy(refuse=b"200 Connected\r\nX: " + b"x" * 500_000)
    url = "https://wire.test/"
    response = fetch(url, access=FeedAccess(url, proxy=by.url()))
    assert response.outcome is PollOutcome.PROTOCOL_ERROR
