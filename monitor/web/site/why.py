"""Why an article was told, or not: the ledger of one address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.discreet import discreet_why
from monitor.app.open_house import OpenHouse
from monitor.app.why import NoSuchRule, Why
from monitor.app.why_of_house import why_in
from monitor.app.why_words import why_lines
from monitor.web.site.rendering import page, visitor_of

LONGEST = 4_000  # characters of an address


def why_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /why?url=https://…&rule=torkham-closed"""
    url = request.query_params.get("url", "").strip()[:LONGEST].encode("utf-8", "replace").decode()
    rule = request.query_params.get("rule", "").strip()
    answer: Why | None = None
    trouble = ""
    try:
        answer = why_in(open_house.house, url, rule or None) if url else None
    except NoSuchRule as error:
        trouble = str(error)
    if answer is not None and not visitor_of(request).acts:
        answer = discreet_why(answer)
    lines = [] if answer is None or answer.fates else why_lines(answer)
    # The sentences are those of the command, in the zone of the machine.
    zone = open_house.clock.now().astimezone().tzname()
    return page(request, "why.html", url=url, rule=rule, answer=answer, lines=lines, trouble=trouble, zone=zone)
