"""How many entries came, and how many matches were made, hour by hour and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.model.digest import Window
from monitor.model.measure import Came
from monitor.ports import HealthFacts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_SETTLED = timedelta(minutes=10)  # after which no more matches of a span are written down
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rate:
    """One hour or day, in UTC, and what came in it."""

    start: datetime
    end: datetime
    came: Came


class Rates:
    """Asks the store once for a span that is over: a page that asks each minute counts the last one alone."""

    def __init__(self) -> None:
        self._over: dict[Window, Came] = {}

    def last(self, facts: HealthFacts, now: datetime, step: timedelta, number: int) -> list[Rate]:
        """So many spans of that length, the oldest first; the last one holds `now`."""
        this = now - (now - _EPOCH) % step
        spans = [Window(this - step * back, this - step * (back - 1)) for back in reversed(range(number))]
        found = [Rate(one.start, one.end, self._came(facts, one, now)) for one in spans]
        length, oldest = step, spans[0].start
        for one in [one for one in list(self._over) if one.end - one.start == length and one.start < oldest]:
            self._over.pop(one, None)  # another page may have been faster
        return found

    def _came(self, facts: HealthFacts, window: Window, now: datetime) -> Came:
        known = self._over.get(window)
        if known is not None:
            return known
        came = facts.came(window)
        if window.end + _SETTLED <= now:
            self._over[window] = came
        return came


def rate_json(rate: Rate) -> dict[str, Any]:
    """One hour or day."""
    return {
        "start": rate.start.isoformat(),
        "end": rate.end.isoformat(),
        "entries": rate.came.entries,
        "matches": rate.came.matches,
    }
