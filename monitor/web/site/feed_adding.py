"""Adding a feed: its address, what is found there and would come of it, and the word to subscribe."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.adding import Looked, in_haste, look
from monitor.app.discovering import NothingAnswered
from monitor.app.open_house import OpenHouse
from monitor.app.subscribing import NotAdded, add
from monitor.web.site.forms import Fields, see
from monitor.web.site.rendering import page, visitor_of

log = structlog.get_logger("monitor.web")

_GIVEN = ("url", "name", "tags", "interval", "backfill", "full_text")


def add_page(_: OpenHouse, request: Request) -> Response:
    """GET /feeds/add?url=https://www.dawn.com: nothing is asked before an operator says so."""
    return _page(request, {"url": request.query_params.get("url", "")[:2_000]})


def look_at(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /feeds/add/look: asks the address, and the feeds that it offers."""
    try:
        house = open_house.house
        looked = look(open_house.desk(), fields.get("url", ""), house.ruleset)
    except (ValueError, NothingAnswered) as error:
        return _page(request, fields, trouble=str(error), code=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, fields, looked=looked, now=open_house.clock.now())


def add_one(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /feeds/add: asks the feed once more and subscribes to it; anyway=yes subscribes whatever it answers."""
    desk = in_haste(open_house.desk())
    try:
        # What alerts was shown before: no rules are tried again.
        added = add(desk, _values(fields), None, poll=fields.get("anyway") != "yes")
    except NotAdded as error:
        return _page(
            request, fields, trouble=f"{error.why}.", failed=error.no_feed, code=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    except ValueError as error:
        return _page(request, fields, trouble=str(error), code=HTTPStatus.UNPROCESSABLE_ENTITY)
    log.info("feed added", feed_id=added.feed.id, by=visitor_of(request).name)
    return see(f"/feeds/{added.feed.id}")


def _values(fields: Fields) -> dict[str, Any]:
    """As they would stand in a [[feeds]] table."""
    given: dict[str, Any] = {name: fields[name].strip() for name in _GIVEN if fields.get(name, "").strip()}
    given.setdefault("url", "")
    if "tags" in given:
        given["tags"] = list(dict.fromkeys(given["tags"].replace(",", " ").split()))
    if "full_text" in given:
        given["full_text"] = given["full_text"] == "yes"
    return given


def _page(
    request: Request,
    fields: Fields,
    *,
    looked: Looked | None = None,
    trouble: str = "",
    failed: bool = False,
    code: int = HTTPStatus.OK,
    now: Any = None,
) -> Response:
    return page(
        request,
        "feed_add.html",
        code,
        fields={name: fields.get(name, "") for name in _GIVEN},
        looked=looked,
        left_out=len(looked.found.feeds) - len(looked.candidates) if looked else 0,
        trouble=trouble,
        failed=failed,
        now=now,
    )
