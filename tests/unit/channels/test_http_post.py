"""The POST that channels share: why nobody could be reached, in words that hold no secret."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.adapters.channels.http_post import Answer, PostLimits, fault_of, post
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

CERTIFICATE = Path(__file__).parents[2] / "data" / "tls" / "own.test.pem"
LIMITS = PostLimits(connect=5, answer=5, deadline=10)


def posted(url: str) -> Answer:
    return post(Secret(f"{url}/sesame?key=sesame", "env:HOOK"), b"{}", {}, "siem.example", LIMITS)


def why_unreachable(url: str) -> str:
    with pytest.raises(DeliveryFailed) as caught:
        posted(url)
    assert caught.value.fault is DeliveryFault.UNREACHABLE
    assert "sesame" not in caught.value.detail
    return caught.value.detail


@contextmanager
def one_connection(answer: bytes, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port where the first connection is read once and answered with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as talking:
                    talking.recv(65_536)
                    talking.sendall(answer)
            except OSError:
                return  # the other side does not like our certificate

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_a_closed_port_says_connection_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert why_unreachable(f"http://127.0.0.1:{port}") == "siem.example: connection refused"


def test_a_name_nobody_knows_says_so(monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert why_unreachable("https://sesame.example") == "siem.example: its name is not known here"


def test_a_certificate_of_nobody_says_so():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with one_connection(b"", context) as port:
        detail = why_unreachable(f"https://127.0.0.1:{port}")
    assert detail.startswith("siem.example: its certificate does not hold: ")


def test_a_server_without_tls_says_so():
    with one_connection(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        detail = why_unreachable(f"https://127.0.0.1:{port}")
    assert detail.startswith("siem.example: no encrypted connection (")


def test_a_long_answer_is_read_at_its_start_only():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    with one_connection(head + b"x" * 100_000) as port:
        answer = posted(f"http://127.0.0.1:{port}")
    assert (answer.status, answer.text) == (200, "x" * 2_000)


@pytest.mark.parametrize(
    ("statuses", "fault"),
    [
        ((200, 201, 202, 204, 299), None),
        ((429,), DeliveryFault.RATE_LIMITED),
        ((408, 425, 500, 502, 503, 504, 599), DeliveryFault.TEMPORARY),
        ((301, 302, 307, 308, 304, 401, 403, 404, 410), DeliveryFault.BROKEN_RECEIVER),
        ((400, 409, 413, 422, 499), DeliveryFault.REFUSED),
    ],
)
def test_a_status_says_what_became_of_the_message(statuses: tuple[int, ...], fault: DeliveryFault | None):
    assert {fault_of(status) for status in statuses} == {fault}
