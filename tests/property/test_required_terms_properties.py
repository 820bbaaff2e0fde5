"""The law of required terms: no document on which a query holds lacks them, whatever the query and the text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_samples import CONTEXTS, ruleset_of
from test_rules_properties import WORDS, document_of, leaves, placed, queries, texts

from monitor.app.shipped import shipped_rule_files
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.core.rules.required import satisfied
from monitor.core.text.terms import terms_of
from monitor.demo.samples import press_samples
from monitor.demo.stories import own_stories
from monitor.model.article import Document
from monitor.model.rule import Match

pairs = st.tuples(placed, st.sampled_from(["NEAR/4", "ONEAR/2"]), placed).map(" ".join)
forms = [
    *WORDS,
    '"cease-fire border"',
    '"border clos*"',
    "cease-fir*",
    "=U.S.",
    "defence",
    '"Kabul 塔利班"',
    "@ttp",
]
everything = queries | pairs | st.sampled_from(forms) | st.lists(leaves, min_size=2, max_size=4).map(" OR ".join)

# The queries take some time to make, and a busy machine more; that says nothing about the law.
SLOW_MACHINES = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def lacking(ruleset: RuleSet, document: Document) -> Iterator[str]:
    """The rules that match the document although it lacks what they require."""
    terms = sorted(terms_of([document.title, document.summary, document.body]))
    for answer in ruleset.match(document):
        assert isinstance(answer, Match), answer
        required = ruleset.required_terms(answer.rule)
        if required is not None and not satisfied(required, terms):
            yield answer.rule


@given(everything, texts, st.sampled_from(["", *WORDS]))
@SLOW_MACHINES
def test_a_document_that_matches_has_all_required_terms(query: str, body: str, title: str):
    assert list(lacking(ruleset_of(query, CONTEXTS), document_of(title, body))) == []


@given(st.lists(st.sampled_from([*WORDS, "ceasefire", "closure", "us", "defense"]), max_size=6), everything)
@SLOW_MACHINES
def test_a_document_without_a_required_term_never_matches(words: list[str], query: str):
    document = document_of("", " ".join(words))
    ruleset = ruleset_of(query, CONTEXTS)
    required = ruleset.required_terms("r")
    if required is not None and not satisfied(required, sorted(terms_of(["", "", document.body]))):
        assert ruleset.match(document) == ()


def shipped() -> RuleSet:
    return load_rules([RuleFile(name, text) for name, text in shipped_rule_files()]).ruleset


def test_no_shipped_rule_misses_a_sample_story_for_its_required_terms():
    ruleset, matched = shipped(), 0
    for story in own_stories():
        document = Document(id="d", title=story.title, body=story.body)
        assert list(lacking(ruleset, document)) == []
        matched += len(ruleset.match(document))
    assert matched


@pytest.mark.needs("the press samples")
def test_no_shipped_rule_misses_a_press_sample_for_its_required_terms():
    ruleset, matched = shipped(), 0
    for sample in press_samples() or ():
        document = Document(id="d", title=sample.title, body=sample.body)
        assert list(lacking(ruleset, document)) == []
        matched += len(ruleset.match(document))
    assert matched


def test_every_shipped_rule_but_one_of_a_bare_name_requires_something():
    # A name in any spelling has no words that a document must hold.
    ruleset = shipped()
    nothing = [rule for rule in ruleset.rules if ruleset.required_terms(rule.id) is None]
    assert [rule.query for rule in nothing if not ruleset.lexicon.entities[rule.query[1:]].variants] == []
