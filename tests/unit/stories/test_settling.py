"""Stories of a component: settled anew, or, of a crowd, only what is new put beside what it is like."""

from __future__ import annotations

from monitor.core.stories.group import settle
from monitor.model.grouping import ClassNode, Component, Regrouping, Scope
from monitor.model.story import Features, StoryNode


def point(root: int, story: str | None = None) -> ClassNode:
    return ClassNode(StoryNode(root, None, "en", Features(1), False, (str(root),)), root, story)


def settled(
    nodes: list[ClassNode],
    edges: dict[tuple[int, int], float],
    touched: set[int],
    *,
    apart: set[tuple[int, int]] | None = None,
    whole: bool = True,
) -> Regrouping:
    component = Component({one.node.id: one for one in nodes}, edges, frozenset(apart or ()), whole)
    return settle(component, touched, [], {})


def test_two_stories_that_become_one_take_the_older_name_and_the_other_leads_to_it() -> None:
    found = settled([point(1, "s_1"), point(2, "s_2"), point(3)], {(1, 3): 0.9, (2, 3): 0.9, (1, 2): 0.9}, {3})
    assert (found.stories, found.aliases, found.left) == ({2: "s_1", 3: "s_1"}, {"s_2": "s_1"}, {"s_2"})


def test_a_story_that_falls_in_two_gives_the_younger_part_its_own_name() -> None:
    found = settled([point(1, "s_1"), point(2, "s_1")], {}, {2})
    assert (found.stories, found.aliases, found.left) == ({2: "s_2"}, {}, {"s_1"})


def test_of_a_crowd_only_what_is_new_is_placed() -> None:
    nodes = [point(1, "s_1"), point(2, "s_2"), point(3)]
    found = settled(nodes, {(1, 3): 0.3, (2, 3): 0.8}, {3}, whole=False)
    assert (found.stories, found.scope) == ({3: "s_2"}, Scope.PLACED)


def test_of_a_crowd_nothing_is_placed_where_a_person_forbade_it() -> None:
    nodes = [point(1, "s_1"), point(2, "s_2"), point(3)]
    found = settled(nodes, {(1, 3): 0.3, (2, 3): 0.8}, {3}, apart={(2, 3)}, whole=False)
    assert found.stories == {3: "s_1"}


def test_what_is_like_nothing_in_a_crowd_starts_a_story() -> None:
    assert settled([point(1, "s_1"), point(3)], {(1, 3): 0.1}, {3}, whole=False).stories == {3: "s_3"}
