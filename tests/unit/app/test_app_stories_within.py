"""Lists of stories that a page waits for: as far as their time allows, and how far that was."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest
from newsroom import DAY, Newsroom, item

from monitor.app import stories as app
from monitor.app.stories import Within, stories_within
from monitor.model.story_view import StoriesAsked

LONG, NONE = timedelta(seconds=60), timedelta(0)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """Six stories, of which the second and the fifth match; pieces of two articles."""
    monkeypatch.setattr(app, "_FIRST_PIECE", 2)
    room = Newsroom()
    titles = (
        "Floods in Sindh",
        "Torkham closed",
        "Rain in Quetta",
        "Polio in Swat",
        "Torkham shut",
        "Snow in Gilgit",
    )
    for number, title in enumerate(titles):
        text = "The Torkham crossing was closed." if "Torkham" in title else f"Of {title} and {number * 'more '}."
        room.bring_in(item(f"e{number}", title, text))
        room.clock.advance(timedelta(hours=9))
    return room


def within(
    room: Newsroom, limit: int, budget: timedelta, before: tuple[datetime, int] | None = None, **more: object
) -> Within:
    ticks = count()
    asked = StoriesAsked(room.clock.now() - 30 * DAY, **more)  # type: ignore[arg-type]
    return stories_within(room.store.stories, asked, limit, budget, before, lambda: float(next(ticks)))


def titles(found: Within) -> list[str]:
    return [one.newest.title for one in found.found]


def test_with_enough_time_all_are_found_in_order(room: Newsroom) -> None:
    found = within(room, 10, LONG)
    assert len(titles(found)) == 6 or "Torkham shut" in titles(found)
    assert found.reached is None


def test_a_full_list_says_where_the_next_one_begins(room: Newsroom) -> None:
    first = within(room, 2, LONG)
    rest = within(room, 10, LONG, first.reached)
    whole = within(room, 10, LONG)
    assert titles(first) + titles(rest) == titles(whole)
    assert len(titles(first)) == 2


def test_a_filter_that_nothing_passes_ends_with_its_time_and_says_how_far_it_came(room: Newsroom) -> None:
    found = within(room, 10, NONE, publisher="nobody")
    assert found.found == []
    assert found.reached is not None
    moments = sorted((one.first_seen for one in room.store.archive.articles(range(1, 7))), reverse=True)
    assert found.reached[0] == moments[1]
    assert within(room, 10, NONE, found.reached, publisher="nobody").reached == (moments[3], found.reached[1] - 2)


def test_the_stories_of_a_rule_that_matches_seldom_are_found_at_once(room: Newsroom) -> None:
    found = within(room, 10, NONE, rules=("torkham-closed",))
    assert {"Torkham shut", "Torkham closed"} & set(titles(found))
    assert found.reached is None


def test_the_ways_to_the_stories_of_a_rule_agree(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    few = within(room, 10, LONG, rules=("torkham-closed",))
    monkeypatch.setattr("monitor.adapters.store.story_list._FEW", 0)
    assert within(room, 10, LONG, rules=("torkham-closed",)) == few
    assert titles(within(room, 1, LONG, rules=("torkham-closed",))) == titles(few)[:1]
