"""Planning costs what it plans, not what is stored: no question walks a table, by SQLite's own word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings, message
from query_plans import asked_by, plans_of, steps_of
from stored import grouped, matched

from monitor.adapters.store.sql import SqlStore
from monitor.model.delivery import ChannelKind, Delivery, NewDelivery
from monitor.model.digest import Window
from monitor.model.ledger import Plan
from monitor.model.telling import Merged
from monitor.ports import DigestStore

TABLES = ("matches", "articles", "entries", "routings", "deliveries", "batches", "sent_before")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """A match that alerts told, and one that it merged; both wait for the morning."""
    store = SqlStore(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'monitor.db'}")
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    store.digests.open_digest("alerts", NOON)
    for n in range(2):
        matched(store, grouped(store, feed, f"e{n}", "s_1"), "alerts", "morning")
    told, merged = (one.id for one in store.digests.pending("alerts"))
    row = NewDelivery("key", "alerts", "s_1#1", "desk", ChannelKind.STDOUT, "stdout", message())
    made = Plan("alerts", "s_1#1", Window(NOON - MINUTE, NOON), (told,), (merged,), (row,), 1, False)
    store.digests.record_plan(replace(made, reasons={merged: Merged.NOTHING_NEW}), NOON)
    yield store
    store.close()


QUESTIONS: dict[str, Callable[[DigestStore], Any]] = {
    "what waits": lambda digests: digests.pending("morning"),
    "what waits of some stories": lambda digests: digests.pending("morning", stories=["s_1", "s_2"]),
    "whether something came to wait": lambda digests: digests.mark("morning"),
    "the stories that wait": lambda digests: digests.pending_stories("morning"),
    "what was told": lambda digests: digests.told("morning", ["s_1", "s_2"]),
    "what a dry run told": lambda digests: digests.told("morning", ["s_1", "s_2"], draft=True),
    "the members of stories": lambda digests: digests.members(["s_1", "s_2"]),
    "the articles of stories": lambda digests: digests.story_articles(["s_1", "s_2"]),
    "the last batch of a story": lambda digests: digests.last_batch("alerts", "s_1"),
    "what other digests sent": lambda digests: digests.sent_elsewhere("morning", [1, 2]),
    "the messages about a story": lambda digests: digests.messages_about("alerts", "s_1"),
    "those of a dry run": lambda digests: digests.messages_about("alerts", "s_1", draft=True),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_of_planning_walks_a_whole_table(opened: SqlStore, question: str) -> None:
    steps = plans_of(opened, partial(QUESTIONS[question], opened.digests))
    assert not [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in TABLES))], steps


@pytest.mark.parametrize("question", ["what was told", "what other digests sent", "the messages about a story"])
def test_what_a_digest_told_is_looked_up_by_story_not_among_all_it_ever_told(
    opened: SqlStore, question: str
) -> None:
    steps = plans_of(opened, partial(QUESTIONS[question], opened.digests))
    assert not [step for step in steps if "ix_routings" in step], steps


def test_how_a_batch_stands_is_read_from_the_index_alone(opened: SqlStore) -> None:
    steps = plans_of(opened, partial(QUESTIONS["what other digests sent"], opened.digests))
    assert [step for step in steps if "deliveries USING COVERING INDEX" in step], steps


def test_a_claim_sorts_nothing_however_many_wait(opened: SqlStore) -> None:
    claimed: list[Delivery] = []
    asked = asked_by(
        opened, lambda: claimed.extend(opened.outbox.claim(NOON, MINUTE, 20, [("night", ChannelKind.EMAIL)]))
    )
    assert claimed
    steps = steps_of(opened, [one for one in asked if "deliveries" in one[0]])
    assert not [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN deliveries")], steps
