"""The scorer of groupings, against an example reckoned by hand, and the labelled sets themselves."""

from __future__ import annotations

from collections import Counter

import pytest
from labelled_stories import SETS, b_cubed, disagreements, events_of, labelled, originals_of, pairs_score

# Two events: a b c and d e f. The grouping put c to d e, and left f alone.
TRUTH = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 2}
FOUND = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "y", "f": "z"}


def test_b_cubed_is_the_mean_over_the_items():
    score = b_cubed(TRUTH, FOUND)
    # Precision: a 2/2, b 2/2, c 1/3, d 2/3, e 2/3, f 1/1. Recall: a 2/3, b 2/3, c 1/3, d 2/3, e 2/3, f 1/3.
    assert score.precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6)
    assert score.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 2 / 3 + 2 / 3 + 1 / 3) / 6)
    assert score.f == pytest.approx(2 * (7 / 9) * (5 / 9) / (7 / 9 + 5 / 9))


def test_pairs_are_counted_once():
    score = pairs_score(TRUTH, FOUND)  # found: ab cd ce de; wanted: ab ac bc de df ef
    assert (score.precision, score.recall) == (pytest.approx(2 / 4), pytest.approx(2 / 6))
    assert disagreements(TRUTH, FOUND) == (["c + d", "c + e"], ["a | c", "b | c", "d | f", "e | f"])


def test_the_truth_scores_one_and_everything_in_one_group_keeps_its_recall():
    assert b_cubed(TRUTH, TRUTH).f == pairs_score(TRUTH, TRUTH).f == 1
    together = b_cubed(TRUTH, dict.fromkeys(TRUTH, 0))
    assert (together.precision, together.recall) == (0.5, 1.0)


def test_other_items_cannot_be_scored():
    with pytest.raises(ValueError, match="same items"):
        b_cubed(TRUTH, {"a": 1})


@pytest.mark.parametrize("name", SETS)
def test_a_labelled_set_is_what_its_readme_says(name: str):
    articles = labelled(name)
    ids = {one.document.id for one in articles}
    assert len(ids) == len(articles) >= 45
    told_twice = [event for event, times in Counter(events_of(articles).values()).items() if times > 1]
    assert len(told_twice) >= 12
    for one in articles:
        assert one.copy_of is None or one.copy_of in ids
        words = len(one.document.body.split())
        assert 60 <= words <= 220 or (not words and "title-only" in (one.trap or "")), one.document.id
    events = events_of(articles)
    assert all(events[one] == events[original] for one, original in originals_of(articles).items())


def test_the_two_sets_share_no_event_and_no_article():
    one, other = (events_of(labelled(name)) for name in SETS)
    assert not one.keys() & other.keys()
    assert not set(one.values()) & set(other.values())
