"""What a backtest asks of every kind of store, and the one thing that it writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import NOON, match_of, message, rule
from stored import grouped, matched

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import unindex
from monitor.adapters.store.rows import gone_text
from monitor.adapters.store.sql import SqlStore
from monitor.model.article import Article
from monitor.model.delivery import ChannelKind, NewDelivery
from monitor.model.digest import Window
from monitor.model.feed import Feed
from monitor.model.ledger import (
    ArchiveExtent,
    LookBack,
    NewMatch,
    Plan,
    RecordedAnswer,
    RoutingState,
    StoredMatch,
)
from monitor.model.retention import Gone, GoneReason

DAY = timedelta(days=1)
BATCH = "backtest/torkham-closed@abcd1234/0f1e2d3c4b5a"


def drop(store: SqlStore, *rows: int) -> None:
    """Empties texts, as retention does."""
    gone = gone_text(Gone(GoneReason.RETENTION, NOON))
    with store._db.write() as connection:
        unindex(connection, rows)
        connection.execute(t.articles.update().where(t.articles.c.id.in_(rows)).values(text="", text_gone=gone))


def found(article: Article) -> StoredMatch:
    """A match as a backtest has it."""
    new = NewMatch(match_of(), rule(), "because", ("morning",), ("sentence",))
    return StoredMatch(article.id, new, article, NOON)


def plan_of(planned: list[Article], merged: list[Article] | None = None) -> Plan:
    """The batch that tells of them."""
    delivery = NewDelivery("key-1", "morning", BATCH, "desk", ChannelKind.STDOUT, "", message())
    return Plan(
        digest="morning",
        batch=BATCH,
        window=Window(NOON - DAY, NOON),
        planned=tuple(one.id for one in planned),
        merged=tuple(one.id for one in merged or []),
        deliveries=(delivery,),
        stories=len(planned),
        closes_window=False,
    )


def test_the_extent_counts_what_can_be_read_and_what_no_longer(store: SqlStore, feed: Feed) -> None:
    assert store.archive.extent() == ArchiveExtent(0, 0, None)
    first, second, third = (grouped(store, feed, f"e{one}", first_seen=NOON + one * DAY) for one in range(3))
    assert store.archive.extent() == ArchiveExtent(3, 0, first.first_seen)
    drop(store, first.id)
    assert store.archive.extent() == ArchiveExtent(2, 1, second.first_seen)
    assert store.archive.extent(NOON + DAY) == ArchiveExtent(2, 0, second.first_seen)
    assert store.archive.extent(NOON + 2 * DAY, NOON + 3 * DAY) == ArchiveExtent(1, 0, third.first_seen)
    assert store.archive.extent(until=NOON + DAY) == ArchiveExtent(0, 1, None)


def test_the_record_of_a_rule_names_articles_versions_and_digests(store: SqlStore, feed: Feed) -> None:
    articles = [grouped(store, feed, f"e{one}", first_seen=NOON + one * DAY) for one in range(3)]
    matched(store, articles[0], "morning", "evening")
    matched(store, articles[1])
    matched(store, articles[2], "morning", rule_id="floods")
    drop(store, articles[1].id)
    assert store.ledger.recorded("torkham-closed") == {
        articles[0].id: RecordedAnswer("abcd1234", False, ("evening", "morning")),
        articles[1].id: RecordedAnswer("abcd1234", True, ()),
    }
    assert list(store.ledger.recorded("torkham-closed", NOON + DAY)) == [articles[1].id]
    assert list(store.ledger.recorded("torkham-closed", None, NOON + DAY)) == [articles[0].id]
    assert store.ledger.recorded("nothing") == {}


def test_a_look_back_records_matches_batch_and_deliveries_and_leaves_nothing_pending(store, feed):
    one, two = grouped(store, feed, "e1"), grouped(store, feed, "e2")
    for article in (one, two):
        store.articles.record_matches(article, "rules-1", [], [], [], NOON)
    plan, matches = plan_of([one], [two]), [found(one), found(two)]
    assert store.digests.record_look_back(plan, matches, NOON) is LookBack.RECORDED
    assert store.digests.pending("morning") == []
    (delivery,) = store.outbox.claim(NOON, DAY, 10)
    assert delivery.new.batch == BATCH
    states = [
        routing.state
        for link in ("https://news.example/e1", "https://news.example/e2")
        for match in store.ledger.fates(link, link)[0].matches
        for routing in match.routings
    ]
    assert states == [RoutingState.PLANNED, RoutingState.MERGED]
    told = store.digests.told("morning", [one.story_id, two.story_id])
    assert [(done.story, done.sentences) for done in told] == [(one.story_id, ("sentence",))]


def test_a_second_look_back_of_the_same_changes_nothing(store, feed):
    one = grouped(store, feed, "e1")
    store.articles.record_matches(one, "rules-1", [], [], [], NOON)
    assert store.digests.record_look_back(plan_of([one]), [found(one)], NOON) is LookBack.RECORDED
    assert store.digests.record_look_back(plan_of([one]), [found(one)], NOON) is LookBack.KNOWN
    assert len(store.ledger.deliveries()) == 1
    assert store.ledger.count_matches(NOON - DAY) == 1


@pytest.mark.parametrize("change", ["the text is gone", "a match has come"])
def test_a_look_back_over_what_has_changed_writes_nothing(store, feed, change):
    one, two = grouped(store, feed, "e1"), grouped(store, feed, "e2")
    store.articles.record_matches(one, "rules-1", [], [], [], NOON)
    if change == "the text is gone":
        store.articles.record_matches(two, "rules-1", [], [], [], NOON)
        drop(store, two.id)
    else:
        matched(store, two, "morning")
    before = store.ledger.count_matches(NOON - DAY)
    assert store.digests.record_look_back(plan_of([one, two]), [found(one), found(two)], NOON) is LookBack.CHANGED
    assert store.ledger.deliveries() == []
    assert store.ledger.count_matches(NOON - DAY) == before


def test_a_match_that_no_digest_takes_is_told_and_stays_one_match(store, feed):
    one = grouped(store, feed, "e1")
    matched(store, one)
    known = replace(found(one), new=replace(found(one).new, because="another reason"))
    assert store.digests.record_look_back(plan_of([one]), [known], NOON) is LookBack.RECORDED
    assert store.ledger.recorded("torkham-closed")[one.id].digests == ("morning",)
    (listed,) = store.ledger.matches(NOON - DAY)
    assert listed.because == "because"


def test_the_record_of_a_rule_tells_what_came_by_a_backtest_from_what_it_only_told(store, feed):
    one, two, three = (grouped(store, feed, f"e{n}") for n in range(3))
    matched(store, one)
    matched(store, two, "morning")
    store.articles.record_matches(three, "rules-1", [], [], [], NOON)
    now = NOON + DAY
    assert (
        store.digests.record_look_back(plan_of([one, three]), [found(one), found(three)], now) is LookBack.RECORDED
    )
    record = store.ledger.rule_record("torkham-closed", NOON - DAY, 5)
    assert (record.matches, record.found_back) == (3, 1)
    assert store.ledger.rule_record("floods", NOON - DAY, 5).found_back == 0
