"""Which pages the dashboard has. Each is a function in a file of its own that asks the open_house and renders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.model.errors import MonitorError, StoreError
from monitor.web.arrival import client_of
from monitor.web.number import register_numbers
from monitor.web.site.arrivals import entries_page, matches_page, polls_page, rates_page
from monitor.web.site.deliveries import deliveries_page, delivery_page, retry_all_dead, retry_one
from monitor.web.site.digests import digest_frame, digest_page, digests_page
from monitor.web.site.entrance import FOR_ALL, LOGIN, LOGOUT, Doorkeeper, log_in, log_out, login_page, still_in
from monitor.web.site.feed_acts import (
    back_again,
    pause_one,
    pause_some,
    poll_now,
    remove_one,
    resume_one,
    resume_some,
)
from monitor.web.site.feed_adding import add_one as add_feed
from monitor.web.site.feed_adding import add_page as add_feed_page
from monitor.web.site.feed_adding import look_at
from monitor.web.site.feed_lists import MAX_LIST, export_file, list_page, take_list
from monitor.web.site.feeds import feed_page, feeds_page
from monitor.web.site.forms import NO_NUL, Fields, fields_of
from monitor.web.site.lanes import Lanes
from monitor.web.site.now import now_page
from monitor.web.site.receivers import receivers_page, send_test
from monitor.web.site.rendering import page, visitor_of
from monitor.web.site.rules import rules_page
from monitor.web.site.same_origin import SameOrigin
from monitor.web.site.search import search_page
from monitor.web.site.silences import add_one, end_one, silences_page
from monitor.web.site.static_files import PREFIX, static_file
from monitor.web.site.stories import stories_page
from monitor.web.site.story import edits_page, join_articles, split_story, story_page
from monitor.web.site.why import why_page
from monitor.web.site.workbench import (
    new_rule_page,
    rule_page,
    rule_state,
    save_rule,
    try_archive,
    try_rule,
    try_words,
    undo_rule,
)

log = structlog.get_logger("monitor.web")

MAX_BODY = 1024 * 1024  # bytes: a rule with some articles as new examples, not a file
# Nothing but our own files, and no page of somebody else's around ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# With no-referrer a browser calls our own forms' origin "null".
OWN_HEADERS = {"content-security-policy": POLICY, "referrer-policy": "same-origin"}


register_numbers()

Page = Callable[[OpenHouse, Request], Response]
PAGES: tuple[tuple[str, Page], ...] = (
    ("/", now_page),
    ("/stories", stories_page),
    ("/stories/{story}", story_page),
    ("/stories/{story}/edits", edits_page),
    ("/feeds", feeds_page),
    ("/feeds/{feed:number}", feed_page),
    ("/feeds/add", add_feed_page),
    ("/feeds/import", list_page),
    ("/feeds/export", export_file),
    ("/search", search_page),
    ("/rules", rules_page),
    ("/rules/new", new_rule_page),
    ("/rules/{rule}", rule_page),
    ("/rules/{rule}/state", rule_state),
    ("/why", why_page),
    ("/digests", digests_page),
    ("/digests/{digest}", digest_page),
    ("/digests/{digest}/frame", digest_frame),
    ("/deliveries", deliveries_page),
    ("/deliveries/{delivery:number}", delivery_page),
    ("/receivers", receivers_page),
    ("/silences", silences_page),
    (LOGIN, login_page),
    ("/entries", entries_page),
    ("/matches", matches_page),
    ("/polls", polls_page),
    ("/rates", rates_page),
)
Action = Callable[[OpenHouse, Request, Fields], Response]
ACTIONS: tuple[tuple[str, Action], ...] = (
    ("/deliveries/retry", retry_all_dead),
    ("/deliveries/{delivery:number}/retry", retry_one),
    ("/feeds/pause", pause_some),
    ("/feeds/resume", resume_some),
    ("/feeds/{feed:number}/pause", pause_one),
    ("/feeds/{feed:number}/resume", resume_one),
    ("/feeds/{feed:number}/poll", poll_now),
    ("/feeds/{feed:number}/remove", remove_one),
    ("/feeds/{feed:number}/again", back_again),
    ("/feeds/add", add_feed),
    ("/feeds/add/look", look_at),
    ("/feeds/import", take_list),
    ("/rules/new/try", try_rule),
    ("/rules/new/words/try", try_words),
    ("/rules/new/archive/try", try_archive),
    ("/rules/new/save", save_rule),
    ("/rules/{rule}/try", try_rule),
    ("/rules/{rule}/words/try", try_words),
    ("/rules/{rule}/archive/try", try_archive),
    ("/rules/{rule}/save", save_rule),
    ("/rules/{rule}/undo", undo_rule),
    ("/silences", add_one),
    ("/silences/{silence:number}/end", end_one),
    ("/receivers/{receiver}/test", send_test),
    ("/stories/join", join_articles),
    ("/stories/{story}/split", split_story),
)
# What reads the archive, or all rules, for seconds.
_LONG = frozenset[object]({search_page, try_rule, try_archive, save_rule, undo_rule})

# What asks other servers, or starts a child that reads: for many seconds, one at a time.
_OUTSIDE = frozenset[object]({look_at, add_feed, take_list, export_file, send_test})
_LARGEST: dict[object, int] = {take_list: MAX_LIST + MAX_BODY}  # bytes of a body; of all others MAX_BODY


def build_site(
    open_house: OpenHouse, entrance: Entrance, hosts: list[str], lanes: Lanes | None = None
) -> Starlette:
    """The dashboard as an application, answered by these host names; its pages wait in these lanes."""
    room = (open_house, lanes or Lanes(), entrance)
    app = Starlette(
        routes=[
            *(Route(path, partial(_shown, one, *room), methods=["GET"]) for path, one in PAGES),
            *(
                Route(path, partial(_done, one, *room), methods=["POST"], max_body_size=_LARGEST.get(one))
                for path, one in ACTIONS
            ),
            Route(LOGIN, partial(_done, _with(entrance, log_in), *room), methods=["POST"]),
            Route(LOGOUT, partial(_done, _with(entrance, log_out), *room), methods=["POST"]),
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


def _with(entrance: Entrance, act: Callable[[Entrance, Request, Fields], Response]) -> Action:
    return lambda _, request, fields: act(entrance, request, fields)


async def _shown(one: Page, open_house: OpenHouse, lanes: Lanes, entrance: Entrance, request: Request) -> Response:
    return await _run(one, lanes, request, still_in(entrance, request, partial(one, open_house, request)))


async def _done(
    one: Action, open_house: OpenHouse, lanes: Lanes, entrance: Entrance, request: Request
) -> Response:
    fields = await fields_of(request)
    work = still_in(entrance, request, partial(one, open_house, request, fields))
    answer = await _run(one, lanes, request, work)
    path = str(request.scope["path"])
    if not path.endswith((*FOR_ALL, LOGIN)):
        visitor, address = visitor_of(request), client_of(request)
        log.info("done by hand", path=path, by=visitor.name, address=address, status=int(answer.status_code))
    return answer


async def _run(one: object, lanes: Lanes, request: Request, work: Callable[[], Response]) -> Response:
    if "\0" in str(request.scope["path"]) or b"%00" in request.scope["query_string"]:
        raise HTTPException(HTTPStatus.BAD_REQUEST, NO_NUL)
    if one in _OUTSIDE:
        return _ours(await lanes.run_outside(request, work))
    return _ours(await (lanes.run_alone(request, work) if one in _LONG else lanes.run(work)))


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
