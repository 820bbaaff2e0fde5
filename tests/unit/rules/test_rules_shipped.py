"""The rule files that ship: they load clean, keep their examples, and find what they should in the samples."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from ground_truth import ENTITIES, KEYS, TITLES, main_text

import monitor
from monitor.core.rules import LoadedRules, RuleFile, load_rules, run_examples
from monitor.model.article import Document
from monitor.model.rule import Match, Severity

FOLDER = Path(monitor.__file__).parent.parent / "rules"

needs_samples = pytest.mark.needs("the press samples")  # they come with a checkout only


@cache
def shipped() -> LoadedRules:
    return load_rules(
        [RuleFile(f"rules/{path.name}", path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml"))]
    )


@cache
def found_in(key: str) -> tuple[frozenset[str], frozenset[str]]:
    document = Document(id=key, title=TITLES[key], body=main_text(key))
    answers = shipped().ruleset.match(document)
    rules = frozenset(answer.rule for answer in answers if isinstance(answer, Match))
    assert len(rules) == len(answers)
    return rules, frozenset(str(one.id) for one in shipped().ruleset.entities_in(document))


def test_they_load_without_error_or_warning():
    assert shipped().problems == ()
    assert len(shipped().ruleset.rules) >= 9


def test_every_rule_keeps_its_examples():
    assert run_examples(shipped().ruleset, lambda name: Path(name).read_text("utf-8")) == ()


def test_every_rule_has_examples_of_both_kinds_a_title_and_a_tag():
    for rule in shipped().ruleset.rules:
        assert rule.must_match, rule.id
        assert rule.must_not_match, rule.id
        assert rule.title != rule.id
        assert rule.tags, rule.id
    assert {rule.severity for rule in shipped().ruleset.rules} == set(Severity)


@needs_samples
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("torkham-closed", {"000", "001", "002"}),
        ("torkham-reopened", {"003"}),
        ("chaman-closed", set()),
        ("border-clash", {"000", "001", "002", "003"}),
        ("ttp", {"001", "002", "003", "004"}),
        ("ttp-attack", {"001", "002", "003"}),
        ("khawaja-asif", {"000", "001", "002", "004"}),
        ("khorasan-al-qaeda", set()),
        ("islamabad-kabul-talks", {"000", "001", "002", "003"}),
        ("taliban-spokesman", {"001", "002", "004"}),
        ("trucks-stranded", {"000"}),
        ("border-trade", {"000", "001"}),
        ("cpec", {"003"}),
    ],
)
def test_a_rule_finds_in_the_samples_what_it_should(rule, expected):
    assert {key for key in KEYS if rule in found_in(key)[0]} == expected


@needs_samples
@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        *ENTITIES.items(),
        ("sadiq_khan_envoy", {"003"}),
        ("aqap", set()),
        ("isis_k", set()),
        ("cpec", {"003"}),
        ("zabihullah_mujahid", {"001", "002", "004"}),
    ],
)
def test_an_entity_is_found_where_it_is_named(entity, expected):
    assert {key for key in KEYS if entity in found_in(key)[1]} == expected
