"""One story: its timeline, the sentences that rules matched, what edits changed, why it is one, what was told."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.kept_out import of_story
from monitor.app.open_house import OpenHouse
from monitor.app.stories import NoSuchStory, Shown, counts_of, lead_of, owners, show, story_called
from monitor.app.stories_apart import CannotSplit, join, plan_split, regrouping_of, split
from monitor.app.story_texts import MOST_QUOTED, edits_of, quotes_of
from monitor.app.story_words import copy_text
from monitor.web.site.forms import Fields, row_before
from monitor.web.site.rendering import page, visitor_of

SHOWN = 200
EDITS = 5
_MOST_EDITS = 20
_TICK = "a_"


def story_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /stories/s_1a?before=1200"""
    shown = _shown(open_house, request)
    return _page(open_house, request, shown)


def edits_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /stories/s_1a/edits?before=1200"""
    store = open_house.house.store.stories
    try:
        story = story_called(store, request.path_params["story"]).story
    except NoSuchStory as error:
        raise HTTPException(404, str(error)) from error
    edits = edits_of(store, story, row_before(request), _MOST_EDITS)
    return page(request, "story_edits.html", story=story, edits=edits, more=len(edits) == _MOST_EDITS)


def split_story(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /stories/s_1a/split, a_12=1 for each article that does not belong to it, reason=…, author=…"""
    house = open_house.house
    articles = sorted(name for name, value in fields.items() if name.startswith(_TICK) and value)
    author = visitor_of(request).name or fields.get("author", "").strip()
    reason = fields.get("reason", "").strip()
    trouble = (
        "Tick the articles that do not belong to this story."
        if not articles
        else "Say who says so, and why."
        if not (author and reason)
        else ""
    )
    if not trouble:
        try:
            planned = plan_split(house.store.stories, request.path_params["story"], articles)
            done = split(regrouping_of(house), planned, author=author, reason=reason)
            return page(
                request, "story_apart.html", done=done, articles=articles, counts_of=counts_of, lead_of=lead_of
            )
        except (CannotSplit, NoSuchStory) as error:
            trouble = str(error)
    return _page(open_house, request, _shown(open_house, request), trouble=trouble, fields=fields, code=422)


def join_articles(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /stories/join, articles=a_12 a_19 (or stories): takes back what was said of any two of them."""
    try:
        done = join(regrouping_of(open_house.house), fields.get("articles", "").split())
    except NoSuchStory as error:
        raise HTTPException(404, str(error)) from error
    return page(request, "story_apart.html", done=done, articles=[], counts_of=counts_of, lead_of=lead_of)


def _shown(open_house: OpenHouse, request: Request) -> Shown:
    house = open_house.house
    name, before = request.path_params["story"], row_before(request)
    try:
        return show(house.store.stories, name, owners(house.settings), most=SHOWN, before=before)
    except NoSuchStory as error:
        raise HTTPException(404, str(error)) from error


def _page(
    open_house: OpenHouse,
    request: Request,
    shown: Shown,
    *,
    trouble: str = "",
    fields: Fields | None = None,
    code: int = 200,
) -> Response:
    house, view = open_house.house, shown.view
    store = house.store.stories
    has_edits = any(one.is_revision for one in shown.standing)
    edits = edits_of(store, view.id, None, EDITS + 1) if has_edits else []
    return page(
        request,
        "story.html",
        code,
        shown=shown,
        view=view,
        lead=shown.lead,
        counts=shown.counts,
        rows=len(shown.standing),
        older=shown.older,
        before=row_before(request),
        timeline=sorted(view.members, key=lambda one: (one.when, one.id)),
        rules=view.rules[:MOST_QUOTED],
        quotes=quotes_of(store, view.rules),
        edits=edits[:EDITS],
        more_edits=len(edits) > EDITS,
        silences=of_story(
            house.store, view.id, [digest.name for digest in house.settings.digests], house.clock.now()
        ),
        copy_text=copy_text,
        trouble=trouble,
        fields=fields or {},
    )
