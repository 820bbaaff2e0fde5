"""What every store promises to lists of stories: as all articles would say it, without reading all of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from made import MINUTE, NOON, feed_settings
from newsroom import fresh_store
from query_plans import asked_by
from stored import grouped, matched

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.app.stories import counts_of, host_or_name, lead_of
from monitor.model.article import Quality
from monitor.model.feed import Feed
from monitor.model.story_member import Member
from monitor.model.story_view import StoriesAsked
from monitor.ports import Store

LONG_AGO = NOON - timedelta(days=900)
ASKED = StoriesAsked(LONG_AGO)


def mark(store: Store, article: int, of: int, reason: str) -> None:
    a = t.articles.c
    with store._db.write() as connection:  # type: ignore[attr-defined]  # rows that no port of this test writes
        values = {"duplicate_of": of, "duplicate_reason": reason}
        connection.execute(t.articles.update().where(a.id == article).values(values))


def fill(store: Store, feed: Feed, story: str, articles: int) -> None:
    """A story of so many articles, among them copies and edits, in two languages and of some agencies."""
    made = [
        grouped(
            store,
            feed,
            f"{story}-{number}",
            story,
            first_seen=NOON + (articles - number) * MINUTE,
            published=NOON - number % 7 * MINUTE if number % 3 else None,
            quality=list(Quality)[number % 4],
            publisher=f"Paper {number % 5}",
            url=f"https://paper{number % 5}.example/{number % 9}",
            wire="AP" if number % 4 == 1 else "",
            language=("en", "ur", None)[number % 3],
        )
        for number in range(articles)
    ]
    for place, one in enumerate(made):
        if place and place % 4 == 0:
            mark(store, one.id, made[0].id, "revision" if place % 8 else "near_duplicate")
    matched(store, made[-1])


def test_a_list_counts_and_leads_as_all_members_would(store: Store, feed: Feed) -> None:
    for story, articles in (("s_1", 1), ("s_2", 14), ("s_3", 30)):
        fill(store, feed, story, articles)
    listed = store.stories.page(ASKED)
    assert {one.id for one in listed} == {"s_1", "s_2", "s_3"}
    for one in listed:
        view = store.stories.view(one.id)
        assert view is not None
        assert counts_of(one.roll.standing, host_or_name) == counts_of(view.members, host_or_name)
        assert one.roll.lead == lead_of([_member(store, member.id) for member in view.members])
        assert one.roll == store.stories.roll(one.id)
        assert one.roll.first_seen == min(member.first_seen for member in view.members)
        assert one.roll.languages == tuple(sorted({member.language for member in view.members if member.language}))
        assert one.newest.id == max(view.members, key=lambda member: (member.first_seen, member.id)).id
        assert one.rules == (("torkham-closed", 1),)


def test_of_a_large_story_a_list_reads_two_articles_whole_and_asks_no_more_questions() -> None:
    asked: list[int] = []
    for articles in (3, 60):
        store = fresh_store()
        fill(store, _a_feed(store), "s_1", articles)
        statements = _selects(store, partial(store.stories.page, ASKED))
        (one,) = store.stories.page(ASKED)
        assert len(one.roll.standing) == articles
        assert _rows(store, statements, "articles.title") <= 4  # the newest, the first, the lead, its edit
        assert not any(text in statement for statement, _ in statements for text in _LONG)
        asked.append(len([values for _, values in statements if "revision" not in str(values)]))
        store.close()
    assert asked[0] == asked[1]


def test_where_a_page_of_a_busy_rule_ends_its_matches_are_counted_and_not_read() -> None:
    store = fresh_store()
    fill(store, _a_feed(store), "s_1", 3)
    of_a_rule = StoriesAsked(LONG_AGO, rules=("torkham-closed",))
    statements = _selects(store, lambda: store.stories.place_below(of_a_rule, None, 2))
    assert _rows(store, statements, "") == 1
    assert [one.id for one in store.stories.page(of_a_rule)] == ["s_1"]
    store.close()


def test_a_piece_of_a_list_costs_the_same_however_much_lies_before_it() -> None:
    steps: list[int] = []
    for older in (20, 400):
        store = fresh_store()
        feed = _a_feed(store)
        for number in range(older):
            grouped(store, feed, f"old-{number}", f"s_{number}", first_seen=NOON - number * MINUTE)
        fill(store, feed, "s_new", 8)
        nobody = StoriesAsked(LONG_AGO, publisher="nobody")
        end = store.stories.place_below(nobody, None, 5)
        steps.append(_steps(store, partial(store.stories.page, nobody, down_to=end)))
        store.close()
    assert steps[1] < 1.5 * steps[0]


def _steps(store: SqlStore, ask: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for an answer."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with store._db.engine.connect() as connection:  # the one of a store in memory
        raw: Any = connection.connection.dbapi_connection
    raw.set_progress_handler(count, 1)
    ask()
    raw.set_progress_handler(None, 0)
    return taken


_LONG = ("articles.text,", "articles.summary", "articles.entities", "articles.dropped")


def _member(store: Store, article: int) -> Member:
    (member,) = store.stories.members([article])
    return member


def _a_feed(store: SqlStore) -> Feed:
    store.feeds.sync([feed_settings()], NOON)
    return store.feeds.all()[0]


def _selects(store: SqlStore, ask: Callable[[], object]) -> list[tuple[str, Any]]:
    return [one for one in asked_by(store, ask) if one[0].startswith("SELECT")]


def _rows(store: SqlStore, asked: list[tuple[str, Any]], column: str) -> int:
    with store._db.engine.connect() as connection:
        return sum(
            len(connection.exec_driver_sql(statement, values).fetchall())
            for statement, values in asked
            if column in statement
        )
