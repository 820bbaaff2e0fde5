"""Certificates are checked by name, and failures are closed and visible.

The certificates in tests/data/tls are made for these tests: a private CA and one server named `own.test`.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from http_server import LoopbackServer, reply

from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchResponse

Fetch = Callable[..., FetchResponse]
Serve = Callable[..., LoopbackServer]

CERTIFICATES = Path(__file__).parents[2] / "data" / "tls"


async def everyone_lives_here(host: str) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "own.test.pem")
    return serve(reply(b"<rss/>"), tls=context)


@pytest.fixture
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")


def test_a_name_with_its_certificate_is_served(
    fetch: Fetch, server: LoopbackServer, trusting: ssl.SSLContext
) -> None:
    response = fetch(server.url(host="own.test"), resolver=everyone_lives_here, ssl_context=trusting)
    assert (response.outcome, response.body) == (PollOutcome.OK, b"<rss/>")


def test_another_name_on_the_same_address_does_not_pass_with_it(
    fetch: Fetch, server: LoopbackServer, trusting: ssl.SSLContext
) -> None:
    response = fetch(server.url(host="other.test"), resolver=everyone_lives_here, ssl_context=trusting)
    assert response.outcome is PollOutcome.TLS_ERROR
    assert "other.test" in (response.error or "")
    assert server.asked == []


def test_an_unknown_authority_fails_closed(fetch: Fetch, server: LoopbackServer) -> None:
    response = fetch(server.url(host="own.test"), resolver=everyone_lives_here)
    assert response.outcome is PollOutcome.TLS_ERROR
    assert "certificate does not hold" in (response.error or "")
    assert server.asked == []


def test_a_server_that_speaks_no_tls_is_a_tls_error(fetch: Fetch, trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_plainly() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer_plainly)
        thread.start()
        url = f"https://own.test:{listening.getsockname()[1]}/"
        response = fetch(url, resolver=everyone_lives_here, ssl_context=trusting)
        thread.join()
    assert response.outcome is PollOutcome.TLS_ERROR
    assert "no TLS connection" in (response.error or "")


def test_http_1_1_is_all_that_is_offered_also_to_a_server_that_prefers_http_2(
    fetch: Fetch, serve: Callable[..., LoopbackServer], trusting: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "own.test.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = serve(reply(b"<rss/>"), tls=context)
    response = fetch(server.url(host="own.test"), resolver=everyone_lives_here, ssl_context=trusting)
    assert (response.outcome, response.body) == (PollOutcome.OK, b"<rss/>")
