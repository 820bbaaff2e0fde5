"""The index names few candidates and all that hold; rule sets share it; patience ends, and what is left tells."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta

import pytest
from rule_samples import NAMES, load

from monitor.app.collector import undisturbed
from monitor.core.rules import Patience, RuleSet
from monitor.core.rules.frequencies import Frequencies
from monitor.core.rules.index import RuleIndex
from monitor.model.article import Document
from monitor.model.rule import Match, RuleFailure

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def rules(*queries: str) -> RuleSet:
    """Rules r0, r1, …"""
    made = "\n".join(f"[[rules]]\nid = 'r{n}'\nquery = '''{query}'''" for n, query in enumerate(queries))
    loaded = load(f"{NAMES}\n{made}\n")
    assert len(loaded.ruleset.rules) == len(queries), loaded.problems
    return loaded.ruleset


def document(body: str, title: str = "") -> Document:
    return Document(id="d", title=title, body=body)


def candidates(ruleset: RuleSet, text: Document) -> list[str]:
    return [one.rule.id for one in ruleset.candidates(text)]


def matched(ruleset: RuleSet, text: Document) -> list[str]:
    return [answer.rule for answer in ruleset.match(text)]


@pytest.mark.parametrize(
    ("query", "shown", "not_shown"),
    [
        ("torkham AND the", "the Torkham", "the the the"),
        ('"border crossing"', "a border crossing", "crossing the border"),
        ("the AND of", "the gate of iron", "the gate"),
        ("=US", "the US left", "told us"),
        ("~close", "a closure", "a cloth"),
        ("clos*", "closest", "shut"),
        ("@ttp AND the", "TTP", "the talks"),
        ("title:torkham", "", "torkham"),
        ("tag:border AND the", "", "the"),
        ("closed NOT NEAR/3 gate", "closed gate", "gate"),
        ('"defence ministry"', "the defense ministry", "a ministry of defense"),
        ('"ceasefire deal"', "a cease-fire deal", "a deal"),
        ("NOT cricket AND torkham", "Torkham", "kabul"),
        ("(torkham OR chaman) NEAR/3 the", "chaman", "the the"),
    ],
)
def test_a_rule_is_looked_at_only_where_what_it_needs_is_shown(query: str, shown: str, not_shown: str) -> None:
    ruleset = rules(query)
    assert candidates(ruleset, document(not_shown)) == []
    if shown:
        assert candidates(ruleset, document(shown)) == ["r0"]


def test_answers_come_in_the_order_of_the_file() -> None:
    ruleset = rules(*["kabul", "torkham", "gate", "kabul AND gate", "closed"] * 3)
    text = document("Torkham closed. The gate in Kabul.")
    assert matched(ruleset, text) == [f"r{n}" for n in range(15)]
    assert ruleset.match(text) == ruleset.without_index().match(text)


def test_a_set_made_after_another_shares_its_index_and_answers_for_its_own_rules() -> None:
    before = rules("torkham", "kabul", "gate", *["cricket"] * 10)
    first, second, third, *rest = before.compiled
    (new,) = rules("closed").compiled
    after = RuleSet([new, third, first, *rest], before.lexicon, after=before)
    text = document("Torkham closed. The gate in Kabul.")
    assert after.index is before.index
    assert [answer.rule_version for answer in after.match(text) if isinstance(answer, Match)] == [
        one.rule.version for one in (new, third, first)
    ]
    assert matched(before, text) == ["r0", "r1", "r2"]
    assert second not in after.candidates(text)


def test_an_index_full_of_rules_that_are_gone_is_made_anew() -> None:
    before = rules(*["torkham"] * 10)
    after = RuleSet(before.compiled[:2], before.lexicon, after=before)
    assert after.index is not before.index
    assert isinstance(after.index, RuleIndex)
    assert after.index.size == 2


class Ticking:
    """A clock on which a second passes whenever it is looked at."""

    def __init__(self) -> None:
        self._now = NOON

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def test_rules_that_are_not_finished_in_time_are_values_and_can_be_asked_again() -> None:
    ruleset = rules(*["torkham"] * 6)
    text = document("Torkham")
    answers = ruleset.match(text, Patience(Ticking(), timedelta(seconds=3)))
    unfinished = {one.rule for one in answers if isinstance(one, RuleFailure) and one.unfinished}
    assert len(answers) == 6
    assert len(unfinished) == 3
    assert RuleFailure("d", min(unfinished), "not finished in 3 s", unfinished=True) in answers
    again = ruleset.match(text, only=unfinished)
    assert {one.rule for one in again if isinstance(one, Match)} == unfinished


def test_one_rule_that_takes_too_long_is_broken_off() -> None:
    ruleset = rules("SENTENCE(gate AND NOT gate)", "kabul")
    text = document("The gate. " * 50 + "Kabul")
    late, *_ = ruleset.match(text, Patience(Ticking(), timedelta(seconds=20)), {"r0"})
    assert isinstance(late, RuleFailure)
    assert late.unfinished
    assert matched(ruleset, text) == ["r1"]


def test_a_word_that_was_read_often_is_known_to_be_frequent() -> None:
    frequencies = Frequencies()
    assert frequencies.of("the") > frequencies.of("gate") > 0
    for _ in range(1_000):
        frequencies.learn({"gate"})
    assert frequencies.of("gate") > 0.9
    assert 0 < frequencies.of("the") < 0.1
    assert frequencies.of_prefix("gat") > 0.9
    assert frequencies.of_prefix("zzz") > 0


def test_nothing_is_collected_while_rules_load() -> None:
    with undisturbed():
        assert not gc.isenabled()
    assert gc.isenabled()
