"""Loading again beside what was loaded before: the same result, with what is unchanged taken over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.rules import LoadedRules, RuleFile, compiled, load_rules
from monitor.core.rules.kept import remembered, written
from monitor.core.rules.nodes import Node
from monitor.core.rules.parser import parse
from monitor.model.article import Document

NAMES = """
[entities.mayor]
name = "Sadiq Khan"
[entities.envoy]
name = "Mohammad Sadiq Khan"
[entities.torkham]
name = "Torkham"
[terms.closed]
query = 'closed OR shut'
"""
RULES = """
[[rules]]
id = "mayor"
query = '@mayor'
[[rules]]
id = "torkham"
query = '@torkham AND $closed'
[[rules]]
id = "floods"
query = 'flood OR floods AND Sindh'
"""


def load(names: str = NAMES, rules: str = RULES, before: LoadedRules | None = None) -> LoadedRules:
    files = [RuleFile("names.toml", names), RuleFile("rules.toml", rules)]
    return load_rules(files, before.memory if before else None)


def shown(loaded: LoadedRules) -> object:
    return loaded.ruleset.version, loaded.ruleset.rules, loaded.problems, loaded.ruleset.sources


@pytest.mark.parametrize(
    ("old", "new", "anew"),
    [
        ("", "", set()),
        ("'@mayor'", "'@mayor AND x'", {"mayor"}),
        ("shut", "sealed", {"torkham"}),
        ('"Torkham"', '"Turkham"', {"torkham"}),
        ("[terms", '[entities.chaman]\nname = "Chaman"\n[terms', set()),
        # longer names that would hide the mayor's
        ('"Mohammad Sadiq Khan"', '"Haji Sadiq Khan"', {"mayor"}),
        ("[terms", '[entities.road]\nname = "Sadiq Khan Road"\n[terms', {"mayor"}),
        ("[terms", '[entities.khan]\nname = "Imran Khan"\n[terms', set()),
        ('[[rules]]\nid = "torkham"', '# a comment\n[[rules]]\nid = "torkham"', set()),
        ('id = "mayor"', 'id = "mayor"\ntags = ["london"]', set()),
    ],
)
def test_what_did_not_change_its_meaning_keeps_version_and_tree(old: str, new: str, anew: set[str]):
    before = load()
    after = load(NAMES.replace(old, new), RULES.replace(old, new), before)
    assert shown(after) == shown(load(NAMES.replace(old, new), RULES.replace(old, new)))
    kept = {one.rule.id: one for one in before.ruleset.compiled}
    for one in after.ruleset.compiled:
        assert (one.node is kept[one.rule.id].node) == (one.rule.id not in anew)
        assert (one.rule.version == kept[one.rule.id].rule.version) == (one.rule.id not in anew)


def test_where_nothing_changed_everything_is_the_very_same():
    before = load()
    after = load(before=before)
    assert all(a is b for a, b in zip(before.ruleset.compiled, after.ruleset.compiled, strict=True))


def test_a_warning_moves_with_its_rule():
    before = load()
    (warning,) = before.problems
    (moved,) = load(rules="\n\n" + RULES, before=before).problems
    assert moved.line == warning.line + 2
    assert load(before=before).problems == before.problems


PIECES = (
    "[[rules]]\nid = 'a'\nquery = '@e AND $t'\n",
    "[[rules]]\nid = 'b'\nquery = 'x AND y OR z'\n",
    "[[rules]]\nid = 'c'\nquery = '('\n",
    "[[rules]]\nid = '{n}'\nquery = '@{n}'\neach = { n = ['e', 'f', 'g'] }\n",
    "[[rules]]\nid = 'd'\nquery = '$u'\nmust_match = ['x']\n",
    "[entities.e]\nname = 'Khan'\n",
    "[entities.f]\nname = 'Sadiq Khan'\nvariants = true\n",
    "[entities.g]\nname = 'Siddiq'\n",
    "[terms.t]\nquery = '$u OR w'\n",
    "[terms.u]\nquery = 'x'\n",
    "[terms.u]\nquery = '$t'\n",
    "[terms.u]\nquery = '\n",
    "# a comment\n",
)
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
sets = st.lists(texts, max_size=3).map(lambda found: [RuleFile(f"{n}.toml", t) for n, t in enumerate(found)])


@settings(max_examples=150, deadline=None)
@given(st.lists(sets, min_size=2, max_size=4))
def test_however_the_files_change_a_load_beside_the_last_is_a_load_of_its_own(steps: list[list[RuleFile]]):
    loaded = load_rules(steps[0])
    for step in steps[1:]:
        loaded = load_rules(step, loaded.memory)
        assert shown(loaded) == shown(load_rules(step))


def test_a_rule_of_an_id_that_another_file_had_too_is_told_at_its_own_line():
    doubtful, other = (
        "[[rules]]\nid = '{}'\nquery = '{}'\n".format(*pair) for pair in (("b", "x AND y OR z"), ("a", "w"))
    )
    before = [RuleFile("0.toml", other + doubtful), RuleFile("1.toml", doubtful + other)]
    after = [RuleFile("0.toml", ""), before[1]]
    kept = remembered(list(written(load_rules(before).memory)), after)
    assert shown(load_rules(after, kept)) == shown(load_rules(after))


@settings(max_examples=100, deadline=None)
@given(sets, sets)
def test_what_was_written_down_and_read_again_serves_as_well(before: list[RuleFile], after: list[RuleFile]):
    lines = list(written(load_rules(before).memory))
    assert shown(load_rules(before, remembered(lines, before))) == shown(load_rules(before))
    assert shown(load_rules(after, remembered(lines, after))) == shown(load_rules(after))


def test_a_rule_that_was_written_down_still_matches_and_explains():
    files = [RuleFile("names.toml", NAMES), RuleFile("rules.toml", RULES)]
    first = load_rules(files)
    second = load_rules(files, remembered(written(first.memory), files))
    document = Document(id="d", title="Sadiq Khan at Torkham: all shut")
    assert second.ruleset.match(document) == first.ruleset.match(document) != ()


def test_threads_that_ask_at_once_for_a_tree_nobody_read_yet_get_the_same(monkeypatch: pytest.MonkeyPatch):
    files = [RuleFile("names.toml", NAMES), RuleFile("rules.toml", RULES)]
    one = load_rules(files, remembered(written(load_rules(files).memory), files)).ruleset.compiled[0]
    together = Barrier(2)

    def read(query: str) -> Node:
        with suppress(BrokenBarrierError):  # nobody else reads it
            together.wait(0.1)
        return parse(query)

    monkeypatch.setattr(compiled, "parse", read)
    with ThreadPoolExecutor(2) as threads:
        first, second = (asked.result() for asked in [threads.submit(lambda: one.node) for _ in range(2)])
    assert first is second


FAMILIES = '[families.close]\nwords = ["padlocked"]\n'


def test_what_was_worked_out_of_words_is_kept_once_while_families_stay() -> None:
    first = load_rules([RuleFile("names.toml", NAMES + FAMILIES), RuleFile("rules.toml", RULES)])
    again = load_rules(
        [RuleFile("names.toml", NAMES + FAMILIES), RuleFile("rules.toml", RULES.replace("Sindh", "Punjab"))],
        first.memory,
    )
    assert again.ruleset is not first.ruleset
    assert again.ruleset.lexicon.vocabulary is first.ruleset.lexicon.vocabulary
    other = load_rules([RuleFile("names.toml", NAMES), RuleFile("rules.toml", RULES)], again.memory)
    assert other.ruleset.lexicon.vocabulary is not first.ruleset.lexicon.vocabulary


def test_other_families_are_other_families_whatever_their_version_says() -> None:
    rules = RuleFile("rules.toml", "[[rules]]\nid = 'r'\ntitle = 'R'\nquery = '~torkham'\n")
    first = load_rules([RuleFile("names.toml", '[families.torkham]\nwords = ["not"]\n'), rules])
    then = load_rules([RuleFile("names.toml", '[families.torkham]\nnot = ["not"]\n'), rules], first.memory)
    document = Document(id="d", title="It is not here")
    assert first.ruleset.lexicon.families.version == then.ruleset.lexicon.families.version
    assert first.ruleset.match(document)
    assert not then.ruleset.match(document)
    back = load_rules([RuleFile("names.toml", '[families.torkham]\nwords = ["not"]\n'), rules], then.memory)
    assert back.ruleset.match(document)
