"""Groups are a function of the set of articles and edges: no order, no bystander, no size changes them."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.stories.partition import THRESHOLD, partition
from monitor.model.story import Features, StoryNode

NOON = datetime(2024, 9, 11, 12, tzinfo=UTC)
Edges = dict[tuple[int, int], float]
pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])
# few different weights, so that many are equal
graphs = st.dictionaries(pairs, st.sampled_from([0.1, 0.29, 0.3, 0.31, 0.5, 0.9]), max_size=45)


def nodes_of(count: int, first: int = 0) -> list[StoryNode]:
    return [
        StoryNode(place, NOON, "en", Features(1), False, (f"{place:05}",)) for place in range(first, first + count)
    ]


@settings(max_examples=150, deadline=None)
@given(graphs, st.sets(pairs, max_size=4), st.integers(0, 2**32), st.sampled_from([2, 3, 300]))
def test_no_order_and_no_numbering_changes_the_groups(edges: Edges, apart: set, seed: int, cap: int) -> None:
    nodes = nodes_of(10)
    found = partition(nodes, edges, apart, cap)
    shuffled = random.Random(seed)
    ids = shuffled.sample(range(100), 10)
    renamed = [StoryNode(ids[one.id], one.when, "en", one.features, False, one.order) for one in nodes]
    turned = [((ids[b], ids[a]), weight) for (a, b), weight in edges.items()]
    shuffled.shuffle(renamed)
    shuffled.shuffle(turned)
    again = partition(renamed, dict(turned), {(ids[b], ids[a]) for a, b in apart}, cap)
    assert {frozenset(group) for group in again} == {frozenset(ids[place] for place in group) for group in found}


@settings(max_examples=60, deadline=None)
@given(graphs, st.sets(pairs, max_size=4))
def test_each_article_is_in_one_group_and_what_is_apart_stays_apart(edges: Edges, apart: set) -> None:
    found = partition(nodes_of(10), edges, apart, 300)
    assert sorted(place for group in found for place in group) == list(range(10))
    assert not any(one in group and other in group for group in found for one, other in apart)
    assert found == tuple(sorted(found))


@settings(max_examples=60, deadline=None)
@given(graphs, graphs)
def test_what_is_not_connected_changes_nothing(edges: Edges, others: Edges) -> None:
    beside = {(one + 10, other + 10): weight for (one, other), weight in others.items()}
    alone = set(partition(nodes_of(10), edges, set(), 300))
    assert alone <= set(partition(nodes_of(20), {**edges, **beside}, set(), 300))


@settings(max_examples=60, deadline=None)
@given(graphs)
def test_no_group_holds_together_without_edges_of_the_threshold(edges: Edges) -> None:
    strong = {pair for pair, weight in edges.items() if weight >= THRESHOLD}
    for group in partition(nodes_of(10), edges, set(), 300):
        reached = {group[0]}
        while (
            more := {place for pair in strong if reached & set(pair) for place in pair if place in group} - reached
        ):
            reached |= more
        assert reached == set(group)


def best_pair_first(count: int, edges: Edges) -> set[frozenset[int]]:
    """The textbook's average-link agglomeration."""
    groups = [frozenset({place}) for place in range(count)]
    while True:
        found = [
            (
                sum(edges.get((min(a, b), max(a, b)), 0.0) for a in one for b in other) / (len(one) * len(other)),
                one,
                other,
            )
            for at, one in enumerate(groups)
            for other in groups[at + 1 :]
        ]
        likeness, one, other = max(found, key=lambda pair: pair[0], default=(0.0, groups[0], groups[0]))
        if likeness < THRESHOLD:
            return set(groups)
        groups = [group for group in groups if group not in (one, other)] + [one | other]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_groups_are_those_of_merging_the_best_pair_first(seed: int) -> None:
    dice = random.Random(seed)
    edges = {(a, b): dice.uniform(0.1, 1.2) for b in range(9) for a in range(b) if dice.random() < 0.6}
    assert {frozenset(group) for group in partition(nodes_of(9), edges, set(), 300)} == best_pair_first(9, edges)


def test_a_late_arrival_between_two_stories_goes_to_one_or_joins_both() -> None:
    apart = {(0, 1): 0.9, (2, 3): 0.9}
    assert partition(nodes_of(4), apart, set(), 300) == ((0, 1), (2, 3))
    nearer = {**apart, (0, 4): 0.4, (1, 4): 0.4, (2, 4): 0.4, (3, 4): 0.4}
    assert partition(nodes_of(5), nearer, set(), 300) == ((0, 1, 4), (2, 3))
    bridge = {pair: 0.8 if 4 in pair else weight for pair, weight in nearer.items()} | {(0, 2): 0.3, (1, 3): 0.3}
    assert partition(nodes_of(5), bridge, set(), 300) == ((0, 1, 2, 3, 4),)


def test_stories_do_not_chain() -> None:
    chain = {(place, place + 1): 0.5 for place in range(9)}
    assert max(map(len, partition(nodes_of(10), chain, set(), 300))) == 2


@pytest.mark.parametrize("apart", [set(), {(0, place) for place in range(1, 1000)}])
def test_a_thousand_articles_that_are_all_alike_are_grouped_in_bounded_time(apart: set[tuple[int, int]]) -> None:
    edges = {(a, b): 0.9 for b in range(1000) for a in range(max(0, b - 60), b)}
    started = time.process_time()
    partition(nodes_of(1000), edges, apart, 50)
    assert time.process_time() - started < 2


@pytest.mark.soak
def test_a_story_of_five_thousand_is_grouped_in_seconds() -> None:
    dice = random.Random(1)
    edges = {
        (dice.randrange(place), place): dice.uniform(0.2, 1.2) for place in range(1, 5000) for _ in range(100)
    }
    started = time.process_time()
    partition(nodes_of(5000), edges, {(1, 2)}, 300)
    assert time.process_time() - started < 10
