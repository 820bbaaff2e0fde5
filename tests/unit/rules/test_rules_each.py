"""`each`: one table of a rule file makes a rule for every value."""

from __future__ import annotations

import pytest
from rule_samples import load

from monitor.core.rules import LoadedRules, rulefile, run_examples
from monitor.model.article import Document
from monitor.model.problem import Gravity
from monitor.model.rule import Example

NAMES = """
[entities.torkham]
name = "Torkham"
[entities.chaman]
name = "Chaman"
[terms.closed]
query = 'closed OR shut'
"""
CROSSINGS = """
[[rules]]
id = "{place}-closed"
title = "{place} closed"
query = 'SENTENCE(@{place} AND $closed)'
tags = ["border", "{place}"]
each = { place = ["torkham", "chaman"] }
"""


def ids(loaded: LoadedRules) -> list[str]:
    return [rule.id for rule in loaded.ruleset.rules]


def errors(loaded: LoadedRules) -> list[str]:
    return [f"{p.line}: {p.message}" for p in loaded.problems if p.gravity is Gravity.ERROR]


def failing(text: str) -> list[str]:
    def no_file(name: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", name)

    loaded = load(NAMES + CROSSINGS + text)
    assert errors(loaded) == []
    return [f"{p.line}: {p.message}" for p in run_examples(loaded.ruleset, no_file)]


def test_a_table_makes_one_rule_for_each_value():
    loaded = load(NAMES + CROSSINGS)
    assert loaded.problems == ()
    torkham, chaman = loaded.ruleset.rules
    assert (torkham.id, torkham.title, torkham.query, torkham.tags) == (
        "torkham-closed",
        "torkham closed",
        "SENTENCE(@torkham AND $closed)",
        ("border", "torkham"),
    )
    assert chaman.id == "chaman-closed"
    assert torkham.line == chaman.line == 9
    matched = loaded.ruleset.match(Document(id="d", title="Chaman is shut."))
    assert [match.rule for match in matched] == ["chaman-closed"]


def test_several_keys_make_every_combination_the_last_one_fastest():
    loaded = load("[[rules]]\nid='{a}-{b}'\nquery='{a} {b}'\neach = { a = ['x', 'y'], b = ['1', '2'] }\n")
    assert ids(loaded) == ["x-1", "x-2", "y-1", "y-2"]


def test_each_may_be_a_table_of_its_own():
    assert ids(load("[[rules]]\nid='{a}'\nquery='{a}'\n[rules.each]\na = ['x', 'y']\n")) == ["x", "y"]


def test_a_table_without_each_keeps_its_braces():
    rule = load("[[rules]]\nid='r'\ntitle='a {place}'\nquery='x'\n").ruleset.rule("r")
    assert rule.title == "a {place}"


RULE = "[[rules]]\nid = '{p}'\nquery = '{p}'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE + "each = 3\n", "4: rules[0].each: must be a table of lists"),
        (RULE + "each = {}\n", "4: rules[0].each: must be a table of lists"),
        (RULE + "each = { p = 'x' }\n", "4: rules[0].each.p: must be a list with texts in it"),
        (RULE + "each = { p = [] }\n", "4: rules[0].each.p: must be a list with texts in it"),
        (RULE + "each = { p = ['x', 3] }\n", "4: rules[0].each.p: item 2 must be a text"),
        (RULE + "each = { p = ['x', ' '] }\n", "4: rules[0].each.p: item 2 must be a text"),
        (RULE + "each = { p = ['{q}'] }\n", "4: rules[0].each.p: item 1 must be a text"),
        (RULE + "each = { p = ['x', 'x'] }\n", '4: rules[0].each.p: "x" is there twice'),
        (RULE + "each = { body = ['x'] }\n", '4: rules[0].each: "body" is no key'),
        (RULE + "each = { 'a b' = ['x'] }\n", '4: rules[0].each: "a b" is no key'),
        (RULE + "each = { p = ['X'] }\n", '2: rules[0].id: "X" is no rule id'),
        (
            RULE.replace("'{p}'\nquery", "'r'\nquery") + "each = { p = ['x', 'y'] }\n",
            '2: rules[0].id: "r" is made twice, with p = "x" and with p = "y": name {p} in it',
        ),
        (
            RULE + "each = { p = ['x', 'y'], q = ['1', '2'] }\n",
            '2: rules[0].id: "x" is made twice, with p = "x", q = "1" and with p = "x", q = "2"',
        ),
        (
            RULE.replace("query = '{p}'", "query = '{pp} {p}'") + "each = { p = ['x', 'y'] }\n",
            "3: rules[0].query: each has no {pp}; did you mean {p}?",
        ),
        (
            RULE.replace("id = '{p}'", "id = '{p}-{other}'") + "each = { p = ['x', 'y'] }\n",
            "2: rules[0].id: each has no {other}; there are: {p}",
        ),
        (
            RULE + "tags = ['{p} x']\neach = { p = ['x', 'y'] }\n",
            '4: rules[0].tags: "x x" is no tag: it holds a space or one of ! : * (with p = "x")',
        ),
        (
            RULE + "each = { p = ['x', 'y'] }\nmust_match = [{ p = 'xx', body = 'x' }]\n",
            '5: rules[0].must_match: example 1: "xx" is no value of each.p; did you mean "x"?',
        ),
        (
            RULE + "each = { p = ['x', 'y'] }\nmust_match = [{ q = 'x', body = 'x' }]\n",
            '5: rules[0].must_match: example 1: unknown key "q"; there are: title, ',
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_each_is_said_with_its_line(text: str, said: str):
    loaded = load(text)
    assert len(errors(loaded)) == 1, errors(loaded)
    assert errors(loaded)[0].startswith(said)
    assert ids(loaded) == []


def test_a_table_makes_at_most_ten_thousand_rules():
    numbers = ", ".join(f"'{n}'" for n in range(101))
    loaded = load(f"[[rules]]\nid='{{a}}-{{b}}'\nquery='{{a}}'\neach = {{ a = [{numbers}], b = [{numbers}] }}\n")
    assert errors(loaded) == ["4: rules[0].each: makes 10,201 rules; one table makes at most 10,000"]


def test_an_error_shows_the_query_as_it_was_made_and_says_of_which_value():
    loaded = load(NAMES + CROSSINGS.replace('"chaman"', '"chamam"'))
    (problem,) = loaded.problems
    assert problem.line == 12
    assert problem.message == (
        'rule "chamam-closed" (place = "chamam"): unknown entity @chamam; did you mean @chaman?'
    )
    assert problem.context[0].strip() == "SENTENCE(@chamam AND $closed)"
    assert ids(loaded) == ["torkham-closed"]


def test_an_error_of_every_value_is_told_three_times_and_then_counted():
    numbers = ", ".join(f"'{n}'" for n in range(500))
    loaded = load(f"[[rules]]\nid='{{a}}'\nquery='({{a}}'\neach = {{ a = [{numbers}] }}\n")
    assert errors(loaded)[2] == '3: rule "2" (a = "2"): this "(" is never closed'
    assert errors(loaded)[3:] == ["3: 497 more like these, of the rules that each makes here"]


def test_a_query_that_is_the_same_for_all_values_is_doubtful():
    (problem,) = load("[[rules]]\nid='{a}'\nquery='x'\neach = { a = ['x', 'y'] }\n").problems
    assert problem.gravity is Gravity.WARNING
    assert problem.message == "rules[0].query: is the same in all 2 rules that each makes"


# ---- examples


def test_an_example_with_a_placeholder_is_tried_with_every_value():
    assert failing('must_match = ["{place} is closed."]\n') == []
    assert failing('must_match = ["{place} is open."]\n') == [
        '15: rule "torkham-closed": its example must match, but does not: "torkham is open."',
        '15: rule "chaman-closed": its example must match, but does not: "chaman is open."',
    ]


def test_an_example_with_a_value_is_for_its_rule_alone():
    assert failing('must_match = [{ place = "chaman", body = "Chaman is shut." }]\n') == []
    assert failing('must_not_match = [{ place = "torkham", title = "Chaman is shut." }]\n') == []
    assert failing('must_match = ["{place} shut", { place = "torkham", body = "Chaman is shut." }]\n') == [
        '15: rule "torkham-closed": its example must match, but does not: "Chaman is shut."'
    ]


def test_an_example_without_either_must_match_one_of_the_rules():
    assert failing('must_match = ["Chaman is shut.", "Torkham is closed."]\n') == []
    assert failing('must_match = ["Chaman is shut.", "Spin Boldak is shut."]\n') == [
        '15: one of the 2 rules "torkham-closed", "chaman-closed" must match, but none does: '
        '"Spin Boldak is shut."'
    ]


def test_an_example_without_either_must_be_matched_by_none():
    assert failing('must_not_match = ["Spin Boldak is shut."]\n') == []
    assert failing('must_not_match = ["Chaman is shut."]\n') == [
        '15: rule "chaman-closed": its example must not match, but does: "Chaman is shut."'
    ]


def test_an_example_that_says_one_of_two_values_must_match_one_of_its_rules():
    text = "[[rules]]\nid='{a}-{b}'\nquery='{a} {b}'\neach = { a = ['x', 'y'], b = ['1', '2'] }\n"
    loaded = load(text + "must_match = [{ a = 'x', body = 'x 2' }, '{b} y']\n")
    assert run_examples(loaded.ruleset, str) == ()
    loaded = load(text + "must_match = [{ a = 'x', body = 'y 2' }]\n")
    (problem,) = run_examples(loaded.ruleset, str)
    assert problem.message == 'one of the 2 rules "x-1", "x-2" must match, but none does: "y 2"'


def test_the_file_of_an_example_may_be_named_by_the_value():
    rule = load(NAMES + CROSSINGS + 'must_match = ["file:{place}.txt"]\n').ruleset.rule("chaman-closed")
    assert rule.must_match == (Example(file="chaman.txt"),)


def test_a_file_makes_no_more_rules_than_memory_holds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rulefile, "MAX_RULES", 3)
    loaded = load(f"{NAMES}{CROSSINGS}{CROSSINGS.replace('-closed', '-shut')}[[rules]]\nid = 'x'\nquery = 'y'\n")
    assert errors(loaded) == ["16: rules[1]: the file makes more than 3 rules"]
    assert ids(loaded) == ["torkham-closed", "chaman-closed"]
