"""Which pages the dashboard has. Each is a function in a file of its own that asks the open_house and renders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.model.errors import MonitorError, StoreError
from monitor.web.site.deliveries import deliveries_page, delivery_page, retry_all_dead, retry_one
from monitor.web.site.digests import digest_frame, digest_page, digests_page
from monitor.web.site.entrance import LOGIN, LOGOUT, Doorkeeper, log_in, log_out, login_page
from monitor.web.site.feeds import feed_page, feeds_page
from monitor.web.site.forms import Fields, fields_of
from monitor.web.site.now import now_page
from monitor.web.site.rendering import page
from monitor.web.site.rules import new_rule_page, rule_page, rules_page, try_rule
from monitor.web.site.same_origin import SameOrigin
from monitor.web.site.search import search_page
from monitor.web.site.silences import add_one, end_one, silences_page
from monitor.web.site.static_files import PREFIX, static_file
from monitor.web.site.stories import stories_page, story_page
from monitor.web.site.why import why_page

MAX_BODY = 256 * 1024  # bytes: a rule file's query, not a file
# Nothing but our own files, and no page of somebody else's around ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# With no-referrer a browser calls our own forms' origin "null".
OWN_HEADERS = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}

Page = Callable[[OpenHouse, Request], Response]
PAGES: tuple[tuple[str, Page], ...] = (
    ("/", now_page),
    ("/stories", stories_page),
    ("/stories/{story}", story_page),
    ("/feeds", feeds_page),
    ("/feeds/{feed:int}", feed_page),
    ("/search", search_page),
    ("/rules", rules_page),
    ("/rules/new", new_rule_page),
    ("/rules/{rule}", rule_page),
    ("/why", why_page),
    ("/digests", digests_page),
    ("/digests/{digest}", digest_page),
    ("/digests/{digest}/frame", digest_frame),
    ("/deliveries", deliveries_page),
    ("/deliveries/{delivery:int}", delivery_page),
    ("/silences", silences_page),
    (LOGIN, login_page),
)
Action = Callable[[OpenHouse, Request, Fields], Response]
ACTIONS: tuple[tuple[str, Action], ...] = (
    (LOGOUT, log_out),
    ("/deliveries/retry", retry_all_dead),
    ("/deliveries/{delivery:int}/retry", retry_one),
    ("/rules/new/try", try_rule),
    ("/rules/{rule}/try", try_rule),
    ("/silences", add_one),
    ("/silences/{silence:int}/end", end_one),
)


def build_site(open_house: OpenHouse, entrance: Entrance, hosts: list[str]) -> Starlette:
    """The dashboard as an application, answered by these host names."""
    app = Starlette(
        # What is not async runs in a thread of the pool: pages read the store.
        routes=[
            *(Route(path, partial(_shown, one, open_house), methods=["GET"]) for path, one in PAGES),
            *(Route(path, partial(_done, one, open_house), methods=["POST"]) for path, one in ACTIONS),
            Route(LOGIN, partial(_done, _log_in(entrance), open_house), methods=["POST"]),
            Route(f"{PREFIX}/{{mark}}/{{name}}", static_file, methods=["GET"]),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(SameOrigin),
            Middleware(Doorkeeper, entrance=entrance),
        ],
        exception_handlers={HTTPException: _refused, StoreError: _no_store, Exception: _broken},
        max_body_size=MAX_BODY,
    )
    app.router.redirect_slashes = False
    return app


def _log_in(entrance: Entrance) -> Action:
    return lambda _, request, fields: log_in(entrance, request, fields)


def _shown(one: Page, open_house: OpenHouse, request: Request) -> Response:
    return _ours(one(open_house, request))


async def _done(one: Action, open_house: OpenHouse, request: Request) -> Response:
    fields = await fields_of(request)
    return _ours(await run_in_threadpool(one, open_house, request, fields))


def _ours(answer: Response) -> Response:
    for name, value in OWN_HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _trouble(request, error.status_code, error.detail)


def _no_store(request: Request, error: Exception) -> Response:
    assert isinstance(error, MonitorError)
    return _trouble(request, 503, str(error))


def _broken(request: Request, _: Exception) -> Response:
    return _trouble(request, 500, "This page broke. The log of the daemon says why; nothing is lost.")


def _trouble(request: Request, status: int, why: str) -> Response:
    return _ours(page(request, "trouble.html", status, why=why, status=status))
