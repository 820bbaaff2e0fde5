"""The way to hubs, which strangers' feeds name: real servers, hostile ones, and none inside the house."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from desk import eventually
from http_server import Asked, LoopbackServer, reply
from http_sink import http_sink

from monitor.adapters.fetch.hubs import MAX_REDIRECTS, HttpHubs
from monitor.model.feed import PollSettings
from monitor.model.websub import HubAnswer, HubRequest

OPEN = PollSettings(allow_private_addresses=True, host_delay=timedelta(0))
FORM = (("hub.mode", "subscribe"), ("hub.topic", "https://news.example/?a=1&b=ü"), ("hub.secret", "sesame"))


def ask(url: str, settings: PollSettings = OPEN, seconds: float = 5.0) -> HubAnswer:
    (answer,) = HttpHubs(settings, "1.2", seconds=seconds).ask([HubRequest(7, url, FORM)])
    assert answer.key == 7
    assert "sesame" not in repr(answer)
    return answer


def test_a_form_is_posted_as_the_standard_says() -> None:
    with http_sink() as hub:
        hub.answer = (202, {}, b"")
        assert ask(f"{hub.url}/hub?x=1").error is None
    ((path, headers, body),) = hub.requests
    assert path == "/hub?x=1"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["user-agent"].startswith("media-monitor/1.2")
    assert parse_qs(body.decode()) == {name: [value] for name, value in FORM}


@pytest.mark.parametrize("status", [200, 204])
def test_any_success_is_one(status: int) -> None:
    with http_sink() as hub:
        hub.answer = (status, {}, b"")
        assert ask(hub.url).error is None


def test_what_a_hub_says_is_never_repeated_since_it_knows_the_secret() -> None:
    with http_sink() as hub:
        hub.answer = (422, {}, b"hub.secret=sesame is too short")
        assert ask(hub.url).error == "127.0.0.1: answered 422 Unprocessable Entity"


def test_a_hub_may_name_another_one() -> None:
    with http_sink() as hub, http_sink() as other:
        hub.answer = (307, {"Location": f"{other.url}/there"}, b"")
        other.answer = (202, {}, b"")
        assert ask(hub.url).error is None
    assert [path for path, _, _ in other.requests] == ["/there"]
    assert other.requests[0][2] == hub.requests[0][2]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_make_a_get_of_it_is_an_error(status: int) -> None:
    with http_sink() as hub, http_sink() as other:
        hub.answer = (status, {"Location": other.url}, b"")
        assert str(status) in str(ask(hub.url).error)
    assert not other.requests


def test_hubs_that_name_each_other_are_left() -> None:
    with http_sink() as hub:
        hub.answer = (308, {"Location": hub.url}, b"")
        assert "redirects more than" in str(ask(hub.url).error)
    assert len(hub.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/hub",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "gopher://hub.example/",
        "https://user:word@hub.example/",
        "https://hub.example:22/",
    ],
)
def test_nothing_inside_the_house_is_posted_to(url: str) -> None:
    assert ask(url, PollSettings()).error is not None


def test_a_name_that_leads_into_the_house_is_refused() -> None:
    async def resolve(host: str) -> list[str]:
        return ["127.0.0.1"]

    hubs = HttpHubs(PollSettings(), "1.2", resolver=resolve)
    (answer,) = hubs.ask([HubRequest(1, "http://evil.example/", FORM)])
    assert "refused before connecting" in str(answer.error)


def test_a_secret_is_not_sent_on_from_tls_to_none() -> None:
    import httpx2

    from monitor.adapters.fetch.faults import Refused
    from monitor.adapters.fetch.hubs import _next_hub

    here = httpx2.URL("https://hub.example/")
    with pytest.raises(Refused, match="TLS"):
        _next_hub(here, httpx2.Response(307, headers={"location": "http://hub.example/"}))
    assert _next_hub(here, httpx2.Response(307, headers={"location": "/there"})) == httpx2.URL(
        "https://hub.example/there"
    )


def test_a_hub_that_drips_is_given_up_and_holds_no_other() -> None:
    def drip(asked: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 202 X\r\n"
        yield from slow.drip(b"X-Slow: 1\r\n")

    with LoopbackServer(drip, "127.0.0.2") as slow, http_sink() as quick:
        quick.answer = (202, {}, b"")
        requests = [HubRequest(one, slow.url(), FORM) for one in range(5)]
        begun = time.monotonic()
        answers = HttpHubs(OPEN, "1.2", seconds=1.0).ask([*requests, HubRequest(9, quick.url, FORM)])
        assert time.monotonic() - begun < 4  # the others of the slow host are not tried one after the other
        assert len(slow.asked) == 1
    errors = {one.key: one.error for one in answers}
    assert errors[9] is None
    assert all("no answer within 1 s" in str(errors[one]) for one in range(5))


def test_what_is_in_flight_is_given_up_when_the_monitor_stops() -> None:
    with http_sink() as hub, ThreadPoolExecutor(1) as threads:
        hub.hold.clear()
        hubs = HttpHubs(OPEN, "1.2", seconds=60)
        asking = threads.submit(hubs.ask, [HubRequest(1, hub.url, FORM)])
        eventually(lambda: hub.requests, "the request")
        hubs.close()
        hubs.close()
        assert asking.result(5) == []
        assert hubs.ask([HubRequest(1, hub.url, FORM)]) == []
        assert len(hub.requests) == 1


def test_a_body_without_end_is_not_read() -> None:
    with LoopbackServer(lambda asked: endless(asked)) as hub:

        def endless(asked: Asked) -> Iterator[bytes]:
            yield b"HTTP/1.1 202 X\r\nContent-Length: 99999999999\r\n\r\n"
            yield from hub.drip(b"x" * 1000, every=0.001)

        assert ask(hub.url()).error is None


def test_a_hub_that_is_down_or_speaks_no_http_is_an_error() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "connect" in str(ask(f"http://127.0.0.1:{port}/").error)
    with LoopbackServer(b"220 mail.example ESMTP\r\n") as mail:
        assert ask(mail.url()).error is not None
    with LoopbackServer(reply(status=500, length=0, X_Odd="a" * 200_000)) as odd:
        assert ask(odd.url()).error is not None
