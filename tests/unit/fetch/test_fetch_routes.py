"""Which host is a feed's own, and which names a proxy is not asked for."""

from __future__ import annotations

import ssl

import httpx2
import pytest

from monitor.adapters.fetch.routes import Routes, Way, is_home
from monitor.adapters.fetch.unresolved import judge_name
from monitor.model.access import PLAIN_ACCESS, FeedAccess


@pytest.mark.parametrize(
    ("home", "target"),
    [
        ("https://wire.example/feed", "https://wire.example/other?x"),
        ("https://wire.example/feed", "https://WIRE.example.:443/"),
        ("https://wire.example:8443/feed", "https://wire.example:8443/"),
        ("http://wire.example/feed", "http://wire.example/"),
        ("http://wire.example/feed", "https://wire.example/"),  # what a server does that wants to be safer
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://[::1]:8080/", "http://[::1]:8080/x"),
    ],
)
def test_the_same_host_and_port_is_home_and_so_is_its_move_to_https(home: str, target: str) -> None:
    assert is_home(FeedAccess(home), httpx2.URL(target))


@pytest.mark.parametrize(
    ("home", "target"),
    [
        ("https://wire.example/", "http://wire.example/"),
        ("https://wire.example/", "https://wire.example:8443/"),
        ("http://wire.example:8080/", "https://wire.example:8443/"),
        ("http://wire.example:8080/", "https://wire.example:8080/"),
        ("https://wire.example/", "https://www.wire.example/"),
        ("https://wire.example/", "https://wire.example.evil.test/"),
        ("https://wire.example/", "https://evilwire.example/"),
        ("https://wire.example/", "https://evil.test/wire.example"),
        ("http://127.0.0.1/", "http://127.1/"),
        ("", "https://wire.example/"),
        ("not a url", "https://wire.example/"),
    ],
)
def test_everything_else_is_elsewhere(home: str, target: str) -> None:
    assert not is_home(FeedAccess(home), httpx2.URL(target))


@pytest.mark.parametrize(
    "host", ["wire.example", "93.184.216.34", "2606:2800:220:1::1", "local.example", "1a.example"]
)
def test_a_proxy_is_asked_for_public_names_and_addresses(host: str) -> None:
    assert judge_name(host) is None


@pytest.mark.parametrize(
    "host",
    [
        *("0x", "0X7f.0.0.1", "a.1", "127.0.0.1.", "::ffff:127.0.0.1", "fe80::1"),
        *("home.arpa", "vault", "vault.", "wiki.corp", "nas.lan", "router.home", "a.intranet", "a.private"),
    ],
)
def test_a_proxy_is_not_asked_for_old_forms_of_addresses_nor_for_the_house(host: str) -> None:
    assert judge_name(host) is not None


def test_a_ways_transport_is_made_once_and_only_so_many_are_kept() -> None:
    async def nobody(host: str) -> list[str]:
        return []

    routes = Routes(nobody, ssl.create_default_context(), allow_private=False)
    plain = Way(None, True)
    first = routes.transport(plain)
    assert routes.transport(plain) is first
    for number in range(300):
        routes.transport(Way(f"http://proxy.example:{number + 1}", True))
    assert len(routes._kept) == 256
    assert routes.transport(plain) is not first


def test_a_way_does_not_show_its_proxy() -> None:
    way = Way("http://desk:battery-staple@proxy.example", False)
    assert "proxy.example" not in f"{way!r} {way}"


def test_without_an_access_every_request_goes_directly_and_checks_certificates() -> None:
    async def nobody(host: str) -> list[str]:
        return []

    routes = Routes(nobody, ssl.create_default_context(), allow_private=False)
    assert routes.way(PLAIN_ACCESS, httpx2.URL("http://127.0.0.1/")) == Way(None, True)
