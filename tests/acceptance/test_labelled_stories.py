"""The labelled sets through the real stages: any order gives the same groups, and the groups are good ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from arrivals import FEEDS, by_document, desk_watching, originals_by_url, stories_by_url, take_in
from labelled_stories import SETS, Labelled, b_cubed, events_of, labelled, originals_of, pairs_score
from newsroom import Newsroom

# Floors under what was measured, so that a step back is seen; bench/stories.py prints the figures.
LEAST = {"dev": (0.85, 0.85), "heldout": (0.80, 0.80)}


def grouped(articles: Sequence[Labelled]) -> Newsroom:
    room = desk_watching("nobody")
    take_in(room, articles)
    return room


@pytest.mark.parametrize("name", SETS)
def test_stories_and_duplicates_of_a_labelled_set_are_good(name: str) -> None:
    articles = labelled(name)
    found = by_document(grouped(articles))
    events = b_cubed(events_of(articles), {key: one.story_id for key, one in found.items()})
    copies = pairs_score(originals_of(articles), {key: one.duplicate_of or one.id for key, one in found.items()})
    assert events.f >= LEAST[name][0], events
    assert copies.f >= LEAST[name][1], copies
    assert copies.precision == 1, "a wrong duplicate could merge two events' alerts"


def test_any_order_of_arrival_gives_the_same_stories_and_duplicates() -> None:
    articles = list(labelled("dev"))
    room = grouped(articles)
    stories, copies = stories_by_url(room), originals_by_url(room)
    assert len(FEEDS) < len(stories) < len(articles)
    for seed in (1, 2):
        random.Random(seed).shuffle(articles)
        again = grouped(articles)
        assert stories_by_url(again) == stories
        assert originals_by_url(again) == copies
