"""Which pages there are. Each asks a view and writes down the answer; none decides anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.pushing import Pushing
from monitor.app.unsubscribing import Unsubscribing
from monitor.app.vitals import Health, health_json
from monitor.model.web import ListenAddress
from monitor.web.api import PREFIX as API
from monitor.web.api import build_api
from monitor.web.arrival import FromHereOrKnown
from monitor.web.guard import Guard
from monitor.web.site import build_site
from monitor.web.site.lanes import Lanes
from monitor.web.site.warming import warm
from monitor.web.unsubscribe import build_unsubscribe
from monitor.web.websub import build_websub


@dataclass(frozen=True, slots=True)
class Views:
    """What the pages show. `alive` must not wait for anything; the others may take their time, in any thread.

    `metrics` gives a body and its content type. `unsubscribing` and `pushing` are there where the config has a
    public address. Whatever is no probe is a page of the dashboard, where there
    are `open_house` and `entrance`.
    """

    alive: Callable[[], Health]
    ready: Callable[[], Health]
    metrics: Callable[[], tuple[bytes, str]]
    unsubscribing: Unsubscribing | None = None
    pushing: Pushing | None = None
    open_house: OpenHouse | None = None
    entrance: Entrance | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How the pages are reached from elsewhere: by these names, and through the proxies of these networks, whose
    word is taken for who asks and how."""

    hosts: Sequence[str] = ()
    proxies: Sequence[str] = ()


def build_pages(views: Views, address: ListenAddress, reach: Reach = Reach()) -> ASGIApp:
    """The pages as one ASGI application for that listener."""
    pages = Guard(_pages(views, address, reach))
    if not reach.proxies:
        return pages
    proxied = ProxyHeadersMiddleware(cast(Any, pages), trusted_hosts=list(reach.proxies))
    return cast(ASGIApp, proxied)


def warming_of(views: Views) -> Callable[[threading.Event], None] | None:
    """What makes the dashboard ready for its first visitors; None where there is no dashboard."""
    return None if views.open_house is None else partial(warm, views.open_house)


def _pages(views: Views, address: ListenAddress, reach: Reach) -> ASGIApp:
    here = _names(address)
    names = [*here, *reach.hosts]

    # On the loop itself: while every thread waits for a store that hangs, this page still answers.
    async def healthz(_: Request) -> Response:
        return _health(views.alive())

    # What is not async runs in a thread of the pool.
    def readyz(_: Request) -> Response:
        return _health(views.ready())

    def metrics(_: Request) -> Response:
        body, content_type = views.metrics()
        return Response(body, headers={"content-type": content_type})

    probes = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
    app = Starlette(
        routes=[Route(path, page, methods=["GET"]) for path, page in probes.items()],  # and with it HEAD
        # A name of somebody else's that points here is a web site that wants to read through its visitor's
        # browser (DNS rebinding): only the names of this machine are answered.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)],
        max_body_size=0,
    )
    app.router.redirect_slashes = False
    own: ASGIApp = app
    if views.open_house is not None and views.entrance is not None:
        asked: ASGIApp = app
        if reach.hosts or reach.proxies or not address.is_loopback:
            asked = FromHereOrKnown(app, views.entrance, here)
        lanes = Lanes()  # of both together: the probes need room beside them
        site = build_site(views.open_house, views.entrance, names, lanes)
        api = build_api(views.open_house, views.entrance, names, lanes)
        own = _first_of(dict.fromkeys(probes, asked), _below(API, api, site))
    if views.unsubscribing is None:
        return own
    public = urlsplit(views.unsubscribing.public_url)
    known = [*here, _netloc(public.hostname or "")]
    below = {"/unsubscribe/": build_unsubscribe(views.unsubscribing, known)}
    if views.pushing is not None:
        below["/websub/"] = build_websub(views.pushing, known)
    return _beside(own, below, unquote(public.path))


def _below(start: str, app: ASGIApp, other: ASGIApp) -> ASGIApp:
    """Sends a path and what is below it to its application, and every other one to the other."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        inside = f"{scope.get('path', '')}/".startswith(f"{start}/")
        await (app if inside else other)(scope, receive, send)

    return chosen


def _first_of(known: Mapping[str, ASGIApp], other: ASGIApp) -> ASGIApp:
    """Sends these very paths to their applications, and every other one to the last."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        await known.get(str(scope.get("path", "")), other)(scope, receive, send)

    return chosen


def _beside(app: ASGIApp, below: Mapping[str, ASGIApp], public_path: str) -> ASGIApp:
    """Sends what is below these paths to its pages: they alone are answered by the public name, too, and with the
    path of the public address in front or without, as a proxy passes it on."""
    prefixes = sorted({"", public_path}, reverse=True)

    async def beside(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        for prefix in prefixes:
            for start, pages in below.items():
                if path.startswith(prefix + start):
                    return await pages({**scope, "path": path[len(prefix) :], "raw_path": b""}, receive, send)
        return await app(scope, receive, send)

    return beside


def _netloc(host: str) -> str:
    """A host name as a Host header has it."""
    if ":" in host:
        return f"[{host}]"
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _names(address: ListenAddress) -> list[str]:
    return sorted({"127.0.0.1", "localhost", "[::1]", address.netloc})


def _health(health: Health) -> Response:
    return JSONResponse(health_json(health), status_code=200 if health.ok else 503)
