"""Rule sets of one query, for tests that ask what a query finds."""

from __future__ import annotations

from monitor.core.rules import LoadedRules, RuleFile, RuleSet, load_rules
from monitor.model.article import Document
from monitor.model.problem import Gravity
from monitor.model.rule import Match

NAMES = """
[entities.torkham]
name = "Torkham"
aliases = ["طورخم"]
[entities.ttp]
name = "Tehreek-e-Taliban Pakistan"
type = "org"
acronyms = ["TTP"]
[entities.envoy]
name = "Mohammad Sadiq Khan"
type = "person"
[entities.mayor]
name = "Sadiq Khan"
type = "person"
[terms.closed]
query = 'closed OR closure* OR shut OR بند'
"""

CONTEXTS = (
    NAMES
    + """
[entities.khan]
name = "Sadiq Aman Khan"
type = "person"
aliases = ["Khan"]
need = "border OR closed"
not = "title:Kabul AND TTP"
[entities.kabul]
name = "Kabul"
type = "place"
[terms.open]
query = 'reopen* NOT NEAR/2 (waiting OR until)'
[terms.both]
query = '$closed OR ($open NEAR/5 @torkham)'
"""
)
"""NAMES, entities that are meant in some articles only, and terms that rest on others."""


def load(text: str, name: str = "rules.toml") -> LoadedRules:
    """What one rule file makes."""
    return load_rules([RuleFile(name, text)])


def ruleset_of(query: str, names: str = NAMES) -> RuleSet:
    """A rule set whose only rule is `r`; the query must hold."""
    assert "'''" not in query
    loaded = load(f"{names}\n[[rules]]\nid = 'r'\nquery = '''{query}'''\n")
    errors = [str(problem) for problem in loaded.problems if problem.gravity is Gravity.ERROR]
    assert not errors, errors
    return loaded.ruleset


def found(query: str, body: str = "", title: str = "", summary: str = "") -> Match | None:
    """The match of a query on a text, None when it does not hold."""
    answers = ruleset_of(query).match(Document(id="d", title=title, body=body, summary=summary))
    assert all(isinstance(answer, Match) for answer in answers), answers
    return answers[0] if answers else None  # type: ignore[return-value]  # the line above has looked


def matches(query: str, body: str = "", title: str = "", summary: str = "") -> bool:
    """Whether a query holds on a text."""
    return found(query, body, title, summary) is not None


def texts(match: Match | None) -> list[str]:
    """What a match found, as written in the text."""
    return [span.text for span in match.spans] if match else []
