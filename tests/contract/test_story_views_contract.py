"""What every store promises of stories: lists, one story, and what people say of pairs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from made import MINUTE, NOON
from newsroom import fresh_store
from stored import grouped, matched, plan

from monitor.adapters.store import tables as t
from monitor.model.article import Article, EntityMention
from monitor.model.feed import Feed
from monitor.model.ledger import RoutingState
from monitor.model.story import MustNotLink
from monitor.model.story_view import FoundStory, StoriesAsked, StoryView
from monitor.ports import Store

LONG_AGO = NOON - timedelta(days=900)
TORKHAM = EntityMention("Torkham", "place", "torkham")
ASIF = EntityMention("Khawaja Asif", "person", "khawaja_asif")
TTP = EntityMention("TTP", "org", "ttp")


def write(store: Store, statement: Any, *values: Any) -> None:
    with store._db.write() as connection:  # type: ignore[attr-defined]  # rows that no port of this test writes
        connection.execute(statement, *values)


def at(store: Store, feed: Feed, id: str, minutes: int, story: str, **more: Any) -> Article:
    """An article of that story, first seen so many minutes after noon."""
    return grouped(store, feed, id, story, first_seen=NOON + minutes * MINUTE, **more)


def copy_of(store: Store, article: Article, original: Article, reason: str = "near_duplicate") -> None:
    values = {"duplicate_of": original.id, "duplicate_reason": reason, "duplicate_why": "94 % of its words"}
    write(store, t.articles.update().where(t.articles.c.id == article.id).values(values))


def lead(store: Store, **aliases: str) -> None:
    rows = [{"alias": alias, "story_id": story} for alias, story in aliases.items()]
    write(store, t.story_aliases.insert(), rows)


def listed(store: Store, **asked: Any) -> list[str]:
    return [one.id for one in store.stories.page(StoriesAsked(asked.pop("since", LONG_AGO), **asked))]


def seen(store: Store, story: str) -> StoryView:
    found = store.stories.view(story)
    assert found is not None
    return found


def said(one: Article, other: Article, at: datetime = NOON, **more: str) -> MustNotLink:
    return MustNotLink(*sorted((one.id, other.id)), at, **more)


@pytest.fixture
def three(store: Store, feed: Feed) -> dict[str, Article]:
    """Story s_1 of two articles, the second the newest of all; s_2 of one between them."""
    return {
        "first": at(store, feed, "e1", 0, "s_1"),
        "alone": at(store, feed, "e2", 1, "s_2", title="Floods", publisher="Dawn", url="https://www.dawn.com/2"),
        "second": at(store, feed, "e3", 2, "s_1", publisher="Arab News", language="ur"),
    }


# ---- lists


def test_the_story_with_the_newest_article_comes_first(store: Store, three: dict[str, Article]) -> None:
    assert listed(store) == ["s_1", "s_2"]
    page = store.stories.page(StoriesAsked(LONG_AGO))
    assert [[one.id for one in story.roll.standing] for story in page] == [
        [three["first"].id, three["second"].id],
        [three["alone"].id],
    ]
    assert page[0].newest.id == three["second"].id


@pytest.mark.usefixtures("three")
def test_pages_hold_each_story_once(store: Store) -> None:
    (first,) = store.stories.page(StoriesAsked(LONG_AGO), limit=1)
    before = (first.newest.first_seen, first.newest.id)
    assert [one.id for one in store.stories.page(StoriesAsked(LONG_AGO), before=before)] == ["s_2"]
    assert [store.stories.count(StoriesAsked(LONG_AGO), most) for most in (1, 9)] == [1, 2]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("asked", "stories"),
    [
        ({"since": NOON + 2 * MINUTE}, ["s_1"]),
        ({"since": NOON + 3 * MINUTE}, []),
        ({"publisher": "dawn"}, ["s_2"]),
        ({"publisher": "dawn.com"}, ["s_2"]),
        ({"publisher": "awn.com"}, []),
        ({"publisher": "arab news"}, ["s_1"]),
        ({"publisher": "100%"}, []),
        ({"publisher": "a\0b"}, []),
        ({"language": "ur"}, ["s_1"]),
        ({"min_articles": 2}, ["s_1"]),
        ({"tag": "Border"}, ["s_1", "s_2"]),
        ({"tag": "bord"}, []),
        ({"rules": ("torkham-closed",)}, []),
    ],
    ids=str,
)
def test_a_list_holds_what_was_asked_for(store: Store, asked: dict[str, Any], stories: list[str]) -> None:
    assert listed(store, **asked) == stories
    assert store.stories.count(StoriesAsked(**{"since": LONG_AGO, **asked}), 9) == len(stories)


@pytest.mark.parametrize("publisher", ["Коммерсантъ", "КОММЕРСАНТЪ", "Österreich", "österreich", "İstanbul"])
def test_a_publisher_is_found_whatever_the_case_of_its_letters_in_any_script(
    store: Store, feed: Feed, publisher: str
) -> None:
    known = {"к": "Коммерсантъ", "ö": "Österreich heute", "i": "İstanbul Gazetesi"}[publisher[0].lower()[0]]
    at(store, feed, "e1", 0, "s_1", publisher=known)
    at(store, feed, "e2", 1, "s_2", publisher="Dawn")
    assert listed(store, publisher=publisher) == ["s_1"]


@pytest.mark.parametrize("tag", ["Граница", "граница", "ÖSTERREICH", "österreich", "Straße"])
def test_a_tag_is_found_whatever_the_case_of_its_letters_in_any_script(store: Store, feed: Feed, tag: str) -> None:
    at(store, feed, "e1", 0, "s_1", feed_tags=("Граница", "Österreich", "Straße"))
    at(store, feed, "e2", 1, "s_2", feed_tags=("Границаx",))
    assert listed(store, tag=tag) == ["s_1"]


def test_every_tag_that_is_offered_finds_its_stories(store: Store, feed: Feed) -> None:
    at(store, feed, "e1", 0, "s_1", feed_tags=("Граница", "Österreich", "Straße", "Border"))
    offered = store.stories.facets(LONG_AGO, 9).tags
    assert [listed(store, tag=tag) for tag, _ in offered] == [["s_1"]] * 4


def test_rules_are_listed_with_how_many_articles_they_match(store: Store, three: dict[str, Article]) -> None:
    matched(store, three["first"])
    matched(store, three["second"])
    assert store.stories.page(StoriesAsked(LONG_AGO))[0].rules == (("torkham-closed", 2),)
    assert listed(store, rules=("torkham-closed",)) == ["s_1"]
    assert listed(store, tag="nowhere", tagged_rules=("torkham-closed",)) == ["s_1"]


def test_a_revision_makes_no_second_article(store: Store, three: dict[str, Article]) -> None:
    copy_of(store, three["second"], three["first"], "revision")
    assert listed(store, min_articles=2) == []


# ---- one story


def test_a_story_is_found_by_its_id_by_ids_of_before_by_article_and_by_address(
    store: Store, three: dict[str, Article]
) -> None:
    lead(store, s_9="s_8", s_8="s_1")
    assert store.stories.called("s_1") == FoundStory("s_1")
    assert store.stories.called("s_9") == FoundStory("s_1", alias="s_9")
    assert seen(store, "s_1").former == ("s_8", "s_9")
    assert store.stories.of_article(three["alone"].id) == FoundStory("s_2", three["alone"].id)
    assert store.stories.at(three["alone"].url, three["alone"].url_key) == FoundStory("s_2", three["alone"].id)


@pytest.mark.parametrize("name", ["", "s_7", "s_\x00", "\ud83d", "s_1" * 100, "'; drop table articles"])
@pytest.mark.usefixtures("three")
def test_a_name_that_means_nothing_finds_nothing(store: Store, name: str) -> None:
    assert store.stories.called(name) is None
    assert store.stories.of_article(2**70) is None
    assert store.stories.at("https://nowhere.example/", "https://nowhere.example/") is None


@pytest.mark.usefixtures("three")
def test_ids_that_lead_in_a_circle_end_somewhere(store: Store) -> None:
    lead(store, s_9="s_8", s_8="s_9")
    assert store.stories.called("s_9") is None


def test_a_view_holds_edges_copies_and_names(store: Store, feed: Feed) -> None:
    one = at(store, feed, "e1", 0, "s_1", entities=(TORKHAM,))
    other, stranger = at(store, feed, "e2", 1, "s_1"), at(store, feed, "e3", 2, "s_3")
    copy_of(store, other, one)
    pairs = [(one.id, other.id, 0.5), (other.id, stranger.id, 0.9)]
    write(store, t.story_edges.insert(), [{"one": a, "other": b, "weight": w} for a, b, w in pairs])
    view = seen(store, "s_1")
    assert [(edge.one, edge.other, edge.weight) for edge in view.edges] == [(one.id, other.id, 0.5)]
    assert view.all_edges == 1
    assert view.members[0].names == (TORKHAM,)
    assert view.members[1].duplicate_why == "94 % of its words"
    assert view.members[1].is_copy
    assert store.stories.view("s_2") is None


def test_a_story_tells_in_which_digests_its_articles_were_told(waiting: Store) -> None:
    (rule,) = seen(waiting, "s_1").rules
    assert (rule.first.rule, rule.articles) == ("torkham-closed", 1)
    (told,) = seen(waiting, "s_1").told
    assert (told.digest, told.batch, told.at, told.rules) == ("morning", "b1", NOON, ("torkham-closed",))
    assert [(receiver, number) for receiver, _, number in told.deliveries] == [("desk", 1)]


def test_a_dry_run_has_told_nothing(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store, draft=True), NOON)
    assert seen(store, "s_1").told == ()


def test_what_was_told_goes_with_the_articles(waiting: Store) -> None:
    write(waiting, t.articles.update().values(story_id="s_ff"))
    assert len(seen(waiting, "s_ff").told) == 1


def test_other_languages_are_searched_for_two_names(store: Store, feed: Feed) -> None:
    at(store, feed, "e1", 0, "s_1", language="en", entities=(TORKHAM, ASIF, TTP))
    both = at(store, feed, "e2", 1, "s_2", language="ur", entities=(TORKHAM, ASIF))
    at(store, feed, "e3", 2, "s_3", language="ur", entities=(TORKHAM,))
    at(store, feed, "e4", 3, "s_4", language="en", entities=(TORKHAM, ASIF))
    at(store, feed, "e5", 60 * 72, "s_5", language="ur", entities=(TORKHAM, ASIF))
    span = (NOON - timedelta(hours=48), NOON + timedelta(hours=48))
    found = store.stories.elsewhere("s_1", {"torkham", "khawaja_asif", "ttp"}, {"en"}, *span)
    assert [one.id for one in found] == [both.id]


# ---- what people say


def test_what_is_said_of_a_pair_is_kept_once_and_can_be_taken_back(
    store: Store, three: dict[str, Article]
) -> None:
    link = said(three["first"], three["second"], author="anna", reason="another crossing")
    with store.grouping.session() as session:
        session.set_apart([link])
        session.set_apart([said(three["first"], three["second"], author="ben")])
    both = [three["first"].id, three["second"].id]
    assert store.stories.said_apart(both) == [link]
    assert store.stories.said_apart([three["first"].id, three["alone"].id]) == []
    (apart,) = seen(store, "s_1").apart
    assert (apart.link, apart.one.id, apart.other.id) == (link, *both)
    with store.grouping.session() as session:
        assert session.lift_apart([(both[1], both[0])]) == 1
    assert store.stories.said_apart(both) == []


def test_routings_are_told_by_article(waiting: Store) -> None:
    (one,) = waiting.stories.routed([1, 2])
    assert (one.rule, one.digest, one.state, one.article) == ("torkham-closed", "morning", RoutingState.PLANNED, 1)


def test_members_and_openings_are_those_of_the_ids(store: Store, three: dict[str, Article]) -> None:
    assert [one.story for one in store.stories.members([three["alone"].id, 99])] == ["s_2"]
    assert store.stories.openings([three["alone"].id], 3) == {three["alone"].id: ("Floods", "The")}


def test_a_list_reads_along_the_time_of_its_articles() -> None:
    store = fresh_store()
    database = store._db
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        statements.append((statement, values))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    store.stories.page(StoriesAsked(LONG_AGO, tag="t", publisher="p", min_articles=3))
    sa.event.remove(database.engine, "before_cursor_execute", note)
    statement, values = next(one for one in statements if "newer" in one[0])
    with database.read() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any("ix_articles_first_seen" in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN articles")], steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps
