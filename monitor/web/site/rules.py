"""The rules, how often each matches, and the workbench on which one is written and tried."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.backtest_words import days_of
from monitor.app.open_house import OpenHouse
from monitor.app.since import since
from monitor.app.why import NoSuchRule
from monitor.app.workbench import Draft, draft_of
from monitor.model.rule import Rule
from monitor.web.site.forms import Fields
from monitor.web.site.rendering import page

DAYS = 14
BUDGET = timedelta(seconds=2)
SPANS = ("24h", "7d", "30d", "90d")
LONGEST_QUERY = 20_000
SHOWN = 500
_NEWEST = 10


def rules_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules?find=border&sort=busy"""
    asked = {name: request.query_params.get(name, "")[:200] for name in ("find", "sort")}
    house, now = open_house.house, open_house.clock.now()
    counted = open_house.rule_days.of(house.store.facts, now, DAYS)
    rules = [] if house.ruleset is None else [one for one in house.ruleset.rules if _fits(one, asked["find"])]
    nothing = (0,) * DAYS
    rows = [(one, counted.get(one.id, nothing)) for one in rules]
    rows.sort(key=lambda row: (-sum(row[1]) if asked["sort"] == "busy" else 0, row[0].id))
    return page(
        request,
        "rules.html",
        rows=[(rule, _days(now.date(), days)) for rule, days in rows[:SHOWN]],
        left_out=max(0, len(rows) - SHOWN),
        total=0 if house.ruleset is None else len(house.ruleset.rules),
        holds=house.ruleset is not None,
        asked=asked,
        days=DAYS,
    )


def rule_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules/torkham-closed?query=…&since=7d&url=…"""
    found = rule_called(open_house, request.path_params["rule"])
    return _workbench(open_house, request, found, dict(request.query_params))


def new_rule_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules/new?query=…"""
    return _workbench(open_house, request, None, dict(request.query_params))


def try_rule(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /rules/torkham-closed/try, or /rules/new/try: what the draft comes to. It changes nothing."""
    name = request.path_params.get("rule")
    found = None if name is None else rule_called(open_house, name)
    if request.headers.get("hx-request") == "true":
        draft = _draft(open_house, found, fields)
        return page(request, "trial.html", **_trial(open_house, found, draft))
    return _workbench(open_house, request, found, fields)


def rule_called(open_house: OpenHouse, name: str) -> Rule:
    """The rule in force of that id. Raises HTTPException."""
    rules = () if (ruleset := open_house.house.ruleset) is None else ruleset.rules
    found = next((one for one in rules if one.id == name), None)
    if found is None:
        raise HTTPException(404, "No rule in force has this id.")
    return found


def _workbench(open_house: OpenHouse, request: Request, found: Rule | None, fields: Fields) -> Response:
    house, now = open_house.house, open_house.clock.now()
    record = None
    if found is not None:
        record = house.store.ledger.rule_record(found.id, since("30d", now).moment, _NEWEST, now)
    asked = {"query": found.query if found else "", **fields}
    draft = _draft(open_house, found, asked) if asked["query"].strip() else None
    return page(
        request,
        "rule.html",
        rule=found,
        record=record,
        fields={name: asked.get(name, "") for name in ("query", "url")} | {"since": _span(asked)},
        spans=SPANS,
        **_trial(open_house, found, draft),
    )


def _draft(open_house: OpenHouse, found: Rule | None, fields: Fields) -> Draft:
    query, url = fields.get("query", "")[:LONGEST_QUERY].strip(), fields.get("url", "").strip()
    moment = since(_span(fields), open_house.clock.now()).moment
    try:
        return draft_of(open_house, found.id if found else None, query, moment, BUDGET, url)
    except NoSuchRule as error:
        raise HTTPException(404, str(error)) from error


def _trial(open_house: OpenHouse, found: Rule | None, draft: Draft | None) -> Mapping[str, Any]:
    """What the part of the page below the query shows."""
    test = draft.test if draft else None
    return {
        "draft": draft,
        "tally": test.tally if test else None,
        "perday": days_of(test, open_house.clock.now()) if test else [],
        "written": _written(found, draft.query) if draft else "",
        "is_saved": found is not None and draft is not None and found.query.strip() == draft.query,
    }


def _span(fields: Fields) -> str:
    return fields["since"] if fields.get("since") in SPANS else "7d"


def _written(found: Rule | None, query: str) -> str:
    """The query as a line of a rule file, and what stands around it. Every text of JSON is one of TOML."""
    written = f"query = {json.dumps(query, ensure_ascii=False)}"
    return written if found is not None else f'[[rules]]\nid = "a-name"\ntitle = "What it is about"\n{written}'


def _days(today: date, counts: tuple[int, ...]) -> list[tuple[date, int]]:
    return [(today - timedelta(days=len(counts) - 1 - place), number) for place, number in enumerate(counts)]


def _fits(rule: Rule, find: str) -> bool:
    words = find.casefold()
    return any(words in text.casefold() for text in (rule.id, rule.title, rule.query, *rule.tags))
