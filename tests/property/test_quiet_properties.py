"""Laws of quiet time, against a clock that is looked at minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.digests.quiet import last_stretch, quiet_until, stretch_at
from monitor.model.digest import QuietSettings

MINUTE = timedelta(minutes=1)
ZONES = (
    "Europe/London",
    "America/New_York",
    "Asia/Kabul",
    "Africa/Casablanca",  # summer time but in Ramadan
    "Australia/Lord_Howe",  # half an hour
    "Antarctica/Troll",  # two hours
    "America/Havana",  # at midnight
    "America/Sao_Paulo",  # until 2019, at midnight
    "Pacific/Apia",  # left out a day in 2011
)
# Days on which the clocks of one of these zones change, and some others.
DAYS = [
    *(date(2026, 3, day) for day in (8, 22, 29)),
    *(date(2026, 10, day) for day in (4, 25)),
    *(date(2026, month, day) for month, day in ((2, 15), (4, 5), (11, 1), (6, 10))),
    *(date(2018, month, day) for month, day in ((2, 17), (11, 4))),
    *(date(2011, 12, day) for day in (29, 30, 31)),
]
clocks = st.integers(0, 24 * 12 - 1).map(lambda five: time(five // 12, five % 12 * 5))


@st.composite
def quiet_settings(draw: st.DrawFn) -> tuple[QuietSettings, date]:
    day = draw(st.sampled_from(DAYS))
    begin, end = draw(st.lists(clocks, min_size=2, max_size=2, unique=True))
    pauses = draw(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), max_size=2))
    pause = tuple((day + timedelta(days=a), day + timedelta(days=a + n)) for a, n in pauses)
    return QuietSettings(draw(st.sampled_from(((begin, end), None))), tuple(sorted(pause))), day


def shows_quiet(quiet: QuietSettings, local: datetime) -> bool:
    """What somebody says who looks at the clock on the wall and the calendar beside it."""
    if any(first <= local.date() <= last for first, last in quiet.pause):
        return True
    if quiet.hours is None:
        return False
    begin, end = quiet.hours
    clock = local.time()
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def set_back_near(zone: ZoneInfo, moment: datetime) -> bool:
    """Whether the clocks are set back within a few hours of the moment."""
    near = [(moment + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-3, 3)]
    assert near[0] is not None
    assert near[1] is not None
    return near[1] < near[0]


@given(quiet_settings(), st.sampled_from(ZONES))
@settings(max_examples=40, deadline=None)
def test_quiet_time_is_what_the_clock_on_the_wall_says(drawn: tuple[QuietSettings, date], name: str):
    quiet, day = drawn
    zone = ZoneInfo(name)
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    before, known = moment, None
    for _ in range(150):  # three days and more, by steps that are no divisor of an hour
        moment += 29 * MINUTE
        found = stretch_at(quiet, name, moment)
        if shows_quiet(quiet, moment.astimezone(zone)):
            assert found is not None, "held as long as the clock says so"
        elif found is not None:  # only between the two passings of one time
            assert set_back_near(zone, moment)
        until = moment if found is None else found.end
        assert until >= before, "monotone"
        if found is not None and found != known:
            assert known is None or known.end < found.start
            assert found.start <= moment < until == quiet_until(quiet, name, moment)
            assert stretch_at(quiet, name, until) is None, "nothing is held for ever"
            assert stretch_at(quiet, name, found.start - timedelta(microseconds=1)) is None
            assert stretch_at(quiet, name, until - timedelta(microseconds=1)) == found
            assert last_stretch(quiet, name, until) == found
            known = found
        before = until


@given(clocks, clocks, st.sampled_from(ZONES), st.integers(0, 20))
@settings(max_examples=25, deadline=None)
def test_a_day_without_a_change_of_the_clocks_has_as_many_quiet_minutes_as_the_hours_say(
    begin: time, end: time, name: str, days: int
):
    if begin == end:
        return
    quiet = QuietSettings((begin, end))
    zone = ZoneInfo(name)
    start = datetime(2026, 5, 1 + days, tzinfo=zone)
    wanted = (datetime.combine(date(2026, 1, 1), end) - datetime.combine(date(2026, 1, 1), begin)) % timedelta(
        days=1
    )
    if start.utcoffset() != (start + timedelta(days=1)).utcoffset():
        return
    day = [stretch_at(quiet, name, start.astimezone(UTC) + 5 * n * MINUTE) for n in range(24 * 12)]
    assert sum(one is not None for one in day) * 5 * MINUTE == wanted
