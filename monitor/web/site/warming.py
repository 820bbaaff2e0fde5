"""What the first visitors after a start would wait for is made ready before they come.

Templates are compiled, statements made and days that are over counted by whoever asks first: half a second a page
with 1,000,000 articles, more while the store's file is not in memory. So each page is asked once, for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.routing import Match, Route

from monitor.app.open_house import OpenHouse
from monitor.model.story_view import StoriesAsked
from monitor.model.web import Role, Visitor
from monitor.web.arrival import VISITOR
from monitor.web.site.application import PAGES
from monitor.web.site.rendering import load_templates, rule_path

log = structlog.get_logger("monitor.web")

_FIRST = 5.0  # seconds after the door has opened: the daemon's own start comes before
_REST = 0.1  # between two pages
_FOR_ALL = (
    *("/", "/stories", "/rules", "/digests", "/feeds", "/search", "/deliveries", "/receivers", "/silences"),
    *("/entries", "/matches", "/polls", "/rates", "/rules/new", "/why"),
)
_LOOKED_BACK = timedelta(days=30)  # for a story
_NOBODY = Visitor("", Role.READER)


def warm(open_house: OpenHouse, ending: threading.Event, first: float = _FIRST, rest: float = _REST) -> None:
    """Asks each page once, with rests between them, until `ending`, or one that breaks."""
    if ending.wait(first):
        return
    load_templates()
    try:
        for path in _paths(open_house):
            if ending.wait(rest):
                return
            _ask(open_house, path)
    except Exception as error:  # a page that breaks does so for its visitor, too: the log then says all of it
        log.info("pages not made ready", why=type(error).__name__)


def _paths(open_house: OpenHouse) -> Iterator[str]:
    """The pages without a name in their path, and one of each kind with one: the newest, or the first."""
    yield from _FOR_ALL
    ready = open_house.ready()
    yield from (rule_path(one.id) for one in ready.ruleset.rules[:1])
    for digest in ready.settings.digests[:1]:
        yield f"/digests/{quote(digest.name, safe='')}"
    month = StoriesAsked(open_house.clock.now() - _LOOKED_BACK)
    yield from (f"/stories/{one.id}" for one in open_house.store.stories.page(month, limit=1))


def _ask(open_house: OpenHouse, path: str) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"", "headers": []}
    for route, page in PAGES:
        found, more = Route(route, page, methods=["GET"]).matches(scope)
        if found is Match.FULL:
            page(open_house, Request({**scope, **more, VISITOR: _NOBODY}))
            return
