"""Where a request comes from, and what it shows to be let in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.app.entrance import Admission, Entrance, Refusal

log = structlog.get_logger("monitor.web")

COOKIE = "monitor_session"
VISITOR = "monitor.visitor"  # in the scope of a request: who asks
# What proxies say of themselves: one is enough, and nobody who asks by himself says any.
_BY_PROXY = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"})


def bearer_of(headers: Mapping[str, str]) -> str:
    """The token that a program sends with its request; "" without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def client_of(request: Request) -> str:
    """The address of who asks; "" where nobody knows one, or a proxy says something else than an address."""
    host = request.client.host if request.client else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""


def turned_away(entrance: Entrance, request: Request) -> Admission:
    """Why the wrong token of that request is not let in; the log has those that need not wait."""
    client = client_of(request)
    admission = entrance.turn_away(client)
    note_refusal(admission, client)
    return admission


def note_refusal(admission: Admission, client: str) -> None:
    """A line for each wrong token, as many as there may be in a minute."""
    if admission.refusal is Refusal.WRONG:
        log.warning("a wrong token was refused", address=client)


class FromHereOrKnown:
    """Wraps pages that are for everybody on this machine: who comes from elsewhere needs a token."""

    def __init__(self, app: ASGIApp, entrance: Entrance, here: Sequence[str]) -> None:
        """`here`: the names by which this machine calls itself, as a Host header has them."""
        self._app = app
        self._entrance = entrance
        self._here = frozenset(here)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http":
            request = Request(scope)
            if not (self._is_here(request) or self._is_known(request)):
                headers = {"www-authenticate": "Bearer"}
                answer = PlainTextResponse("this needs a token\n", HTTPStatus.UNAUTHORIZED, headers)
                return await answer(scope, receive, send)
        return await self._app(scope, receive, send)

    def _is_known(self, request: Request) -> bool:
        bearer = bearer_of(request.headers)
        if bearer and self._entrance.visitor_of("", bearer) is not None:
            return True
        if bearer:
            turned_away(self._entrance, request)
        return False

    def _is_here(self, request: Request) -> bool:
        """Whether a program on this machine asks by itself: a proxy asks for somebody else."""
        client, server = client_of(request), request.scope.get("server") or ("",)
        own = bool(client) and (ipaddress.ip_address(client).is_loopback or client == server[0])
        host = request.headers.get("host", "").lower()
        name = host if host in self._here else host.rpartition(":")[0]
        return own and name in self._here and _BY_PROXY.isdisjoint(request.headers)
