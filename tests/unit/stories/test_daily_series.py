"""When a headline that comes each day makes a series."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON

from monitor.core.stories.series import SeriesVerdict, judge_series, series_key

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Results of repo operation, 4 March", "Results of repo operation, 5 March"),
        ("Weather: Monday in the lake district", "Weather: Tuesday in the lake district"),
        ("UPDATE 1-Stocks close 1.2% higher", "Stocks close 3% higher"),
        ("Bundesbank leaves credit policies unchanged", "Bundesbank leaves credit policies unchanged"),
    ],
)
def test_the_issues_of_a_series_share_a_key(one: str, other: str) -> None:
    assert series_key(one, "a.example") == series_key(other, "a.example") is not None


def test_other_headlines_and_other_hosts_have_other_keys() -> None:
    titles = ("Stocks close higher", "Stocks close lower", "Torkham closed for a third day")
    assert len({series_key(title, host) for title in titles for host in ("a.example", "b.example")}) == 6


@pytest.mark.parametrize("title", ["", "4 March", "Monday", "12:30", "Weather"])
def test_a_headline_that_says_nothing_has_none(title: str) -> None:
    assert series_key(title, "a.example") is None


def test_after_three_days_it_is_a_series() -> None:
    days = [NOON - DAY, NOON - 2 * DAY, NOON - 3 * DAY]
    assert judge_series(NOON, days[:2]) == SeriesVerdict(False, 2)
    assert judge_series(NOON, days) == SeriesVerdict(True, 3)
    assert judge_series(NOON, days[::-1]) == SeriesVerdict(True, 3)


def test_ten_copies_on_one_day_are_no_series() -> None:
    assert not judge_series(NOON, [NOON - DAY - timedelta(minutes=10 * copy) for copy in range(10)]).is_series


def test_the_day_itself_what_comes_later_and_what_is_long_ago_do_not_count() -> None:
    times = [NOON - timedelta(hours=2), NOON + DAY, NOON + 2 * DAY, NOON - 15 * DAY, NOON - DAY, NOON - 2 * DAY]
    assert judge_series(NOON, times) == SeriesVerdict(False, 2)
