"""What is remembered of words stays small, and says what working it out would say."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.recent import LONGEST, Recent


def test_a_word_is_worked_out_once_while_it_comes_again() -> None:
    asked = Counter[str]()
    recent = Recent(lambda word: asked.update([word]) or word.upper(), 3)
    for number in range(20):
        assert recent["border"] == "BORDER"
        assert recent[f"name{number}"] == f"NAME{number}"
    assert asked["border"] == 1


def test_a_word_that_stopped_coming_is_forgotten() -> None:
    asked = Counter[str]()
    recent = Recent(lambda word: asked.update([word]) or word, 2)
    for word in ("old", "a", "b", "c", "d", "old"):
        assert recent[word] == word
    assert asked["old"] == 2


def test_a_long_word_is_answered_and_not_kept() -> None:
    recent = Recent(len, 3)
    assert recent["x" * (LONGEST + 1)] == LONGEST + 1
    assert len(recent) == 0


def test_what_is_forgotten_is_worked_out_anew_in_both_halves() -> None:
    answers = {"word": 1, "other": 1}
    recent = Recent(answers.__getitem__, 1)
    assert (recent["word"], recent["other"]) == (1, 1)  # the first is of those before by now
    answers.update(word=2, other=2)
    recent.forget("word")
    assert (recent["word"], recent["other"]) == (2, 1)
    recent.forget_all()
    assert recent["other"] == 2


@given(st.lists(st.text(max_size=3)), st.integers(1, 5))
def test_answers_are_those_of_the_work_and_never_more_than_twice_as_many_are_kept(
    words: list[str], most: int
) -> None:
    recent = Recent(str.upper, most)
    for word in words:
        assert recent[word] == word.upper()
        assert len({*recent, *recent._before}) <= 2 * most
    assert list(map(recent.__getitem__, words)) == [word.upper() for word in words]
