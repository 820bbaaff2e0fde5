"""What changed between two wordings of a text, in words."""

from __future__ import annotations

import random
import time

import pytest

from monitor.core.text.wordings import MOST_COMPARED, Change, changed_words


def told(before: str, after: str) -> str:
    """The pieces with marks: [-gone-] [+new+]."""
    marks = {Change.GONE: "[-{}-]", Change.NEW: "[+{}+]", Change.SAME: "{}"}
    return " ".join(marks[one.change].format(one.text) for one in changed_words(before, after))


def test_a_changed_word_stands_where_it_was_with_what_came_in_its_place() -> None:
    before, after = "Torkham was closed on Sunday.", "Torkham was opened on Sunday."
    assert told(before, after) == "Torkham was [-closed-] [+opened+] on Sunday."


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("a b", "a b", ""),
        ("a  b\n", "a b", ""),
        ("", "a b", "[+a b+]"),
        ("a b", "", "[-a b-]"),
        ("a b", "a b c", "a b [+c+]"),
        ("a a", "a a a", "a a [+a+]"),
        ("b a", "a", "[-b-] a"),
        ("口岸关闭。商人抗议。", "口岸开放。商人抗议。", "[-口岸关闭。-] [+口岸开放。+] 商人抗议。"),
        ("طورخم بند", "طورخم کھلا", "طورخم [-بند-] [+کھلا+]"),
    ],
)
def test_what_is_the_same_is_not_marked(before: str, after: str, said: str) -> None:
    assert told(before, after) == said


def test_far_from_a_change_words_are_left_out() -> None:
    far = " ".join(f"w{n}" for n in range(100))
    said = told(f"{far} old {far} gone", f"{far} new {far}")
    assert said.startswith("… w92 w93")
    assert "w7 … w92" in said
    assert len(said) < 300


def test_a_long_passage_that_is_new_is_cut_with_its_number_of_words() -> None:
    assert told("a", "a " + "b " * 500).endswith("… (380 more words)+]")


def test_marks_that_turn_a_line_are_spelled_out() -> None:
    assert "\u202e" not in told("open", "\u202eopen")
    assert r"\u202e" in told("open", "\u202eopen")


@pytest.mark.parametrize("word", ["x" * 5_000_000, "x " * 2_500_000])
def test_texts_of_five_megabytes_come_to_little_in_short_time(word: str) -> None:
    begun = time.perf_counter()
    pieces = changed_words("a " + word, "b " + word + " c")
    assert sum(len(one.text) for one in pieces) < 20_000
    assert time.perf_counter() - begun < 5


def test_the_worst_that_is_compared_word_by_word_takes_a_second_at_most() -> None:
    dice = random.Random(1)
    words = [f"w{n % 100}" for n in range(MOST_COMPARED // 2)]
    old, new = words[:], words[:]
    dice.shuffle(old)
    dice.shuffle(new)
    begun = time.perf_counter()
    changed_words(" ".join(old), " ".join(new))
    assert time.perf_counter() - begun < 2
