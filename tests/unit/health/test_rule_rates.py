"""Noisy and silent rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON

from monitor.core.health.rules import Noise, noise, silent
from monitor.model.health import RuleRate

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("today", "before", "days", "verdict"),
    [
        (200, 28 * 20, 28, Noise.NOISY),  # ten times its twenty a day
        (199, 28 * 20, 28, Noise.USUAL),
        (10, 28, 28, Noise.FEW),  # from one a day to ten
        (20, 28, 28, Noise.NOISY),
        (20, 4, 28, Noise.NOISY),  # once a week, and now twenty
        (500, 30, 6, Noise.NEW),  # its first week
        (500, 8 * 40, 8, Noise.NOISY),  # eight days old: the mean is over its eight days
        (390, 8 * 40, 8, Noise.USUAL),
    ],
)
def test_ten_times_the_usual_daily_rate_is_noise(today: int, before: int, days: int, verdict: Noise) -> None:
    assert noise(RuleRate("r", today, before, NOON - days * DAY), NOON) is verdict


def test_a_rule_without_a_past_has_no_usual_rate() -> None:
    assert noise(RuleRate("r", 10_000), NOON) is Noise.NEW


def test_a_rule_is_named_when_it_falls_silent_and_counted_from_then_on() -> None:
    last = {
        "new": NOON - 90 * DAY,
        "old": NOON - 200 * DAY,
        "alive": NOON - DAY,
        "left the files": NOON - 90 * DAY,
    }
    found = silent(last, {"new", "old", "alive", "never matched"}, NOON - DAY, NOON)
    assert found.now == ("new",)
    assert found.longer == 1
    assert silent(last, {"new", "old"}, NOON, NOON + DAY).now == ()
