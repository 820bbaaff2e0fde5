"""The archive, searched in the language of the rules, for so long as a person waits for a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.search import Asked
from monitor.app.search_in_time import Answer, passages, reason, search_in_time
from monitor.app.since import since
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Problem
from monitor.web.site.rendering import page

BUDGET = timedelta(seconds=2)
SHOWN = 50
SPANS = ("24h", "3d", "7d", "30d", "90d", "365d")
LONGEST_QUERY = 10_000


def search_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /search?query=Torkham+NEAR/5+closed&since=7d"""
    query = request.query_params.get("query", "").strip()[:LONGEST_QUERY]
    span = request.query_params.get("since", "7d")
    span = span if span in SPANS else "7d"
    now = open_house.clock.now()
    moment = since(span, now).moment
    answer: Answer | None = None
    problems: Sequence[Problem] = ()
    if query:
        try:
            answer = search_in_time(open_house.house, Asked(query, moment), BUDGET)
        except ConfigInvalid as error:
            problems = error.problems
    return page(
        request,
        "search.html",
        query=query,
        span=span,
        spans=SPANS,
        problems=answer.search.warnings if answer else problems,
        answer=answer,
        tally=answer.search.tally if answer else None,
        shown=[(one.article, passages(one), reason(one)) for one in answer.found[:SHOWN]] if answer else [],
        days=answer.days(moment, now) if answer else [],
        rule=_rule(query),
    )


def _rule(query: str) -> str:
    """The query as a rule of a file. Every text of JSON is one of TOML."""
    written = json.dumps(query, ensure_ascii=False)
    return f'[[rules]]\nid = "a-name"\ntitle = "What it is about"\nquery = {written}'
