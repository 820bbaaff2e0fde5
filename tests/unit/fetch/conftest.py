"""Fixtures of the fetcher's tests: real servers on loopback, a fetcher allowed to reach them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from http_server import Answer, LoopbackServer

from monitor.adapters.fetch import HttpFetcher
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.feed import PollSettings, Validators
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: ExitStack) -> Callable[..., LoopbackServer]:
    def start(
        answer: Answer | bytes, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> LoopbackServer:
        return stack.enter_context(LoopbackServer(answer, address, tls))

    return start


@pytest.fixture(scope="session")
def default_context() -> ssl.SSLContext:
    """The context a fetcher makes for itself, made once: it takes longer than most of these tests."""
    return httpx2.create_ssl_context(trust_env=False)


@pytest.fixture
def fetcher(stack: ExitStack, default_context: ssl.SSLContext) -> Callable[..., HttpFetcher]:
    """Makes fetchers; loopback is allowed and hosts are not paused for, unless the test says otherwise."""

    def make(resolver: Any = None, ssl_context: Any = None, monotonic: Any = None, **settings: Any) -> HttpFetcher:
        merged: dict[str, Any] = {
            "allow_private_addresses": True,
            "host_delay": timedelta(0),
            "timeout": timedelta(seconds=10),
        } | settings
        more = {"monotonic": monotonic} if monotonic else {}
        made = HttpFetcher(
            PollSettings(**merged), "1.2", resolver=resolver, ssl_context=ssl_context or default_context, **more
        )
        stack.callback(made.close)
        return made

    return make


@pytest.fixture
def fetch(fetcher: Callable[..., HttpFetcher]) -> Callable[..., FetchResponse]:
    """Fetches one URL with a fetcher of its own."""

    def get(
        url: str,
        *,
        purpose: Purpose = Purpose.FEED,
        validators: Validators | None = None,
        access: FeedAccess = PLAIN_ACCESS,
        **settings: Any,
    ) -> FetchResponse:
        request = FetchRequest(7, url, purpose, validators or Validators(), access)
        (response,) = fetcher(**settings).fetch_many(iter([request]))
        assert response.request is request
        return response

    return get
