"""What every store promises of grouping: classes of copies, stories, and what a person keeps asunder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from made import NOON, match_of, rule
from reports import Report, groups_of, report, store_reports
from stored import plan

from monitor.model.article import DuplicateReason
from monitor.model.feed import Feed
from monitor.model.ledger import NewMatch
from monitor.model.retention import PruneLimits, PruneStep
from monitor.model.story import MustNotLink
from monitor.pipeline.group import GroupReport, GroupStage
from monitor.pipeline.regroup import Grouped, regroup
from monitor.ports import Store
from monitor.testing import FakeClock

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY = timedelta(days=1)


def stage(store: Store, batch: int = 100) -> GroupStage:
    return GroupStage(store.grouping, FakeClock(NOON), batch=batch)


def group(store: Store, feed: Feed, *reports: Report, batch: int = 100) -> list[GroupReport]:
    store_reports(store, feed, reports)
    return list(stage(store, batch).run(lambda: False))


def anew(store: Store, *articles: int) -> Grouped:
    likeness = stage(store).likeness()
    with store.grouping.session() as session:
        return regroup(session, articles, likeness)


def keep_apart(store: Store, one: int, other: int) -> Grouped:
    likeness = stage(store).likeness()
    with store.grouping.session() as session:
        session.set_apart([MustNotLink(one, other, NOON, "desk", "another strike")])
        return regroup(session, [one, other], likeness)


def stories(store: Store, reports: Sequence[Report]) -> set[frozenset[str]]:
    return groups_of(store, reports)[1]


A, COPY, B, OTHER = (
    report("a", 1, 0),
    report("copy", 1, 0, host="wire.example"),
    report("b", 1, 1, host="third.example", when=NOON + HOUR),
    report("other", 2, 0),
)


def test_copies_are_one_class_and_reports_of_one_event_one_story(store: Store, feed: Feed) -> None:
    group(store, feed, A, COPY, B, OTHER)
    classes, found = groups_of(store, [A, COPY, B, OTHER])
    assert classes == {frozenset({"a", "copy"}), frozenset({"b"}), frozenset({"other"})}
    assert found == {frozenset({"a", "copy", "b"}), frozenset({"other"})}


def test_a_copy_says_in_figures_why_it_is_one(store: Store, feed: Feed) -> None:
    _, copy = (one.grouping for one in group(store, feed, A, COPY))
    assert copy is not None
    assert (copy.duplicate_of, copy.reason, copy.why) == (
        1,
        DuplicateReason.SAME_CONTENT,
        "the same words, 0 min apart",
    )


def test_a_story_is_named_after_its_oldest_article_and_a_name_that_goes_leads_to_it(
    store: Store, feed: Feed
) -> None:
    far = report("far", 3, 0)
    assert [one.grouping.story_id for one in group(store, feed, far, A) if one.grouping] == ["s_1", "s_2"]
    assert [one.grouping.story_id for one in group(store, feed, B) if one.grouping] == ["s_2"]


def test_an_article_that_is_grouped_late_gives_its_name_to_the_story(store: Store, feed: Feed) -> None:
    store_reports(store, feed, [A])
    store.articles.postpone(1, "broke", NOON + HOUR)
    (first,) = group(store, feed, COPY)
    assert first.grouping is not None
    assert first.grouping.story_id == "s_2"
    late = list(GroupStage(store.grouping, FakeClock(NOON + HOUR)).run(lambda: False))
    assert [one.grouping.story_id for one in late if one.grouping] == ["s_1"]
    assert groups_of(store, [A, COPY]) == ({frozenset({"a", "copy"})}, {frozenset({"a", "copy"})})


def test_events_more_than_the_window_apart_are_two_stories(store: Store, feed: Feed) -> None:
    later = report("later", 1, 1, host="third.example", when=NOON - 8 * DAY)
    group(store, feed, A, later)
    assert stories(store, [A, later]) == {frozenset({"a"}), frozenset({"later"})}


def test_an_article_without_a_date_joins_no_story_by_its_words(store: Store, feed: Feed) -> None:
    undated = report("undated", 1, 1, host="third.example", when=None)
    group(store, feed, A, undated)
    assert stories(store, [A, undated]) == {frozenset({"a"}), frozenset({"undated"})}


def test_what_a_person_keeps_asunder_stays_so_for_later_copies(store: Store, feed: Feed) -> None:
    group(store, feed, A, B)
    assert keep_apart(store, 1, 2).groupings[2].story_id == "s_2"
    group(store, feed, COPY)
    assert stories(store, [A, B, COPY]) == {frozenset({"a", "copy"}), frozenset({"b"})}


def test_two_copies_of_one_text_can_be_kept_asunder(store: Store, feed: Feed) -> None:
    group(store, feed, A, COPY)
    keep_apart(store, 1, 2)
    assert groups_of(store, [A, COPY]) == ({frozenset({"a"}), frozenset({"copy"})},) * 2
    third = report("third", 1, 0, host="third.example")
    group(store, feed, third)
    assert {"a", "copy"} not in [set(one) & {"a", "copy"} for one in stories(store, [A, COPY, third])]


def test_who_leaves_a_large_class_stands_for_it_no_more(
    store: Store, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.adapters.store.grouping.MOST_RELEASED", 2)
    copies = [
        report(f"c{number}", 1, 0, host=f"c{number}.example", when=NOON - number * MINUTE) for number in range(4)
    ]
    group(store, feed, *copies)
    standing = "SELECT article_id FROM story_nodes WHERE root = 1"
    with store._db.read() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql(standing).scalar_one() == 4  # the earliest
    keep_apart(store, 1, 4)
    with store._db.read() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql(standing).scalar_one() == 3
    assert groups_of(store, copies)[0] == {frozenset({"c0", "c1", "c2"}), frozenset({"c3"})}


def test_taking_back_that_two_are_asunder_makes_them_one_again(store: Store, feed: Feed) -> None:
    group(store, feed, A, B)
    keep_apart(store, 1, 2)
    with store.grouping.session() as session:
        assert session.lift_apart([(2, 1)]) == 1
    anew(store, 1, 2)
    assert stories(store, [A, B]) == {frozenset({"a", "b"})}


def test_grouping_anew_without_cause_changes_nothing(store: Store, feed: Feed) -> None:
    group(store, feed, A, COPY, B, OTHER)
    before = groups_of(store, [A, COPY, B, OTHER])
    assert anew(store, 1, 2, 3, 4).woken == 0
    assert groups_of(store, [A, COPY, B, OTHER]) == before


def test_a_match_merged_into_a_story_that_it_leaves_waits_again(store: Store, feed: Feed) -> None:
    group(store, feed, A, B)
    store.digests.open_digest("morning", NOON)
    for article in store.articles.unmatched(NOON, 10):
        new = NewMatch(match_of(), rule(), "because", ("morning",), (f"sentence {article.id}",))
        store.articles.record_matches(article, "rules-1", [new], [], [], NOON)
    tell_first_and_merge_second(store)
    assert not store.digests.pending("morning")
    assert keep_apart(store, 1, 2).woken == 1
    assert [one.article.id for one in store.digests.pending("morning")] == [2]


def test_a_match_merged_into_a_story_that_its_telling_article_leaves_waits_again(store: Store, feed: Feed) -> None:
    third = report("third", 1, 2, host="fourth.example")
    group(store, feed, third, A, B)
    store.digests.open_digest("morning", NOON)
    for article in store.articles.unmatched(NOON, 10)[1:]:
        new = NewMatch(match_of(), rule(), "because", ("morning",), (f"sentence {article.id}",))
        store.articles.record_matches(article, "rules-1", [new], [], [], NOON)
    tell_first_and_merge_second(store)
    with store.grouping.session() as session:  # the one that was told is not the same story as the two others
        session.set_apart([MustNotLink(1, 2, NOON), MustNotLink(2, 3, NOON)])
    assert anew(store, 2).woken == 1
    assert [one.article.id for one in store.digests.pending("morning")] == [3]


def test_a_forgotten_match_that_was_merged_does_not_wait_again(store: Store, feed: Feed) -> None:
    group(store, feed, A, COPY)
    store.digests.open_digest("morning", NOON)
    for article in store.articles.unmatched(NOON, 10):
        new = NewMatch(match_of(), rule(), "because", ("morning",), (f"sentence {article.id}",))
        store.articles.record_matches(article, "rules-1", [new], [], [], NOON)
    first, second = store.digests.pending("morning")
    told = replace(plan(store), planned=(first.id,), merged=(second.id,), deliveries=())
    store.digests.record_plan(told, NOON)
    store.retention.forget(COPY.url, COPY.url, NOON, even_unsent=True)
    assert keep_apart(store, 1, 2).woken == 0
    assert not store.digests.pending("morning")


def tell_first_and_merge_second(store: Store) -> None:
    first, second = store.digests.pending("morning")
    store.digests.record_plan(replace(plan(store), planned=(first.id,)), NOON)
    later = replace(plan(store), batch="b2", planned=(), merged=(second.id,), deliveries=())
    store.digests.record_plan(later, NOON)


def test_more_copies_than_are_looked_at_are_still_one_class(store: Store, feed: Feed) -> None:
    many = [report(f"c{number}", 1, 0, host=f"h{number % 3}.example") for number in range(120)]
    group(store, feed, *many[:100])
    group(store, feed, *many[100:], batch=7)
    assert groups_of(store, many) == ({frozenset(one.id for one in many)},) * 2


@pytest.mark.parametrize("batch", [1, 100])
def test_grouping_twice_changes_nothing(store: Store, feed: Feed, batch: int) -> None:
    assert len(group(store, feed, A, COPY, B, batch=batch)) == 3
    assert not list(stage(store).run(lambda: False))
    with store.grouping.session() as session:
        assert not session.claim([1, 2, 3])


def test_what_stories_are_weighed_by_is_kept_and_replaced(store: Store) -> None:
    for day, version in enumerate(("one", "two", "three")):
        store.grouping.record_weights(
            version, NOON + day * 7 * DAY, 5, version.encode(), NOON + (day * 7 - 8) * DAY
        )
    assert [one.version for one in store.grouping.weights()] == ["three", "two", "one"]
    store.grouping.record_weights("four", NOON + 21 * DAY, 5, b"four", NOON + 13 * DAY)
    assert [one.version for one in store.grouping.weights()] == ["four", "three", "two"]
    assert store.grouping.weights_of("four") == b"four"


def test_features_are_sampled_newest_first(store: Store, feed: Feed) -> None:
    store_reports(store, feed, [A, B, OTHER])
    assert [article for article, _ in store.grouping.sample(0, 2)] == [3, 2]
    assert [article for article, _ in store.grouping.sample(2, 2)] == [1]


def rows(store: Store, *tables: str) -> list[int]:
    with store._db.read() as connection:  # type: ignore[attr-defined]  # a SqlStore
        return [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]


def prune(store: Store, step: PruneStep, now: datetime) -> int:
    return store.retention.prune(step, PruneLimits(NOON, NOON, NOON, NOON, NOON, "rules-1", now - 8 * DAY), 100)


def test_what_articles_are_compared_by_goes_once_no_new_one_can_be_like_them(store: Store, feed: Feed) -> None:
    group(store, feed, A, COPY, B)
    for article in store.articles.unmatched(NOON, 10):
        store.articles.record_matches(article, "rules-1", [], [], [], NOON)
    assert not prune(store, PruneStep.POINTS, NOON + 8 * DAY)
    assert not prune(store, PruneStep.PRINTS, NOON + 8 * DAY)
    assert prune(store, PruneStep.POINTS, NOON + 9 * DAY) == 2
    assert prune(store, PruneStep.PRINTS, NOON + 9 * DAY) == 3
    assert (
        rows(store, "bands", "story_keys", "story_edges", "story_nodes", "articles WHERE sketch IS NOT NULL")
        == [0] * 5
    )
    assert stories(store, [A, COPY, B]) == {frozenset({"a", "copy", "b"})}


def test_a_copy_of_what_is_no_longer_compared_is_found_by_its_address(store: Store, feed: Feed) -> None:
    group(store, feed, A)
    for article in store.articles.unmatched(NOON, 10):
        store.articles.record_matches(article, "rules-1", [], [], [], NOON)
    prune(store, PruneStep.POINTS, NOON + 9 * DAY)
    prune(store, PruneStep.PRINTS, NOON + 9 * DAY)
    again = report("again", 1, 0, path="a")
    (found,) = group(store, feed, again)
    assert found.grouping is not None
    assert (found.grouping.story_id, found.grouping.duplicate_of) == ("s_1", 1)


def test_a_forgotten_text_leaves_no_hashed_words_behind(store: Store, feed: Feed) -> None:
    group(store, feed, A, B)
    for article in store.articles.unmatched(NOON, 10):
        store.articles.record_matches(article, "rules-1", [], [], [], NOON)
    store.retention.forget(A.url, A.url, NOON, even_unsent=True)
    gone = ("bands WHERE article_id = 1", "story_keys WHERE root = 1", "articles WHERE features IS NOT NULL")
    assert rows(store, *gone, "story_edges") == [0, 0, 1, 0]
