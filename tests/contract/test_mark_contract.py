"""What every kind of store promises of the mark by which planning sees that something may be told now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from made import NOON, new_article, new_entry
from stored import grouped, matched, plan, poll, read_articles
from test_silence_contract import discard, new

from monitor.model.feed import Feed
from monitor.model.ledger import Plan
from monitor.model.story import MustNotLink
from monitor.ports import Store


@pytest.fixture
def waiting(store: Store, feed: Feed) -> Store:
    """Two matches that wait, one that a silence discarded, one that was given up; an article to be grouped."""
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "e1", "s_1"), "morning")
    made = store.silences.add(new(discard=True), NOON)
    store.digests.record_plan(discard(store, made.id), NOON)
    matched(store, grouped(store, feed, "e2", "s_2"), "morning")
    store.digests.record_plan(given_up(store), NOON)
    for n in (3, 4):
        matched(store, grouped(store, feed, f"e{n}", f"s_{n}"), "morning")
    read(store, feed, "e5")
    return store


def given_up(store: Store) -> Plan:
    window = plan(store).window
    ids = {one.id: 1 for one in store.digests.waiting("morning")}
    return Plan("morning", "s_2/untold#1", window, (), (), (), 0, False, too_few=ids)


def read(store: Store, feed: Feed, id: str) -> None:
    poll(store, feed, new_entry(id))
    (entry,) = store.articles.waiting(NOON, 10)
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))


def bring_back(store: Store) -> None:
    store.silences.end(1, NOON, tell=True)


def wake_too_few(store: Store) -> None:
    with store.grouping.session() as session:
        assert session.wake_too_few(["s_2"]) == 1


def group_one(store: Store) -> None:
    (left,) = read_articles(store)
    store.grouping.stand_alone(left.id, "it breaks the stage")


def keep_apart(store: Store) -> None:
    with store.grouping.session() as session:
        session.set_apart([MustNotLink(1, 2, NOON, "Sara", "")])


def tell_one(store: Store) -> None:
    one = plan(store, batch="b2")
    store.digests.record_plan(one, NOON + timedelta(seconds=1))


CHANGES: dict[str, Callable[[Store], None]] = {
    "a match is brought back": bring_back,
    "a match is woken": wake_too_few,
    "an article is grouped": group_one,
    "articles are kept apart": keep_apart,
    "the digest told something": tell_one,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_lets_something_be_told_changes_the_mark(waiting: Store, change: str) -> None:
    before = waiting.digests.mark("morning")
    assert waiting.digests.mark("morning") == before
    CHANGES[change](waiting)
    assert waiting.digests.mark("morning") != before


def test_a_new_match_and_a_new_article_change_the_mark(waiting: Store, feed: Feed) -> None:
    before = waiting.digests.mark("morning")
    group_one(waiting)
    article = grouped(waiting, feed, "e6", "s_3")
    between = waiting.digests.mark("morning")
    matched(waiting, article, "morning")
    assert len({before, between, waiting.digests.mark("morning")}) == 3


def test_an_article_that_is_grouped_while_another_comes_changes_the_mark(waiting: Store, feed: Feed) -> None:
    before = waiting.digests.mark("morning")
    group_one(waiting)
    read(waiting, feed, "e6")
    assert waiting.digests.mark("morning") != before
