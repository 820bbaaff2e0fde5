"""A rule as its table has it, by itself: beside the names of others, with its examples."""

from __future__ import annotations

from newsroom import ruleset_of
from rule_samples import NAMES

from monitor.core.rules import examples_of, load_draft

BESIDE = ruleset_of(f"{NAMES}\n[[rules]]\nid = 'r'\nquery = 'x'\n")


def read(name: str) -> str:
    raise FileNotFoundError(2, "No such file", name)


def test_a_draft_holds_beside_the_names_of_the_others_and_keeps_its_examples() -> None:
    values = {"id": "a", "query": "@torkham AND closed", "must_match": ["Torkham is closed", "Chaman is closed"]}
    loaded = load_draft(values, BESIDE, "border.toml")
    assert not loaded.problems
    (rule,) = loaded.ruleset.rules
    assert (rule.id, rule.file) == ("a", "border.toml")
    tried = list(examples_of(loaded.ruleset, rule, read))
    assert [one.problem is None for one in tried] == [True, False]


def test_what_is_wrong_with_any_key_is_told_and_there_is_no_rule() -> None:
    for values in (
        {"id": "A", "query": "x"},
        {"id": "a", "query": "x", "tags": ["a b"]},
        {"id": "a", "query": "("},
    ):
        loaded = load_draft(values, BESIDE, "")
        assert loaded.problems
        assert not loaded.ruleset.rules


def test_of_an_each_the_rule_of_that_id_is_tried_without_what_it_shares() -> None:
    values = {
        "id": "{p}-shut",
        "query": "{p} AND closed",
        "each": {"p": ["torkham", "chaman"]},
        "must_match": ["torkham is closed", "{p} is closed"],
    }
    loaded = load_draft(values, BESIDE, "", "chaman-shut")
    (rule,) = loaded.ruleset.rules
    assert rule.query == "chaman AND closed"
    assert [one.body for one in rule.must_match] == ["chaman is closed"]
    assert [one.problem for one in examples_of(loaded.ruleset, rule, read)] == [None]


def test_an_example_file_that_is_not_there_fails() -> None:
    loaded = load_draft({"id": "a", "query": "x", "must_match": ["file:gone.txt"]}, BESIDE, "rules/a.toml")
    (tried,) = examples_of(loaded.ruleset, loaded.ruleset.rules[0], read)
    assert tried.problem is not None
    assert "gone.txt" in tried.problem.message
