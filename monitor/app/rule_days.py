"""How often each rule matched on each of the last days."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from monitor.model.digest import Window
from monitor.ports import HealthFacts

_DAY = timedelta(days=1)
_MOST_KEPT = 400  # days
_LONG = 0.05  # seconds of counting after which the answer of a day that goes on is kept, too
_TIMES = 20  # so many times as long as it took: at most a twentieth of a processor counts, however many ask


class RuleDays:
    """Asks the store once for a day that is over: its matches hardly change, and pages ask often."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._over: dict[date, Mapping[str, int]] = {}
        self._lately: dict[date, tuple[float, Mapping[str, int]]] = {}  # until when it will do

    def of(self, facts: HealthFacts, now: datetime, days: int) -> Mapping[str, tuple[int, ...]]:
        """The matches of each rule that had some on so many days, in UTC; the last day is that of `now`."""
        today = now.astimezone(UTC).date()
        asked = [today - _DAY * back for back in reversed(range(days))]
        counts = [self._counts(facts, day, today) for day in asked]
        return {rule: tuple(one.get(rule, 0) for one in counts) for rule in set().union(*counts)}

    def _counts(self, facts: HealthFacts, day: date, today: date) -> Mapping[str, int]:
        if day in self._over:
            return self._over[day]
        until, lately = self._lately.get(day, (0.0, {}))
        begun = self._steady()
        if begun < until:
            return lately
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = {one.rule: one.matches for one in facts.busy_rules(Window(start, start + _DAY), 1, start)}
        if day < today - _DAY:  # yesterday's articles may still be matched
            if len(self._over) >= _MOST_KEPT:
                self._over.clear()
            self._over[day] = found
        elif (took := self._steady() - begun) > _LONG:
            self._lately = {one: kept for one, kept in self._lately.items() if one >= today - _DAY}
            self._lately[day] = begun + _TIMES * took, found
        return found
