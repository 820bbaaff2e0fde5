"""The archive, searched in the language of the rules, for so long as a person waits for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.search import Asked
from monitor.app.search_in_time import Answer, passages, reason, search_in_time
from monitor.app.since import since
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Problem
from monitor.web.site.forms import place_before, place_words
from monitor.web.site.rendering import page

FIRST = timedelta(seconds=0.3)  # then a script asks for the rest
BUDGET = timedelta(seconds=2)
SPANS = ("24h", "3d", "7d", "30d", "90d", "365d")
FACETS = ("publisher", "language", "tag")
LONGEST_QUERY = 10_000
_QUOTES = str.maketrans(dict.fromkeys('"\u201c\u201d\u201e\u201f\uff02«»', " "))


def search_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /search?query=Torkham+NEAR/5+closed&since=7d&publisher=Dawn&before=…&whole=1

    The first answer comes soon, with what it found by then; the page's script then asks for the `whole` time. A
    form without scripts asks for it at once.
    """
    params = request.query_params
    query = params.get("query", "").strip()[:LONGEST_QUERY]
    span = params.get("since", "7d")
    span = span if span in SPANS else "7d"
    only = {name: params.get(name, "").strip()[:200] for name in FACETS}
    before, whole = place_before(request), params.get("whole") == "1"
    now = open_house.clock.now()
    moment = since(span, now).moment
    answer: Answer | None = None
    problems: Sequence[Problem] = ()
    if query:
        try:
            asked = Asked(query, moment, only=[(name, value) for name, value in only.items() if value])
            answer = search_in_time(open_house.house, asked, BUDGET if whole else FIRST, before)
        except ConfigInvalid as error:
            problems = error.problems
    return page(
        request,
        "search.html",
        query=query,
        asked={"query": query, "since": span, **only, "before": place_words(before)},
        only={name: value for name, value in only.items() if value},
        spans=SPANS,
        problems=answer.search.warnings if answer else problems,
        answer=answer,
        tally=answer.search.tally if answer else None,
        shown=[(one.article, passages(one), reason(one)) for one in answer.found] if answer else [],
        days=answer.days(moment, min(now, before.first_seen) if before else now) if answer else [],
        older=place_words(answer.older) if answer else "",
        reads_on=answer is not None and not answer.is_whole and not whole,
        rule=_as_a_rule(query, only),
    )


def _as_a_rule(query: str, only: Mapping[str, str]) -> str:
    """The query with what it was narrowed to, as a rule would say it."""
    narrowed = [f'{name}:"{words}"' for name, value in only.items() if (words := value.translate(_QUOTES).strip())]
    return " AND ".join([f"({query})", *narrowed]) if narrowed else query
