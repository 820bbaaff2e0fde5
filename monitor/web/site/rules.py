"""The rules: how often each matches, when it did last, whether its examples hold, and how much of it is told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.model.ledger import RecentMatches
from monitor.model.problem import Gravity
from monitor.model.rule import Rule
from monitor.web.site.rendering import page

DAYS = 14
SHOWN = 100
LOOKED_AT = 50
"""Matches of a rule, the newest, by which its noise is told: decision 0101."""
_FAILING = re.compile(r'rule "([^"]+)": its example')


class _Row(NamedTuple):
    rule: Rule
    days: list[tuple[date, int]]
    recent: RecentMatches | None
    examples: int
    fails: bool  # one of its examples, in the files


def rules_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rules?find=border&sort=busy&page=2"""
    asked = {name: request.query_params.get(name, "")[:200] for name in ("find", "sort")}
    ready, now = open_house.ready(), open_house.clock.now()
    facts = open_house.store.facts
    counted = open_house.rule_days.of(facts, now, DAYS)
    rules = [one for one in ready.ruleset.rules if _fits(one, asked["find"])]
    nothing = (0,) * DAYS
    if asked["sort"] == "busy":
        rules.sort(key=lambda one: (-sum(counted.get(one.id, nothing)), one.id))
    else:
        rules.sort(key=lambda one: one.id)
    number = _number(request.query_params.get("page", ""), -(-len(rules) // SHOWN))
    shown = rules[(number - 1) * SHOWN : number * SHOWN]
    recent = facts.recent_matches([one.id for one in shown], LOOKED_AT)
    failing = _failing(open_house)
    return page(
        request,
        "rules.html",
        rows=[
            _Row(
                one,
                _days(now.date(), counted.get(one.id, nothing)),
                recent.get(one.id),
                len(one.must_match) + len(one.must_not_match),
                one.id in failing,
            )
            for one in shown
        ],
        found=len(rules),
        number=number,
        last=max(1, -(-len(rules) // SHOWN)),
        total=len(ready.ruleset.rules),
        trouble=_trouble(open_house),
        asked=asked,
        days=DAYS,
        looked_at=LOOKED_AT,
    )


def _trouble(open_house: OpenHouse) -> str:
    """Why the rule files are not what is in force; "" where they are, as far as was read."""
    ready, reloader = open_house.ready(), open_house.reloader
    if reloader is not None and reloader.last is not None:
        return reloader.last.problem or ""
    errors = (one for one in ready.warnings if one.gravity is Gravity.ERROR)
    return "" if ready.rules_of is None else next(map(str, errors), "they do not hold")


def _failing(open_house: OpenHouse) -> frozenset[str]:
    """The rules in whose files an example fails: those of before are in force."""
    said = [one.message for one in open_house.ready().warnings if one.gravity is Gravity.ERROR]
    return frozenset(found[1] for one in (*said, _trouble(open_house)) if (found := _FAILING.search(one)))


def _number(text: str, last: int) -> int:
    return min(max(1, int(text)), max(1, last)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _days(today: date, counts: tuple[int, ...]) -> list[tuple[date, int]]:
    return [(today - timedelta(days=len(counts) - 1 - place), number) for place, number in enumerate(counts)]


def _fits(rule: Rule, find: str) -> bool:
    words = find.casefold()
    return any(words in text.casefold() for text in (rule.id, rule.title, rule.query, *rule.tags))
