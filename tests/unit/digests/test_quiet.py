"""Quiet hours and pauses on the wall clock, where it jumps and where it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.digests.plan import due_window, next_close
from monitor.core.digests.quiet import Stretch, last_stretch, never_heard, quiet_until, stretch_at
from monitor.model.digest import CatchUp, Cron, Every, QuietSettings, Window

NIGHT = QuietSettings(hours=(time(22), time(6)))
KABUL = "Asia/Kabul"  # UTC+4:30 all year
LONDON = "Europe/London"


def at(text: str, zone: str = KABUL, fold: int = 0) -> datetime:
    """A time of the wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def hours(text: str) -> QuietSettings:
    begin, end = (time.fromisoformat(part) for part in text.split("-"))
    return QuietSettings(hours=(begin, end))


def pause(first: str, last: str | None = None, **more: tuple[time, time]) -> QuietSettings:
    return QuietSettings(pause=((date.fromisoformat(first), date.fromisoformat(last or first)),), **more)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2026-11-27T21:59:59", None),
        ("2026-11-27T22:00", "2026-11-28T06:00"),
        ("2026-11-28T00:00", "2026-11-28T06:00"),
        ("2026-11-28T05:59:59", "2026-11-28T06:00"),
        ("2026-11-28T06:00", None),  # the end is not quiet any more
        ("2026-11-28T12:00", None),
    ],
)
def test_a_night_is_quiet_from_its_first_moment_to_before_its_last(text: str, until: str | None):
    moment = at(text)
    found = stretch_at(NIGHT, KABUL, moment)
    assert (found and found.end) == (until and at(until))
    assert quiet_until(NIGHT, KABUL, moment) == (at(until) if until else moment)


def test_hours_by_day_are_quiet_by_day():
    assert stretch_at(hours("12:00-14:00"), KABUL, at("2026-11-27T13:00")) == Stretch(
        at("2026-11-27T12:00"), at("2026-11-27T14:00"), CatchUp.QUIET_HOURS
    )


def test_without_hours_and_pauses_it_is_never_quiet():
    assert stretch_at(QuietSettings(), KABUL, at("2026-11-27T03:00")) is None
    assert last_stretch(QuietSettings(), KABUL, at("2026-11-27T03:00")) is None


def test_nights_and_paused_days_that_touch_are_one_stretch_and_a_pause_says_why_it_is_so_long():
    quiet = pause("2026-12-25", "2026-12-26", hours=(time(22), time(6)))
    whole = Stretch(at("2026-12-24T22:00"), at("2026-12-27T06:00"), CatchUp.PAUSE)
    for inside in (
        "2026-12-24T22:00",
        "2026-12-24T23:00",
        "2026-12-25T12:00",
        "2026-12-26T23:59",
        "2026-12-27T05:59",
    ):
        assert stretch_at(quiet, KABUL, at(inside)) == whole
    assert last_stretch(quiet, KABUL, at("2026-12-27T06:00")) == whole
    assert last_stretch(quiet, KABUL, at("2027-01-08T12:00")) == Stretch(
        at("2027-01-07T22:00"), at("2027-01-08T06:00"), CatchUp.QUIET_HOURS
    )


def test_paused_days_alone_are_whole_days_and_neighbours_are_one_stretch():
    two = QuietSettings(pause=((date(2026, 12, 25), date(2026, 12, 25)), (date(2026, 12, 26), date(2026, 12, 26))))
    assert stretch_at(two, KABUL, at("2026-12-25T00:00")) == Stretch(
        at("2026-12-25T00:00"), at("2026-12-27T00:00"), CatchUp.PAUSE
    )
    assert stretch_at(two, KABUL, at("2026-12-24T23:59:59")) is None
    assert stretch_at(two, KABUL, at("2026-12-27T00:00")) is None
    assert last_stretch(two, KABUL, at("2027-12-01T00:00")) == stretch_at(two, KABUL, at("2026-12-25T00:00"))


@pytest.mark.parametrize(
    ("quiet", "begins", "ends"),
    [
        # Clocks go from 01:00 to 02:00 on 29 March 2026 in London.
        ("22:00-01:30", "2026-03-28T22:00", "2026-03-29T02:00"),
        ("01:30-06:00", "2026-03-29T02:00", "2026-03-29T06:00"),
        ("22:00-01:00", "2026-03-28T22:00", "2026-03-29T02:00"),  # the clock shows 02:00 when 01:00 would be
    ],
)
def test_what_a_gap_swallows_is_the_end_of_the_gap(quiet: str, begins: str, ends: str):
    start = at(begins, LONDON)
    assert stretch_at(hours(quiet), LONDON, start) == Stretch(start, at(ends, LONDON), CatchUp.QUIET_HOURS)
    assert stretch_at(hours(quiet), LONDON, at(ends, LONDON)) is None


def test_hours_that_a_gap_swallows_do_not_take_place():
    for minute in range(0, 24 * 60, 5):
        moment = at("2026-03-29T00:00", LONDON) + timedelta(minutes=minute)
        assert stretch_at(hours("01:10-01:50"), LONDON, moment) is None


@pytest.mark.parametrize(
    ("quiet", "begins", "ends"),
    [
        # From 01:00 to 02:00 the clocks pass twice on 25 October 2026 in London.
        ("22:00-01:30", ("2026-10-24T22:00", 0), ("2026-10-25T01:30", 1)),
        ("01:30-06:00", ("2026-10-25T01:30", 0), ("2026-10-25T06:00", 0)),
        ("01:10-01:40", ("2026-10-25T01:10", 0), ("2026-10-25T01:40", 1)),
        ("22:00-01:00", ("2026-10-24T22:00", 0), ("2026-10-25T01:00", 0)),  # no clock shows 00:59 after it
        ("22:00-02:00", ("2026-10-24T22:00", 0), ("2026-10-25T02:00", 0)),
        ("02:00-06:00", ("2026-10-25T02:00", 0), ("2026-10-25T06:00", 0)),
    ],
)
def test_hours_that_end_or_begin_in_a_fold_last_through_both_passings(
    quiet: str, begins: tuple[str, int], ends: tuple[str, int]
):
    start, end = at(begins[0], LONDON, begins[1]), at(ends[0], LONDON, ends[1])
    assert stretch_at(hours(quiet), LONDON, start) == Stretch(start, end, CatchUp.QUIET_HOURS)
    assert stretch_at(hours(quiet), LONDON, end) is None
    assert stretch_at(hours(quiet), LONDON, start - timedelta(seconds=1)) is None


def test_a_paused_day_ends_with_its_last_moment_where_midnight_comes_twice():
    # 00:00 to 01:00 of 1 November 2026 pass twice in Havana, 23:00 to 24:00 of 17 February 2018 in Sao Paulo.
    havana, paulo = "America/Havana", "America/Sao_Paulo"
    assert quiet_until(pause("2026-10-31"), havana, at("2026-10-31T12:00", havana)) == at(
        "2026-11-01T00:00", havana
    )
    found = stretch_at(pause("2018-02-17"), paulo, at("2018-02-17T12:00", paulo))
    assert found is not None
    assert (found.end - found.start, found.end) == (timedelta(hours=25), at("2018-02-18T00:00", paulo))


def test_a_day_that_the_date_line_skipped_is_no_day_and_holds_nothing():
    apia = "Pacific/Apia"  # no 30 December 2011
    assert stretch_at(pause("2011-12-30"), apia, at("2011-12-29T12:00", apia)) is None
    assert stretch_at(pause("2011-12-30"), apia, at("2011-12-31T12:00", apia)) is None
    assert quiet_until(NIGHT, apia, at("2011-12-29T23:00", apia)) == at("2011-12-31T06:00", apia)


def test_the_last_days_that_a_date_can_say_break_nothing():
    far = QuietSettings(pause=((date(1, 1, 1), date(1, 1, 1)), (date(9999, 12, 31), date(9999, 12, 31))))
    for zone in (KABUL, "America/New_York"):
        assert stretch_at(far, zone, at("2026-11-27T12:00")) is None


# ---- windows


def close_of(text: str, last: str, now: str, quiet: QuietSettings = NIGHT) -> Window | None:
    return due_window(Cron(text), KABUL, at(last), at(now), quiet)


def test_a_window_of_a_quiet_fire_time_closes_when_the_hours_end_and_once():
    last = "2026-11-27T06:00"
    assert close_of("0 23 * * *", last, "2026-11-27T23:00") is None
    assert close_of("0 23 * * *", last, "2026-11-28T05:59:59") is None
    closed = Window(at(last), at("2026-11-28T06:00"))
    assert close_of("0 23 * * *", last, "2026-11-28T06:00") == closed
    assert close_of("0 23 * * *", last, "2026-11-28T09:00") == closed  # nobody was there at six
    assert close_of("0 23 * * *", "2026-11-28T06:00", "2026-11-28T21:00") is None


def test_several_quiet_fire_times_are_one_window_and_those_outside_stay_as_they_are():
    every_third = "0 */3 * * *"
    assert close_of(every_third, "2026-11-27T18:00", "2026-11-27T21:00") == Window(
        at("2026-11-27T18:00"), at("2026-11-27T21:00")
    )
    assert close_of(every_third, "2026-11-27T21:00", "2026-11-28T03:30") is None
    assert close_of(every_third, "2026-11-27T21:00", "2026-11-28T06:00") == Window(
        at("2026-11-27T21:00"), at("2026-11-28T06:00")
    )
    assert close_of(every_third, "2026-11-28T06:00", "2026-11-28T09:00") == Window(
        at("2026-11-28T06:00"), at("2026-11-28T09:00")
    )


def test_without_a_fire_time_within_them_quiet_hours_close_nothing_at_their_end():
    assert close_of("0 8 * * *", "2026-11-27T08:00", "2026-11-28T06:00") is None
    assert close_of("0 8 * * *", "2026-11-27T08:00", "2026-11-28T08:00") is not None


def test_a_window_that_was_missed_before_quiet_hours_waits_for_their_end():
    assert close_of("0 8 * * *", "2026-11-26T08:00", "2026-11-27T23:00") is None
    assert close_of("0 8 * * *", "2026-11-26T08:00", "2026-11-28T06:00") == Window(
        at("2026-11-26T08:00"), at("2026-11-27T08:00")
    )


def test_hours_that_are_made_longer_after_a_close_do_not_close_it_again():
    longer = hours("22:00-07:00")
    assert close_of("0 23 * * *", "2026-11-28T06:00", "2026-11-28T07:00", longer) is None


def test_every_so_often_is_held_likewise():
    half = Every(timedelta(minutes=30))
    assert due_window(half, KABUL, at("2026-11-27T21:30"), at("2026-11-27T22:00"), NIGHT) is None
    assert due_window(half, KABUL, at("2026-11-27T21:30"), at("2026-11-28T06:00"), NIGHT) == Window(
        at("2026-11-27T21:30"), at("2026-11-28T06:00")
    )


def test_the_next_close_says_when_and_by_what_it_is_held():
    night = Cron("0 23 * * *")
    by_day = next_close(night, KABUL, at("2026-11-27T12:00"), NIGHT)
    assert (by_day.at, by_day.held_by) == (at("2026-11-28T06:00"), CatchUp.QUIET_HOURS)
    inside = next_close(night, KABUL, at("2026-11-27T23:30"), NIGHT)
    assert inside == by_day
    before = next_close(night, KABUL, at("2026-11-27T22:30"), NIGHT)
    assert before == by_day
    morning = next_close(Cron("0 8 * * *"), KABUL, at("2026-11-27T23:30"), NIGHT)
    assert (morning.at, morning.held_by) == (at("2026-11-28T08:00"), None)
    paused = next_close(Cron("0 8 * * *"), KABUL, at("2026-12-24T12:00"), pause("2026-12-25", "2026-12-26"))
    assert (paused.at, paused.held_by) == (at("2026-12-27T00:00"), CatchUp.PAUSE)


@pytest.mark.parametrize(
    ("text", "always"),
    [
        ("0 5 * * *", True),
        ("0 6 * * *", False),
        ("0 5,6 * * *", False),
        ("*/10 22-23 * * *", True),
        ("59 21 * * *", False),
        ("30 23 29 2 *", True),  # one day in four years
        ("* * * * *", False),
    ],
)
def test_a_cron_time_that_is_always_quiet_is_known(text: str, always: bool):
    assert never_heard(Cron(text), (time(22), time(6))) is always
