"""The digests: when each comes, what it would say now, and what it said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from monitor.app.deliveries import list_deliveries
from monitor.app.open_house import OpenHouse
from monitor.app.questions import NoSuchDigest, preview_of, quiet_note
from monitor.app.status import digests_of
from monitor.model.health import HEALTH
from monitor.web.site.rendering import page, visitor_of
from monitor.web.site.slack_look import slack_look

T = TypeVar("T")
FORMS = ("html", "text", "slack", "json")
_HISTORY = 30
# The page of a digest is a mail: it has styles of its own, and may do nothing.
_FRAMED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'; sandbox"


def digests_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /digests"""
    settings = open_house.house.settings
    return page(
        request,
        "digests.html",
        status=digests_of(open_house.store, settings.digests, open_house.clock.now()),
        settings=settings.digests,
        health=HEALTH,
    )


def digest_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /digests/border-morning?form=text&whole=1

    What it would say is put together from all that waits, which takes longer than a page may: the page's script
    then asks for the `whole`, as a link does.
    """
    house, name = open_house.house, request.path_params["digest"]
    form = request.query_params.get("form", "html")
    form = form if form in FORMS else "html"
    whole = request.query_params.get("whole") == "1"
    texts = _preview(open_house, request, form) if whole and form != "html" else []
    quiet = _expected(lambda: quiet_note(house, name))
    history = list_deliveries(house, house.clock.now(), digest=name, limit=_HISTORY)
    looks = [(text, slack_look(json.loads(text))) for text in texts] if form == "slack" else []
    return page(
        request,
        "digest.html",
        name=name,
        form=form,
        whole=whole,
        forms=FORMS,
        texts=texts,
        looks=looks,
        quiet=quiet,
        history=history,
    )


def digest_frame(open_house: OpenHouse, request: Request) -> Response:
    """GET /digests/border-morning/frame: the mail itself, for a frame that may do nothing."""
    texts = _preview(open_house, request, "html")
    return HTMLResponse("\n<hr>\n".join(texts), headers={"content-security-policy": _FRAMED})


def _preview(open_house: OpenHouse, request: Request, form: str) -> list[str]:
    name, discreet = request.path_params["digest"], not visitor_of(request).acts
    return _expected(lambda: preview_of(open_house.house, name, form, discreet=discreet))


def _expected(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except NoSuchDigest as error:
        raise HTTPException(404, str(error)) from error
