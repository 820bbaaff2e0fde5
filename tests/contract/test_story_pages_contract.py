"""What every store promises to the page of one story: bounded, and the same as all of it would say."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOON, new_article, new_entry
from stored import grouped, matched, poll, put_into, read_articles

from monitor.adapters.store import tables as t
from monitor.app.stories import counts_of, host_or_name, lead_of
from monitor.model.article import Article, DuplicateReason, Grouping, Quality
from monitor.model.feed import Feed
from monitor.model.story_view import StoryFacets
from monitor.ports import Store

DAY = timedelta(days=1)


def write(store: Store, statement: Any, *values: Any) -> None:
    with store._db.write() as connection:  # type: ignore[attr-defined]  # rows that no port of this test writes
        connection.execute(statement, *values)


def at(store: Store, feed: Feed, id: str, minutes: int, **more: Any) -> Article:
    seen = NOON + minutes * MINUTE
    return grouped(store, feed, id, "s_1", **{"first_seen": seen, "published": seen, **more})


def copied(store: Store, article: Article, original: Article, reason: str) -> None:
    values = {"duplicate_of": original.id, "duplicate_reason": reason}
    write(store, t.articles.update().where(t.articles.c.id == article.id).values(values))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_a_roll_counts_and_leads_as_all_members_would(store: Store, feed: Feed, order: tuple[int, ...]) -> None:
    kinds: tuple[dict[str, Any], ...] = (
        {"quality": Quality.FEED, "publisher": "Dawn", "wire": "AP"},
        {"quality": Quality.FULL, "publisher": "Arab News", "published": None},
        {"quality": Quality.FULL, "publisher": "TOLO", "url": "https://tolo.example/1"},
        {"quality": Quality.STUB, "publisher": "Pajhwok", "wire": "AP"},
    )
    made = [at(store, feed, f"e{place}", 10 - place, **kinds[kind]) for place, kind in enumerate(order)]
    copied(store, made[3], made[0], "near_duplicate")
    lead = lead_of(store.stories.view("s_1").members)  # type: ignore[union-attr]
    edit = at(store, feed, "e9", 30, url=lead.url, title="Edited")
    copied(store, edit, made[0], "revision")
    view, roll = store.stories.view("s_1"), store.stories.roll("s_1")
    assert view is not None
    assert roll is not None
    assert roll.lead == lead_of(view.members)
    assert roll.lead.title == "Edited"
    assert counts_of(roll.standing, host_or_name) == counts_of(view.members, host_or_name)
    assert [one.id for one in roll.standing] == [one.id for one in view.members]


def test_a_story_without_articles_has_no_roll(store: Store) -> None:
    assert store.stories.roll("s_1") is None


def test_a_view_of_some_holds_the_newest_below_a_place_and_what_ties_them(store: Store, feed: Feed) -> None:
    made = [at(store, feed, f"e{n}", n) for n in range(5)]
    ids = [one.id for one in made]
    rows = [
        {"one": ids[0], "other": ids[1], "weight": 0.9},
        {"one": ids[0], "other": ids[4], "weight": 0.5},
        {"one": ids[3], "other": ids[4], "weight": 0.7},
        {"one": ids[2], "other": ids[4], "weight": -1.0},
    ]
    write(store, t.story_edges.insert(), rows)
    view = store.stories.view("s_1", most=2)
    assert view is not None
    assert [one.id for one in view.members] == ids[3:]
    assert [(one.one, one.other) for one in view.edges] == [(ids[3], ids[4]), (ids[0], ids[4])]
    assert [(one.mine.id, one.other.id) for one in view.lookalikes] == [(ids[4], ids[2])]
    older = store.stories.view("s_1", most=2, before=ids[3])
    assert older is not None
    assert [one.id for one in older.members] == ids[1:3]
    assert store.stories.view("s_1", most=2, before=ids[0]) is None


def test_a_match_is_quoted_with_the_beginnings_of_its_texts(store: Store, feed: Feed) -> None:
    article = at(store, feed, "e1", 0, text="Torkham is closed.", summary="Short", title="Torkham closed")
    matched(store, article)
    (match,) = store.ledger.matches(NOON - DAY)
    quoted = store.stories.quoted([match.id, 99], 7)
    (one,) = quoted.values()
    assert one.article == article.id
    assert one.texts == (("body", "Torkham"), ("summary", "Short"), ("title", "Torkham"))
    assert [(span.field, span.text) for span in one.spans] == [("title", "Torkham")]


def test_edits_name_the_wording_before_them_the_newest_first(store: Store, feed: Feed) -> None:
    first = at(store, feed, "e1", 0)
    rows, latest = [first.id], first
    for number in range(2):
        edit = new_entry("e1", f"Edited {number}", text_hash=str(number), revision_of=latest.entry_row)
        poll(store, feed, edit)
        entry = store.articles.waiting(NOON, 10)[0]
        store.articles.record_read(new_article(entry.row, f"Edited {number}", feed_id=feed.id))
        (latest,) = read_articles(store)
        put_into(store, latest.id, Grouping("s_1", first.id, DuplicateReason.REVISION))
        rows.append(latest.id)
    edits = store.stories.edits("s_1", limit=9)
    assert [(one.after.id, one.before) for one in edits] == [(rows[2], rows[1]), (rows[1], rows[0])]
    assert [one.after.id for one in store.stories.edits("s_1", limit=1)] == [rows[2]]
    assert [one.after.id for one in store.stories.edits("s_1", before=rows[2], limit=9)] == [rows[1]]


def test_facets_count_what_the_newest_articles_and_matches_have(store: Store, feed: Feed) -> None:
    one = at(store, feed, "e1", 0, publisher="Dawn", language="en", feed_tags=("Border", "border"))
    at(store, feed, "e2", 1, publisher="Dawn", language="ur", feed_tags=())
    at(store, feed, "e3", 2, publisher="", language=None, feed_tags=("trade",))
    matched(store, one)
    assert store.stories.facets(NOON - DAY, 9) == StoryFacets(
        publishers=(("Dawn", 2),),
        languages=(("ur", 1), ("en", 1)),
        tags=(("trade", 1), ("border", 1)),
        rules=(("torkham-closed", 1),),
        is_whole=True,
    )
    some = store.stories.facets(NOON - DAY, 2)
    assert (some.publishers, some.is_whole) == ((("Dawn", 1),), False)
    assert store.stories.facets(NOON + DAY, 9) == StoryFacets()


def test_deliveries_go_on_below_a_row(waiting: Store) -> None:
    rows = [one.id for one in waiting.ledger.deliveries()]
    assert rows
    assert [one.id for one in waiting.ledger.deliveries(before=rows[0])] == rows[1:]
