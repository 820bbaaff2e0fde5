"""Examples that say what is known of an article, for rules that ask for it."""

from __future__ import annotations

import pytest
from rule_samples import load

from monitor.core.rules import RuleFile, load_rules, run_examples
from monitor.core.rules.kept import remembered, written
from monitor.model.problem import Gravity

RULE = "[[rules]]\nid = 'r'\nquery = 'Khan AND {query}'\nmust_match = [{ body = 'Khan', {about} }]\n"


def failing(text: str) -> list[str]:
    loaded = load(text)
    assert [p for p in loaded.problems if p.gravity is Gravity.ERROR] == []
    return [p.message for p in run_examples(loaded.ruleset, str)]


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("url:dawn.com", "url = 'https://www.dawn.com/news/1'"),
        ("publisher:Dawn", "publisher = 'Dawn'"),
        ("section:sport", "section = 'Sport, Cricket'"),
        ("language:ur", "language = 'ur'"),
        ("author:Haq", "authors = ['A. Gul', 'B. Haq']"),
        ("feed:dawn", "feed = 'dawn'"),
        ("tag:cricket", "tags = ['sport', 'cricket']"),
        ("summary:wicket", "summary = 'A wicket falls'"),
    ],
)
def test_an_example_says_what_the_rule_asks_for(query: str, about: str):
    text = RULE.replace("{query}", query).replace("{about}", about)
    assert failing(text) == []
    (missed,) = failing(text.replace(about, "title = 'Khan'"))
    assert "must match, but does not" in missed
    (wrong,) = failing(text.replace("must_match", "must_not_match"))
    said = about.split("'")[1]
    assert "must not match, but does" in wrong
    assert said in wrong


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("autor = 'x'", 'example 1: unknown key "autor"; did you mean "authors"?'),
        ("author = 'x'", 'example 1: unknown key "author"; did you mean "authors"?'),
        ("zz = 'x'", 'example 1: unknown key "zz"; there are: title, body, summary, url'),
        ("authors = 'x'", 'example 1: "authors" must be a list of strings'),
        ("url = 3", 'example 1: "url" must be a string'),
    ],
)
def test_what_is_wrong_with_an_example_is_said(about: str, said: str):
    (problem,) = load(RULE.replace("{query}", "x").replace("{about}", about)).problems
    assert problem.message.startswith(f"rules[0].must_match: {said}")
    assert problem.line == 4


EACH = """[[rules]]
id = "{of}"
query = 'Khan AND tag:{of}'
each = { of = ["cricket", "hockey"] }
must_match = [{ title = "Khan", tags = ["sport", "{of}"] }, { of = "hockey", title = "Khan", tags = ["hockey"] }]
"""


def test_placeholders_stand_in_what_is_known_too():
    assert failing(EACH) == []
    assert len(failing(EACH.replace('"sport", "{of}"', '"sport"'))) == 1


def test_what_is_known_is_written_down_and_read_again():
    files = [RuleFile("rules.toml", EACH)]
    first = load_rules(files)
    second = load_rules(files, remembered(written(first.memory), files))
    assert second.ruleset.rules == first.ruleset.rules
    assert [example.about for example in second.ruleset.rules[1].must_match] == [
        (("tags", ("sport", "hockey")),),
        (("tags", ("hockey",)),),
    ]
