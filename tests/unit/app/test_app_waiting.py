"""For what a match waits, as `monitor why` says it."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from made import NOON

from monitor.app.times import shown_time
from monitor.app.waiting import Waiting, quiet_words
from monitor.core.stories.publishers import Publishers
from monitor.model.article import Quality
from monitor.model.digest import Cron, DigestSettings, Immediate, QuietSettings, Schedule
from monitor.model.rule import Severity
from monitor.model.story_member import Member

MINUTE = timedelta(minutes=1)
OWN = Member(1, "s_1", "Closed", "https://dawn.example/1", "Dawn", "Dawn", "en", NOON, NOON, Quality.FULL)
CARRIED = [
    Member(n, "s_1", "Closed", f"https://p{n}.example/1", f"P{n}", "F", "en", NOON, NOON, Quality.FULL, wire="AP")
    for n in (2, 3)
]
IMMEDIATE = Immediate(timedelta(seconds=30))


def words(schedule: Schedule, *members: Member, at_least: int = 1, told: datetime | None = None) -> str:
    settings = DigestSettings("desk", ("*",), ("ops",), schedule, min_publishers=at_least)
    wait = Waiting({"desk": settings}, Publishers(), NOON).of("desk", members, lambda: told)
    return "" if wait is None else wait.words


def test_a_story_held_back_says_how_many_publishers_are_wanting() -> None:
    said = words(IMMEDIATE, *CARRIED, at_least=2)
    assert said == ": held back, its story has 1 of the 2 independent publishers that the digest asks for"
    assert words(IMMEDIATE, OWN, *CARRIED, at_least=2) == ""


def test_a_story_that_was_told_once_is_not_held_back_any_more() -> None:
    assert "held back" not in words(IMMEDIATE, OWN, at_least=2, told=NOON - 60 * MINUTE)


def test_a_follow_up_says_when_its_turn_comes() -> None:
    assert "a follow-up, told" in words(IMMEDIATE, OWN, told=NOON - MINUTE)
    assert words(IMMEDIATE, OWN, told=NOON - 20 * MINUTE) == ""


def test_a_digest_at_fixed_times_says_when_it_comes_next() -> None:
    assert words(Cron("0 18 * * *"), OWN).startswith(", next ")


NIGHT = QuietSettings((time(11), time(14)), override=Severity.HIGH)


def held(schedule: Schedule, severity: Severity) -> str:
    settings = DigestSettings("desk", ("*",), ("ops",), schedule, quiet=NIGHT)
    wait = Waiting({"desk": settings}, Publishers(), NOON).of("desk", [OWN], lambda: None, severity)
    return "" if wait is None else wait.words


def test_what_quiet_hours_hold_says_until_when() -> None:
    until = shown_time(NOON + 2 * 60 * MINUTE)
    assert held(IMMEDIATE, Severity.NORMAL) == f": held by quiet hours, told {until}"
    assert held(Cron("30 13 * * *"), Severity.NORMAL) == f", next {until}, held by quiet hours"
    assert held(Cron("30 15 * * *"), Severity.NORMAL) == f", next {shown_time(NOON + 210 * MINUTE)}"


def test_what_overrides_quiet_hours_is_not_said_to_be_held() -> None:
    assert held(IMMEDIATE, Severity.HIGH) == ""
    assert held(Cron("30 13 * * *"), Severity.HIGH) == f", next {shown_time(NOON + 90 * MINUTE)}"


def test_a_preview_says_that_it_is_quiet_in_the_zone_of_the_digest_and_for_whom_not() -> None:
    settings = DigestSettings("desk", ("*",), ("ops",), IMMEDIATE, timezone="Asia/Kabul", quiet=NIGHT)
    quiet_at = NOON - 270 * MINUTE
    until = shown_time(quiet_at + 2 * 60 * MINUTE, "Asia/Kabul")
    assert until.endswith(" 14:00:00 (+0430)")
    assert quiet_words(settings, quiet_at) == (
        f"desk is quiet now: quiet hours until {until}; stories of severity high or higher do not wait"
    )
    assert quiet_words(settings, quiet_at + 3 * 60 * MINUTE) == ""


def test_of_a_digest_that_the_config_does_not_have_nothing_is_said() -> None:
    assert Waiting({}, Publishers(), NOON).of("desk", [OWN], lambda: None) is None
