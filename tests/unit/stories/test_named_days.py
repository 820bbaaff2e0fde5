"""Days that a text names, in several languages, and which days of the calendar they are."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from monitor.core.stories.named_days import days_in, days_of, first_named
from monitor.core.text.tokens import analyse

WEDNESDAY = datetime.fromisoformat("2024-09-11T12:00:00Z")


def codes(text: str) -> list[int]:
    return [code for _, _, code in days_in(analyse(text).terms)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("on Wednesday", 3),
        ("am Mittwoch", 3),
        ("mercredi", 3),
        ("el miércoles", 3),
        ("в среду", 3),
        ("يوم الأربعاء", 3),
        ("بدھ کے روز", 3),
        ("چهارشنبه", 3),
        ("چهار شنبه", 3),
        ("سه‌شنبه", 2),
        ("16 September", 916),
        ("September 16th, 2024", 916),
        ("the 16th of September", 916),
        ("16. September", 916),
        ("16 de septiembre", 916),
        ("۱۶ ستمبر", 916),
        ("yesterday", 9),
    ],
)
def test_a_day_is_read_in_many_languages(text: str, code: int) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize("text", ["It may rain", "in September", "September 2024", "12 killed in April", "May 45"])
def test_a_month_without_its_day_is_no_day(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize(
    ("code", "day"),
    [
        (3, date(2024, 9, 11)),
        (4, date(2024, 9, 12)),  # tomorrow, or today further east
        (5, date(2024, 9, 6)),
        (1, date(2024, 9, 9)),
        (8, date(2024, 9, 11)),
        (9, date(2024, 9, 10)),
        (1231, date(2024, 12, 31)),
        (302, date(2025, 3, 2)),
        (229, date(2024, 2, 29)),
    ],
)
def test_which_day_it_is_follows_from_the_date_of_the_article(code: int, day: date) -> None:
    assert days_of([(code, 1)], WEDNESDAY) == {day.toordinal(): 1.0}


def test_the_day_that_is_named_first_counts_more_and_a_day_that_never_was_does_not() -> None:
    monday = date(2024, 9, 9).toordinal()
    assert days_of([(1, 1), (230, 1), (first_named(1), 1)], WEDNESDAY) == {monday: 3.0}
