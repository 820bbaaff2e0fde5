"""NEAR against counting: every nesting of NEAR, ONEAR and NOT NEAR finds what trying all pairs finds."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.core.rules.near import ALL_PAIRS, near, not_near
from monitor.core.rules.reading import Hit

WORDS = "abc"
trees = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.tuples(st.sampled_from(["NEAR", "ONEAR", "NOT NEAR"]), st.integers(0, 6), inner, inner),
    max_leaves=4,
)
Tree = str | tuple[str, int, "Tree", "Tree"]


def share_a_word(one: Hit, other: Hit) -> bool:
    return any(a < d and c < b for a, b in one.words for c, d in other.words)


def between(one: Hit, other: Hit) -> int:
    """Words between two finds; none between finds that overlap."""
    return max(other.start - one.end, one.start - other.end, 0)


def all_pairs(left: list[Hit], right: list[Hit], distance: int, ordered: bool) -> list[Hit]:
    return sorted(
        {
            Hit(min(one.start, other.start), max(one.end, other.end), (one, other))
            for one in left
            for other in right
            if not share_a_word(one, other)
            and between(one, other) <= distance
            and (one.end <= other.start or not ordered)
        }
    )


def tried(tree: Tree, text: str) -> list[Hit]:
    """What trying every pair finds."""
    if isinstance(tree, str):
        return [Hit(at, at + 1) for at, word in enumerate(text) if word == tree]
    operator, distance, one, other = tree
    left, right = tried(one, text), tried(other, text)
    if operator == "NOT NEAR":
        return [hit for hit in left if not all_pairs([hit], right, distance, ordered=False)]
    return all_pairs(left, right, distance, ordered=operator == "ONEAR")


def answered(tree: Tree, text: str) -> list[Hit]:
    """What the engine finds."""
    if isinstance(tree, str):
        return [Hit(at, at + 1) for at, word in enumerate(text) if word == tree]
    operator, distance, one, other = tree
    left, right = answered(one, text), answered(other, text)
    if operator == "NOT NEAR":
        return not_near(left, right, distance)
    return near(left, right, distance, ordered=operator == "ONEAR")


@given(trees, st.text("aabbcx", min_size=2, max_size=10))
@example(("ONEAR", 5, ("NEAR", 4, ("NEAR", 5, "a", "c"), "b"), "c"), "cbacbaxbbaa")
@example(("ONEAR", 2, "c", ("NEAR", 2, ("ONEAR", 5, "a", "b"), "c")), "cbacb")
@example(("ONEAR", 0, ("NEAR", 6, "a", "b"), "c"), "abxbcb")
@settings(max_examples=150, deadline=None)
def test_a_nest_of_nears_finds_what_trying_all_pairs_finds(tree: Tree, text: str):
    found, expected = answered(tree, text), tried(tree, text)
    if len(expected) <= ALL_PAIRS:
        assert found == expected
    else:
        assert bool(found) is bool(expected)


@given(st.integers(0, 100), st.booleans(), st.integers(40, 60), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_where_pairs_abound_the_shortest_with_each_beginning_is_still_found(
    distance: int, ordered: bool, repeats: int, step: int
):
    text = ("a" + "x" * step + "b") * repeats + "a" * repeats
    left, right = ([Hit(at, at + 1) for at, word in enumerate(text) if word == side] for side in "ab")
    found = {(hit.start, hit.end) for hit in near(left, right, distance, ordered)}
    expected = {(hit.start, hit.end) for hit in all_pairs(left, right, distance, ordered)}
    assert found <= expected
    for one in left:
        ends = [end for start, end in expected if start == one.start]
        assert not ends or (one.start, min(ends)) in found
