"""The callbacks of WebSub: a GET verifies what we asked a hub for, a POST brings what is new."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from monitor.app.pushing import HubQuestion, Pushing
from monitor.model.errors import StoreError
from monitor.model.websub import PushOutcome

T = TypeVar("T")
log = structlog.get_logger("monitor.web")

WAIT = 5.0  # seconds for a store that others write to; hubs try again
RETRY_AFTER = "60"  # seconds
_BODIES = 4  # in memory at once: each may be as large as a poll's
_OF_ONE_HUB = 2  # of them: one that drips must not keep out the others
_BODY_SECONDS = 15.0
_AT_ONCE = 2  # in the store: strangers must not take all the threads of the other pages


def build_websub(pushing: Pushing, hosts: list[str], wait: float = WAIT) -> ASGIApp:
    """The callbacks below /websub, answered by these host names."""
    threads = ThreadPoolExecutor(_AT_ONCE, "websub")
    at_work: Counter[str] = Counter()  # bodies that are received, by hub

    async def in_time(work: Callable[[], T]) -> T:
        """What the store says. Raises TimeoutError when it is busy for too long, and StoreError."""
        return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(threads, work), wait)

    async def verify(request: Request) -> Response:
        asked = request.query_params
        question = HubQuestion(
            *(asked.get(f"hub.{name}") for name in ("mode", "topic", "challenge", "lease_seconds", "reason"))
        )
        said = await in_time(lambda: pushing.answer(request.path_params["token"], question))
        return _gone(HTTPStatus.NOT_FOUND) if said is None else PlainTextResponse(said)

    async def push(request: Request) -> Response:
        token = request.path_params["token"]
        subscription = await in_time(lambda: pushing.expects(token))
        if subscription is None:
            return _gone(HTTPStatus.GONE)  # a hub may end such a subscription (§7)
        hub, headers = subscription.hub, request.headers
        if at_work.total() >= _BODIES or at_work[hub] >= _OF_ONE_HUB:
            return _busy()
        at_work[hub] += 1
        try:
            body = await asyncio.wait_for(_body(request, pushing.settings().max_bytes), _BODY_SECONDS)
            kind, signature = headers.get("content-type"), headers.get("x-hub-signature")
            outcome = await in_time(lambda: pushing.take(subscription, body, kind, signature))
        finally:
            at_work[hub] -= 1
            if not at_work[hub]:
                del at_work[hub]
        if outcome is PushOutcome.TOO_LARGE:
            return PlainTextResponse("too large\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        # §7.1: what is ignored may be acknowledged, so that a forger learns nothing.
        return PlainTextResponse("accepted\n", HTTPStatus.ACCEPTED)

    async def callback(request: Request) -> Response:
        try:
            return await (push(request) if request.method == "POST" else verify(request))
        except TimeoutError:
            log.warning("a hub, or the store for it, took too long")
        except StoreError as error:
            log.warning("the store does not answer a hub", why=str(error))
        return _busy()

    app = Starlette(
        routes=[Route("/websub/{token}", callback, methods=["GET", "POST"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
    )
    app.router.redirect_slashes = False
    return app


async def _body(request: Request, most: int) -> bytes | None:
    """The body as it came; None when there is more of it."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def _gone(status: HTTPStatus) -> Response:
    return PlainTextResponse("no such subscription\n", status)


def _busy() -> Response:
    return PlainTextResponse("busy\n", HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": RETRY_AFTER})
