"""group: which articles are one story, over real entries of real feeds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest
from made import feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, after, item

from monitor.adapters.store.grouping import SqlGroupingSession
from monitor.model.article import Article, DuplicateReason
from monitor.model.errors import StoreUnusable
from monitor.model.grouping import Twins
from monitor.pipeline.group import next_size

WORDS = " ".join(f"word{n}" for n in range(40))


@pytest.fixture
def room() -> Newsroom:
    return Newsroom(
        feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire", backfill=DAY)]
    )


def read(room: Newsroom, *items: str, url: str = FEED) -> None:
    room.serve(*items, url=url)
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    room.read()


def test_an_article_is_a_story_of_its_own(room: Newsroom) -> None:
    read(room, item(), item("e2", "Floods in Sindh", "The river rose."))
    assert [report.grouping.story_id for report in room.group() if report.grouping] == ["s_1", "s_2"]


def test_the_same_link_in_two_feeds_is_one_story(room: Newsroom) -> None:
    read(room, item("a", summary="One summary.", link="https://news.example/x"))
    read(room, item("b", summary="Another.", link="https://news.example/x?utm_source=wire"), url=OTHER_FEED)
    first, copy = (report.grouping for report in room.group())
    assert first is not None
    assert copy is not None
    assert (copy.story_id, copy.duplicate_of, copy.reason) == (first.story_id, 1, DuplicateReason.SAME_URL)


def test_the_same_words_under_two_links_are_one_story_within_two_days(room: Newsroom) -> None:
    read(room, item("a", summary=WORDS, published=None))
    room.clock.advance(timedelta(hours=47))
    read(room, item("b", summary=WORDS, published=None, link="https://wire.example/b"), url=OTHER_FEED)
    room.clock.advance(timedelta(hours=49))
    read(room, item("c", summary=WORDS, published=None))
    groupings = [report.grouping for report in room.group()]
    assert [one.story_id for one in groupings if one] == ["s_1", "s_1", "s_3"]
    assert groupings[1] is not None
    assert groupings[1].reason is DuplicateReason.SAME_CONTENT


def test_a_revision_joins_the_story_of_what_it_revises_under_any_title(room: Newsroom) -> None:
    read(room, item("live", "Live: all quiet", "Nothing happened."))
    room.group()
    room.clock.advance(HOUR)
    read(room, item("live", "Chaman gate shut by floods", "Something else."))
    (report,) = room.group()
    assert report.grouping is not None
    assert (report.grouping.story_id, report.grouping.reason) == ("s_1", DuplicateReason.REVISION)


def test_other_news_under_the_same_link_is_another_story(room: Newsroom) -> None:
    read(room, item("a", "Torkham closed", link="https://news.example/live"))
    read(room, item("b", "Floods in Sindh", "Rain.", link="https://news.example/live"), url=OTHER_FEED)
    assert [report.grouping.story_id for report in room.group() if report.grouping] == ["s_1", "s_2"]


def test_articles_read_together_are_grouped_one_after_the_other(room: Newsroom) -> None:
    read(room, *(item(f"e{n}", summary=WORDS) for n in range(3)))
    assert {report.grouping.story_id for report in room.group() if report.grouping} == {"s_1"}


def test_an_article_that_breaks_the_stage_stands_alone_at_once_and_the_others_go_on(room: Newsroom) -> None:
    read(room, item(), item("e2", "Floods in Sindh", "The river rose."))
    twins = SqlGroupingSession.twins

    def broken(session: SqlGroupingSession, articles: Sequence[Article]) -> Twins:
        assert all(one.id != 1 for one in articles), "the first one breaks it"
        return twins(session, articles)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlGroupingSession, "twins", broken)
        first, second = room.group()
    assert (first.grouping.story_id, second.why) == ("s_1", None)
    assert "AssertionError: the first one" in (first.why or "")
    assert not room.group()


def test_a_store_in_trouble_is_no_articles_fault(room: Newsroom) -> None:
    def full(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    read(room, item())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlGroupingSession, "record_stories", full)  # a disk cannot be filled here
        with pytest.raises(StoreUnusable):
            room.group()
    assert len(room.group()) == 1


def test_grouping_twice_changes_nothing(room: Newsroom) -> None:
    read(room, item(), item("e2", "Floods in Sindh"))
    room.group()
    before = room.dump()
    assert not room.group()
    assert room.dump() == before


def test_stopping_leaves_the_rest_to_be_grouped(room: Newsroom) -> None:
    read(room, item(), item("e2", "Floods in Sindh", "Rain."), item("e3", "Trucks", "Many."))
    assert len(room.group(after(1), batch=1)) == 1
    assert len(room.group()) == 2


@pytest.mark.parametrize(
    ("done", "seconds", "size"),
    [
        (20, 0.0, 40),  # quick ones double
        (80, 0.1, 100),  # up to the batch
        (100, 1.5, 20),  # in a crowd as many as fit
        (20, 0.3, 20),
        (1, 9.0, 1),  # never none
        (20, -60.0, 40),  # a clock that was set back
    ],
)
def test_a_transaction_takes_as_many_articles_as_others_can_wait_for(done: int, seconds: float, size: int) -> None:
    assert next_size(done, timedelta(seconds=seconds), 100) == size


def test_after_a_slow_transaction_the_next_one_takes_fewer(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed: list[int] = []
    claim = SqlGroupingSession.claim

    def slow(session: SqlGroupingSession, ids: Collection[int]) -> Sequence[Article]:
        claimed.append(len(ids))
        room.clock.advance(timedelta(seconds=1.5) if len(claimed) == 2 else timedelta(milliseconds=20))
        return claim(session, ids)

    monkeypatch.setattr(SqlGroupingSession, "claim", slow)
    read(room, *(item(f"e{n}", f"Report {n}", f"{WORDS} {n}") for n in range(75)))
    assert len(room.group()) == 75
    assert claimed == [20, 40, 8, 7]
