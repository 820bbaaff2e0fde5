"""`~word` on texts: which forms are reached, and when a capital says that a word is a name."""

from __future__ import annotations

import pytest
from rule_samples import matches, ruleset_of

from monitor.model.article import Document


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("~close", "the closure of the crossing"),
        ("~closing", "the closure of the crossing"),
        ("~close", "TALIBAN CLOSES TORKHAM"),
        ("~bomb", "a suicide bomber"),
        ("~elect", "electoral fraud"),
        ("~re-open", "re-opening of the gate"),
        ("~reopen", "re-opening of the gate"),
        ("~reopen", "the reopening"),
        ("~organise", "they organized it"),
        ("~blorp", "they were blorping"),  # listed nowhere: by its stem
        ('"~close of the border"', "closure of the border"),
        ("~close NEAR/2 border", "closing their border"),
        ("~بند", "طورخم بند ہے"),  # no stemmer: the very word
        ("title:~close OR ~close", "the closures"),
    ],
)
def test_a_family_reaches(query, text):
    assert matches(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("~close", "a closely watched vote"),
        ("~close", "the gate reopened"),
        ("~shut", "a shuttle bus"),
        ("~police", "a policy paper"),
        ("~بند", "بندش"),
    ],
)
def test_a_family_does_not_reach(query, text):
    assert not matches(query, text)


def test_a_capital_inside_a_sentence_is_a_name_to_the_stem_but_not_to_the_list():
    assert matches("~blorp", "they were blorping")
    assert not matches("~blorp", "the village of Blorping is quiet today")
    assert matches("~blorp", "the village of Blorp is quiet today")  # the very word
    assert matches("~close", "the grand Closing of the gate is today")  # a listed form


@pytest.mark.parametrize(
    "text",
    [
        "Blorping went on all day.",
        "Taliban Blorping Shuts Torkham Border Again",
        "He said: Blorping is over.",
        "He said “Blorping is over” today.",
    ],
)
def test_a_capital_at_the_beginning_of_a_sentence_or_in_a_headline_says_nothing(text):
    assert matches("~blorp", text)


def test_the_span_is_the_form_that_was_found():
    (match,) = ruleset_of("~close").match(Document(id="d", title="", body="The closure: closely watched, closed."))
    assert [span.text for span in match.spans] == ["closure", "closed"]
