"""Fire times of a schedule: the last that has come and the next that comes. Pure: the time is an argument.

Cron texts are read by cronsim in the digest's own zone, after Debian cron: a time that a spring gap swallows
fires when the gap ends, a time that an autumn fold repeats fires at its first passing only. Schedules whose
minute or hour field starts with `*` follow the running clock instead: nothing fires inside a gap, and both
passings of a fold fire, each closing a window of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from monitor.model.digest import Cron, Every

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# No zone of the tz database has ever repeated more than two hours of wall clock (Troll, Antarctica) but for
# whole days at the date line, which repeat no time of day that a cron text could tell apart.
_LONGEST_FOLD = timedelta(hours=3)


def next_fire(schedule: Cron | Every, timezone: str, now: datetime) -> datetime:
    """The first fire time after `now`, in UTC. Raises ValueError for a cron text that never fires again."""
    if isinstance(schedule, Every):
        return _floor(now, schedule.period) + schedule.period
    try:
        if _follows_the_clock(schedule.text):
            return _next_by_the_clock(schedule.text, ZoneInfo(timezone), now)
        for fire in CronSim(schedule.text, now.astimezone(ZoneInfo(timezone))):
            if fire > now:
                return fire.astimezone(UTC)
    except StopIteration:
        pass
    raise ValueError(f'the schedule "{schedule.text}" never fires')


def latest_fire(schedule: Cron | Every, timezone: str, now: datetime) -> datetime | None:
    """The last fire time up to `now`, in UTC; None for a cron text that never fired (in cronsim's 50 years)."""
    if isinstance(schedule, Every):
        return _floor(now, schedule.period)
    zone = ZoneInfo(timezone)
    if _follows_the_clock(schedule.text):
        try:
            return _latest_by_the_clock(schedule.text, zone, now)
        except StopIteration:
            return None
    # In the second passing of a fold cronsim counts backwards from the wall clock, and so misses fire times
    # of the first passing that lie later on the clock: start beyond any fold and walk back to now.
    for fire in CronSim(schedule.text, (now + _LONGEST_FOLD).astimezone(zone), reverse=True):
        if fire <= now:
            return fire.astimezone(UTC)
    return None


def _follows_the_clock(text: str) -> bool:
    minute, hour, *_ = text.split()
    return minute.startswith("*") or hour.startswith("*")


# cronsim steps by whole hours, and so over the half hour by which Lord Howe's clocks change. Between two changes a
# wall clock runs like any other: fire times are looked for there, and then beyond the change.


def _latest_by_the_clock(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    moment = now.replace(microsecond=0)
    while True:
        offset = _offset(zone, moment)
        wall = moment.astimezone(UTC) + offset
        fire = next(CronSim(text, wall + _SECOND, reverse=True)) - offset
        change = _change(zone, moment, fire)
        if change is None:
            return fire
        moment = change - _SECOND


def _next_by_the_clock(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    begin = now.replace(microsecond=0)
    after = begin  # the fire time comes after it, or at `begin` where that is a change
    while True:
        offset = _offset(zone, begin)
        fire = next(CronSim(text, after.astimezone(UTC) + offset)) - offset
        change = _change(zone, begin, fire)
        if change is None:
            return fire
        begin, after = change, change - _SECOND


def _change(zone: ZoneInfo, begin: datetime, end: datetime) -> datetime | None:
    """The first change of the clocks on the way from `begin` to `end`, whichever is earlier; None for none."""
    step = _DAY if begin <= end else -_DAY
    here, offset = begin, _offset(zone, begin)
    while here != end:
        there = min(here + step, end) if step > timedelta(0) else max(here + step, end)
        if _offset(zone, there) != offset:
            return _between(zone, min(here, there), max(here, there))
        here = there
    return None


def _between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The change between two moments with different offsets, by halving: clocks change on whole seconds."""
    offset = _offset(zone, after)
    while after - before > _SECOND:
        middle = (before + (after - before) // 2).replace(microsecond=0)
        before, after = (before, middle) if _offset(zone, middle) == offset else (middle, after)
    return after.astimezone(UTC)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None, "every zone of the tz database has one"
    return offset


def _floor(now: datetime, period: timedelta) -> datetime:
    return _EPOCH + (now - _EPOCH) // period * period
