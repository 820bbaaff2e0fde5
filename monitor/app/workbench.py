"""A rule as it is written: whether it holds, what its words reach, what it would have matched, what changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.app.backtest import Answer, Backtest, Difference, trial_of, zone_of
from monitor.app.expand_words import answer_lines
from monitor.app.expanding import expand
from monitor.app.explain_words import explained_lines
from monitor.app.explaining import NotExplainable, explain, stored_subject, the_rule
from monitor.app.in_time import in_time
from monitor.app.open_house import OpenHouse
from monitor.app.search import Asked
from monitor.core.rules import because, load_rules
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Problem

KEPT = 20
"""Matches, gained and lost articles that are shown."""


@dataclass(frozen=True, slots=True)
class Changed:
    """An article that a draft gains or loses, and why."""

    answer: Answer
    gained: bool
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found out about a query. `test` is None where it does not hold."""

    query: str
    problems: Sequence[Problem] = ()
    reached: Sequence[str] = ()  # lines: what `~ * @ $` stand for
    explained: Sequence[str] = ()  # lines: the article that was asked about
    test: Backtest | None = None
    seconds: float = 0.0

    @property
    def difference(self) -> Difference | None:
        """Against the saved version; None where there is none, or it is the same."""
        return None if self.test is None or self.test.trial.is_same else self.test.tally.current

    def changes(self) -> list[Changed]:
        """What it gains and loses against the saved version, the newest first."""
        if self.test is None or self.difference is None:
            return []
        kept = sorted(self.difference.kept, key=lambda one: one.article.first_seen, reverse=True)
        return [
            Changed(one, True, because(one.match.explanation))
            if one.match is not None
            else Changed(one, False, self.test.why_not(one))
            for one in kept
        ]


def draft_of(
    open_house: OpenHouse, rule: str | None, query: str, since: datetime, budget: timedelta, url: str = ""
) -> Draft:
    """The query as a draft of that rule, or by itself, tried on the archive for at most so long.

    Raises NoSuchRule.
    """
    house = open_house.house
    beside = house.ruleset or load_rules([]).ruleset
    try:
        reached = list(answer_lines(expand(query, beside)))
        trial = trial_of(house, open_house.config, {}, rule=rule, query=query)
    except ConfigInvalid as error:
        return Draft(query, error.problems)
    zone = ZoneInfo(zone_of(house.settings))
    test = Backtest(house.store.archive, house.store.ledger, trial, Asked(query, since), zone, KEPT)
    _, seconds = in_time(test.run, budget)
    return Draft(query, trial.warnings, reached, _explained(open_house, query, url), test, seconds)


def _explained(open_house: OpenHouse, query: str, url: str) -> list[str]:
    """Why the query holds on a stored article, or not."""
    if not url:
        return []
    house = open_house.house
    ruleset, rule, _ = the_rule(house.ruleset or load_rules([]).ruleset, None, query)
    try:
        return explained_lines(explain(ruleset, rule, stored_subject(house.store, url)))
    except NotExplainable as error:
        return [str(error)]
