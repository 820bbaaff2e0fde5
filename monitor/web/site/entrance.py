"""Lets visitors in, and tells what each may do."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.app.entrance import SESSION, Entrance, Refusal
from monitor.app.open_house import OpenHouse
from monitor.model.web import Visitor
from monitor.web.site.forms import Fields, see
from monitor.web.site.rendering import VISITOR, page
from monitor.web.site.same_origin import SAFE
from monitor.web.site.static_files import PREFIX

COOKIE = "monitor_session"
LOGIN, LOGOUT = "/login", "/logout"
# What changes nothing may be asked by readers: a draft is tried, a session ends.
_FOR_ALL = ("/try", LOGOUT)


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
        visitor = self._entrance.visitor_of(request.cookies.get(COOKIE, ""), _bearer(request))
        scope[VISITOR] = visitor
        if path != LOGIN and not path.startswith(PREFIX + "/"):
            refused = _led_to_login(request) if visitor is None else _not_allowed(request, visitor)
            if refused is not None:
                return await refused(scope, receive, send)
        return await self._app(scope, receive, send)


def login_page(_: OpenHouse, request: Request) -> Response:
    """GET /login?next=/stories"""
    return page(request, "login.html", next=_inside(request.query_params.get("next", "/")), trouble="")


def log_in(entrance: Entrance, request: Request, fields: Fields) -> Response:
    """POST /login: a cookie that no script reads and no other site's page can have sent."""
    back = _inside(fields.get("next", "/"))
    admission = entrance.admit(fields.get("token", ""), request.client.host if request.client else "")
    if admission.refusal is Refusal.TOO_OFTEN:
        wait = max(1, round(admission.wait.total_seconds()))
        why = f"Too many wrong tokens: wait {wait} s."
        answer = page(request, "login.html", HTTPStatus.TOO_MANY_REQUESTS, next=back, trouble=why)
        answer.headers["retry-after"] = str(wait)
        return answer
    if admission.refusal is not None:
        return page(request, "login.html", HTTPStatus.FORBIDDEN, next=back, trouble="No token like this is known.")
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


def log_out(_: OpenHouse, __: Request, ___: Fields) -> Response:
    """POST /logout"""
    answer = see(LOGIN)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _led_to_login(request: Request) -> Response:
    where = f"{LOGIN}?next={quote(request.url.path)}"
    if request.headers.get("hx-request") == "true":
        return PlainTextResponse("log in again\n", HTTPStatus.UNAUTHORIZED, {"hx-redirect": where})
    if request.method not in SAFE or "authorization" in request.headers:
        headers = {"www-authenticate": "Bearer"}
        return PlainTextResponse("this needs a token\n", HTTPStatus.UNAUTHORIZED, headers)
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)


def _not_allowed(request: Request, visitor: Visitor) -> Response | None:
    if request.method in SAFE or visitor.acts or request.url.path.endswith(_FOR_ALL):
        return None
    return PlainTextResponse(f"{visitor.name} may read, but not do this\n", HTTPStatus.FORBIDDEN)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _inside(path: str) -> str:
    """The path of a page of ours; anything else is the first page: `//evil.example` is another host."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
