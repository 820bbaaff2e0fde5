from __future__ import annotations

import json
import logging
import socket
import socketserver
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import timedelta

import pytest
from digest_samples import DIGEST, message
from http_sink import Sink, http_sink

from monitor.adapters.channels.http_post import PostLimits
from monitor.adapters.channels.slack import SlackChannel
from monitor.core.digests.render import render
from monitor.model.delivery import SlackEndpoint
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

TOKEN = "T000-B000-sesame"
NEWS = message(MessageFormat.SLACK)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as running:
        yield running


def channel(url: str, **timeouts: float) -> SlackChannel:
    endpoint = SlackEndpoint(Secret(f"{url}/services/{TOKEN}", "env:SLACK_WEBHOOK"))
    return SlackChannel(endpoint, PostLimits(**timeouts))


def failure_of(of: SlackChannel) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        of.send(NEWS, "slack", "k")
    shown = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in shown
    assert "\n" not in caught.value.detail
    return caught.value


def test_a_digest_is_posted_as_json(sink: Sink):
    (news,) = render(DIGEST, MessageFormat.SLACK)
    receipt = channel(sink.url).send(news, "slack", "k")
    assert receipt.detail == "HTTP 200 ok"
    ((path, headers, body),) = sink.requests
    assert path == f"/services/{TOKEN}"
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body) == news.payload


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (500, b"server error", DeliveryFault.TEMPORARY),
        (503, b"", DeliveryFault.TEMPORARY),
        (429, b"", DeliveryFault.RATE_LIMITED),
        (403, b"action_prohibited", DeliveryFault.BROKEN_RECEIVER),
        (404, b"no_service", DeliveryFault.BROKEN_RECEIVER),
        (410, b"channel_is_archived", DeliveryFault.BROKEN_RECEIVER),
        (400, b"no_team", DeliveryFault.BROKEN_RECEIVER),
        (400, b"invalid_payload", DeliveryFault.REFUSED),
        (200, b'{"ok": false, "error": "channel_not_found"}', DeliveryFault.BROKEN_RECEIVER),
        (200, b"<html>Welcome to the hotel's WiFi</html>", DeliveryFault.BROKEN_RECEIVER),
        (302, b"", DeliveryFault.BROKEN_RECEIVER),
    ],
)
def test_the_answer_decides(sink: Sink, status: int, body: bytes, fault: DeliveryFault):
    sink.answer = (status, {"Location": f"{sink.url}/elsewhere"}, body)
    assert failure_of(channel(sink.url)).fault is fault
    assert len(sink.requests) == 1  # no redirect is followed


@pytest.mark.parametrize(
    ("header", "wait"),
    [("30", timedelta(seconds=30)), ("99999999999", timedelta(days=1)), ("soon", None), ("٣", None)],
)
def test_retry_after_is_read_in_seconds(sink: Sink, header: str, wait: timedelta | None):
    sink.answer = (429, {"Retry-After": header.encode().decode("latin-1")}, b"")
    assert failure_of(channel(sink.url)).retry_after == wait


def test_an_answer_that_echoes_the_secret_is_not_quoted(sink: Sink):
    sink.answer = (400, {}, f"bad url /services/{TOKEN}".encode())
    assert failure_of(channel(sink.url)).detail == "HTTP 400"


def test_a_compatible_service_may_answer_in_json(sink: Sink):
    sink.answer = (200, {}, b'{"success": true}')
    assert channel(sink.url).send(NEWS, "slack", "k").detail == "HTTP 200 ok"


def test_a_closed_port_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert failure_of(channel(f"http://127.0.0.1:{taken.getsockname()[1]}")).fault is DeliveryFault.UNREACHABLE


def test_no_answer_leaves_the_outcome_unknown(sink: Sink):
    sink.answer = None
    assert failure_of(channel(sink.url)).fault is DeliveryFault.UNKNOWN
    sink.hold.clear()
    assert failure_of(channel(sink.url, answer=0.1)).fault is DeliveryFault.UNKNOWN


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_an_answer_that_drips_is_left_at_the_deadline(head: bytes):
    closed = threading.Event()

    class Dripping(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                self.request.recv(100_000)
                self.request.sendall(head)
                while not closed.wait(0.1):
                    self.request.sendall(b"H")
            except OSError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        start = time.monotonic()
        failure = failure_of(channel(f"http://127.0.0.1:{server.server_address[1]}", deadline=0.5))
        taken = time.monotonic() - start
        closed.set()
        server.shutdown()
        thread.join()
    assert failure.fault is DeliveryFault.UNKNOWN
    assert 0.4 < taken < 2


def test_a_fault_nobody_foresaw_shows_no_secret(sink: Sink, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(sink.url + TOKEN)

    monkeypatch.setattr(json, "dumps", broken)
    failure = failure_of(channel(sink.url))
    assert (failure.fault, failure.detail) == (DeliveryFault.TEMPORARY, "internal error: ZeroDivisionError")


@pytest.mark.parametrize("url", ["ftp://x", "not an address", ""])
def test_a_secret_that_is_no_address_breaks_the_receiver(url: str):
    failure = failure_of(SlackChannel(SlackEndpoint(Secret(url + TOKEN if url else "", "env:SLACK_WEBHOOK"))))
    assert failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert "env:SLACK_WEBHOOK" in failure.detail


def test_the_webhook_appears_in_no_log(sink: Sink, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        channel(sink.url).send(NEWS, "slack", "k")
        sink.answer = (404, {}, b"no_service")
        failure_of(channel(sink.url))
    assert TOKEN not in caplog.text
