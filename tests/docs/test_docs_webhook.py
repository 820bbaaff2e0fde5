"""The page on webhooks: its code checks what the real channel posts, and its body has the keys of a real one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from digest_samples import DIGEST, TORKHAM
from documents import document
from http_sink import Sink, http_sink

from monitor.adapters.channels.webhook import WebhookChannel
from monitor.adapters.clock import SystemClock
from monitor.core.digests.render import render, with_key
from monitor.core.signing import key_of
from monitor.model.delivery import WebhookEndpoint
from monitor.model.digest import Badge, MessageFormat
from monitor.model.secret import Secret
from monitor.ports import Clock
from monitor.testing import FakeClock

PAGE = document("docs/how-to/receive-webhooks.md")
KEY = "0123456789abcdef0123456789abcdef"


def fence(language: str, number: int = 0) -> str:
    return [one.text for one in PAGE.fences if one.language == language][number]


def function(name: str, number: int) -> Callable[..., Any]:
    """A function that a block of the page defines."""
    namespace: dict[str, Any] = {}
    exec(fence("python", number), namespace)
    return namespace[name]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def secret() -> str:
    """A secret as the page's own command makes one."""
    command = fence("sh").strip()
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30).stdout.strip()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as running:
        yield running


def posted(sink: Sink, secret: str, clock: Clock | None = None) -> tuple[Mapping[str, str], bytes]:
    """What the channel posts of a digest."""
    updated = replace(DIGEST, stories=(replace(TORKHAM, badges=(Badge.UPDATED,)),))
    (message,) = render(updated, MessageFormat.JSON)
    endpoint = WebhookEndpoint(Secret(sink.url), Secret(secret))
    WebhookChannel(endpoint, clock or SystemClock(), "1").send(with_key(message, KEY), "webhook", KEY)
    _, headers, body = sink.requests[-1]
    return headers, body


def test_the_command_makes_a_secret_that_the_config_takes(secret: str):
    assert len(key_of(secret)) == 32


def test_ten_lines_tell_a_digest_from_a_forgery(sink: Sink, secret: str):
    is_genuine = function("is_genuine", 0)
    assert len(fence("python").strip().splitlines()) <= 12
    headers, body = posted(sink, secret)
    assert is_genuine(headers, body, secret)
    assert is_genuine({**headers, "webhook-signature": "v1a,x " + headers["webhook-signature"]}, body, secret)
    assert not is_genuine(headers, body + b" ", secret)
    assert not is_genuine({**headers, "webhook-id": "0"}, body, secret)
    assert not is_genuine(headers, body, "whsec_" + "A" * 32)
    assert not is_genuine(*posted(sink, secret, FakeClock(SystemClock().now() - timedelta(minutes=6))), secret)


def test_the_library_gives_the_digest(sink: Sink, secret: str):
    assert function("digest_of", 1)(*posted(sink, secret), secret)["key"] == KEY


def test_the_body_shown_has_the_keys_of_a_real_one(sink: Sink, secret: str):
    real = json.loads(posted(sink, secret)[1])
    assert shape(json.loads(fence("json"))) == shape(real)


def shape(value: Any) -> Any:
    """Keys and kinds of values, lists by their first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__
