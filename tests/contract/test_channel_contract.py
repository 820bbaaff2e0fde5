"""What every channel promises, the shipped fake included."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from digest_samples import DIGEST, message, storm
from http_sink import http_sink
from mail_server import mail_server

from monitor.adapters.channels.email import EmailChannel
from monitor.adapters.channels.file import FileChannel
from monitor.adapters.channels.slack import SlackChannel
from monitor.adapters.channels.slack_bot import SlackBotChannel
from monitor.adapters.channels.slack_posting import Pace
from monitor.adapters.channels.stdout import StdoutChannel
from monitor.adapters.channels.webhook import WebhookChannel
from monitor.adapters.clock import SystemClock
from monitor.core.digests.render import render
from monitor.model.delivery import (
    FileEndpoint,
    SlackEndpoint,
    SlackTokenEndpoint,
    SmtpSecurity,
    SmtpSettings,
    WebhookEndpoint,
)
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret
from monitor.ports import Channel
from monitor.testing import RecordingChannel

KEY = "0123456789abcdef0123456789abcdef"
FORMATS = {
    "email": MessageFormat.EMAIL,
    "slack": MessageFormat.SLACK,
    "slack bot": MessageFormat.SLACK,
    "webhook": MessageFormat.JSON,
    "file": MessageFormat.JSON,
    "stdout": MessageFormat.TEXT,
    "recording": MessageFormat.TEXT,
}


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def smtp(port: int) -> SmtpSettings:
    wait = timedelta(seconds=5)
    return SmtpSettings("127.0.0.1", port, SmtpSecurity.NONE, "monitor@example.org", timeout=wait)


def webhook(url: str) -> WebhookChannel:
    return WebhookChannel(WebhookEndpoint(Secret(url), Secret("whsec_" + "A" * 32)), SystemClock(), "1")


def bot(url: str) -> SlackBotChannel:
    return SlackBotChannel(SlackTokenEndpoint(Secret("xoxb-secret"), "#press", url), pace=Pace(gap=0))


def working(name: str, stack: ExitStack, directory: Path) -> Channel:
    makers: dict[str, Callable[[], Channel]] = {
        "email": lambda: EmailChannel(smtp(stack.enter_context(mail_server()).port)),
        "slack": lambda: SlackChannel(
            SlackEndpoint(Secret(stack.enter_context(http_sink()).url)), pace=Pace(gap=0)
        ),
        "slack bot": lambda: bot(stack.enter_context(http_sink(answer=b'{"ok": true}')).url),
        "webhook": lambda: webhook(stack.enter_context(http_sink()).url),
        "file": lambda: FileChannel(FileEndpoint(str(directory))),
        "stdout": lambda: StdoutChannel(io.StringIO()),
        "recording": RecordingChannel,
    }
    return makers[name]()


def failing(name: str, directory: Path) -> Channel:
    in_the_way = directory / "file"
    in_the_way.write_text("x")
    closed = io.StringIO()
    closed.close()
    makers: dict[str, Callable[[], Channel]] = {
        "email": lambda: EmailChannel(smtp(closed_port())),
        "slack": lambda: SlackChannel(SlackEndpoint(Secret(f"http://127.0.0.1:{closed_port()}/secret"))),
        "slack bot": lambda: bot(f"http://127.0.0.1:{closed_port()}/api"),
        "webhook": lambda: webhook(f"http://127.0.0.1:{closed_port()}/secret"),
        "file": lambda: FileChannel(FileEndpoint(str(in_the_way))),
        "stdout": lambda: StdoutChannel(closed),
        "recording": lambda: RecordingChannel([DeliveryFailed(DeliveryFault.UNREACHABLE, "nobody there")]),
    }
    return makers[name]()


@pytest.fixture(params=list(FORMATS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def channel(name: str, tmp_path: Path) -> Iterator[Channel]:
    with ExitStack() as stack:
        yield working(name, stack, tmp_path)


def test_a_message_sent_gives_a_receipt_of_one_line(channel: Channel, name: str):
    for sent in render(DIGEST, FORMATS[name]):
        receipt = channel.send(sent, "desk@example.org", KEY)
        assert receipt.detail
        assert receipt.detail.isprintable()


def test_the_same_message_may_be_sent_twice(channel: Channel, name: str):
    (sent,) = render(DIGEST, FORMATS[name])
    assert channel.send(sent, "desk@example.org", KEY) == channel.send(sent, "desk@example.org", KEY)


def test_every_part_of_a_storm_is_carried(channel: Channel, name: str):
    parts = render(storm(120), FORMATS[name])
    receipts = [channel.send(part, "desk@example.org", f"{part.part:032x}") for part in parts]
    assert len(receipts) == len(parts)


@pytest.mark.parametrize("text", ["", "\r\n.\r\n", "\x00\x1b[31m", "\ud800", "x" * 100_000, "﷽" * 1000])
def test_no_text_breaks_a_channel(channel: Channel, name: str, text: str):
    hostile = message(FORMATS[name], subject=text[:100], text=text, html=text, payload={"text": text})
    assert channel.send(hostile, "desk@example.org", KEY).detail


def test_a_failure_is_a_delivery_failed_of_one_line(name: str, tmp_path: Path):
    broken = failing(name, tmp_path)
    with pytest.raises(DeliveryFailed) as caught:
        broken.send(render(DIGEST, FORMATS[name])[0], "desk@example.org", KEY)
    assert caught.value.detail
    assert caught.value.detail.isprintable()
    assert "secret" not in caught.value.detail
