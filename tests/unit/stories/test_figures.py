"""The numbers that a sentence tells, and those that are dates, times and marks."""

from __future__ import annotations

import pytest

from monitor.core.stories.figures import figures_of, value_of


@pytest.mark.parametrize(
    ("sentence", "figures"),
    [
        ("The death toll rose to 45.", ("45",)),
        ("At least 45 people were killed.", ("45 people",)),
        ("6,000 trucks wait, 2000 trucks left.", ("2000 trucks", "6000 trucks")),
        ("Seven soldiers and twenty-five civilians", ("25 civilians", "7 soldiers")),
        ("6.5 million people, 1,00,000 rupees, 20% more", ("100000 rupees", "20 %", "6500000 people")),
        ("three hundred trucks, 45 million", ("300 trucks", "45000000")),
        ("the 12th sanctions package", ("12th sanctions",)),
        ("۴۵ نفر کشته شدند", ("45 نفر",)),
        ("In March 12 people died.", ("12 people",)),
        ("closed for 24 hours", ("24 hours",)),
    ],
)
def test_numbers_are_told_with_the_word_behind_them(sentence: str, figures: tuple[str, ...]) -> None:
    assert figures_of(sentence) == figures


@pytest.mark.parametrize(
    "sentence",
    [
        "on Feb. 22, 2023, at 10:30 GMT",
        "on 22nd February 2023 it closed",
        "July 5, 2023 attack",
        "since 2021, in February 2023",
        "2023-02-22 and 22/02/2023",
        "at 5pm, 7.30 a.m. and 1400 GMT",
        "1. Torkham closed",
        "An F-16 of the G20 and Covid-19",
        "Call 009212345678901234567",
        "one of them",
        "",
    ],
)
def test_dates_times_marks_and_names_tell_no_number(sentence: str) -> None:
    assert figures_of(sentence) == ()


def test_a_figure_is_compared_by_its_value() -> None:
    assert [value_of(one) for one in ("45 people", "12th package", "45")] == ["45", "12th", "45"]


def test_a_sentence_of_nothing_but_numbers_costs_no_more_than_forty() -> None:
    assert len(figures_of(" ".join(f"{n} men" for n in range(3, 3000)))) == 40
