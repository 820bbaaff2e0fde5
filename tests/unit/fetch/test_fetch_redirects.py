from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpcore2
import httpx2
import pytest
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch.exchange import Exchange, Seat
from monitor.adapters.fetch.politeness import HostTurns
from monitor.adapters.fetch.resolver import Resolver, ThreadResolver
from monitor.adapters.fetch.routes import Routes
from monitor.model.feed import PollOutcome, PollSettings, Validators
from monitor.model.fetch import FetchRequest, FetchResponse

Fetch = Callable[..., FetchResponse]
Serve = Callable[..., LoopbackServer]


def routes(table: dict[str, tuple[int, str]]) -> Callable[[Asked], bytes]:
    """Redirects from a table of path → (status, location); every other path is a feed."""

    def answer(asked: Asked) -> bytes:
        if asked.target not in table:
            return reply(b"<rss/>", ETag='"1"')
        status, location = table[asked.target]
        return reply(b"moved", status, Location=location)

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_the_final_url_told(fetch: Fetch, serve: Serve, status: int) -> None:
    server = serve(routes({"/old": (status, "/new#part")}))
    response = fetch(server.url("/old"))
    assert (response.outcome, response.status, response.body) == (PollOutcome.OK, 200, b"<rss/>")
    assert response.url == server.url("/new")


def test_only_301_and_308_all_the_way_make_a_url_permanent(fetch: Fetch, serve: Serve) -> None:
    server = serve(routes({"/a": (301, "/b"), "/b": (308, "/c"), "/x": (301, "/y"), "/y": (302, "/a")}))
    assert fetch(server.url("/a")).permanent_url == server.url("/c")
    assert fetch(server.url("/x")).permanent_url is None  # the one that is not permanent stands in the middle
    assert fetch(server.url("/c")).permanent_url is None


def test_a_permanent_redirect_to_a_broken_place_is_not_to_be_remembered(fetch: Fetch, serve: Serve) -> None:
    target = serve(reply(b"", 404))
    server = serve(routes({"/a": (301, target.url("/b"))}))
    response = fetch(server.url("/a"))
    assert (response.outcome, response.permanent_url) == (PollOutcome.HTTP_ERROR, None)


def test_five_redirects_are_followed_and_a_sixth_is_not(fetch: Fetch, serve: Serve) -> None:
    server = serve(routes({f"/{n}": (302, f"/{n + 1}") for n in range(6)}))
    assert fetch(server.url("/1")).outcome is PollOutcome.OK
    response = fetch(server.url("/0"))
    assert response.outcome is PollOutcome.BAD_REDIRECT
    assert len(server.asked) == 6 + 6


def test_a_circle_is_noticed_at_once(fetch: Fetch, serve: Serve) -> None:
    server = serve(routes({"/a": (302, "/b"), "/b": (302, "/a")}))
    response = fetch(server.url("/a"))
    assert response.outcome is PollOutcome.BAD_REDIRECT
    assert "circle" in (response.error or "")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "ftp://example.org/",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "http://user:secret@127.0.0.1/",
        "http://[nonsense/",
        "http://999.9.9.9/",
        "http://0177.0.0.1/",
        "http://x:99999/",
        "",
        " ",
    ],
)
def test_a_redirect_to_what_is_not_fetched_is_refused(fetch: Fetch, serve: Serve, location: str) -> None:
    response = fetch(serve(routes({"/": (302, location)})).url("/"))
    assert response.outcome is PollOutcome.BAD_REDIRECT
    assert response.status == 302
    assert "secret" not in (response.error or "")


def test_a_redirect_without_location_is_refused(fetch: Fetch, serve: Serve) -> None:
    assert fetch(serve(reply(b"", 301)).url()).outcome is PollOutcome.BAD_REDIRECT


class Outside(httpcore2.AsyncNetworkBackend):
    """Stands for the public network: leads every address to one server of the test, and records the addresses."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.connected: list[str] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append(host)
        return await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", self.server.port)


def fetch_outside(resolve: Resolver, outside: Outside, urls: Sequence[str]) -> list[FetchResponse]:
    """The answers one after the other, over a guard that is on and a network whose every server is one."""

    async def answers() -> list[FetchResponse]:
        context = httpx2.create_ssl_context(trust_env=False)
        ways = Routes(resolve, context, allow_private=False, inner=outside)
        exchange = Exchange(ways, HostTurns(1, 0.0), PollSettings(), "1", lambda: 0.0)
        seat = Seat(asyncio.Semaphore(1), lambda host: None)
        return [await exchange.fetch(FetchRequest(0, url), seat) for url in urls]

    return asyncio.run(answers())


def test_redirects_into_the_house_meet_the_guard(serve: Serve) -> None:
    inside = serve(reply(b"secret"))
    bad = [
        f"http://127.0.0.1:{inside.port}/",
        "http://127.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00::1]/",
        "http://100.64.0.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://127.1/",
        "http://localhost/",
        "http://evil.example/",
    ]
    outside = Outside(serve(routes({f"/{n}": (302, location) for n, location in enumerate(bad)})))
    system = ThreadResolver()  # what makes 127.0.0.1 of 0x7f.1

    async def resolve(host: str) -> Sequence[str]:
        names = {"news.example": ["93.184.216.34"], "evil.example": ["10.0.0.1"]}
        return names.get(host) or await system(host)

    paths = [*(f"/{n}" for n in range(len(bad))), "/feed"]
    got = [
        one.outcome for one in fetch_outside(resolve, outside, [f"http://news.example{path}" for path in paths])
    ]
    assert got == [PollOutcome.FORBIDDEN_ADDRESS] * len(bad) + [PollOutcome.OK]
    assert set(outside.connected) == {"93.184.216.34"}
    assert inside.asked == []


class Rebinding:
    """A resolver whose answer for every name changes each time it is asked: public, private, public, …"""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return ["93.184.216.34"] if len(self.asked) % 2 else ["127.0.0.1"]


def test_a_name_that_is_rebound_between_check_and_connect_is_connected_to_where_it_was_checked(
    serve: Serve,
) -> None:
    resolver, outside = Rebinding(), Outside(serve(routes({})))
    (response,) = fetch_outside(resolver, outside, ["http://evil.example/feed"])
    assert response.outcome is PollOutcome.OK
    assert (resolver.asked, outside.connected) == (["evil.example"], ["93.184.216.34"])


@pytest.mark.parametrize("location", ["/inside", "http://evil.example/inside", "http://other.example/inside"])
def test_a_name_that_is_rebound_for_its_redirect_is_refused_there(serve: Serve, location: str) -> None:
    server = serve(routes({"/feed": (302, location)}))
    resolver, outside = Rebinding(), Outside(server)
    (response,) = fetch_outside(resolver, outside, ["http://evil.example/feed"])
    assert response.outcome is PollOutcome.FORBIDDEN_ADDRESS
    assert outside.connected == ["93.184.216.34"]
    assert [asked.target for asked in server.asked] == ["/feed"]


def test_validators_stay_with_their_host(fetch: Fetch, serve: Serve) -> None:
    other = serve(reply(b"<rss/>"), address="127.0.0.2")
    server = serve(routes({"/near": (302, "/feed"), "/far": (302, other.url("/feed"))}))
    kept = Validators(etag='"1"', last_modified="Sun, 06 Nov 1994 08:49:37 GMT")
    fetch(server.url("/near"), validators=kept)
    fetch(server.url("/far"), validators=kept)
    assert server.asked[1].headers["if-none-match"] == '"1"'
    assert not {"if-none-match", "if-modified-since", "referer"} & other.asked[0].headers.keys()
