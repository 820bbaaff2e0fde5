"""What is wrong or odd with a feed, by its named reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import NOON, feed_settings

from monitor.core.feeds.gaps import gap_words
from monitor.core.feeds.health import Finding, HealthReason, findings, gravity, may_be_silent
from monitor.model.feed import Feed, FeedStatus, Listing, PollOutcome, PollReason
from monitor.model.gap import Gap, GapEnd

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def feed(**more: Any) -> Feed:
    """A feed that was polled well a moment ago."""
    values: dict[str, Any] = {
        "id": 1,
        "settings": feed_settings(),
        "url": "https://news.example/feed",
        "name": "News",
        "subscribed_at": NOON - 30 * DAY,
        "next_poll_at": NOON + HOUR,
        "first_success_at": NOON - 30 * DAY,
        "last_polled_at": NOON,
        "last_success_at": NOON,
        "last_outcome": PollOutcome.OK,
    }
    return Feed(**{**values, **more})


def failed(outcome: PollOutcome = PollOutcome.HTTP_ERROR, *, hours: int = 1, **more: Any) -> Feed:
    return feed(failures=3, last_outcome=outcome, last_success_at=NOON - timedelta(hours=hours), **more)


def listing(entries: int = 30, **more: Any) -> Listing:
    return Listing(entries, **{"newest": NOON, **more})


def found(one: Feed, listed: Listing | None = None, arrivals: Sequence[datetime] = ()) -> list[Finding]:
    return list(findings(one, listed, arrivals, NOON))


def reasons(one: Feed, listed: Listing | None = None, arrivals: Sequence[datetime] = ()) -> list[str]:
    return [finding.reason.value for finding in found(one, listed, arrivals)]


# ---- answers


def test_a_feed_that_was_polled_well_and_lists_fresh_entries_is_well() -> None:
    assert not found(feed(), listing())
    assert not found(feed(), None)


def test_a_gone_feed_is_gone_whatever_else_it_is() -> None:
    one = failed(PollOutcome.GONE, hours=2000, status=FeedStatus.GONE)
    assert found(one) == [Finding(HealthReason.GONE, NOON)]


def test_a_feed_without_any_success_never_worked_since_it_was_subscribed_to() -> None:
    one = feed(failures=1, first_success_at=None, last_success_at=None, last_outcome=PollOutcome.NOT_A_FEED)
    assert found(one) == [Finding(HealthReason.NEVER_WORKED, NOON - 30 * DAY)]


@pytest.mark.parametrize(
    ("hours", "outcome", "reason"),
    [
        (1, PollOutcome.HTTP_ERROR, "failing"),
        (71, PollOutcome.TIMEOUT, "failing"),
        (72, PollOutcome.TIMEOUT, "dead"),
        (1, PollOutcome.NOT_A_FEED, "not_a_feed"),
        (72, PollOutcome.NOT_A_FEED, "dead"),
        (1, PollOutcome.AUTH_ERROR, "refused"),
    ],
)
def test_a_failing_feed_is_named_for_what_it_answers_and_dead_after_three_days(
    hours: int, outcome: PollOutcome, reason: str
) -> None:
    (one,) = found(failed(outcome, hours=hours))
    assert (one.reason.value, one.since) == (reason, NOON - timedelta(hours=hours))


def test_a_feed_behind_its_time_is_overdue_after_ten_minutes() -> None:
    assert not reasons(feed(next_poll_at=NOON - timedelta(minutes=10)))
    assert reasons(feed(next_poll_at=NOON - timedelta(minutes=11))) == ["overdue"]
    assert reasons(failed(next_poll_at=NOON - HOUR)) == ["failing"]


ASKED_FOR_REST = [PollReason.HOST_PAUSED, PollReason.RETRY_AFTER]


@pytest.mark.parametrize("reason", PollReason)
def test_a_feed_that_is_well_and_left_alone_for_more_than_an_hour_is_odd(reason: PollReason) -> None:
    long = feed(last_reason=reason, next_poll_at=NOON + 2 * HOUR)
    assert reasons(long) == (["left_alone"] if reason in ASKED_FOR_REST else [])
    assert reasons(replace(long, next_poll_at=NOON + HOUR)) == []
    assert reasons(replace(long, failures=1, last_outcome=PollOutcome.RATE_LIMITED)) == ["failing"]
    promised = replace(long, settings=feed_settings(interval=3 * HOUR))
    assert reasons(promised) == []


def test_a_feed_is_left_alone_since_it_was_asked_or_subscribed_to() -> None:
    rest = {"last_reason": PollReason.HOST_PAUSED, "next_poll_at": NOON + HOUR}
    assert found(feed(last_polled_at=NOON - HOUR, **rest))[0].since == NOON - HOUR
    never = feed(
        last_polled_at=None, subscribed_at=NOON - 2 * HOUR, first_success_at=None, last_success_at=None, **rest
    )
    assert found(never)[0].since == NOON - 2 * HOUR
    assert reasons(replace(never, next_poll_at=NOON)) == []  # its time has come


def test_a_feed_that_moved_for_good_is_odd_only() -> None:
    assert reasons(feed(url="https://news.example/new-feed")) == ["moved"]


@pytest.mark.parametrize(
    ("odd", "entries", "is_odd"), [(4, 4, False), (5, 10, True), (5, 11, False), (30, 30, True)]
)
def test_half_of_the_listing_and_five_entries_make_a_feed_odd(odd: int, entries: int, is_odd: bool) -> None:
    assert reasons(feed(), listing(entries, undated=odd)) == ["undated"] * is_odd
    assert reasons(feed(), listing(entries, repeated=odd)) == ["ids_change"] * is_odd
    assert reasons(feed(), listing(entries, reused=odd)) == ["ids_reused"] * is_odd


def test_the_worst_comes_first_and_sorts_the_feed() -> None:
    one = failed(url="https://news.example/new-feed")
    both = found(one, listing(undated=30))
    assert [finding.reason.value for finding in both] == ["failing", "undated", "moved"]
    assert gravity(both) < gravity(both[1:]) < gravity([])


# ---- silence


def hourly_by_day(days: int, until: datetime = NOON) -> list[datetime]:
    """Entries from six to twenty o'clock, on working days."""
    hours = [until - HOUR * n for n in range(days * 24)]
    return sorted(hour for hour in hours if hour.weekday() < 5 and 6 <= hour.hour <= 20)


def silent(arrivals: list[datetime], silence: timedelta) -> list[Finding]:
    """The finding of a feed that brought nothing for so long after these arrivals."""
    one = feed(last_success_at=arrivals[-1] + silence, next_poll_at=NOON + 400 * DAY)
    return found(one, listing(len(arrivals), newest=arrivals[-1]), arrivals)


def test_a_busy_feed_is_silent_after_three_days_while_no_weekend_was_seen() -> None:
    arrivals = hourly_by_day(2)  # Tuesday and Wednesday
    assert not silent(arrivals, 2 * DAY + 22 * HOUR)
    (one,) = silent(arrivals, 3 * DAY + HOUR)
    assert (one.reason, one.since, one.usual, one.longest) == (HealthReason.SILENT, NOON, HOUR, 10 * HOUR)


def test_a_feed_that_rests_at_weekends_may_rest_twice_as_long() -> None:
    arrivals = hourly_by_day(14)
    assert not silent(arrivals, 2 * (2 * DAY + 10 * HOUR))
    assert silent(arrivals, 5 * DAY)


def test_an_entry_pinned_for_years_does_not_make_a_feed_slow() -> None:
    arrivals = [NOON - 700 * DAY, NOON - 400 * DAY, *hourly_by_day(14)]
    assert silent(arrivals, 5 * DAY) == silent(arrivals[2:], 5 * DAY) != []


def test_a_feed_that_never_rests_is_silent_after_a_day() -> None:
    arrivals = [NOON - HOUR * n for n in range(10 * 24)][::-1]
    assert not silent(arrivals, DAY)
    assert silent(arrivals, DAY + HOUR)


def test_a_monthly_feed_may_be_quiet_for_two_months() -> None:
    arrivals = [NOON - 30 * DAY * n for n in range(12)][::-1]
    assert not silent(arrivals, 59 * DAY)
    assert silent(arrivals, 61 * DAY)


def test_with_few_entries_nothing_is_usual() -> None:
    assert not silent([NOON - HOUR * n for n in range(7)][::-1], 300 * DAY)
    assert not silent([NOON] * 50, 300 * DAY)  # seen at once, without dates


def test_a_feed_that_nobody_could_ask_is_not_called_silent() -> None:
    arrivals = [NOON - 90 * DAY - HOUR * n for n in range(10 * 24)][::-1]
    one = failed(hours=90 * 24, last_error="no answer")
    assert reasons(one, listing(len(arrivals), newest=arrivals[-1]), arrivals) == ["dead"]


TIMES = st.lists(st.integers(0, 60 * 24 * 60), min_size=1, max_size=40).map(
    lambda minutes: sorted(NOON - timedelta(minutes=one) for one in minutes)
)


@given(TIMES, st.integers(0, 24))
def test_what_brought_something_within_a_day_is_never_silent(arrivals: list[datetime], hours: int) -> None:
    assert not silent(arrivals, timedelta(hours=hours))


@given(TIMES, st.integers(0, 2000), st.integers(0, 2000))
def test_silence_never_ends_by_itself(arrivals: list[datetime], hours: int, more: int) -> None:
    if silent(arrivals, timedelta(hours=hours)):
        assert silent(arrivals, timedelta(hours=hours + more))


@given(TIMES, st.integers(0, 2000))
def test_what_is_not_worth_looking_up_is_not_silent(arrivals: list[datetime], hours: int) -> None:
    one = feed(last_success_at=arrivals[-1] + timedelta(hours=hours))
    listed = listing(len(arrivals), newest=arrivals[-1])
    if not may_be_silent(one, listed):
        assert not findings(replace(one, next_poll_at=NOON + HOUR), listed, arrivals, NOON)


# ---- gaps


def gap(**more: Any) -> Gap:
    values: dict[str, Any] = {"found_at": NOON - HOUR, "joins_before": NOON - HOUR, "read_until": NOON - DAY}
    return Gap(1, "https://news.example/feed?page=2", **{**values, **more})


def with_gap(one: Feed, its_gap: Gap) -> list[Finding]:
    return list(findings(one, listing(), (), NOON, its_gap))


def test_a_gap_that_was_filled_is_odd_for_a_week_and_no_loss() -> None:
    filled = gap(ended=GapEnd.JOINED, pages=2, entries=14)
    assert with_gap(feed(), filled) == [Finding(HealthReason.GAP_FILLED, NOON - HOUR, gap=filled)]
    assert not with_gap(feed(), replace(filled, found_at=NOON - 8 * DAY))
    assert gap_words(filled) == "filled from 2 older pages: 14 entries"


def test_a_gap_that_is_not_filled_says_why_the_feed_may_have_lost_entries() -> None:
    ours = gap(ended=GapEnd.LAST_PAGE, pages=1, entries=1)
    (finding,) = with_gap(feed(may_have_lost_at=NOON - HOUR), ours)
    assert (finding.reason, finding.gap) == (HealthReason.MAY_HAVE_LOST, ours)
    assert gap_words(ours) == "1 older page brought 1 entry, the feed names no further one"


def test_a_gap_of_another_time_explains_no_later_loss() -> None:
    (finding,) = with_gap(feed(may_have_lost_at=NOON), gap(ended=GapEnd.LAST_PAGE))
    assert finding.gap is None


@pytest.mark.parametrize("end", list(GapEnd))
def test_every_end_of_a_gap_has_words(end: GapEnd) -> None:
    assert gap_words(gap(ended=end, error="HTTP 500"))
