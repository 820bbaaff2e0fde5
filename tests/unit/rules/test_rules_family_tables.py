"""`[families.NAME]` in rule files: what they change, and what is said of those that are wrong."""

from __future__ import annotations

import pytest
from rule_samples import load

from monitor.core.rules import LoadedRules, RuleFile, load_query, load_rules
from monitor.core.rules.kept import remembered, written
from monitor.model.article import Document
from monitor.model.problem import Gravity

CLOSE = "[families.close]\nwords = ['padlocked', 'Pad-lock']\nnot = ['closure', 'closures']\n"
RULES = "[[rules]]\nid = 'a'\nquery = '~close'\n[[rules]]\nid = 'b'\nquery = 'closed'\n"


def errors(loaded: LoadedRules) -> list[str]:
    return [f"{p.line}: {p.message}" for p in loaded.problems if p.gravity is Gravity.ERROR]


def matched(loaded: LoadedRules, body: str) -> list[str]:
    return [match.rule for match in loaded.ruleset.match(Document(id="d", title="", body=body))]


def test_a_rule_file_adds_words_to_a_family_and_takes_others_out():
    loaded = load(CLOSE + RULES)
    assert errors(loaded) == []
    for text in ("padlocked", "a padlock", "a pad-lock", "closes"):
        assert matched(loaded, text) == ["a"]
    assert matched(loaded, "the closure") == []
    assert matched(load(RULES), "the closure") == ["a"]


def test_a_family_of_ones_own_replaces_the_shipped_one():
    loaded = load(
        "[families.strike]\nwords = ['striking']\nreplace = true\n[[rules]]\nid = 'a'\nquery = '~strike'\n"
    )
    assert matched(loaded, "striking") == ["a"]
    assert matched(loaded, "an airstrike") == []


def test_a_family_may_be_of_any_script_and_then_nothing_is_warned_of():
    rule = "[[rules]]\nid = 'a'\nquery = '~بند'\n"
    assert ["very word only" in problem.message for problem in load(rule).problems] == [True]
    loaded = load('[families."بند"]\nwords = ["بندش"]\n' + rule)
    assert loaded.problems == ()
    assert matched(loaded, "سرحد کی بندش") == ["a"]


def test_queries_beside_the_rules_use_the_same_families():
    beside = load(CLOSE + RULES).ruleset
    assert matched(load_query("~close", beside), "padlocked") == ["query"]


def test_a_prefix_that_reaches_other_words_is_warned_of_once_a_rule():
    (problem,) = load("[[rules]]\nid = 'a'\nquery = 'import*'\n").problems
    assert problem.gravity is Gravity.WARNING
    assert "import* also reaches importance, important, importantly" in problem.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[families.close]\nword = ['x']\n", "2: families.close.word: unknown key; did you mean \"words\"?"),
        ("[families.close]\nwords = 'x'\n", "2: families.close.words: must be a list, not a string"),
        ("[families.close]\nwords = ['two words']\n", '2: families.close.words: "two words" is not one word'),
        ("[families.close]\nwords = ['x']\nreplace = 1\n", "3: families.close.replace: must be true or false"),
        ("[families.close]\nwords = ['x']\nnot = ['X']\n", '3: families.close.not: "x" belongs to the family'),
        ("[families.close]\nnot = ['Close']\n", '2: families.close.not: "close" belongs to the family'),
        ("[families.close]\n", "1: families.close.words: the family says nothing: give it words"),
        ("[families.'two words']\nwords = ['x']\n", '1: "two words" is not one word: a family is named by'),
        ("[families]\nclose = 1\n", "2: families.close: must be a table: [families.close]"),
        ("families = 1\n", "1: families: must be tables: [families.NAME]"),
        ("[families.close]\nwords = ['x']\n[families.Close]\nwords = ['y']\n",
         "3: family close is already defined in rules.toml:1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_family_is_an_error_with_its_line(text, said):
    (error,) = errors(load(text))
    assert error.startswith(said)


def test_a_family_of_two_files_is_an_error():
    loaded = load_rules([RuleFile("a.toml", CLOSE), RuleFile("b.toml", CLOSE)])
    assert errors(loaded) == ["1: family close is already defined in a.toml:1"]


def test_the_version_of_a_rule_follows_the_families_only_where_it_uses_one():
    before, after = load(RULES).ruleset, load(CLOSE + RULES).ruleset
    assert before.rule("a").version != after.rule("a").version
    assert before.rule("b").version == after.rule("b").version
    assert before.version != after.version


def test_a_family_behind_a_term_counts_for_the_version_too():
    term = "[terms.shut]\nquery = '~close'\n[[rules]]\nid = 'a'\nquery = '$shut'\n"
    assert load(term).ruleset.rule("a").version != load(CLOSE + term).ruleset.rule("a").version


def test_what_a_load_remembers_holds_the_families():
    files = [RuleFile("rules.toml", CLOSE + RULES)]
    again = load_rules(files, remembered(written(load_rules(files).memory), files))
    assert matched(again, "padlocked") == ["a"]
    assert again.ruleset.version == load_rules(files).ruleset.version
