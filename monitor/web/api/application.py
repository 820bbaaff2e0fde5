"""The API as an application: who may ask, in which form, and what an answer looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.app.entrance import Entrance, Refusal
from monitor.app.open_house import OpenHouse
from monitor.model.errors import MonitorError
from monitor.model.web import Visitor
from monitor.web.api.asking import JSON, OPML, Asked, Question, Route
from monitor.web.api.document import document
from monitor.web.api.problems import STATUS_OF, Reason, Refused, problem, refused_by
from monitor.web.api.routes import ROUTES
from monitor.web.arrival import COOKIE, VISITOR, bearer_of, client_of, turned_away
from monitor.web.number import register_numbers
from monitor.web.site.lanes import Lanes
from monitor.web.site.same_origin import REFUSED, Verdict, judge

log = structlog.get_logger("monitor.web")

PREFIX = "/api/v1"
DOCUMENT = f"{PREFIX}/openapi.json"
_MOST_TOLD = 5  # things that are wrong with one request
register_numbers()


def build_api(open_house: OpenHouse, entrance: Entrance, hosts: list[str], lanes: Lanes) -> Starlette:
    """The API as an application, answered by these host names."""
    app = Starlette(
        routes=[
            Path(DOCUMENT, _document, methods=["GET"]),
            *(
                Path(
                    PREFIX + route.path,
                    partial(_answered, route, open_house, entrance, lanes),
                    methods=[route.method],
                )
                for route in ROUTES
            ),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(_Doorkeeper, entrance=entrance),
        ],
        exception_handlers={HTTPException: _refused_by_starlette, Refused: _refused, Exception: _broken},
    )
    app.router.redirect_slashes = False
    return app


async def _document(_: Request) -> Response:
    return JSONResponse(document())


async def _answered(
    route: Route, open_house: OpenHouse, entrance: Entrance, lanes: Lanes, request: Request
) -> Response:
    visitor: Visitor = request.scope[VISITOR]
    if route.acts and not visitor.acts:
        raise Refused(Reason.READER, "a reader may read, but not do this")
    if "\0" in str(request.scope["path"]) or b"%00" in request.scope["query_string"]:
        raise Refused(Reason.INVALID_PARAMETER, "a text with a NUL in it is no text")
    query = _query(route.query, request)
    body = await _body(route, request)

    def work() -> Response:
        if entrance.has_left(visitor):
            raise _no_token()
        asked = Asked(
            open_house, open_house.house, open_house.clock.now(), visitor, request.path_params, query, body
        )
        told = route.ask(asked)
        return (Response if isinstance(told, bytes) else JSONResponse)(told, route.status, media_type=route.tells)

    try:
        answer = await _in_its_lane(route, lanes, request, work)
    except MonitorError as error:
        known = refused_by(error)
        if known is None:
            raise
        raise known from error
    if route.acts:
        log.info(
            "done by hand",
            path=request.scope["path"],
            by=visitor.name,
            address=client_of(request),
            status=int(answer.status_code),
        )
    return answer


async def _in_its_lane(route: Route, lanes: Lanes, request: Request, work: Callable[[], Response]) -> Response:
    if route.outside:
        return await lanes.run_outside(request, work)
    return await (lanes.run_alone(request, work) if route.long else lanes.run(work))


class _Doorkeeper:
    """Wraps the routes: who is not known is told so, and no other site's page acts with its visitor's cookie."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        try:
            _expect_own_page(request)
            if scope["path"] != DOCUMENT:
                scope[VISITOR] = self._visitor(request)
        except Refused as error:
            return await _told(error)(scope, receive, send)
        return await self._app(scope, receive, send)

    def _visitor(self, request: Request) -> Visitor:
        bearer = bearer_of(request.headers)
        found = self._entrance.visitor_of(request.cookies.get(COOKIE, ""), bearer)
        if found is not None:
            return found
        if not bearer:
            raise _no_token()
        turned = turned_away(self._entrance, request)
        if turned.refusal is Refusal.TOO_OFTEN:
            wait = max(1, round(turned.wait.total_seconds()))
            raise Refused(Reason.TOO_OFTEN, "too many wrong tokens came from this address", retry_after=wait)
        raise Refused(Reason.WRONG_TOKEN, "no token like this is known")


def _expect_own_page(request: Request) -> None:
    """A page of somebody else's can have a browser send a form here, but no JSON or OPML without asking first, and
    that is never answered. So a program needs no more than its token, or, where none is asked for, such a body."""
    verdict = judge(request.method, request.url.scheme, request.headers)
    if verdict not in REFUSED:
        return
    if verdict is Verdict.UNKNOWN_PAGE and COOKIE not in request.cookies and _kind(request) in (JSON, OPML):
        return
    reason = Reason(verdict.value)
    raise Refused(reason, "only pages of the monitor, and programs with a token, may ask this")


def _no_token() -> Refused:
    return Refused(Reason.NO_TOKEN, "this needs a token: Authorization: Bearer mon_…")


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _query(model: type[Question], request: Request) -> Question:
    """The query string. Raises Refused, also for a name that comes twice: nobody could say which one counts."""
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused(Reason.INVALID_PARAMETER, "a parameter is there twice")
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise _invalid(error, Reason.INVALID_PARAMETER) from None


async def _body(route: Route, request: Request) -> Question | bytes | None:
    """What was sent. Raises Refused."""
    if route.method == "GET":
        return None
    if _kind(request) != route.takes:
        reason = Reason.NOT_JSON if route.takes == JSON else Reason.NOT_OPML
        raise Refused(reason, f"a body of this kind is asked for, that says so: content-type: {route.takes}")
    sent = await _sent(request, route.most)
    return sent if route.body is None else _read(route.body, sent)


def _read(model: type[Question], sent: bytes) -> Question:
    """The JSON object. Raises Refused."""
    try:
        found = json.loads(sent)
        if not isinstance(found, dict) or not all(_is_text(one) for one in _texts(found)):
            raise ValueError
    except (ValueError, RecursionError):
        raise Refused(Reason.INVALID_BODY, "the body is no JSON object") from None
    try:
        return model.model_validate_json(sent, strict=True)
    except ValidationError as error:
        raise _invalid(error, Reason.INVALID_BODY) from None


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for name, one in found.items():
            yield name
            yield from _texts(one)
    elif isinstance(found, list):
        for one in found:
            yield from _texts(one)


def _is_text(text: str) -> bool:
    """Neither NUL nor half a character, which PostgreSQL does not take and nothing here holds."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


async def _sent(request: Request, most: int) -> bytes:
    sent = bytearray()
    async for piece in request.stream():
        sent += piece
        if len(sent) > most:  # here, so that it is told as any other problem is
            raise Refused(Reason.TOO_LARGE, f"the body has more than {most:,} bytes")
    return bytes(sent)


def _invalid(error: ValidationError, reason: Reason) -> Refused:
    said = []
    for one in error.errors(include_url=False, include_input=False)[:_MOST_TOLD]:
        name, message = ".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, ")
        said.append(f"{name}: {message}" if name else message)
    return Refused(reason, "; ".join(said))


def _told(refused: Refused) -> Response:
    headers = {}
    if STATUS_OF[refused.reason] == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if "retry_after" in refused.more:
        headers["retry-after"] = str(refused.more["retry_after"])
    return problem(refused, headers)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _told(error)


_BY_STATUS = {STATUS_OF[one]: one for one in (Reason.NO_SUCH_ROUTE, Reason.WRONG_METHOD, Reason.BUSY)}


def _refused_by_starlette(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(Refused(_BY_STATUS.get(error.status_code, Reason.INVALID_BODY), error.detail), error.headers)


def _broken(_: Request, __: Exception) -> Response:
    why = "this broke; the log of the daemon says why, and nothing is lost"
    return problem(Refused(Reason.BROKEN, why))
