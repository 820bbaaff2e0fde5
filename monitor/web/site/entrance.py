"""Lets visitors in, and tells what each may do."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urlsplit

import structlog
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.app.entrance import SESSION, Admission, Entrance, Refusal
from monitor.app.open_house import OpenHouse
from monitor.model.web import Visitor
from monitor.web.arrival import COOKIE, VISITOR, bearer_of, client_of, note_refusal, turned_away
from monitor.web.site.forms import Fields, see
from monitor.web.site.rendering import page, visitor_of
from monitor.web.site.same_origin import SAFE
from monitor.web.site.static_files import PREFIX

log = structlog.get_logger("monitor.web")

LOGIN, LOGOUT = "/login", "/logout"
# What changes nothing may be asked by readers: a draft is tried, a session ends.
FOR_ALL = ("/try", LOGOUT)


class Doorkeeper:
    """Wraps the pages: who is not known is led to the login, who only reads does not act."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request, path = Request(scope), str(scope["path"])
        visitor = self._entrance.visitor_of(request.cookies.get(COOKIE, ""), bearer_of(request.headers))
        scope[VISITOR] = visitor
        if path != LOGIN and not path.startswith(PREFIX + "/"):
            refused = self._unknown(request) if visitor is None else _not_allowed(request, visitor)
            if refused is not None:
                return await refused(scope, receive, send)
        return await self._app(scope, receive, send)

    def _unknown(self, request: Request) -> Response:
        if bearer_of(request.headers):
            turned = turned_away(self._entrance, request)
            if turned.refusal is Refusal.TOO_OFTEN:
                return PlainTextResponse(_too_often(turned) + "\n", HTTPStatus.TOO_MANY_REQUESTS, _waiting(turned))
        return _led_to_login(request)


def still_in(entrance: Entrance, request: Request, work: Callable[[], Response]) -> Callable[[], Response]:
    """The same work, for who has not logged out meanwhile: others are led to the login. It is asked where the work
    is done, since the store may have to be waited for."""

    def checked() -> Response:
        visitor = request.scope[VISITOR]
        if visitor is not None and request.scope["path"] != LOGIN and entrance.has_left(visitor):
            return _led_to_login(request)
        return work()

    return checked


def login_page(_: OpenHouse, request: Request) -> Response:
    """GET /login?next=/stories"""
    return page(request, "login.html", next=_inside(request.query_params.get("next", "/")), trouble="")


def log_in(entrance: Entrance, request: Request, fields: Fields) -> Response:
    """POST /login: a cookie that no script reads and no other site's page can have sent."""
    back = _inside(fields.get("next", "/"))
    client = client_of(request)
    admission = entrance.admit(fields.get("token", ""), client)
    if admission.refusal is Refusal.TOO_OFTEN:
        why = _too_often(admission)
        answer = page(request, "login.html", HTTPStatus.TOO_MANY_REQUESTS, next=back, trouble=why)
        answer.headers.update(_waiting(admission))
        return answer
    if admission.refusal is not None:
        note_refusal(admission, client)
        return page(request, "login.html", HTTPStatus.FORBIDDEN, next=back, trouble="No token like this is known.")
    log.info("logged in", by=admission.name, address=client)
    answer = see(back)
    answer.set_cookie(
        COOKIE,
        admission.session,
        max_age=round(SESSION.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def log_out(entrance: Entrance, request: Request, _: Fields) -> Response:
    """POST /logout: the session ends, wherever its cookie may be."""
    entrance.log_out(visitor_of(request))
    answer = see(LOGIN)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return answer


def _too_often(turned: Admission) -> str:
    return f"Too many wrong tokens: wait {_seconds(turned)} s."


def _waiting(turned: Admission) -> dict[str, str]:
    return {"retry-after": str(_seconds(turned))}


def _seconds(turned: Admission) -> int:
    return max(1, round(turned.wait.total_seconds()))


def _led_to_login(request: Request) -> Response:
    where = f"{LOGIN}?next={quote(_wanted(request))}"
    if request.headers.get("hx-request") == "true":
        return PlainTextResponse("log in again\n", HTTPStatus.UNAUTHORIZED, {"hx-redirect": where})
    if request.method not in SAFE or "authorization" in request.headers:
        headers = {"www-authenticate": "Bearer"}
        return PlainTextResponse("this needs a token\n", HTTPStatus.UNAUTHORIZED, headers)
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)


def _wanted(request: Request) -> str:
    """The page to come back to: that on which a script asks for a part, else the one that is asked for itself."""
    asked: SplitResult | URL = request.url
    if "hx-request" in request.headers:
        try:
            asked = urlsplit(request.headers.get("hx-current-url", ""))
        except ValueError:  # anybody can send such a header
            return "/"
    return f"{asked.path or '/'}?{asked.query}" if asked.query else asked.path or "/"


def _not_allowed(request: Request, visitor: Visitor) -> Response | None:
    if request.method in SAFE or visitor.acts or str(request.scope["path"]).endswith(FOR_ALL):
        return None
    return PlainTextResponse("a reader may read, but not do this\n", HTTPStatus.FORBIDDEN)


def _inside(path: str) -> str:
    """The path of a page of ours; anything else is the first page: `//evil.example` is another host."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
