"""Stories, that with the newest article first; one of them with its timeline and why it is one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.kept_out import of_story
from monitor.app.open_house import OpenHouse
from monitor.app.since import Since, since
from monitor.app.stories import (
    NoSuchStory,
    Wanted,
    Within,
    counts_of,
    lead_of,
    owners,
    question_of,
    show,
    stories_within,
)
from monitor.app.story_words import copy_text
from monitor.app.why import NoSuchRule
from monitor.web.site.rendering import page

SHOWN = 50
BUDGET = timedelta(milliseconds=80)  # for what passes a filter
_SPANS = ("6h", "24h", "3d", "7d", "30d")
_FILTERS = ("rule", "tag", "publisher", "language")


def stories_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /stories?since=24h&rule=torkham-closed&tag=border&publisher=dawn&language=ur&least=2"""
    asked = request.query_params
    house = open_house.house
    span = asked.get("since", "24h")
    span = span if span in _SPANS else "24h"
    owner_of = owners(house.settings)
    chosen = {name: asked.get(name, "").strip()[:200] for name in _FILTERS}
    least = 2 if asked.get("least") == "2" else 1
    rules = () if house.ruleset is None else house.ruleset.rules
    try:
        wanted = question_of(house, wanted_of(chosen, since(span, open_house.clock.now()), least))
        within = stories_within(house.store.stories, wanted, SHOWN, BUDGET)
        trouble = ""
    except NoSuchRule as error:
        within, trouble = Within([], None), str(error)
    return page(
        request,
        "stories.html",
        rows=[(one, counts_of(one.members, owner_of), lead_of(one.members)) for one in within.found],
        reached=within.reached,
        full=len(within.found) == SHOWN,
        trouble=trouble,
        spans=_SPANS,
        asked=chosen | {"since": span, "least": str(least)},
        rules=sorted(rule.id for rule in rules),
    )


def wanted_of(chosen: Mapping[str, str], moment: Since, least: int) -> Wanted:
    """What a form asks; what is empty is not asked for."""
    rule, tag, publisher, language = (chosen[name] or None for name in _FILTERS)
    return Wanted(moment, rule, tag, publisher, language, least)


def story_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /stories/s_1a"""
    house, now = open_house.house, open_house.clock.now()
    owner_of = owners(house.settings)
    try:
        shown = show(house.store.stories, request.path_params["story"], owner_of)
    except NoSuchStory as error:
        raise HTTPException(404, str(error)) from error
    view = shown.view
    digests = [digest.name for digest in house.settings.digests]
    return page(
        request,
        "story.html",
        shown=shown,
        view=view,
        lead=lead_of(view.members),
        counts=counts_of(view.members, owner_of),
        timeline=sorted(view.members, key=lambda one: (one.when, one.id)),
        silences=of_story(house.store, view.id, digests, now),
        copy_text=copy_text,
    )
