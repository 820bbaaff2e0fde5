"""The pages on which a reader leaves a digest.

A GET only asks, a POST does it: programs that look at mail follow every link in it (RFC 8058 §1).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import escape
from http import HTTPStatus
from typing import TypeVar

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from monitor.app.unsubscribing import Reader, Unsubscribing
from monitor.model.errors import StoreError

T = TypeVar("T")
log = structlog.get_logger("monitor.web")

WAIT = 5.0  # seconds for a store that others write to
RETRY_AFTER = "60"  # seconds; mail programs ask again
_AT_ONCE = 2  # in the store: strangers must not take all the threads of the other pages
MAX_BODY = 4096  # bytes: "List-Unsubscribe=One-Click", as a form of either kind

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.1em/1.5 system-ui,sans-serif;max-width:34em;margin:12vh auto;padding:0 1em}"
    "button{font:inherit;padding:.5em 1.2em}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# Only this page may send a form, to itself, and has this style.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def build_unsubscribe(unsubscribing: Unsubscribing, hosts: list[str], wait: float = WAIT) -> ASGIApp:
    """The pages below /unsubscribe, answered by these host names."""
    threads = ThreadPoolExecutor(_AT_ONCE, "unsubscribe")

    async def in_time(work: Callable[[], T]) -> T | None:
        """What the store says; None when it is busy for too long. What was begun still goes on to its end."""
        try:
            return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(threads, work), wait)
        except TimeoutError:
            log.warning("the store is too busy for a reader")
        except StoreError as error:
            log.warning("the store does not answer a reader", why=str(error))
        return None

    async def answer(request: Request, step: Callable[[Reader], bool], back: str) -> Response:
        """`step` tells whether the reader has left, after what it did; `back` is the way to the first page."""
        await request.body()  # what it says changes nothing, but it must not be long
        token = request.path_params["token"]
        holder = unsubscribing.reader_of(token)
        if holder is None:
            return _page("This link does not hold", "<p>It is not complete, or it was not made here.</p>", 404)
        done = await in_time(lambda: _stepped(unsubscribing.today(holder), step))
        if done is None:
            words = "<p>Nothing is lost: please try again in a minute.</p>"
            return _page("Busy at the moment", words, 503, {"retry-after": RETRY_AFTER})
        reader, left = done
        return _left_page(reader, f"{back}{token}/again") if left else _reader_page(reader, f"{back}{token}")

    def leave(reader: Reader) -> bool:
        unsubscribing.leave(reader)
        return True

    def come_back(reader: Reader) -> bool:
        unsubscribing.come_back(reader)
        return False

    async def first(request: Request) -> Response:
        return await answer(request, leave if request.method == "POST" else unsubscribing.has_left, "")

    async def again(request: Request) -> Response:
        return await answer(request, come_back if request.method == "POST" else unsubscribing.has_left, "../")

    methods = ["GET", "POST"]
    app = Starlette(
        routes=[
            Route("/unsubscribe/{token}", first, methods=methods),
            Route("/unsubscribe/{token}/again", again, methods=methods),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        max_body_size=MAX_BODY,
    )
    app.router.redirect_slashes = False
    return app


def _stepped(reader: Reader, step: Callable[[Reader], bool]) -> tuple[Reader, bool]:
    return reader, step(reader)


def _reader_page(reader: Reader, action: str) -> Response:
    return _page("Unsubscribe?", f"<p>{_who(reader)} gets this digest.</p>{_button(action, 'Unsubscribe')}")


def _left_page(reader: Reader, action: str) -> Response:
    return _page(
        "You have unsubscribed", f"<p>{_who(reader)} gets it no more.</p>{_button(action, 'Subscribe again')}"
    )


def _who(reader: Reader) -> str:
    return f"Digest: <b><bdi>{escape(reader.digest)}</bdi></b><br><bdi>{escape(reader.address)}</bdi>"


def _button(action: str, words: str) -> str:
    return f'<form method="post" action="{escape(action)}"><button>{words}</button></form>'


def _page(title: str, words: str, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    content = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>{words}</html>"
    )
    return HTMLResponse(content, status, {"content-security-policy": POLICY, **(headers or {})})
