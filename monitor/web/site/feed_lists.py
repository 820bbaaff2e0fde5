"""Lists of feeds as other readers write and read them: OPML in, after a look at what it would do, and out."""

from __future__ import annotations

from codecs import BOM_UTF8
from http import HTTPStatus
from io import BytesIO

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.opml_files import ImportReport, ListRefused, export_list, read_list_file, sort_out, subscribe_all
from monitor.web.site.forms import Fields
from monitor.web.site.rendering import page, visitor_of

log = structlog.get_logger("monitor.web")

MAX_LIST = 5_000_000  # bytes: 10,000 feeds of usual length; `monitor feeds import` takes more
NAMED = 200  # feeds, or troubles, of a report


def list_page(_: OpenHouse, request: Request) -> Response:
    """GET /feeds/import"""
    return _page(request, {})


def take_list(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /feeds/import: says what a list would do, and with go=yes does it."""
    text = fields.get("file") or fields.get("text", "")
    if not text.strip():
        return _page(request, fields, trouble="Choose a file, or paste a list.", code=422)
    desk = open_house.desk()
    try:
        # The mark says which encoding it is by now, whatever its first line says.
        opml = read_list_file(BytesIO(BOM_UTF8 + text.encode(errors="replace")), "the list")
        report = sort_out(opml, desk.known_feeds(), desk.settings.poll, _tags(fields))
    except (ValueError, ListRefused) as error:
        return _page(request, fields, trouble=str(error), code=422)
    done = fields.get("go") == "yes"
    if done:
        subscribe_all(report, desk.store.feeds, desk.settings.poll, desk.clock.now())
        log.info("feeds imported", feeds=report.added, by=visitor_of(request).name)
    return _page(request, fields, report=report, text="" if done else text, done=done)


def export_file(open_house: OpenHouse, request: Request) -> Response:
    """GET /feeds/export?tag=border: whole addresses, so for operators."""
    if not visitor_of(request).acts:
        raise HTTPException(403, "A list has the addresses with their tokens: it is for operators.")
    tag = request.query_params.get("tag") or None
    content = export_list(open_house.store.feeds.all(), open_house.clock.now(), tag)
    headers = {"content-disposition": 'attachment; filename="feeds.opml"'}
    return Response(content, media_type="text/x-opml", headers=headers)


def _tags(fields: Fields) -> list[str]:
    return list(dict.fromkeys(fields.get("tags", "").replace(",", " ").split()))


def _page(
    request: Request,
    fields: Fields,
    *,
    report: ImportReport | None = None,
    text: str = "",
    done: bool = False,
    trouble: str = "",
    code: int = HTTPStatus.OK,
) -> Response:
    return page(
        request,
        "feed_list.html",
        code,
        report=report,
        text=text,
        done=done,
        tags=fields.get("tags", ""),
        named=NAMED,
        trouble=trouble,
    )
