"""The rules in force; a draft of one tried on the archive, and any explained on a text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from monitor.app.backtest import Backtest, trial_of, zone_of
from monitor.app.backtest_words import answer_json as trial_json
from monitor.app.backtest_words import summary_json
from monitor.app.expand_words import answer_json as expanded_json
from monitor.app.expanding import expand
from monitor.app.explain_words import explained_json
from monitor.app.explaining import Subject, explain, stored_subject, the_rule
from monitor.app.in_time import in_time
from monitor.app.kept_out import silences_at
from monitor.app.rule_json import rule_json
from monitor.app.rule_tables import filed_rule
from monitor.app.search import Asked as SearchAsked
from monitor.app.since import since
from monitor.app.waiting import waiting_of
from monitor.app.why import id_now, no_such_rule
from monitor.app.why_rule import why_rule
from monitor.app.why_rule_words import why_rule_json
from monitor.app.workbench import EXAMPLE_KEYS, read_draft
from monitor.core.rules import load_rules
from monitor.model.article import Document
from monitor.model.rule import Rule
from monitor.web.api.asking import Answer, Asked, Name, Paged, Question, Span, name_of, page_of
from monitor.web.api.problems import Reason, Refused, problems_json
from monitor.web.api.reading import BUDGET, QueryText
from monitor.web.api.rule_files import Examples

DAYS = 14
EXAMPLES_BUDGET = timedelta(seconds=1)
_KEPT = 50  # matches, gained and lost articles of a trial
_LONGEST_TEXT = 200_000  # characters: below the largest body


class RulesQuestion(Paged):
    """Which rules."""

    tag: Name | None = None
    find: Name | None = Field(None, description="In the id, the title, the query or a tag")


def list_rules(asked: Asked) -> Answer:
    """Those in force, by their ids; none where the rule files do not hold (`rules_hold` of the status)."""
    query, after = asked.query, name_of(asked.query.cursor)
    fitting = sorted((one for one in _rules(asked) if _fits(one, query.tag, query.find)), key=lambda one: one.id)
    return page_of(
        (one for one in fitting if after is None or one.id > after),
        query.limit,
        _teller(asked),
        lambda one: one.id,
    )


def show_rule(asked: Asked) -> Answer:
    """One rule, as in the list."""
    name = id_now(asked.path["rule"], asked.house.ruleset)
    found = next((one for one in _rules(asked) if one.id == name), None)
    if found is None:
        raise no_such_rule(asked.path["rule"], asked.house.ruleset)
    return _teller(asked)(found)


class RecordQuestion(Question):
    """How far back."""

    since: Span = "7d"


def record_of_rule(asked: Asked) -> Answer:
    """As `monitor why --rule ID --json`."""
    house = asked.house
    answer = why_rule(
        house.store,
        asked.path["rule"],
        since(asked.query.since, asked.now),
        house.ruleset,
        [one.name for one in house.settings.digests],
        house.memory,
        silences_at(house.store, asked.now),
        waiting_of(house.settings, asked.now),
    )
    return why_rule_json(answer)


class Draft(Question):
    """A query, by itself or as a draft of a rule that there is."""

    query: QueryText
    rule: Name | None = Field(None, description="The rule with whose version in force it is compared")
    since: Span = "7d"
    must_match: Examples = Field([], description="Examples beside those that the rule has in its file")
    must_not_match: Examples = Field([])


def try_draft(asked: Asked) -> Answer:
    """What it would have matched, as `monitor rules backtest --json`, and what its words stand for, as
    `monitor rules expand --json`; and which examples hold: those of the rule as its file has it, and those
    that are given. It changes nothing."""
    house, body = asked.house, asked.body
    reached = list(expanded_json(expand(body.query, house.ruleset or load_rules([]).ruleset)))
    trial = trial_of(house, asked.open_house.config, {}, rule=id_now(body.rule, house.ruleset), query=body.query)
    wanted = SearchAsked(body.query, since(body.since, asked.now).moment)
    test = Backtest(house.store.archive, house.store.ledger, trial, wanted, _zone(asked), _KEPT)
    in_time(test.run, BUDGET)
    tally = test.tally
    shown = {one.article.id: one for one in (*tally.first, *(tally.current.kept if tally.current else ()))}
    newest = sorted(shown.values(), key=lambda one: (one.article.first_seen, one.article.id), reverse=True)
    return {
        "summary": summary_json(test, asked.now, stopped=tally.read < tally.candidates),
        "articles": [trial_json(test, one) for one in newest],
        "reached": reached,
        "examples": _examples(asked),
        "warnings": problems_json(trial.warnings),
    }


def _examples(asked: Asked) -> list[Answer]:
    house, body = asked.open_house, asked.body
    ready = house.ready()
    name = id_now(body.rule, asked.house.ruleset)
    filed = None if name is None else filed_rule(house.config, ready, name)
    before = {} if filed is None else filed.values
    values = {**before, "query": body.query} | {
        key: [*(there if isinstance(there := before.get(key), list) else ()), *getattr(body, key)]
        for key in EXAMPLE_KEYS
    }
    file = "" if filed is None else filed.file
    draft = read_draft(house, name, values, file=file, budget=EXAMPLES_BUDGET)
    if not draft.holds:
        raise Refused(Reason.RULE_INVALID, "the draft does not hold", problems=problems_json(draft.problems))
    return [
        {"key": one.key, "place": one.place, "text": one.text, "holds": one.holds, "why": one.why or None}
        for one in draft.examples
    ]


class Text(Question):
    """A text that is explained on."""

    title: str = Field("", max_length=2_000)
    body: str = Field("", max_length=_LONGEST_TEXT)


class Explaining(Question):
    """A rule or a query, and a stored article or a text."""

    rule: Name | None = None
    query: QueryText | None = None
    url: Annotated[str, Field(min_length=1, max_length=4_000)] | None = Field(
        None, description="The address of a stored article"
    )
    text: Text | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Explaining:
        if (self.rule is None) == (self.query is None):
            raise ValueError("name a rule, or write a query")
        if (self.url is None) == (self.text is None):
            raise ValueError("name the url of a stored article, or write a text")
        return self


def explain_rule(asked: Asked) -> Answer:
    """As `monitor rules explain --json`: operand by operand, with the words found."""
    house, body = asked.house, asked.body
    everything = house.ruleset or load_rules([]).ruleset
    ruleset, rule, warnings = the_rule(everything, id_now(body.rule, house.ruleset), body.query)
    explained = explain(ruleset, rule, _subject(asked))
    return {
        **explained_json(explained),
        "holds": explained.explanation.holds,
        "notes": list(explained.subject.notes),
        "warnings": problems_json(warnings),
    }


def _subject(asked: Asked) -> Subject:
    body = asked.body
    if body.url is not None:
        return stored_subject(asked.house.store, body.url)
    return Subject(Document(id="text", title=body.text.title, body=body.text.body), "the text")


def _zone(asked: Asked) -> ZoneInfo:
    return ZoneInfo(zone_of(asked.house.settings))


def _rules(asked: Asked) -> tuple[Rule, ...]:
    return () if asked.house.ruleset is None else tuple(asked.house.ruleset.rules)


def _teller(asked: Asked) -> Callable[[Rule], Answer]:
    house = asked.house
    counted = asked.open_house.rule_days.of(house.store.facts, asked.now, DAYS)
    nothing = (0,) * DAYS
    today = asked.now.date()
    return lambda rule: rule_json(rule, house.settings.digests, counted.get(rule.id, nothing), today)


def _fits(rule: Rule, tag: str | None, find: str | None) -> bool:
    words = (find or "").casefold()
    texts = (rule.id, rule.title, rule.query, *rule.tags)
    return (tag is None or tag in rule.tags) and any(words in text.casefold() for text in texts)
