"""Silences: what is kept out of digests for a while, by whom and why."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.questions import NoSuchDigest
from monitor.app.silences import (
    CannotSilence,
    NoSuchSilence,
    add_silence,
    check_silence,
    end_silence,
    list_silences,
)
from monitor.app.stories import NoSuchStory
from monitor.config.values import read_duration
from monitor.model.silence import NewSilence, SilenceMode
from monitor.web.site.forms import Fields, see
from monitor.web.site.rendering import page

SPANS = ("1h", "4h", "12h", "24h", "3d", "7d", "30d")


def silences_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /silences?all=1&story=s_1a&rule=torkham-closed: the form is filled with what is to be silenced."""
    asked = {name: request.query_params.get(name, "")[:200] for name in ("story", "rule", "tag")}
    return _page(open_house, request, {**asked, "for": "24h"}, every=request.query_params.get("all") == "1")


def add_one(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /silences: a silence that does not hold together is the form again, with what is wrong."""
    now = open_house.clock.now()
    try:
        span = read_duration(fields.get("for", ""))
        new = NewSilence(
            SilenceMode.DISCARD if fields.get("mode") == "discard" else SilenceMode.HOLD,
            now,
            now + span,
            fields.get("author", ""),
            fields.get("reason", ""),
            _names(fields.get("rule", "")),
            _names(fields.get("tag", "")),
            fields.get("story", "").strip() or None,
        )
        checked = check_silence(open_house.house, new, now)
    except (ValueError, CannotSilence, NoSuchStory, NoSuchDigest) as error:
        return _page(open_house, request, fields, trouble=str(error), code=422)
    if checked.of_everything and fields.get("everything") != "yes":
        why = "This silences every rule there is. Say so below, or name less."
        return _page(open_house, request, fields, trouble=why, everything=True, code=422)
    added = add_silence(open_house.house, checked, now)
    return see(f"/silences#silence-{added.silence.id}")


def end_one(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /silences/3/end, tell=yes to have what it discarded told after all"""
    try:
        tell = fields.get("tell") == "yes"
        end_silence(open_house.house, request.path_params["silence"], open_house.clock.now(), tell=tell)
    except NoSuchSilence as error:
        raise HTTPException(404, str(error)) from error
    return see("/silences?all=1")


def _page(
    open_house: OpenHouse,
    request: Request,
    fields: Fields,
    *,
    every: bool = False,
    trouble: str = "",
    everything: bool = False,
    code: int = 200,
) -> Response:
    now = open_house.clock.now()
    return page(
        request,
        "silences.html",
        code,
        rows=list_silences(open_house.house, now, every=every),
        every=every,
        fields={
            name: fields.get(name, "") for name in ("story", "rule", "tag", "for", "author", "reason", "mode")
        },
        trouble=trouble,
        everything=everything,
        spans=SPANS,
        now=now,
    )


def _names(text: str) -> tuple[str, ...]:
    """Names that are separated by blanks or commas."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))
