"""How often rules matched: asked of the store as seldom as can be, and never wrong for long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from monitor.app.rule_days import RuleDays
from monitor.model.digest import Window
from monitor.model.health import RuleRate

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Facts:
    """A store that takes its time."""

    def __init__(self, takes: float) -> None:
        self.takes, self.now, self.matches = takes, 100.0, 1
        self.asked: list[datetime] = []

    def busy_rules(self, day: Window, least: int, before: datetime) -> Sequence[RuleRate]:
        self.asked.append(day.start)
        self.now += self.takes
        return [RuleRate("r", self.matches)]


def ask(days: RuleDays, facts: Facts, at: datetime = NOON) -> tuple[int, ...]:
    return days.of(facts, at, 3)["r"]  # type: ignore[arg-type]


def test_a_day_that_is_over_is_counted_once_and_the_others_each_time() -> None:
    facts = Facts(0.001)
    days = RuleDays(lambda: facts.now)
    assert ask(days, facts) == (1, 1, 1)
    facts.matches = 2
    assert ask(days, facts) == (1, 2, 2)
    assert len(facts.asked) == 5


def test_what_takes_long_is_not_counted_again_for_twenty_times_as_long() -> None:
    facts = Facts(0.5)
    days = RuleDays(lambda: facts.now)
    ask(days, facts)
    facts.matches = 2
    assert ask(days, facts) == (1, 1, 1)
    facts.now += 10
    assert ask(days, facts) == (1, 2, 2)
    assert ask(days, facts, NOON + timedelta(days=2))[-1] == 2
