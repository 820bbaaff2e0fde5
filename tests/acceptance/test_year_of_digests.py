"""A year of digests over every change of the clocks: each window exactly once, no match lost, none told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from newsroom import Newsroom, digest_settings, item

from monitor.adapters.store import tables as t
from monitor.core.digests.plan import due_window, next_close
from monitor.core.digests.quiet import quiet_until
from monitor.model.digest import Cron, Every, Immediate, QuietSettings, Window
from monitor.model.ledger import Plan, RoutingState
from monitor.testing import FakeClock

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
        if quiet == NEVER:
            return list(self.moments)
        clocks = {wall.time() for wall in self.shown[: 2 * DAY // STEP]}
        hours = {clock for clock in clocks if _holds(quiet, clock)}
        held = [wall.time() in hours or _is_paused(quiet, wall.date()) for wall in self.shown]
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


@cache
def ends_of(zone: str, quiet: QuietSettings) -> list[datetime | None]:
    return wall_of(zone).ends(quiet)


def _is_paused(quiet: QuietSettings, day: date) -> bool:
    return any(first <= day <= last for first, last in quiet.pause)


def _holds(quiet: QuietSettings, clock: time) -> bool:
    if quiet.hours is None:
        return False
    begin, end = quiet.hours
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
    near, ends = _near(wall.changes), ends_of(zone, quiet)
    for text, (clocks, weekdays) in CRONS.items():
        closes = wall.closes(wall.fires(*clocks, weekdays=weekdays), ends)
        assert len(closes) > 250
        last = BEGIN
        for before, close in pairwise([BEGIN, *closes]):
            if not near(close) and close.day % 30:
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
    near, ends = _near(wall.changes), ends_of(zone, quiet)
    hourly = wall.closes(wall.running(30), ends)
    by_period = wall.closes([one for one in wall.moments if one.timestamp() % 5400 == 0], ends)
    for schedule, closes in ((Cron("30 * * * *"), hourly), (Every(timedelta(minutes=90)), by_period)):
        for last, close in pairwise(closes):
            if near(close):
                assert due_window(schedule, zone, last, close - timedelta(seconds=1), quiet) is None
                assert due_window(schedule, zone, last, close, quiet) == Window(last, close), (schedule, close)
                assert next_close(schedule, zone, last, quiet).at == close


def _near(changes: list[datetime], by: timedelta = DAY) -> Callable[[datetime], bool]:
    """Within a day or so of a change of the clocks, and of a pause."""
    some = [*changes, datetime(2026, 10, 24, tzinfo=UTC)]
    return lambda moment: any(abs(moment - one) <= by for one in some)


# ---- the same with the real stage and a store


DIGESTS = (
    digest_settings("morning", schedule=Cron("0 8 * * *"), send_when_empty=True),
    digest_settings("at night", schedule=Cron("30 1 * * *"), quiet=LATE_NIGHT),
    digest_settings("often", schedule=Every(timedelta(hours=6)), quiet=NIGHT),
    digest_settings("now", schedule=Immediate(timedelta(minutes=2)), quiet=NIGHT),
)


def arrive(room: Newsroom, number: int, now: datetime) -> None:
    """One match more of the one rule, of an article and a story of its own, for every digest."""
    with room.store._db.write() as connection:
        made = {}
        for table, changes in (
            (t.entries, {"identity": f"n{number}", "id_hash": f"n{number}", "url_key": f"n{number}"}),
            (t.articles, {"url": f"https://news.example/n{number}", "url_key": f"n{number}", "first_seen": now}),
            (t.matches, {"matched_at": now}),
        ):
            row = dict(connection.execute(sa.select(table).order_by(table.c.id).limit(1)).mappings().one())
            del row["id"]
            values = {**row, **changes, **{key: value for key, value in made.items() if key in row}}
            if table is t.articles:
                values["story_id"] = f"s_n{number}"
            made[{"entries": "entry_row", "articles": "article_id"}.get(table.name, "match_id")] = (
                connection.execute(table.insert().values(**values)).inserted_primary_key[0]
            )
        for one in room.digests:
            routing = {"match_id": made["match_id"], "digest": one.name, "state": RoutingState.PENDING.value}
            connection.execute(t.routings.insert().values(**routing))


def course(zone: str) -> list[tuple[datetime, bool]]:
    """Moments at which something is due, or a match arrives (said beside), mostly near changes of the clocks."""
    wall = wall_of(zone)
    near = _near(wall.changes, DAY / 2)
    due: set[datetime] = set()
    for one in DIGESTS[:3]:
        fires = {
            "morning": lambda: wall.fires("08:00"),
            "at night": lambda: wall.fires("01:30"),
            "often": lambda: [moment for moment in wall.moments if moment.timestamp() % 21600 == 0],
        }[one.name]()
        due.update(wall.closes(fires, ends_of(zone, one.quiet)))
    moments = {moment for moment in due if near(moment) or moment.day % 30 == 0}
    ends = {end for moment in moments if (end := ends_of(zone, NIGHT)[wall.index[moment]]) is not None}
    arrivals = {moment + (n % 5) * timedelta(minutes=7, seconds=3) for n, moment in enumerate(sorted(moments))}
    later = {moment + timedelta(minutes=3) for moment in arrivals}
    return [(moment, moment in arrivals) for moment in sorted(moments | ends | arrivals | later | {END})]


@pytest.mark.parametrize(
    "zone", [one if one in ZONES[::4] else pytest.param(one, marks=pytest.mark.soak) for one in ZONES]
)
def test_over_a_year_nothing_is_lost_told_twice_or_told_in_quiet_time(zone: str) -> None:
    digests = [replace(one, timezone=zone) for one in DIGESTS]
    room = Newsroom(digests=digests, clock=FakeClock(BEGIN - DAY))
    room.bring_in(item(published=BEGIN - DAY))
    room.plan(close_all=True)
    planned: Counter[tuple[str, int]] = Counter()
    closed: dict[str, list[Window]] = {one.name: [] for one in digests}
    number = 0
    for moment, arrives in course(zone):
        room.clock.set(moment)
        if arrives:
            number += 1
            arrive(room, number, moment)
        for plan in room.plan():
            assert isinstance(plan, Plan)
            settings = next(one for one in digests if one.name == plan.digest)
            assert quiet_until(settings.quiet, zone, moment) == moment, "told in quiet time"
            planned.update((plan.digest, match) for match in plan.planned)
            if plan.closes_window:
                closed[plan.digest].append(plan.window)
    room.plan(close_all=True)
    assert number > 20
    matches = set(range(2, number + 2))
    for one in digests:
        told = {match: times for (digest, match), times in planned.items() if digest == one.name}
        assert set(told.values()) <= {1}
        assert len(matches - set(told)) <= 2, "the last wait for the next window"
        assert all(former.end == latter.start for former, latter in pairwise(closed[one.name]))
    assert room.number("SELECT count(*) FROM routings WHERE state <> 'planned'") == 0
    assert room.number("SELECT count(*) FROM batches WHERE batch LIKE 'quiet/%'") > 0
