"""Lists of matches are answered along an index, whatever is asked: by SQLite's own word, without statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made import NOON
from newsroom import file_store
from query_plans import plans_of

from monitor.adapters.store.sql import SqlStore
from monitor.ports import Ledger

SINCE = NOON - timedelta(days=7)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[SqlStore]:
    store = file_store(tmp_path / "monitor.db")
    yield store
    store.close()


QUESTIONS: dict[str, Callable[[Ledger], Any]] = {
    "all": lambda ledger: ledger.matches(SINCE),
    "a later page": lambda ledger: ledger.matches(SINCE, before=(NOON, 7)),
    "of a rule": lambda ledger: ledger.matches(SINCE, rule="r"),
    "of a digest": lambda ledger: ledger.matches(SINCE, digest="d"),
    "their number": lambda ledger: ledger.count_matches(SINCE),
    "the number of a rule": lambda ledger: ledger.count_matches(SINCE, rule="r"),
    "what a batch tells": lambda ledger: ledger.told_in("d", "b"),
    "a rule's record": lambda ledger: ledger.rule_record("r", SINCE, 5),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_walks_a_whole_table(opened: SqlStore, question: str) -> None:
    tables = ("matches", "articles", "entries", "routings", "deliveries", "rule_failures")
    steps = plans_of(opened, partial(QUESTIONS[question], opened.ledger))
    assert not [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in tables))]


@pytest.mark.parametrize("question", ["all", "a later page", "of a digest", "their number"])
def test_a_span_is_found_by_the_index_over_the_time_of_the_match(opened: SqlStore, question: str) -> None:
    steps = plans_of(opened, partial(QUESTIONS[question], opened.ledger))
    assert any("ix_matches_matched_at (matched_at" in step for step in steps), steps
    assert not any("ORDER BY" in step for step in steps), steps  # read in order, nothing is sorted


def test_what_a_batch_tells_is_found_by_its_name_and_not_among_all_that_its_digest_told(opened: SqlStore) -> None:
    steps = plans_of(opened, partial(QUESTIONS["what a batch tells"], opened.ledger))
    assert any("ix_routings_digest_batch (digest=? AND batch=?)" in step for step in steps), steps


def test_a_rules_record_costs_what_its_span_costs(opened: SqlStore) -> None:
    steps = plans_of(opened, partial(QUESTIONS["a rule's record"], opened.ledger))
    only_the_last_match = [step for step in steps if "ix_matches_rule_id" in step]
    assert len(only_the_last_match) == 1, steps
    assert sum("ix_entries_first_seen (first_seen" in step for step in steps) >= 4, steps
