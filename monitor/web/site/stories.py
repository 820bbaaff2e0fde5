"""Stories, that with the newest article first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.since import Since, since
from monitor.app.stories import Wanted, Within, counts_of, owners, question_of, stories_within
from monitor.app.why import NoSuchRule
from monitor.core.rules import RuleSet
from monitor.model.ledger import ArchivePlace
from monitor.model.story_view import StoryFacets
from monitor.web.site.forms import place_before, place_words
from monitor.web.site.rendering import page

SHOWN = 50
BUDGET = timedelta(milliseconds=80)  # for what passes a filter
_SPANS = ("6h", "24h", "3d", "7d", "30d")
_FILTERS = ("rule", "tag", "publisher", "language")
_LONGEST = 200


def stories_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /stories?since=24h&rule=torkham-closed&tag=border&publisher=dawn&language=ur&least=2&before=…"""
    asked = request.query_params
    house = open_house.house
    span = asked.get("since", "24h")
    span = span if span in _SPANS else "24h"
    owner_of = owners(house.settings)
    chosen = {name: asked.get(name, "").strip()[:_LONGEST] for name in _FILTERS}
    least = 2 if asked.get("least") == "2" else 1
    place = place_before(request)
    try:
        wanted = question_of(house, wanted_of(chosen, since(span, open_house.clock.now()), least))
        before = None if place is None else (place.first_seen, place.article)
        within = stories_within(house.store.stories, wanted, SHOWN, BUDGET, before)
        trouble = ""
    except NoSuchRule as error:
        within, trouble = Within([], None), str(error)
    facets = open_house.facets.of(house.store.stories, open_house.clock, span)
    return page(
        request,
        "stories.html",
        rows=[(one, counts_of(one.roll.standing, owner_of), one.roll.lead) for one in within.found],
        reached=within.reached,
        full=len(within.found) == SHOWN,
        older=place_words(None if within.reached is None else ArchivePlace(*within.reached)),
        before=place is not None,
        trouble=trouble,
        spans=_SPANS,
        asked=chosen | {"since": span, "least": str(least)},
        narrowed=any(chosen.values()) or least > 1,
        offers=_offers(facets, chosen, house.ruleset),
        has_counts=facets.is_whole,
    )


def wanted_of(chosen: Mapping[str, str], moment: Since, least: int) -> Wanted:
    """What a form asks; what is empty is not asked for."""
    rule, tag, publisher, language = (chosen[name] or None for name in _FILTERS)
    return Wanted(moment, rule, tag, publisher, language, least)


def _offers(
    facets: StoryFacets, chosen: Mapping[str, str], ruleset: RuleSet | None
) -> Mapping[str, Mapping[str, int]]:
    """What each filter offers by name, with its number or 0; what is chosen is always there."""
    matched = dict(facets.rules)
    of_rules = {
        tag.lower(): 0 for one in (ruleset.rules if ruleset else ()) if one.id in matched for tag in one.tags
    }
    there = {"rule": matched, "tag": of_rules | dict(facets.tags), "language": dict(facets.languages)}
    offers = {name: {chosen[name]: 0} | values if chosen[name] else values for name, values in there.items()}
    short = {name: number for name, number in facets.publishers if len(name) <= _LONGEST}
    return {name: dict(sorted(values.items())) for name, values in offers.items()} | {"publisher": short}
