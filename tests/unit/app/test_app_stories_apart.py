"""`monitor stories split | join`: which pairs are written down, and what is said of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
from made import NOON, feed_settings
from newsroom import fresh_store
from stored import grouped

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.app import stories_apart
from monitor.app.stories_apart import (
    CannotSplit,
    Regrouping,
    join,
    join_lines,
    plan_split,
    planned_lines,
    split,
    split_lines,
)
from monitor.model.story import MustNotLink
from monitor.testing import FakeClock


@pytest.fixture
def store() -> SqlStore:
    """Story s_1 of four articles, the last a copy of the second; s_2 of one."""
    made = fresh_store()
    made.feeds.sync([feed_settings()], NOON)
    (feed,) = made.feeds.all()
    for place in range(1, 5):
        article = grouped(made, feed, f"e{place}", "s_1", title=f"Title {place}")
        assert article.id == place
    with made._db.write() as connection:
        copy = {"duplicate_of": 2, "duplicate_reason": "near_duplicate"}
        connection.execute(t.articles.update().where(t.articles.c.id == 4).values(copy))
    grouped(made, feed, "e5", "s_2")
    return made


class Unmoved(Regrouping):
    """Writes what is said, and leaves every article where it stands: these texts are alike all of them."""

    def regroup(
        self, articles: Collection[int], *, apart: Sequence[MustNotLink] = (), lift: Sequence[tuple[int, int]] = ()
    ) -> None:
        with self.store.grouping.session() as session:
            session.set_apart(apart)
            session.lift_apart(lift)


def house(store: SqlStore) -> Unmoved:
    return Unmoved(store, FakeClock(NOON))


def said(store: SqlStore) -> list[tuple[int, int]]:
    return [(link.one, link.other) for link in store.stories.said_apart(range(1, 6))]


def apart(store: SqlStore, story: str, *articles: str, reason: str = "") -> list[str]:
    planned = plan_split(store.stories, story, articles)
    done = split(house(store), planned, author="anna", reason=reason)
    return list(split_lines(done))


def test_a_named_article_is_set_apart_from_the_rest(store: SqlStore) -> None:
    apart(store, "s_1", "a_1", reason="another crossing")
    assert said(store) == [(1, 2), (1, 3)]
    (link, _) = store.stories.said_apart([1, 2, 3])
    assert (link.author, link.reason, link.at) == ("anna", "another crossing", NOON)


def test_copies_go_with_what_they_copy(store: SqlStore) -> None:
    planned = plan_split(store.stories, "s_1", ["a_4"])
    assert planned.loose == ((2, 4),)
    assert planned.kept == (1, 3)
    assert planned.pairs() == [(1, 2), (2, 3)]


def test_two_named_articles_may_stay_together(store: SqlStore) -> None:
    assert plan_split(store.stories, "s_1", ["a_1", "a_2"]).pairs() == [(1, 3), (2, 3)]


def test_without_articles_each_stands_apart_with_its_copies(store: SqlStore) -> None:
    assert plan_split(store.stories, "s_1", []).pairs() == [(1, 2), (1, 3), (2, 3)]


def test_of_an_article_and_its_copies_the_copies_are_broken_up(store: SqlStore) -> None:
    with store._db.write() as connection:
        connection.execute(t.articles.update().where(t.articles.c.id.in_([1, 3])).values(story_id="s_3"))
    assert plan_split(store.stories, "s_1", ["a_4"]).pairs() == [(2, 4)]
    assert plan_split(store.stories, "s_1", []).pairs() == [(2, 4)]


def test_an_article_is_named_by_its_address_too(store: SqlStore) -> None:
    assert plan_split(store.stories, "s_1", ["https://news.example/3"]).loose == ((3,),)


@pytest.mark.parametrize(
    ("story", "articles", "why"),
    [
        ("s_2", [], "nothing to split"),
        ("s_1", ["a_1", "a_2", "a_3"], "all articles of the story"),
        ("s_1", ["a_5"], "no article of s_1, but of s_2"),
        ("s_1", ["s_2"], "is a story; name articles"),
    ],
)
def test_what_cannot_be_split_says_why(store: SqlStore, story: str, articles: list[str], why: str) -> None:
    with pytest.raises(CannotSplit, match=why):
        plan_split(store.stories, story, articles)


def test_too_many_pairs_are_refused(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stories_apart, "MOST_PAIRS", 2)
    with pytest.raises(CannotSplit, match="3 pairs to remember; name the articles"):
        apart(store, "s_1")
    assert said(store) == []


def test_a_split_says_what_it_wrote_and_how_to_undo_it(store: SqlStore) -> None:
    lines = apart(store, "s_1", "a_1")
    assert lines[0] == "Written down: 2 pairs of articles not the same story, by anna."
    assert lines[-1] == "To undo: monitor stories join s_1"
    assert apart(store, "s_1", "a_1")[0] == "That was said before; nothing is written down anew."


def test_a_dry_run_names_the_groups(store: SqlStore) -> None:
    lines = list(planned_lines(plan_split(store.stories, "s_1", ["a_2"])))
    assert lines == [
        "Would set apart in s_1, 2 pairs:",
        "  a_2 a_4: Title 2",
        "from the other 2 articles, which stay together.",
    ]


def test_a_join_takes_back_what_was_said_of_the_two(store: SqlStore) -> None:
    apart(store, "s_1")
    done = join(house(store), ["a_1", "a_4"])  # the copy stands for its class
    assert done.rows == 1
    assert said(store) == [(1, 3), (2, 3)]
    assert "Taken back: 1 pair of articles. How alike they are decides again." in list(join_lines(done))


def test_a_join_of_stories_is_the_undo_of_a_split(store: SqlStore) -> None:
    apart(store, "s_1")
    assert join(house(store), ["s_1", "s_2"]).rows == 3
    assert said(store) == []
    (line,) = join_lines(join(house(store), ["s_1"]))
    assert line.endswith("nothing was changed.")
