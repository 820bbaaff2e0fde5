"""Stages, pages and reloads share what was worked out of words: none of them may hear another answer for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier, Event

import pytest

from monitor.core.rules import RuleFile, load_rules, vocabulary
from monitor.core.rules import index as index_module
from monitor.core.rules.vocabulary import START, Vocabulary
from monitor.core.text import normalize as normalize_module
from monitor.core.text.families import shipped_families
from monitor.core.text.recent import Recent
from monitor.model.article import Document

THREADS = 6
WORDS = [
    f"{start}{end}" for start in ("clos", "open", "shut", "reopen") for end in ("e", "ed", "ing", "es", "ure")
]


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: object) -> None:
    """Runs it in several threads at once, each with its number; raises what one of them raises."""
    begin = Barrier(THREADS)

    def run(number: int) -> None:
        begin.wait()
        work(number)  # type: ignore[operator]

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(run, number) for number in range(THREADS)]:
            done.result()


def test_words_are_answered_the_same_while_others_are_forgotten() -> None:
    recent = Recent(str.upper, 5)

    def ask(number: int) -> None:
        dice = Random(number)
        for _ in range(4_000):
            words = dice.sample(WORDS, 4)
            assert list(map(recent.__getitem__, words)) == [word.upper() for word in words]
            if number == 0:
                recent.forget(words[0])

    together(ask)
    assert len(recent) < 5 + THREADS


def test_who_asks_a_vocabulary_finds_all_of_its_forms_in_what_it_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_MOST_WORDS", 30)
    families = shipped_families()
    shared = Vocabulary(families)

    def ask(number: int) -> None:
        dice = Random(number)
        for _ in range(800):
            forms = {*dice.sample(WORDS, 5), *(f"name{dice.randrange(500)}" for _ in range(3))}
            seen = shared.seen(forms)
            for form in forms:
                assert form in seen.by_start[form[:START]]
                assert all(form in seen.by_key[key] for key in families.keys_of_text(form))
            assert shared.keys_of(form) == sorted(families.keys_of_query(form))

    together(ask)


RULES = "\n".join(
    f'[[rules]]\nid = "r{place}"\ntitle = "R"\nquery = \'{query}\'\n'
    for place, query in enumerate(
        ["~close", "open*", "shut AND torkham", '"border closed"', "~reopen NEAR/5 torkham", "=Torkham", "reop*"]
    )
)


def documents(number: int) -> Iterator[Document]:
    dice = Random(number)
    for place in range(60):
        words = [*dice.sample(WORDS, 3), *(f"name{dice.randrange(300)}" for _ in range(10))]
        words += dice.sample(["Torkham", "torkham", "border closed"], dice.randrange(3))
        dice.shuffle(words)
        yield Document(id=f"d{number}-{place}", title=" ".join(words[:4]), body=" ".join(words[4:]))


def test_threads_that_match_beside_a_reload_miss_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    beyond_doubt = load_rules([RuleFile("rules.toml", RULES)]).ruleset.without_index()
    wanted = {
        number: [[one.rule for one in beyond_doubt.match(document)] for document in documents(number)]  # type: ignore[union-attr]
        for number in range(THREADS)
    }
    monkeypatch.setattr(vocabulary, "_MOST_WORDS", 25)
    monkeypatch.setattr(index_module, "_MOST_KNOWN", 8)
    monkeypatch.setattr(normalize_module._known, "_most", 8)
    loaded = load_rules([RuleFile("rules.toml", RULES)])
    ruleset, over = loaded.ruleset, Event()

    def work(number: int) -> None:
        if number == 0:  # the reload: rules that come and go in the same index
            again = loaded
            for turn in range(12):
                extra = (
                    f'[[rules]]\nid = "x{turn}"\ntitle = "X"\nquery = \'~clos{"ure" * (turn % 2)} OR n{turn}*\'\n'
                )
                again = load_rules([RuleFile("rules.toml", RULES + extra)], again.memory)
            assert again.ruleset.lexicon.vocabulary is ruleset.lexicon.vocabulary
            over.set()
        found = [[one.rule for one in ruleset.match(document)] for document in documents(number)]  # type: ignore[union-attr]
        assert found == wanted[number]

    together(work)
    assert over.is_set()
