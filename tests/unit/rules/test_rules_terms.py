"""The terms that ship, each in four languages, on sentences of a newspaper and on some that only look alike."""

from __future__ import annotations

import tomllib
from functools import cache

import pytest
from shipped_rules import FOLDER, shipped, table

from monitor.core.rules import RuleSet
from monitor.core.rules.load import load_query
from monitor.model.article import Document

TERMS = table("terms.toml")
LANGUAGES = ("en", "ur", "ps", "fa")
SENTENCES = [
    pytest.param(term, sentence, kind != "not", id=f"{term}-{kind}-{number}")
    for term, kinds in TERMS.items()
    for kind, sentences in kinds.items()
    for number, sentence in enumerate(sentences)
]


@cache
def rule_of(term: str) -> RuleSet:
    loaded = load_query(f"${term}", shipped().ruleset)
    assert loaded.problems == ()
    return loaded.ruleset


def test_every_term_of_the_file_is_tried_in_four_languages_and_on_what_looks_alike():
    assert set(TERMS) == set(tomllib.loads((FOLDER / "terms.toml").read_text("utf-8"))["terms"])
    for term, kinds in TERMS.items():
        assert set(kinds) == {*LANGUAGES, "not"}, term
        assert all(len(sentences) >= 3 for sentences in kinds.values()), term


@pytest.mark.parametrize(("term", "sentence", "expected"), SENTENCES)
def test_a_term_finds_what_is_meant_and_leaves_what_looks_alike(term, sentence, expected):
    assert bool(rule_of(term).match(Document(id="d", title="", body=sentence))) is expected
