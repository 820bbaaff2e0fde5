"""Characters that are taken out of foreign texts, and those that stay."""

from __future__ import annotations

import unicodedata

import pytest

from monitor.core.text.characters import MOST_MARKS, bounded_marks, without_controls, without_overrides
from monitor.core.text.html import html_to_text, one_line
from monitor.core.text.words import fold_words

_ENDLESS = "a" + "\u0301\u0316" * 500 + "b"


@pytest.mark.parametrize(
    "mark", ["\u0301", "\u0316\u0301", "\u05b0", "\u094d", "\uff9e\u0301", "\u0f73", "\U0001e944"]
)
def test_at_most_thirty_marks_stay_in_a_row(mark: str) -> None:
    kept = bounded_marks("a" + mark * 40 + "b" + mark)
    assert kept == "a" + (mark * 40)[:MOST_MARKS] + "b" + mark


@pytest.mark.parametrize("text", ["e\u0301" * 100, "😀" * 100, "—" * 100, "\u200d" * 100, "की" * 50, "ｶﾞ" * 50])
def test_long_runs_of_anything_else_stay(text: str) -> None:
    assert bounded_marks(text) == text


@pytest.mark.parametrize("between", ["ｶﾞ", "か", "“", "\n"])
def test_a_run_of_marks_is_cut_wherever_it_stands(between: str) -> None:
    for mark in ("\u0301", "\uff9e", "\u0301\uff9e"):
        run, kept = mark * 40, (mark * 40)[:MOST_MARKS]
        assert bounded_marks(f"{between}a{run}b{between}") == f"{between}a{kept}b{between}"


def test_no_code_point_hides_its_marks() -> None:
    """Every character that normalisation turns into marks only counts as one."""
    marks = [
        character
        for character in map(chr, [*range(0xD800), *range(0xE000, 0x110000)])
        if unicodedata.combining(unicodedata.normalize("NFKD", character)[0])
    ]
    assert len(marks) > 900
    assert [mark for mark in marks if len(bounded_marks(mark * 40)) != MOST_MARKS] == []


def test_stored_texts_hold_no_endless_stack_of_marks() -> None:
    longest = 2 + MOST_MARKS
    assert len(without_controls(_ENDLESS)) == longest
    assert len(one_line(_ENDLESS)) == longest
    assert len(html_to_text("<p>a" + "&#769;&#790;" * 500 + "b")) == longest


def test_words_are_folded_alike_whatever_follows_the_thirtieth_mark() -> None:
    assert fold_words(_ENDLESS) == fold_words(_ENDLESS.replace("\u0316b", "b"))
    assert fold_words("Cafe\u0301 ﬁrst ½") == ["café", "first", "1", "2"]


def test_overrides_go_and_the_marks_of_right_to_left_writing_stay() -> None:
    assert without_overrides("\u202aa\u202eb\u2066c\u2069") == "abc"
    assert without_overrides("می\u200cخواهد\u200f\u200e\u200d") == "می\u200cخواهد\u200f\u200e\u200d"
