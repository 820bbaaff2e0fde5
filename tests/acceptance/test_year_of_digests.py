"""A year of digests over every change of the clocks: each window exactly once, no match lost, none told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest

from monitor.core.digests.plan import due_window, next_close
from monitor.model.digest import Cron, Every, QuietSettings, Window

ZONES = ("Europe/London", "America/New_York", "Asia/Kabul", "Africa/Casablanca", "Australia/Lord_Howe")
BEGIN, END = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)  # all times of this test, and all changes of the clocks, are whole multiples of it
DAY = timedelta(days=1)
# Begins and ends within times that folds repeat, and gaps swallow, in one zone or another.
NIGHT = QuietSettings((time(22), time(1, 30)), ((date(2026, 10, 24), date(2026, 10, 25)), (date(2026, 4, 4),) * 2))
LATE_NIGHT = QuietSettings((time(1, 45), time(6)), ((date(2026, 3, 29), date(2026, 3, 29)),))
NEVER = QuietSettings()


# ---- what should happen, found by looking at a clock on the wall every quarter of an hour


class Wall:
    """A year of a zone in steps: each moment with what the clock shows then."""

    def __init__(self, zone: str) -> None:
        local = ZoneInfo(zone)
        self.moments = [BEGIN + n * STEP for n in range((END - BEGIN) // STEP)]
        self.shown = [one.astimezone(local).replace(tzinfo=None, fold=0) for one in self.moments]
        self.index = {moment: n for n, moment in enumerate(self.moments)}
        self.first: dict[datetime, datetime] = {}
        for moment, wall in zip(self.moments, self.shown, strict=True):
            self.first.setdefault(wall, moment)
        steps = zip(pairwise(self.shown), self.moments[1:], strict=True)
        self.changes = [moment for (one, other), moment in steps if other - one != STEP]

    def fires(self, *clocks: str, weekdays: str = "0123456") -> list[datetime]:
        """These times once on each such day (0: Monday): at the first passing, or at the end of the gap."""
        found = set()
        days = (self.shown[0].date() + n * DAY for n in range((self.shown[-1] - self.shown[0]).days + 1))
        for day, clock in product(days, clocks):
            there = wall = datetime.combine(day, time.fromisoformat(clock))
            while there not in self.first and self.shown[0] < there < self.shown[-1]:
                there += STEP
            if there in self.first and str(wall.weekday()) in weekdays:
                found.add(self.first[there])
        return sorted(found)

    def running(self, minute: int) -> list[datetime]:
        """Every moment at which the clock shows that minute of an hour."""
        return [moment for moment, wall in zip(self.moments, self.shown, strict=True) if wall.minute == minute]

    def ends(self, quiet: QuietSettings) -> list[datetime | None]:
        """For each moment the first from it on that is not quiet: by the clock, or between two quiet passings of
        times that come twice."""
        held = [_shows_quiet(quiet, wall) for wall in self.shown]
        often = Counter(self.shown)
        last = None
        for n, wall in enumerate(self.shown):
            if held[n]:
                if last is not None:
                    held[last + 1 : n] = [True] * (n - last - 1)
                last = n
            elif often[wall] == 1:
                last = None
        found: list[datetime | None] = []
        end = None
        for n in reversed(range(len(held))):
            end = end if held[n] else self.moments[n]
            found.append(end)
        return found[::-1]

    def closes(self, fires: list[datetime], ends: list[datetime | None]) -> list[datetime]:
        """When windows close: at the fire times, or when the quiet time around one ends."""
        found = {ends[self.index[fire]] for fire in fires}
        return sorted(one for one in found if one is not None)


wall_of = cache(Wall)


def _shows_quiet(quiet: QuietSettings, wall: datetime) -> bool:
    if any(first <= wall.date() <= last for first, last in quiet.pause):
        return True
    if quiet.hours is None:
        return False
    begin, end = quiet.hours
    clock = wall.time()
    return begin <= clock < end if begin < end else clock >= begin or clock < end


QUIET = pytest.mark.parametrize("quiet", [NEVER, NIGHT, LATE_NIGHT], ids=["never quiet", "night", "late night"])
CRONS = {
    "0 8 * * *": (["08:00"], "0123456"),
    "30 1 * * *": (["01:30"], "0123456"),
    "30 2 * * *": (["02:30"], "0123456"),
    "15,45 1,2 * * *": (["01:15", "01:45", "02:15", "02:45"], "0123456"),
    "0 23 * * 1-5": (["23:00"], "01234"),
}


@pytest.mark.parametrize("zone", ZONES)
@QUIET
def test_over_a_year_each_window_closes_at_its_time_and_once(zone: str, quiet: QuietSettings) -> None:
    wall = wall_of(zone)
    near, ends = _near(wall.changes), wall.ends(quiet)
    for text, (clocks, weekdays) in CRONS.items():
        closes = wall.closes(wall.fires(*clocks, weekdays=weekdays), ends)
        assert len(closes) > 250
        last = BEGIN
        for before, close in pairwise([BEGIN, *closes]):
            if not near(close) and close.day % 9:
                continue  # a missed window makes a longer one
            if last == before:
                assert due_window(Cron(text), zone, last, close - timedelta(seconds=1), quiet) is None
            assert due_window(Cron(text), zone, last, close, quiet) == Window(last, close), (text, close)
            assert due_window(Cron(text), zone, close, close + STEP, quiet) is None or close + STEP in closes
            last = close


@pytest.mark.parametrize("zone", ZONES)
@QUIET
def test_what_runs_by_the_clock_closes_at_both_passings_of_a_time(zone: str, quiet: QuietSettings) -> None:
    wall = wall_of(zone)
    near, ends = _near(wall.changes), wall.ends(quiet)
    hourly = wall.closes(wall.running(30), ends)
    by_period = wall.closes([one for one in wall.moments if one.timestamp() % 5400 == 0], ends)
    for schedule, closes in ((Cron("30 * * * *"), hourly), (Every(timedelta(minutes=90)), by_period)):
        for last, close in pairwise(closes):
            if near(close):
                assert due_window(schedule, zone, last, close - timedelta(seconds=1), quiet) is None
                assert due_window(schedule, zone, last, close, quiet) == Window(last, close), (schedule, close)
                assert next_close(schedule, zone, last, quiet).at == close


def _near(changes: list[datetime]) -> Callable[[datetime], bool]:
    """Within a day or so of a change of the clocks, and of a pause."""
    some = [*changes, datetime(2026, 10, 24, tzinfo=UTC)]
    return lambda moment: any(abs(moment - one) <= 1.5 * DAY for one in some)
