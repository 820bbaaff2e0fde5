"""`renamed_from` in rule files: the ids that a rule had before."""

from __future__ import annotations

import pytest
from rule_samples import load

from monitor.core.rules import Memory, RuleFile, load_rules
from monitor.core.rules.kept import remembered, written

RULES = """\
[[rules]]
id = "torkham-shut"
query = 'torkham AND closed'
renamed_from = "torkham-closed"
[[rules]]
id = "floods"
query = 'flood*'
"""
EACH = """\
[[rules]]
id = "{place}-shut"
query = '"{place}" AND closed'
each = { place = ["torkham", "chaman"] }
renamed_from = ["{place}-closed", "{place}-old"]
"""


def said(text: str) -> list[str]:
    return [f"{one.line}: {one.message}" for one in load(text).problems]


def test_a_rule_says_what_it_was_called() -> None:
    assert said(RULES) == []
    assert load(RULES).ruleset.renames == {"torkham-closed": "torkham-shut"}


def test_each_fills_old_ids_too() -> None:
    assert said(EACH) == []
    assert load(EACH).ruleset.renames == {
        "torkham-closed": "torkham-shut",
        "torkham-old": "torkham-shut",
        "chaman-closed": "chaman-shut",
        "chaman-old": "chaman-shut",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            RULES.replace('"torkham-closed"', '"floods"'),
            '4: rule "torkham-shut": renamed_from "floods" is the id of the rule in rules.toml:5, whose history '
            "stays there; only what is in use no more can be",
        ),
        (
            RULES.replace('"torkham-closed"', '"torkham-shut"'),
            '4: rule "torkham-shut": renamed_from "torkham-shut" is its id now',
        ),
        (
            RULES + 'renamed_from = ["x", "torkham-closed"]\n',
            '8: rule "floods": renamed_from "torkham-closed" is an old id of rule "torkham-shut" already, in '
            "rules.toml:4",
        ),
        (
            EACH.replace('"{place}-closed", "{place}-old"', '"closed"'),
            '5: rule "chaman-shut": renamed_from "closed" is an old id of rule "torkham-shut" already, in '
            "rules.toml:5",
        ),
        (
            EACH.replace("{place}-old", "{plaice}-old"),
            "5: rules[0].renamed_from: each has no {plaice}; did you mean {place}?",
        ),
        (
            RULES.replace('"torkham-closed"', '"Torkham"'),
            '4: rules[0].renamed_from: "Torkham" is no rule id, and never was one',
        ),
        (RULES.replace('"torkham-closed"', "3"), "4: rules[0].renamed_from: must be a list, not a number"),
    ],
)
def test_what_cannot_be_an_old_id(text: str, expected: str) -> None:
    assert said(text) == [expected]


def test_a_rule_is_the_same_under_another_name() -> None:
    before = load(RULES.replace("torkham-shut", "torkham-closed").replace('renamed_from = "torkham-closed"\n', ""))
    assert load(RULES).ruleset.rule("torkham-shut").version == before.ruleset.rule("torkham-closed").version


def test_old_ids_are_remembered_between_loads() -> None:
    files = [RuleFile("rules.toml", RULES), RuleFile("more.toml", EACH.replace("closed", "past"))]
    first = load_rules(files)
    lines = list(written(first.memory))
    again = load_rules(files, remembered(lines, files))
    assert again.ruleset.renames == first.ruleset.renames
    changed = [files[0], RuleFile("more.toml", EACH.replace("closed", "past") + "\n# a comment")]
    assert load_rules(changed, again.memory).ruleset.renames == first.ruleset.renames
    assert load_rules(files, Memory()).ruleset.renames == first.ruleset.renames
