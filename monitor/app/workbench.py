"""A rule as it is written: whether it holds, what its words reach, what it would have matched, what changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.app.backtest import Answer, Backtest, Difference, trial_of, zone_of
from monitor.app.check import read_example
from monitor.app.expand_words import answer_lines
from monitor.app.expanding import expand
from monitor.app.explain_words import explained_lines
from monitor.app.explaining import NotExplainable, explain, stored_subject, the_rule
from monitor.app.in_time import Tell, in_time
from monitor.app.open_house import OpenHouse
from monitor.app.pieces import pieces_of
from monitor.app.search import Asked
from monitor.core.rules import RuleSet, because, examples_of, load_draft
from monitor.core.rules.asks import asks_for
from monitor.core.rules.editing import Values, value_toml
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Example, Rule

KEPT = 20
"""Matches, gained and lost articles that are shown."""

EXAMPLE_KEYS = ("must_match", "must_not_match")


@dataclass(frozen=True, slots=True)
class Changed:
    """An article that a draft gains or loses, and why."""

    answer: Answer
    gained: bool
    why: str


@dataclass(frozen=True, slots=True)
class ShownExample:
    """An example of a draft: its key, its place in that list, its words, and whether it holds; None where nobody
    knows before the rule is saved."""

    key: str
    place: int
    text: str
    holds: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found out about a rule. `test` is None where it does not hold, or the archive was not asked."""

    query: str
    problems: Sequence[Problem] = ()
    reached: Sequence[str] = ()  # lines: what `~ * @ $` stand for
    explained: Sequence[str] = ()  # lines: the article that was asked about
    test: Backtest | None = None
    seconds: float = 0.0
    examples: Sequence[ShownExample] = ()

    @property
    def holds(self) -> bool:
        """Whether it can be tried."""
        return not any(one.gravity is Gravity.ERROR for one in self.problems)

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
    read = read_draft(open_house, rule, {"query": query}, url=url)
    return tried_draft(open_house, rule, read, since, budget)


def read_draft(
    open_house: OpenHouse,
    rule: str | None,
    values: Values,
    *,
    file: str = "",
    url: str = "",
    budget: timedelta = timedelta(seconds=1),
) -> Draft:
    """What the table of a rule says by itself, without the archive: whether it holds, what its words reach, which
    examples hold, tried for at most so long. `file` is the rule file, to which example files are relative."""
    beside = open_house.ready().ruleset  # in force, whatever the files say
    query = str(values.get("query", ""))
    loaded = load_draft({"id": "draft", **values}, beside, file or "draft", rule)
    problems = [replace(one, file="", line=0) for one in loaded.problems]
    if not loaded.ruleset.rules:
        return Draft(query, problems, examples=tuple(_listed(values)))
    drafted = loaded.ruleset.rules[0]
    return Draft(
        drafted.query,
        problems,
        list(answer_lines(expand(drafted.query, beside))),
        _explained(open_house, drafted.query, url),
        examples=_examples(loaded.ruleset, drafted, values, budget),
    )


def tried_draft(
    open_house: OpenHouse,
    rule: str | None,
    draft: Draft,
    since: datetime,
    budget: timedelta,
    gone: Callable[[], bool] = lambda: False,
) -> Draft:
    """The draft tried on the archive, the newest articles first, for at most so long, or until whoever waits for
    it is gone. Raises NoSuchRule."""
    if not draft.holds:
        return draft
    house = replace(open_house.house, ruleset=open_house.ready().ruleset)
    try:
        trial = trial_of(house, open_house.config, {}, rule=rule, query=draft.query)
    except ConfigInvalid as error:
        return replace(draft, problems=error.problems)
    # Without its id: what was recorded of the rule is not compared here.
    test = Backtest(
        house.store.archive,
        house.store.ledger,
        replace(trial, id=None),
        Asked(draft.query, since),
        ZoneInfo(zone_of(house.settings)),
        KEPT,
        pieces_of(since, house.clock.now()),
    )

    def run(tell: Tell) -> Iterator[None]:
        for _ in test.run(lambda done, of: _stop() if gone() else tell(done, of)):
            yield None  # what is shown of it stands in the tally; all of it, with its texts, would fill the memory

    try:
        _, seconds = in_time(run, budget)
    except _Gone:
        return draft
    return replace(draft, test=test, seconds=seconds)


class _Gone(Exception):
    """Nobody waits for the answer any more."""


def _stop() -> None:
    raise _Gone


def _listed(values: Values) -> Iterator[ShownExample]:
    """The examples of a table in its order, untried."""
    for key in EXAMPLE_KEYS:
        found = values.get(key, ())
        for place, one in enumerate(found if isinstance(found, list) else ()):
            yield ShownExample(key, place, one if isinstance(one, str) else value_toml(one))


def _examples(ruleset: RuleSet, rule: Rule, values: Values, budget: timedelta) -> tuple[ShownExample, ...]:
    """Those of a draft that holds, each tried while there is time."""
    until = time.monotonic() + budget.total_seconds()
    known: dict[tuple[str, int], Problem | None] = {}
    for tried in examples_of(ruleset, _tried_here(ruleset, rule), read_example):
        known[tried.key, tried.example.place] = tried.problem
        if time.monotonic() > until:
            break
    return tuple(
        replace(one, holds=(problem := known[one.key, one.place]) is None, why=_why(problem))
        if (one.key, one.place) in known
        else one
        for one in _listed(values)
    )


def _tried_here(ruleset: RuleSet, rule: Rule) -> Rule:
    """The rule without the examples whose language would have to be detected, which takes a child of its own."""
    if not asks_for(ruleset, "language", rule.id):
        return rule

    def told(examples: tuple[Example, ...]) -> tuple[Example, ...]:
        return tuple(one for one in examples if any(key == "language" for key, _ in one.about))

    return replace(rule, must_match=told(rule.must_match), must_not_match=told(rule.must_not_match))


def _why(problem: Problem | None) -> str:
    if problem is None:
        return ""
    return " ".join(line.strip() for line in problem.context) or problem.message


def _explained(open_house: OpenHouse, query: str, url: str) -> list[str]:
    """Why the query holds on a stored article, or not."""
    if not url:
        return []
    ruleset, rule, _ = the_rule(open_house.ready().ruleset, None, query)
    try:
        return explained_lines(explain(ruleset, rule, stored_subject(open_house.house.store, url)))
    except NotExplainable as error:
        return [str(error)]
