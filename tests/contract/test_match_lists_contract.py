"""What every store promises of lists of matches, and of one rule's record over a span."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from made import MINUTE, NOON, match_of, message, new_article, new_entry, rule
from stored import plan, poll, put_into, read_articles

from monitor.adapters.store import rule_record
from monitor.model.article import Article, Grouping
from monitor.model.delivery import ChannelKind, DeliveryState, NewDelivery, Receipt, RetryDecision, RetryReason
from monitor.model.entry import Fate
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Feed
from monitor.model.ledger import ListedMatch, NewMatch, RoutedCount, RoutingState
from monitor.model.rule import RuleFailure, Severity
from monitor.model.telling import Merged
from monitor.ports import Store

HOUR = timedelta(hours=1)
LONG_AGO = NOON - timedelta(days=900)


def article_at(store: Store, feed: Feed, id: str, seen: datetime = NOON, story: str = "s_1") -> Article:
    """A grouped article whose entry was first seen then."""
    poll(store, feed, new_entry(id), now=seen)
    entry = store.articles.waiting(seen, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id, first_seen=seen))
    (found,) = read_articles(store, seen)
    put_into(store, found.id, Grouping(story))
    return next(one for one in store.articles.unmatched(seen, 10) if one.id == found.id)


def match_at(
    store: Store,
    feed: Feed,
    id: str,
    when: datetime = NOON,
    *digests: str,
    rules: tuple[str, ...] = ("torkham-closed",),
    version: str = "rules-1",
    news: bool = True,
    failures: tuple[str, ...] = (),
    seen: datetime | None = None,
) -> Article:
    """An article seen and matched then by each of the rules; `failures` are reasons of torkham-closed."""
    article = article_at(store, feed, id, seen or when)
    found = [
        NewMatch(match_of(one), rule(one, severity=Severity.HIGH), f"because of {id}", digests, ("s",), news)
        for one in rules
    ]
    failed = [RuleFailure(str(article.id), "torkham-closed", why) for why in failures]
    store.articles.record_matches(article, version, found, failed, [], when)
    return article


def listed(store: Store, since: datetime = LONG_AGO, **how: object) -> list[str]:
    """What a list shows, by its reason."""
    return [one.because.removeprefix("because of ") for one in store.ledger.matches(since, **how)]  # type: ignore[arg-type]


# ---- lists


def test_a_listed_match_tells_all_a_line_needs(store: Store, feed: Feed) -> None:
    article = match_at(store, feed, "e1", NOON, "morning", "alerts")
    (one,) = store.ledger.matches(NOON)
    assert one == ListedMatch(
        id=one.id,
        rule="torkham-closed",
        rule_version="abcd1234",
        rule_title="Torkham closed",
        severity=Severity.HIGH,
        because="because of e1",
        news=True,
        matched_at=NOON,
        title="Torkham closed",
        url=article.url,
        publisher="News",
        feed="News",
        published=NOON,
        story="s_1",
        routings=one.routings,
    )
    assert [(to.digest, to.state, to.batch) for to in one.routings] == [
        ("alerts", RoutingState.PENDING, None),
        ("morning", RoutingState.PENDING, None),
    ]


def test_matches_come_newest_first_and_none_from_before(store: Store, feed: Feed) -> None:
    for hour in range(3):
        match_at(store, feed, f"e{hour + 1}", NOON + hour * HOUR)
    assert listed(store) == ["e3", "e2", "e1"]
    assert listed(store, NOON + HOUR) == ["e3", "e2"]
    assert listed(store, NOON + HOUR + MINUTE) == ["e3"]
    assert store.ledger.count_matches(NOON + HOUR) == 2


def test_a_list_can_be_of_one_rule_or_of_one_digest(store: Store, feed: Feed) -> None:
    match_at(store, feed, "e1", NOON, "morning")
    match_at(store, feed, "e2", NOON, "alerts", rules=("floods",))
    assert listed(store, rule="floods") == ["e2"]
    assert listed(store, digest="morning") == ["e1"]
    assert listed(store, rule="floods", digest="morning") == []
    assert listed(store, rule="FLOODS") == []
    assert store.ledger.count_matches(LONG_AGO, rule="floods") == 1
    assert store.ledger.count_matches(LONG_AGO, digest="morning") == 1


def test_pages_put_together_are_the_whole_list_each_match_once(store: Store, feed: Feed) -> None:
    for number in range(7):  # several of the same moment: the id decides
        match_at(store, feed, f"e{number}", NOON + (number // 3) * HOUR)
    whole = [one.id for one in store.ledger.matches(LONG_AGO)]
    for size in (1, 2, 3, 7, 8):
        pages: list[ListedMatch] = []
        while page := store.ledger.matches(
            LONG_AGO, limit=size, before=(pages[-1].matched_at, pages[-1].id) if pages else None
        ):
            assert len(page) <= size
            pages += page
        assert [one.id for one in pages] == whole


def test_a_page_read_later_leaves_out_what_came_meanwhile(store: Store, feed: Feed) -> None:
    for hour in range(3):
        match_at(store, feed, f"e{hour}", NOON + hour * HOUR)
    (first,) = store.ledger.matches(LONG_AGO, limit=1)
    match_at(store, feed, "late", NOON + 5 * HOUR)
    assert listed(store, before=(first.matched_at, first.id)) == ["e1", "e0"]


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert list(store.ledger.matches(LONG_AGO)) == []
    assert store.ledger.count_matches(LONG_AGO) == 0


# ---- the record of one rule


def test_the_record_counts_the_entries_of_the_span_by_fate(store: Store, feed: Feed) -> None:
    match_at(store, feed, "old", NOON - 10 * HOUR)
    match_at(store, feed, "e1", NOON)
    poll(store, feed, new_entry("seen", fate=Fate.SEEN_AT_SUBSCRIBE), new_entry("aged", fate=Fate.TOO_OLD))
    poll(store, feed, new_entry("waits"))
    record = store.ledger.rule_record("torkham-closed", NOON - HOUR, 5)
    assert record.fates == {"read": 1, "seen_at_subscribe": 1, "too_old": 1, "waiting": 1}
    assert (record.matches, record.read_by, record.unread) == (1, {"rules-1": 1}, 0)
    assert [one.because for one in record.newest] == ["because of e1"]


def test_the_record_counts_articles_by_the_rules_that_read_them(store: Store, feed: Feed) -> None:
    match_at(store, feed, "e1", version="rules-1")
    match_at(store, feed, "e2", version="rules-2", rules=())
    match_at(store, feed, "e3", version="rules-2", rules=("floods",))
    stuck = article_at(store, feed, "e4")
    store.articles.postpone(stuck.id, "ValueError: broken", NOON + HOUR)
    poll(store, feed, new_entry("e5"))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))
    record = store.ledger.rule_record("torkham-closed", NOON, 5)
    assert record.read_by == {"rules-1": 1, "rules-2": 2}
    assert (record.unread, record.stuck, record.matches) == (2, 1, 1)


def test_a_match_belongs_to_the_span_its_entry_was_first_seen_in(store: Store, feed: Feed) -> None:
    # A clock that was set back: the match looks older than the entry.
    match_at(store, feed, "e1", NOON - 50 * HOUR, seen=NOON)
    record = store.ledger.rule_record("torkham-closed", NOON - HOUR, 5)
    assert (record.matches, len(record.newest)) == (1, 1)


def ends(store: Store) -> list[tuple[str, RoutingState, bool, DeliveryState | None, int]]:
    found: tuple[RoutedCount, ...] = store.ledger.rule_record("torkham-closed", LONG_AGO, 5).routed
    return [(one.digest, one.state, one.news, one.delivery, one.matches) for one in found]


def test_the_record_tells_where_each_match_went(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for entry in ("e1", "e2"):
        match_at(store, feed, entry, NOON, "morning")
    match_at(store, feed, "e3", NOON)
    match_at(store, feed, "e4", NOON, "morning", rules=("floods",))
    assert ends(store) == [("morning", RoutingState.PENDING, True, None, 2)]
    assert store.ledger.rule_record("torkham-closed", LONG_AGO, 5).unrouted == 1
    store.digests.record_plan(plan(store), NOON)
    assert ends(store) == [("morning", RoutingState.PLANNED, True, DeliveryState.WAITING, 2)]
    (delivery,) = store.outbox.claim(NOON, HOUR, 10)
    store.outbox.record_sent(delivery, Receipt("250 ok"), NOON)
    assert ends(store) == [("morning", RoutingState.PLANNED, True, DeliveryState.SENT, 2)]


def test_merged_matches_are_told_apart_by_whether_they_say_anything_new(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    match_at(store, feed, "e0", NOON, "morning")
    store.digests.record_plan(plan(store, deliveries=0), NOON)
    match_at(store, feed, "e1", NOON, "morning")
    match_at(store, feed, "e2", NOON, "morning", news=False)
    new, edit = (one.id for one in store.digests.pending("morning"))
    why = {new: Merged.NOTHING_NEW, edit: Merged.EARLIER_WORDING}
    merging = replace(plan(store, batch="b2", deliveries=0), planned=(), merged=(new, edit), reasons=why)
    store.digests.record_plan(merging, NOON)
    assert ends(store) == [
        ("morning", RoutingState.MERGED, False, None, 1),
        ("morning", RoutingState.MERGED, True, None, 1),
        ("morning", RoutingState.PLANNED, True, None, 1),
    ]


@pytest.mark.parametrize("dead", [0, 1])
def test_the_worst_of_several_deliveries_counts(store: Store, feed: Feed, dead: int) -> None:
    store.digests.open_digest("morning", NOON)
    match_at(store, feed, "e1", NOON, "morning")
    store.digests.record_plan(plan(store, deliveries=3), NOON)
    first, second, third = store.outbox.claim(NOON, HOUR, 10)
    store.outbox.record_sent(first, Receipt("250 ok"), NOON)
    failure = DeliveryFailed(DeliveryFault.REFUSED, "550 no")
    if dead:
        given_up = RetryDecision(None, RetryReason.REFUSED)
        store.outbox.record_failure(second, failure, given_up, NOON)
    worst = DeliveryState.DEAD if dead else DeliveryState.WAITING
    assert ends(store) == [("morning", RoutingState.PLANNED, True, worst, 1)]
    assert third.state is DeliveryState.WAITING


def test_the_deliveries_of_a_dry_run_do_not_count(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    match_at(store, feed, "e1", NOON, "morning")
    store.digests.record_plan(plan(store, draft=True), NOON)
    assert ends(store) == [("morning", RoutingState.PENDING, True, None, 1)]
    store.digests.record_plan(plan(store, deliveries=0), NOON)
    assert ends(store) == [("morning", RoutingState.PLANNED, True, None, 1)]


def test_a_batch_of_the_same_name_in_another_digest_is_another(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    match_at(store, feed, "e0", NOON, "morning")
    made = plan(store, deliveries=0)
    other = NewDelivery("key", "other", "b1", "desk", ChannelKind.STDOUT, "", message())
    store.digests.record_plan(replace(made, digest="other", planned=(), deliveries=(other,)), NOON)
    store.digests.record_plan(made, NOON)
    assert ends(store) == [("morning", RoutingState.PLANNED, True, None, 1)]


def test_a_record_of_more_matches_than_one_statement_takes_is_whole(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_record, "_AT_A_TIME", 2)
    store.digests.open_digest("morning", NOON)
    for number in range(5):
        match_at(store, feed, f"e{number}", NOON, "morning")
        store.digests.record_plan(plan(store, batch=f"b{number}"), NOON)
    assert ends(store) == [("morning", RoutingState.PLANNED, True, DeliveryState.WAITING, 5)]


def test_the_record_tells_how_often_the_rule_failed_and_why(store: Store, feed: Feed) -> None:
    for entry in ("e1", "e2"):
        match_at(store, feed, entry, rules=(), failures=("RecursionError: too deep",))
    match_at(store, feed, "e3", rules=(), failures=("ValueError: odd",))
    match_at(store, feed, "e4", NOON - 5 * HOUR, rules=(), failures=("ValueError: old",))
    record = store.ledger.rule_record("torkham-closed", NOON, 5)
    assert record.failures == (("RecursionError: too deep", 2), ("ValueError: odd", 1))
    assert record.matches == 0


def test_a_silent_rule_has_its_last_match_looked_up(store: Store, feed: Feed) -> None:
    match_at(store, feed, "e1", NOON - 90 * HOUR)
    match_at(store, feed, "e2", NOON - 80 * HOUR)
    match_at(store, feed, "e3", NOON, rules=("floods",))
    silent = store.ledger.rule_record("torkham-closed", NOON, 5)
    assert (silent.matches, silent.last_match) == (0, NOON - 80 * HOUR)
    assert store.ledger.rule_record("never", NOON, 5).last_match is None


def test_the_newest_matches_of_the_record_are_bounded_and_in_order(store: Store, feed: Feed) -> None:
    for hour in range(4):
        match_at(store, feed, f"e{hour}", NOON + hour * HOUR)
    record = store.ledger.rule_record("torkham-closed", NOON, 2)
    assert [one.because for one in record.newest] == ["because of e3", "because of e2"]
    assert record.matches == 4
