"""What holds of any two texts: the judge is symmetric, a text is a copy of itself, and no input breaks it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from made import NOON
from wire_pairs import OWN_PARAGRAPHS, made, reports

from monitor.core.stories.duplicates import containment, copy_keys, judge_pair
from monitor.core.stories.fingerprint import content_hash, sketch_of
from monitor.core.stories.wire import wire_of
from monitor.model.article import DuplicateReason, Quality

PARAGRAPHS = [part for report in reports() for part in report["text"].strip().split("\n\n")]
TITLES = [report[key] for report in reports() for key in ("title", "retold")] + [
    "",
    "UPDATE 1-Ferry with 212 aboard runs aground off Port Halven",
    "Ferry with 213 aboard runs aground off Port Halven",
]
paragraphs = st.lists(st.sampled_from(PARAGRAPHS), max_size=8, unique=True)
articles = st.builds(
    lambda title, parts, host, hours, dated, language, quality: made(
        title,
        "\n\n".join(parts),
        host,
        hours,
        language=language,
        quality=quality,
        **({} if dated else {"published": None}),
    ),
    st.sampled_from(TITLES),
    paragraphs,
    st.sampled_from(["a.example", "b.example"]),
    st.sampled_from([0, 3, 7, 13, 30, 47, 60]),
    st.booleans(),
    st.sampled_from(["en", "en", "en", None, "de"]),
    st.sampled_from([Quality.FULL, Quality.FULL, Quality.FEED, Quality.TITLE]),
)
few = settings(max_examples=40, deadline=None)


@few
@given(articles, articles, st.booleans())
def test_the_judge_is_symmetric_and_gives_one_kind_of_answer(one, other, series) -> None:  # type: ignore[no-untyped-def]
    verdict = judge_pair(one, other, series=series)
    assert verdict == judge_pair(other, one, series=series)
    assert (verdict.reason is None) is (verdict.unlike is not None)
    assert bool(verdict.why) is (verdict.reason is not None)
    assert not verdict.apart or (verdict.reason is None and verdict.possible_distinct)


@few
@given(articles, articles)
def test_a_mark_of_a_series_never_makes_a_duplicate(one, other) -> None:  # type: ignore[no-untyped-def]
    if judge_pair(one, other).reason is None:
        assert judge_pair(one, other, series=True).reason is None


@few
@given(st.lists(st.sampled_from(PARAGRAPHS), min_size=3, max_size=8, unique=True), st.integers(0, 11))
def test_a_text_is_a_copy_of_itself_within_its_window(parts, hours) -> None:  # type: ignore[no-untyped-def]
    one, text = made(TITLES[0], "\n\n".join(parts)), "\n\n".join(parts)
    assert judge_pair(one, made(TITLES[0], text, hours=hours)).reason is DuplicateReason.SAME_CONTENT
    assert judge_pair(one, made(TITLES[0], text, "b.example", hours)).reason is DuplicateReason.SAME_CONTENT
    assert judge_pair(one, made(TITLES[0], text, hours=hours + 13)).reason is None


@few
@given(st.data())
def test_the_order_of_paragraphs_hardly_counts(data) -> None:  # type: ignore[no-untyped-def]
    parts = data.draw(st.lists(st.sampled_from(PARAGRAPHS), min_size=4, max_size=8, unique=True))
    one, other = "\n\n".join(parts), "\n\n".join(data.draw(st.permutations(parts)))
    verdict = judge_pair(made(TITLES[0], one), made(TITLES[0], other, "b.example", 1))
    assert verdict.reason in (DuplicateReason.SAME_CONTENT, DuplicateReason.NEAR_DUPLICATE)


@few
@given(st.lists(st.sampled_from(PARAGRAPHS), min_size=2, max_size=5, unique=True))
def test_added_text_takes_nothing_from_what_a_text_contains(parts) -> None:  # type: ignore[no-untyped-def]
    text = "\n\n".join(parts)
    whole, longer = sketch_of("", text), sketch_of("", "\n\n".join((text, *OWN_PARAGRAPHS)))
    assert containment(whole.grams, longer.grams) == 1.0
    assert set(whole.grams) <= set(longer.grams)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.text(max_size=2000), st.text(max_size=200), st.text(max_size=2000))
def test_no_text_breaks_the_fingerprints_or_the_judge(title, text, other_title, other_text) -> None:  # type: ignore[no-untyped-def]
    one, other = made(title, text), made(other_title, other_text, "b.example", 1)
    assert judge_pair(one, other) == judge_pair(other, one)
    assert content_hash(title, text, "h") == content_hash(title, text, "h")
    assert copy_keys(sketch_of(title, text)) == copy_keys(sketch_of(title, text))
    assert isinstance(wire_of(title, text, (other_title,)), str)


def test_a_date_long_ago_is_no_reason_to_break() -> None:
    old = made(TITLES[0], PARAGRAPHS[0], published=NOON - timedelta(days=9000))
    assert judge_pair(old, made(TITLES[0], PARAGRAPHS[0])).reason is None
