"""The guard, with and without the fetcher around it; no test here opens a connection beyond loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpcore2
import pytest
from http_server import LoopbackServer, reply

from monitor.adapters.fetch.guard import AddressForbidden, GuardedBackend, NameUnresolved
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchResponse

Fetch = Callable[..., FetchResponse]
PUBLIC, OTHER_PUBLIC = "93.184.216.34", "8.8.8.8"


class Sockets(httpcore2.AsyncNetworkBackend):
    """Records what would have been connected to; the addresses in `dead` do not answer."""

    def __init__(self, dead: Sequence[str] = ()) -> None:
        self.connected: list[tuple[str, int]] = []
        self.dead = dead

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self.dead:
            raise httpcore2.ConnectError("no answer")
        return httpcore2.AsyncMockStream([])


class Names:
    """A resolver that gives the answers of a name in turn, the last one for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answers = self.answers[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def connect(names: Names, sockets: Sockets, host: str, port: int = 80, **settings: Any) -> None:
    backend = GuardedBackend(names, inner=sockets, **({"allow_private": False} | settings))
    asyncio.run(backend.connect_tcp(host, port, timeout=2))


def test_the_name_is_resolved_once_and_the_vetted_address_is_what_is_connected_to() -> None:
    names, sockets = Names(news=[[PUBLIC], ["127.0.0.1"]]), Sockets()
    connect(names, sockets, "news")
    assert names.asked == ["news"]
    assert sockets.connected == [(PUBLIC, 80)]


def test_a_name_that_turns_private_afterwards_is_refused_at_the_next_connect() -> None:
    names, sockets = Names(news=[[PUBLIC], ["127.0.0.1"]]), Sockets()
    connect(names, sockets, "news")
    with pytest.raises(AddressForbidden, match=r"resolves to 127\.0\.0\.1"):
        connect(names, sockets, "news")
    assert sockets.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC], ["169.254.169.254"], ["nonsense"]]
)
def test_one_bad_address_condemns_the_name_before_any_connect(answer: list[str]) -> None:
    sockets = Sockets()
    with pytest.raises(AddressForbidden):
        connect(Names(news=[answer]), sockets, "news")
    assert sockets.connected == []


def test_vetted_addresses_are_tried_in_order() -> None:
    sockets = Sockets(dead=[PUBLIC])
    connect(Names(news=[[PUBLIC, OTHER_PUBLIC]]), sockets, "news", 443)
    assert sockets.connected == [(PUBLIC, 443), (OTHER_PUBLIC, 443)]


@pytest.mark.parametrize("port", [22, 25, 6379, 8000, 65535])
def test_other_ports_are_refused_before_the_name_is_asked_for(port: int) -> None:
    names = Names(news=[[PUBLIC]])
    with pytest.raises(AddressForbidden, match=f"port {port}"):
        connect(names, Sockets(), "news", port)
    assert names.asked == []


def test_the_setting_lifts_addresses_and_ports() -> None:
    sockets = Sockets()
    connect(Names(intranet=[["10.0.0.1"]]), sockets, "intranet", 8000, allow_private=True)
    assert sockets.connected == [("10.0.0.1", 8000)]


def test_a_name_without_addresses_is_not_resolved() -> None:
    with pytest.raises(NameUnresolved):
        connect(Names(news=[[]]), Sockets(), "news")


def test_unix_sockets_are_refused_even_when_private_addresses_are_allowed() -> None:
    backend = GuardedBackend(Names(), allow_private=True)
    with pytest.raises(AddressForbidden):
        asyncio.run(backend.connect_unix_socket("/run/docker.sock"))


def test_a_resolver_that_hangs_is_a_connect_timeout() -> None:
    async def hang(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    backend = GuardedBackend(hang, allow_private=False)
    with pytest.raises(httpcore2.ConnectTimeout):
        asyncio.run(backend.connect_tcp("news", 80, timeout=0.05))


@pytest.mark.parametrize(
    "url",
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
        "http://127。0。0。1/",
        "http://localhost/",
        "http://[::]/",
        "https://10.0.0.1:8443/",
    ],
)
def test_ways_into_the_house_are_refused_by_name(fetch: Fetch, url: str) -> None:
    response = fetch(url, allow_private_addresses=False)
    assert response.outcome is PollOutcome.FORBIDDEN_ADDRESS
    assert response.status is None


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://example.org/x",
        "javascript:alert(1)",
        "data:text/xml,<rss/>",
        "/etc/passwd",
        "",
        "http://",
        "http:///path",
        "http://:80/",
        "http://user:secret@example.org/",
        "http://user@example.org/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://exa\nmple.org/",
        "http://[::1",
        "http://exa%20mple.org/",
        "http://[nonsense/",
        "http://999.1.1.1/",
        "http://example.org/" + "a" * 70_000,
    ],
)
def test_what_is_no_url_to_fetch_is_an_outcome_and_never_an_exception(fetch: Fetch, url: str) -> None:
    response = fetch(url)
    assert response.outcome is PollOutcome.FORBIDDEN_ADDRESS
    assert response.error
    assert "secret" not in response.error


def test_an_impossible_name_is_unreachable(fetch: Fetch) -> None:
    assert fetch("http://" + "a" * 300 + "/").outcome is PollOutcome.UNREACHABLE


def test_a_guarded_fetcher_never_reaches_a_server_on_loopback(
    fetch: Fetch, serve: Callable[..., LoopbackServer]
) -> None:
    server = serve(reply(b"secret"))

    async def resolver(host: str) -> Sequence[str]:
        return ["127.0.0.1"]

    response = fetch(f"http://news.test:{server.port}/", resolver=resolver, allow_private_addresses=False)
    assert response.outcome is PollOutcome.FORBIDDEN_ADDRESS
    assert server.asked == []


def test_a_proxy_in_the_environment_is_not_used(
    fetch: Fetch, serve: Callable[..., LoopbackServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(reply(b"proxy")), serve(reply(b"server"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url())
    assert fetch(server.url()).body == b"server"
    assert proxy.asked == []
