"""How often a feed is asked, as its own polls teach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.feeds.coverage import Continuity
from monitor.core.feeds.rhythm import NO_NEWS, Learned, News, learn, rate_at
from monitor.model.cadence import Rhythm
from monitor.model.feed import PollReason, PollSettings

NOON = datetime(2023, 2, 22, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETTINGS = PollSettings()
QUARTER = SETTINGS.interval


def taught(news: News, before: Rhythm | None = None, waited: timedelta = QUARTER, now: datetime = NOON) -> Learned:
    return learn(before, news, now - waited, now, SETTINGS)


def told(new: int, listed: int = 20) -> News:
    broken = new == listed and listed >= 3
    return News(listed, new, Continuity.BROKEN if broken else Continuity.JOINED)


def test_a_feed_of_which_nothing_is_known_is_asked_at_the_default_interval() -> None:
    first = learn(None, News(2, 2, Continuity.FIRST), None, NOON, SETTINGS)
    assert (first.interval, first.reason) == (QUARTER, PollReason.INTERVAL)


def test_the_dates_of_its_first_body_tell_at_once_how_busy_a_feed_is() -> None:
    busy = tuple(NOON - n * 6 * MINUTE for n in range(1, 31))  # ten an hour
    first = learn(None, News(30, 30, Continuity.FIRST, busy), None, NOON, SETTINGS)
    assert (first.interval, first.reason) == (6 * MINUTE, PollReason.RATE)
    rare = tuple(NOON - n * DAY for n in range(30))
    assert learn(None, News(30, 30, Continuity.FIRST, rare), None, NOON, SETTINGS).reason is PollReason.INTERVAL


def test_dates_to_come_and_a_few_dates_teach_nothing() -> None:
    for dates in ((NOON + HOUR,) * 9, (NOON - MINUTE,) * 2, ()):
        first = learn(None, News(9, 9, Continuity.FIRST, dates), None, NOON, SETTINGS)
        assert (first.interval, first.rhythm.hours) == (QUARTER, ())


def test_the_wait_grows_while_most_of_the_listing_is_known_and_ends_at_the_longest_interval() -> None:
    waits = []
    rhythm, waited = None, QUARTER
    for _ in range(12):
        learned = taught(NO_NEWS, rhythm, waited)
        rhythm, waited = learned.rhythm, learned.interval
        waits.append(waited)
        assert learned.reason is PollReason.QUIET
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (QUARTER * 1.25, SETTINGS.max_interval)


def test_polls_that_follow_each_other_quickly_prove_nothing_of_longer_waits() -> None:
    rhythm: Rhythm | None = None
    for _ in range(100):
        rhythm = taught(NO_NEWS, rhythm, waited=2 * MINUTE).rhythm
    assert rhythm is not None
    assert rhythm.interval == QUARTER


def test_the_wait_shrinks_when_most_of_the_listing_is_new_and_is_halved_when_all_of_it_is() -> None:
    calm = Rhythm(HOUR)
    # By the rate alone (2 new ones in 40 minutes) it could wait 20 minutes; the listing has only three places.
    mostly = taught(told(2, listed=3), calm, waited=40 * MINUTE)
    assert mostly.rhythm.interval == 40 * MINUTE * 2 / 3
    wholly = taught(told(3, listed=3), calm, waited=40 * MINUTE)
    assert wholly.rhythm.interval == 20 * MINUTE
    assert taught(told(1, listed=1), calm, waited=40 * MINUTE).reason is PollReason.MOSTLY_NEW


def test_all_new_has_a_reason_of_its_own() -> None:
    learned = taught(told(20), Rhythm(HOUR, (0.1,) * 24), waited=HOUR)
    assert (learned.interval, learned.reason) == (SETTINGS.min_interval, PollReason.ALL_NEW)


def test_a_feed_is_asked_when_about_one_entry_is_due_at_this_hour() -> None:
    hours = tuple(6.0 if 5 <= hour <= 12 else 0.0 for hour in range(24))
    morning = taught(NO_NEWS, Rhythm(HOUR, hours), now=NOON.replace(hour=8))
    assert 10 * MINUTE <= morning.interval < 11 * MINUTE  # a quarter of an hour without news counts a little
    assert morning.reason is PollReason.RATE
    night = taught(NO_NEWS, Rhythm(HOUR, hours), now=NOON.replace(hour=22))
    assert (night.interval, night.reason) == (HOUR, PollReason.QUIET)


def test_a_morning_does_not_begin_on_the_dot() -> None:
    hours = tuple(12.0 if hour == 6 else 0.0 for hour in range(24))
    before = taught(NO_NEWS, Rhythm(HOUR, hours), now=NOON.replace(hour=5, minute=30))
    assert before.interval == 20 * MINUTE


def test_breaking_news_are_followed_at_once_whatever_is_usual() -> None:
    learned = taught(told(5), Rhythm(HOUR, (0.1,) * 24), waited=HOUR)
    assert (learned.interval, learned.reason) == (12 * MINUTE, PollReason.RATE)
    assert taught(told(15), Rhythm(HOUR, (0.1,) * 24), waited=HOUR).reason is PollReason.MOSTLY_NEW


def test_one_entry_may_be_chance() -> None:
    assert taught(told(1), Rhythm(HOUR, (0.1,) * 24), waited=6 * MINUTE).interval == HOUR


def test_what_came_in_more_than_a_day_teaches_no_hours() -> None:
    before = Rhythm(HOUR, tuple(float(hour) for hour in range(24)))
    assert taught(told(9), before, waited=3 * DAY).rhythm.hours == before.hours


def test_a_clock_that_was_set_back_teaches_nothing() -> None:
    before = Rhythm(20 * MINUTE, (1.0,) * 24)
    learned = learn(before, told(5), NOON + HOUR, NOON, SETTINGS)
    assert learned.rhythm == before


def test_the_rate_can_be_told() -> None:
    assert rate_at(Rhythm(HOUR), NOON) is None
    assert rate_at(Rhythm(HOUR, (3.0,) * 24), NOON) == 3.0


# ---- a week of four kinds of feeds: what the numbers come to


@dataclass
class Publisher:
    """Publishes at these times of the day; its feed lists the newest ones."""

    minutes: Callable[[datetime], float]  # between two entries; 0: none at this hour
    places: int = 20
    published: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        at, end = NOON - DAY, NOON + 8 * DAY
        while at < end:
            pause = self.minutes(at)
            if pause:
                self.published.append(at)
            at += timedelta(minutes=pause or 30)

    def listed(self, now: datetime) -> list[datetime]:
        return [at for at in self.published if at <= now][-self.places :]


@dataclass
class Week:
    """What a week of polls came to."""

    polls: int = 0
    seen: int = 0
    lost: int = 0
    waits: list[timedelta] = field(default_factory=list)


def week(publisher: Publisher, settings: PollSettings = SETTINGS) -> Week:
    told_of = Week()
    known: set[datetime] = set()
    rhythm, since, now = None, None, NOON
    first = True
    while now < NOON + 7 * DAY:
        listed = publisher.listed(now)
        fresh = [at for at in listed if at not in known]
        if first:
            news = News(len(listed), len(listed), Continuity.FIRST, tuple(listed))
        else:
            told_of.seen += len(fresh)
            told_of.lost += sum(since < at < listed[0] for at in publisher.published) if since else 0
            told_of.waits += [now - at for at in fresh]
            news = told(len(fresh), len(listed))
        known.update(listed)
        learned = learn(rhythm, news, since, now, settings)
        assert settings.min_interval <= learned.interval <= settings.max_interval
        rhythm, since, first = learned.rhythm, now, False
        told_of.polls += 1
        now += learned.interval
    return told_of


def median(waits: list[timedelta]) -> timedelta:
    return sorted(waits)[len(waits) // 2]


@pytest.mark.parametrize(
    ("kind", "minutes", "most_polls", "longest_median"),
    [
        ("a wire, an entry every 4 minutes", lambda at: 4.0, 2_100, 3 * MINUTE),
        ("a paper, six an hour by day", lambda at: 10.0 if 3 <= at.hour < 18 else 0.0, 1_150, 10 * MINUTE),
        ("a blog, two a day", lambda at: 720.0, 300, HOUR),
        ("an office, one a week", lambda at: 7 * 1440.0, 200, HOUR),
    ],
)
def test_a_busy_feed_is_read_in_minutes_and_a_quiet_one_asked_rarely(
    kind: str, minutes: Callable[[datetime], float], most_polls: int, longest_median: timedelta
) -> None:
    came = week(Publisher(minutes))
    assert came.lost == 0
    assert came.polls <= most_polls
    if came.waits:
        assert median(came.waits) <= longest_median


def test_a_listing_of_three_places_loses_nothing_after_the_first_hours() -> None:
    assert week(Publisher(lambda at: 4.0, places=3)).lost <= 3
