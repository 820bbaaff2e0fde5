"""Quiet hours and paused days: when a digest holds what it has to say, and until when. Pure.

All of it stands on the wall clock of the digest's zone. Where that clock jumps:

| | begins | ends |
|---|---|---|
| a gap swallows the time | when the gap ends | when the gap ends |
| a fold repeats the time | at its first passing | at the last moment whose clock shows an earlier time |

So hours that begin or end inside a fold last through both passings of it, and "22:00-01:00" ends with the first
01:00, since no clock shows 00:59 after it. Hours that a gap swallows as a whole do not take place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from monitor.model.digest import CatchUp, Cron, QuietSettings

NEVER_QUIET = QuietSettings()

_INSTANT = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
# Hours begin on one day and end on that or the next; one day more, since the date line once skipped a day.
_DAYS_BEFORE, _DAYS_AFTER = 3, 1
_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a digest is quiet without a break: from `start` on, `end` not included; both UTC.

    Hours and paused days that touch are one stretch; `why` is PAUSE when it has a paused day.
    """

    start: datetime
    end: datetime
    why: CatchUp


def stretch_at(quiet: QuietSettings, timezone: str, moment: datetime) -> Stretch | None:
    """The whole quiet stretch around a moment; None when the digest is not quiet then."""
    around = [one for one in _pieces(quiet, timezone, moment) if one.start <= moment < one.end]
    if not around:
        return None
    start, end = around[0].start, around[0].end
    while later := [one.end for one in _pieces(quiet, timezone, end) if one.start <= end < one.end]:
        end = max(later)
    while earlier := [one.start for one in _pieces(quiet, timezone, start) if one.start < start <= one.end]:
        start = min(earlier)
    paused = any(one.start < end and start < one.end for one in _pauses(quiet, timezone))
    return Stretch(start, end, CatchUp.PAUSE if paused else CatchUp.QUIET_HOURS)


def quiet_until(quiet: QuietSettings, timezone: str, moment: datetime) -> datetime:
    """The first moment from this one on at which the digest is not quiet, in UTC."""
    found = stretch_at(quiet, timezone, moment)
    return moment.astimezone(UTC) if found is None else found.end


def last_stretch(quiet: QuietSettings, timezone: str, moment: datetime) -> Stretch | None:
    """The last stretch that has ended by a moment at which the digest is not quiet; None for one that never was.

    Of paused days and of hours within the days before.
    """
    ended = [one.end for one in _pieces(quiet, timezone, moment) if one.end <= moment]
    return stretch_at(quiet, timezone, max(ended) - _INSTANT) if ended else None


def never_heard(schedule: Cron, hours: tuple[time, time]) -> bool:
    """Whether every time of day of a cron text falls into these hours."""
    # Minutes and hours do not depend on the day: one day of the text has all its times of day.
    fires = CronSim(schedule.text, _SOME_DAY - _SECOND)
    first = next(fires)
    of_day = (first, *takewhile(lambda fire: fire.date() == first.date(), fires))
    return all(_holds(hours, fire.time()) for fire in of_day)


def _holds(hours: tuple[time, time], clock: time) -> bool:
    begin, end = hours
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _pieces(quiet: QuietSettings, timezone: str, moment: datetime) -> list[Stretch]:
    """The hours around a moment and every pause, not joined, none of them empty."""
    return [*_hours(quiet, timezone, moment), *_pauses(quiet, timezone)]


def _hours(quiet: QuietSettings, timezone: str, moment: datetime) -> Iterator[Stretch]:
    if quiet.hours is None:
        return
    zone = ZoneInfo(timezone)
    begin, end = quiet.hours
    today = moment.astimezone(zone).date()
    for days in range(-_DAYS_BEFORE, _DAYS_AFTER + 1):
        day = today + days * _DAY
        last = day if begin < end else day + _DAY
        piece = Stretch(_first(day, begin, zone), _end(last, end, zone), CatchUp.QUIET_HOURS)
        if piece.start < piece.end:
            yield piece


def _pauses(quiet: QuietSettings, timezone: str) -> list[Stretch]:
    zone = ZoneInfo(timezone)
    found = []
    for first, last in quiet.pause:
        after = last + _DAY if last < date.max else last
        piece = Stretch(_first(first, time(), zone), _end(after, time(), zone), CatchUp.PAUSE)
        if piece.start < piece.end:  # not a day that the date line skipped
            found.append(piece)
    return found


def _first(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When a clock of the zone first shows this time of this day; when the gap ends that swallows it."""
    wall = datetime.combine(day, clock)
    return _real(wall, zone, fold=0) or _gap_end(wall, zone)


def _end(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The moment after the last one whose clock shows an earlier time; when the gap ends that swallows it."""
    wall = datetime.combine(day, clock)
    before = wall - _INSTANT if wall.year > 1 else wall
    last = _real(before, zone, fold=1)
    return _gap_end(before, zone) if last is None else min(last, _LAST_MOMENT - _INSTANT) + _INSTANT


def _real(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime | None:
    """The moment in UTC at which the clock shows this; None when none does."""
    try:
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        return moment if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None
    except OverflowError:  # the first and the last day that dates can say
        return wall.replace(tzinfo=UTC)


def _gap_end(wall: datetime, zone: ZoneInfo) -> datetime:
    """The end of the gap in which a time of the wall clock lies, by halving: offsets change on whole seconds."""
    before, after = (wall.replace(tzinfo=zone, microsecond=0, fold=fold).astimezone(UTC) for fold in (1, 0))
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (before, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, after)
    return after
