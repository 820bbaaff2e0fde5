"""`monitor rules backtest`: what is compared, what is kept, and what is said of it."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from made import NOON, feed_settings
from newsroom import fresh_store, ruleset_of
from rule_samples import NAMES
from stored import grouped, matched

from monitor.adapters.store.sql import SqlStore
from monitor.app.backtest import Answer, Backtest, Trial, Version
from monitor.app.backtest_words import backtest_lines, summary_json
from monitor.app.search import Asked
from monitor.core.rules import RuleSet, load_query
from monitor.core.text.columns import display_width
from monitor.model.article import Article
from monitor.model.rule import RuleFailure

DAY = timedelta(days=1)
RULES = ruleset_of(f"{NAMES}\n[[rules]]\nid = 'r'\nquery = 'x'\n")


@pytest.fixture
def store() -> SqlStore:
    opened = fresh_store()
    opened.feeds.sync([feed_settings()], NOON)
    return opened


def put(store: SqlStore, text: str, number: int = 1, **more: object) -> Article:
    """One stored article; the numbers of a store differ."""
    return grouped(store, store.feeds.all()[0], f"e{number}", text=text, **{"title": f"Story {number}", **more})


def version(query: str, of: str = "a draft") -> Version:
    alone = load_query(query, RULES).ruleset
    return Version(alone.rules[0], of, alone)


def tried(
    store: SqlStore, query: str, current: str | None = None, rule: str | None = None, keep: int = 10
) -> Backtest:
    """A backtest, not run yet."""
    trial = Trial(version(query), rule, None if current is None else version(current, "in force"))
    asked = Asked(query, NOON - 10 * DAY, limit=keep)
    return Backtest(store.archive, store.ledger, trial, asked, UTC, keep)


def quiet(done: int, of: int) -> None:
    """Nobody watches."""


def run(test: Backtest) -> list[Answer]:
    return list(test.run(quiet))


def said(test: Backtest) -> list[str]:
    return list(backtest_lines(test, NOON, 0.25))


def test_each_version_reads_its_own_candidates_and_no_other_article(store):
    for number, text in enumerate(("Torkham", "Chaman", "Kabul"), 1):
        put(store, text, number)
    test = tried(store, "torkham", "chaman", "r")
    answers = run(test)
    assert [(one.article.title, one.match is not None, one.current) for one in answers] == [
        ("Story 1", True, False),
        ("Story 2", False, True),
    ]
    assert (test.tally.articles, test.tally.candidates, test.tally.read) == (3, 2, 2)
    assert test.tally.read == test.tally.candidates


def test_a_recorded_match_of_an_article_that_is_no_candidate_is_lost(store):
    article = put(store, "Torkham")
    matched(store, article, rule_id="r")
    test = tried(store, "chaman", "chaman", "r")
    (answer,) = run(test)
    assert (answer.match, answer.current, answer.recorded) == (None, False, True)
    assert "Against what was recorded of r: 0 the same, 0 gained, 1 lost." in said(test)
    assert "       absent: chaman" in said(test)


@pytest.mark.parametrize("breaking", ["tried", "current"])
def test_an_article_on_which_a_version_fails_is_neither_gained_nor_lost(store, monkeypatch, breaking):
    bad = put(store, "Torkham", 1)
    put(store, "Torkham", 2)
    test = tried(store, "torkham", "torkham OR chaman", "r")
    broken = (test.trial.tried if breaking == "tried" else test.trial.current).ruleset
    real = RuleSet.match

    def breaks(self, document):
        if self is broken and document.id == str(bad.id):
            return (RuleFailure(document.id, "query", "ValueError: no"),)
        return real(self, document)

    monkeypatch.setattr(RuleSet, "match", breaks)
    run(test)
    difference = test.tally.current
    assert (difference.same, difference.gained, difference.lost, difference.unknown) == (1, 0, 0, 1)
    assert test.tally.failures == (breaking == "tried")


def test_lists_are_cut_and_numbers_are_not(store):
    for number in range(5):
        put(store, "Torkham", number)
    for number in range(5, 8):
        put(store, "Chaman", number)
    test = tried(store, "torkham", "chaman", "r", keep=2)
    run(test)
    text = "\n".join(said(test))
    assert len(test.tally.first) == 2
    assert "0 the same, 5 gained, 3 lost." in text
    assert text.count("\n+ ") == 4  # two of each list
    assert text.count("\n- ") == 2
    assert "… and 4 more: --limit 5" in text
    assert "Shown: the newest 2. All of them: --limit 5" in text


def test_the_feeds_with_most_matches_come_first_and_the_rest_together(store):
    for number, name in enumerate(["Dawn"] * 3 + ["AVA", "AVA", "Tolo", "AP", "BBC", "Khaama", "Pajhwok"]):
        put(store, "Torkham", number, feed_name=name)
    test = tried(store, "torkham")
    run(test)
    text = "\n".join(said(test))
    assert "Feeds\n  3  Dawn\n  2  AVA\n  1  AP\n  1  BBC\n  1  Khaama\n  2  in 2 more feeds\n" in text


def test_the_longest_bar_ends_at_eighty_columns_and_no_match_is_without_one(store):
    for number in range(200):
        put(store, "Torkham", number)
    put(store, "Torkham", 300, first_seen=NOON - DAY)
    test = tried(store, "torkham", keep=0)
    run(test)
    bars = [line for line in said(test) if "█" in line]
    assert [len(line) for line in bars] == [20, 80]


def test_the_first_articles_are_judged_before_many_are_loaded(store, monkeypatch):
    for number in range(40):
        put(store, "Torkham", number)
    test, loaded = tried(store, "torkham"), []
    whole = store.archive.articles
    monkeypatch.setattr(store.archive, "articles", lambda ids: loaded.append(len(ids)) or whole(ids))
    next(test.run(quiet))
    assert loaded == [10]
    assert len(run(test)) == 40


def test_a_backtest_that_was_stopped_says_how_far_it_came(store):
    for number in range(5):
        put(store, "Torkham", number)
    test = tried(store, "torkham")
    answers = test.run(quiet)
    for _ in range(3):
        next(answers)
    answers.close()
    lines = list(backtest_lines(test, NOON, 1, stopped=True))
    assert lines[2].startswith("Stopped after 3 of 5 candidates: 3 matches so far")
    assert summary_json(test, NOON, stopped=True)["complete"] is False
    assert test.tally.read < test.tally.candidates


def test_what_strangers_wrote_keeps_to_eighty_columns_and_one_line(store):
    put(
        store, "Torkham " + "塔利班" * 60 + "\x1b[2J" + " word" * 60, title="T\n\x1b[31m" + "塔" * 60,
        publisher="P" * 200, feed_name="F\n" + "塔" * 90,
    )  # fmt: skip
    test = tried(store, "torkham", "chaman", "r")
    run(test)
    for line in said(test):
        assert display_width(line) <= 80
        assert "\n" not in line
        assert "\x1b" not in line
