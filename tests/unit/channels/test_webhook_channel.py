from __future__ import annotations

import base64
import json
import logging
import socket
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from digest_samples import DIGEST, message
from http_sink import Sink, http_sink
from standardwebhooks import Webhook, WebhookVerificationError

from monitor.adapters.channels.http_post import PostLimits
from monitor.adapters.channels.webhook import WebhookChannel
from monitor.adapters.clock import SystemClock
from monitor.core.digests.render import render, with_key
from monitor.model.delivery import WebhookEndpoint
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret
from monitor.ports import Clock
from monitor.testing import FakeClock

KEY = "0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes that are secret").decode()
PLACE = "/in/sesame-path?token=sesame%2Dquery&x=1"
NEWS = with_key(render(DIGEST, MessageFormat.JSON)[0], KEY)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as running:
        running.answer = (204, {}, b"")
        yield running


def channel(url: str, clock: Clock | None = None, secret: str = SECRET, **limits: float) -> WebhookChannel:
    endpoint = WebhookEndpoint(Secret(url + PLACE, "env:HOOK"), Secret(secret, "env:HOOK_SECRET"))
    return WebhookChannel(endpoint, clock or SystemClock(), "1.2.3", PostLimits(**limits))


def failure_of(of: WebhookChannel) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        of.send(NEWS, "webhook", KEY)
    shown = "".join(traceback.format_exception(caught.value))
    assert "sesame" not in shown
    assert SECRET not in shown
    assert "\n" not in caught.value.detail
    return caught.value


def test_a_digest_is_posted_as_json_and_signed(sink: Sink):
    receipt = channel(sink.url).send(NEWS, "webhook", KEY)
    assert receipt.detail == "HTTP 204"
    ((path, headers, body),) = sink.requests
    assert path == PLACE
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "media-monitor/1.2.3"
    assert headers["webhook-id"] == KEY
    verified = Webhook(SECRET).verify(body, headers)
    assert verified == NEWS.payload
    assert verified["key"] == KEY


def test_the_body_is_compact_and_in_the_letters_of_its_language(sink: Sink):
    channel(sink.url).send(NEWS, "webhook", KEY)
    body = sink.requests[0][2].decode()
    assert "د طورخم دروازه" in body
    assert '", "' not in body.replace(json.dumps(NEWS.payload["stories"], ensure_ascii=False), "")
    assert body == json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_a_retry_has_the_same_id_and_body_and_a_signature_of_its_own_time(sink: Sink):
    clock = FakeClock(SystemClock().now() - timedelta(minutes=4))
    of = channel(sink.url, clock)
    sink.answer = (503, {}, b"")
    with pytest.raises(DeliveryFailed):
        of.send(NEWS, "webhook", KEY)
    clock.advance(timedelta(minutes=3))
    sink.answer = (200, {}, b"")
    reordered = replace(NEWS, payload=dict(reversed(list((NEWS.payload or {}).items()))))
    of.send(reordered, "webhook", KEY)  # a store may give the keys back in another order
    (_, first, body), (_, second, again) = sink.requests
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] == KEY
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 180
    for headers in (first, second):
        Webhook(SECRET).verify(body, headers)


def test_a_changed_body_id_or_time_or_another_secret_does_not_verify(sink: Sink):
    channel(sink.url).send(NEWS, "webhook", KEY)
    ((_, headers, body),) = sink.requests
    other = "whsec_" + base64.b64encode(b"k" * 32).decode()
    forged = [
        (SECRET, body + b" ", headers),
        (SECRET, body, {**headers, "webhook-id": "0" * 32}),
        (SECRET, body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
        (other, body, headers),
    ]
    for secret, changed, told in forged:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(changed, told)


def test_an_old_request_cannot_be_played_again(sink: Sink):
    channel(sink.url, FakeClock(SystemClock().now() - timedelta(minutes=6))).send(NEWS, "webhook", KEY)
    ((_, headers, body),) = sink.requests
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(body, headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226])
def test_any_2xx_is_a_receipt(sink: Sink, status: int):
    sink.answer = (status, {}, b"")
    assert channel(sink.url).send(NEWS, "webhook", KEY).detail == f"HTTP {status}"


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (500, DeliveryFault.TEMPORARY),
        (503, DeliveryFault.TEMPORARY),
        (408, DeliveryFault.TEMPORARY),
        (425, DeliveryFault.TEMPORARY),
        (429, DeliveryFault.RATE_LIMITED),
        (401, DeliveryFault.BROKEN_RECEIVER),
        (403, DeliveryFault.BROKEN_RECEIVER),
        (404, DeliveryFault.BROKEN_RECEIVER),
        (410, DeliveryFault.BROKEN_RECEIVER),
        (302, DeliveryFault.BROKEN_RECEIVER),
        (308, DeliveryFault.BROKEN_RECEIVER),
        (400, DeliveryFault.REFUSED),
        (413, DeliveryFault.REFUSED),
    ],
)
def test_the_status_decides_and_no_redirect_is_followed(sink: Sink, status: int, fault: DeliveryFault):
    sink.answer = (status, {"Location": f"{sink.url}/elsewhere"}, b"")
    failure = failure_of(channel(sink.url))
    assert (failure.fault, failure.detail) == (fault, f"HTTP {status}")
    assert len(sink.requests) == 1


NOW = FakeClock().now()


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("99999999999", timedelta(days=1)),
        ("Wed, 22 Feb 2023 12:10:00 GMT", timedelta(minutes=10)),
        ("Wed, 22 Feb 2040 12:00:00 GMT", timedelta(days=1)),
        ("Wed, 22 Feb 2023 11:59:00 GMT", None),
        ("Wed, 22 Feb 2023 12:10:00 -0000", None),
        ("soon", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_in_both_its_forms(sink: Sink, status: int, header: str, wait: timedelta | None):
    sink.answer = (status, {"Retry-After": header}, b"")
    assert failure_of(channel(sink.url, FakeClock(NOW))).retry_after == wait


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("quota exceeded", "HTTP 400 quota exceeded"),
        ('{"error": "no such index"}\nmore', 'HTTP 400 {"error": "no such index"}'),
        ("x" * 3000, "HTTP 400 " + "x" * 100),
        ("<html>Bad request</html>", "HTTP 400"),
        ("", "HTTP 400"),
        ("\x1b[2Jcleared", "HTTP 400"),
        ("\udcff", "HTTP 400"),
        ("ok 1", "HTTP 400 ok 1"),
        (f"POST {PLACE}", "HTTP 400"),
        ("unknown token sesame-query", "HTTP 400"),
        ("unknown token SESAME-QUERY", "HTTP 400"),
        ("unknown token ses…ame-query", "HTTP 400"),
        ("bad%20token%20sesame%2dquery", "HTTP 400"),
        ("a long story\n" * 9 + "and sesame-path", "HTTP 400"),
        (f"signed with {SECRET.removeprefix('whsec_')[:12]}", "HTTP 400"),
    ],
)
def test_an_answer_is_quoted_on_one_line_unless_it_may_repeat_a_secret(sink: Sink, said: str, quoted: str):
    sink.answer = (400, {}, said.encode("utf-8", "surrogateescape"))
    assert failure_of(channel(sink.url)).detail == quoted


def test_a_receipt_quotes_the_answer_too(sink: Sink):
    sink.answer = (202, {}, b"queued as 17")
    assert channel(sink.url).send(NEWS, "webhook", KEY).detail == "HTTP 202 queued as 17"


def test_a_closed_port_is_unreachable_and_names_the_host_only():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failure = failure_of(channel(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert (failure.fault, failure.detail) == (DeliveryFault.UNREACHABLE, "127.0.0.1: connection refused")


def test_no_answer_leaves_the_outcome_unknown(sink: Sink):
    sink.answer = None
    assert failure_of(channel(sink.url)).fault is DeliveryFault.UNKNOWN
    sink.hold.clear()
    assert failure_of(channel(sink.url, answer=0.1)).fault is DeliveryFault.UNKNOWN


def test_a_message_that_is_no_json_is_refused(sink: Sink):
    with pytest.raises(DeliveryFailed) as caught:
        channel(sink.url).send(message(payload=None), "webhook", KEY)
    assert caught.value.fault is DeliveryFault.REFUSED
    assert not sink.requests


def test_a_malformed_secret_breaks_the_receiver_and_is_not_shown(sink: Sink):
    failure = failure_of(channel(sink.url, secret="whsec_sesame"))
    assert failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert failure.detail.startswith("env:HOOK_SECRET: is no signing secret")


@pytest.mark.parametrize("url", ["ftp://x", "not an address", ""])
def test_an_address_that_is_none_breaks_the_receiver(url: str):
    failure = failure_of(channel(url))
    assert failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert "env:HOOK" in failure.detail


def test_a_fault_nobody_foresaw_shows_no_secret(sink: Sink, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(sink.url + PLACE)

    monkeypatch.setattr(json, "dumps", broken)
    failure = failure_of(channel(sink.url))
    assert (failure.fault, failure.detail) == (DeliveryFault.TEMPORARY, "internal error: ZeroDivisionError")


def test_address_and_secret_appear_in_no_log_and_no_repr(sink: Sink, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        channel(sink.url).send(NEWS, "webhook", KEY)
        sink.answer = (404, {}, b"")
        failure_of(channel(sink.url))
    endpoint = WebhookEndpoint(Secret(sink.url + PLACE, "env:HOOK"), Secret(SECRET, "env:HOOK_SECRET"))
    for told in (caplog.text, repr(endpoint), str(endpoint)):
        assert "sesame" not in told
        assert SECRET not in told
