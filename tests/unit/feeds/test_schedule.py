"""When the next poll is, why, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding import BASE, FEED, NOW, OLD, PROMISED, URL, decide, wait
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from monitor.core.feeds.schedule import LONGEST_WAIT, entry_fate
from monitor.model.cadence import Cadence
from monitor.model.entry import Fate, ParsedEntry
from monitor.model.feed import Feed, FeedSettings, FeedStatus, PollOutcome, PollReason, PollSettings, Validators


def test_a_good_answer_is_asked_again_after_the_default_interval() -> None:
    decision = decide()
    assert (wait(decision), decision.reason, decision.outcome) == (BASE, PollReason.INTERVAL, PollOutcome.OK)
    assert (decision.failures, decision.error, decision.status) == (0, None, FeedStatus.ACTIVE)


def test_jitter_is_ten_percent_either_way() -> None:
    assert wait(decide(dice=0.0)) == BASE * 0.9
    assert BASE * 1.0999 < wait(decide(dice=0.99999)) < BASE * 1.1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ttl": timedelta(hours=1)}, timedelta(hours=1)),
        ({"headers": {"cache-control": "public, max-age=3600"}}, timedelta(hours=1)),
        ({"headers": {"cache-control": 'MAX-AGE="3600"'}}, timedelta(hours=1)),
        ({"headers": {"expires": "Wed, 22 Feb 2023 13:00:00 GMT"}}, timedelta(hours=1)),
        (
            {"headers": {"expires": "Wed, 22 Feb 2023 13:00:00 GMT", "date": "Wed, 22 Feb 2023 11:00:00 GMT"}},
            timedelta(hours=2),
        ),
        # What a cache in between has kept for a while is that much less fresh (RFC 9111 §4.2.3).
        ({"headers": {"cache-control": "max-age=86400", "age": "82800"}}, timedelta(hours=1)),
        (
            {"headers": {"expires": "Wed, 22 Feb 2023 15:00:00 GMT", "age": "7200"}},
            timedelta(hours=1),
        ),
        ({"headers": {"cache-control": "max-age=3600", "age": "an hour"}}, timedelta(hours=1)),
        ({"headers": {"retry-after": "3600"}}, timedelta(hours=1)),
    ],
)
def test_what_the_server_asks_for_stretches_the_default_interval(
    given: dict[str, Any], expected: timedelta
) -> None:
    assert wait(decide(**given, dice=0.0)) == expected
    assert wait(decide(**given, dice=0.9)) > expected
    assert decide(**given).reason in (PollReason.FRESHNESS, PollReason.RETRY_AFTER)


@pytest.mark.parametrize(
    "headers",
    [
        {"cache-control": "no-cache, max-age=3600"},
        {"cache-control": "max-age=0"},
        {"cache-control": "max-age=-1"},
        {"cache-control": "max-age=0", "expires": "Wed, 22 Feb 2023 13:00:00 GMT"},
        {"expires": "0"},
        {"expires": "Wed, 22 Feb 2003 13:00:00 GMT"},
        {"retry-after": "soon"},
        {"retry-after": "-60"},
        {"retry-after": "1e9"},
        {"retry-after": "²³"},
        {"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"},
        {"cache-control": "max-age=,max-age"},
        {"cache-control": "max-age=3600", "age": "3600"},
        {"cache-control": "max-age=3600", "age": "99999999999999999"},
        {"expires": "Wed, 99 Feb 99999999999999999999 13:00:00 +99999999"},
    ],
)
def test_nonsense_and_the_past_change_nothing(headers: dict[str, str]) -> None:
    decision = decide(headers=headers)
    assert (wait(decision), decision.reason) == (BASE, PollReason.INTERVAL)


def test_nothing_makes_us_ask_less_than_daily() -> None:
    for headers in (
        {"cache-control": "max-age=999999999999999"},
        {"retry-after": "99999999999"},
        {"retry-after": "604800"},
        {"retry-after": str(10**30)},
        {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"expires": "Fri, 31 Dec 9999 23:59:59 GMT", "date": "Mon, 01 Jan 0001 00:00:00 GMT"},
        {"expires": "Fri, 31 Dec 9999 23:59:59"},
    ):
        assert wait(decide(headers=headers, dice=0.9)) == LONGEST_WAIT


numbers = st.integers(-(10**30), 10**30).map(str)
dates = st.builds(
    "{}, {} {} {} {}:{}:{}{}".format,
    st.sampled_from(["Fri", "Mon", ""]),
    st.integers(-1, 99),
    st.sampled_from(["Dec", "Jan", "December", "x"]),
    st.sampled_from(["0", "0001", "70", "1970", "2023", "9999", "10000", str(10**30)]),
    st.integers(-1, 99),
    st.integers(0, 60),
    st.integers(0, 61),
    st.sampled_from(["", " GMT", " -0000", " -2359", " +2400", " +99999999", " x"]),
)
values = st.one_of(st.text(max_size=40), numbers, dates)
directives = st.lists(st.one_of(values, values.map("max-age={}".format)), max_size=3).map(", ".join)
header_fields = st.fixed_dictionaries(
    {}, optional={"retry-after": values, "expires": values, "date": values, "cache-control": directives}
)
intervals = st.timedeltas(timedelta(seconds=1), timedelta(days=7))


@given(
    header_fields,
    st.sampled_from(PollOutcome),
    st.integers(0, 10**6),
    st.one_of(st.none(), intervals),
    intervals,
    st.one_of(st.none(), st.timedeltas()),
    st.floats(0, 1, exclude_max=True),
)
@example({}, PollOutcome.OK, 0, None, timedelta(hours=1), timedelta.max, 0.9)
@effort(max_examples=400, deadline=None)
def test_whatever_the_headers_the_next_poll_is_to_come_and_not_later_than_a_day_or_the_interval(
    headers: dict[str, str],
    outcome: PollOutcome,
    failures: int,
    promised: timedelta | None,
    usual: timedelta,
    ttl: timedelta | None,
    dice: float,
) -> None:
    feed = replace(FEED, failures=failures, settings=FeedSettings(URL, interval=promised))
    poll = PollSettings(interval=usual, max_interval=usual)
    decision = decide(feed, outcome, headers=headers, ttl=ttl, dice=dice, settings=poll)
    assert timedelta(0) < wait(decision) <= max(LONGEST_WAIT, promised or usual) * 1.1


def test_a_promise_is_not_stretched_by_freshness_but_by_retry_after() -> None:
    fresh = decide(PROMISED, headers={"cache-control": "max-age=3600"}, ttl=timedelta(hours=2))
    assert (wait(fresh), fresh.reason) == (timedelta(minutes=5), PollReason.PROMISED)
    limited = decide(PROMISED, PollOutcome.RATE_LIMITED, status=429, headers={"retry-after": "3600"}, dice=0.0)
    assert (wait(limited), limited.reason) == (timedelta(hours=1), PollReason.RETRY_AFTER)


def waits_of(outcome: PollOutcome, feed: Feed = PROMISED, settings: PollSettings | None = None) -> list[timedelta]:
    """The waits after 1, 2, … 40 failures in a row."""
    return [
        wait(decide(replace(feed, failures=failed), outcome, status=None, settings=settings))
        for failed in range(40)
    ]


def test_failures_double_the_wait_from_the_base_up_to_the_longest_interval() -> None:
    waits = waits_of(PollOutcome.HTTP_ERROR)
    assert waits[:6] == [timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 60, 60)]
    assert waits[-1] == timedelta(hours=1)
    assert waits_of(PollOutcome.HTTP_ERROR, FEED)[-1] == timedelta(hours=1)


def test_what_may_be_our_own_network_is_tried_again_within_a_quarter_of_an_hour() -> None:
    for outcome in (PollOutcome.TIMEOUT, PollOutcome.UNREACHABLE):
        assert waits_of(outcome)[:3] == [timedelta(minutes=minutes) for minutes in (5, 10, 15)]
        assert waits_of(outcome)[-1] == timedelta(minutes=15)


def test_a_failing_feed_is_asked_no_sooner_than_its_own_interval_and_at_least_daily() -> None:
    slow = replace(FEED, settings=FeedSettings(URL, interval=timedelta(hours=2)))
    rare = PollSettings(max_interval=timedelta(days=7))
    for outcome in (PollOutcome.TIMEOUT, PollOutcome.HTTP_ERROR):
        assert set(waits_of(outcome, slow)) == {timedelta(hours=2)}
        assert waits_of(outcome, FEED, rare)[-1] <= LONGEST_WAIT


def test_a_longest_interval_under_a_quarter_of_an_hour_holds_for_our_own_network_too() -> None:
    brisk = PollSettings(interval=timedelta(minutes=1), max_interval=timedelta(minutes=10))
    assert waits_of(PollOutcome.UNREACHABLE, FEED, brisk)[-1] == timedelta(minutes=10)


def test_chance_spreads_failing_feeds_but_never_beyond_the_longest_interval() -> None:
    failing = replace(FEED, failures=30)
    waits = [wait(decide(failing, PollOutcome.HTTP_ERROR, dice=dice)) for dice in (0.0, 0.25, 0.99)]
    assert waits == [timedelta(minutes=54), timedelta(minutes=57), timedelta(hours=1)]


def test_a_bare_429_slows_down_at_once() -> None:
    decision = decide(outcome=PollOutcome.RATE_LIMITED, status=429)
    assert (wait(decision), decision.reason, decision.failures) == (BASE * 2, PollReason.BACK_OFF, 1)


def test_a_retry_after_that_is_over_sooner_than_the_interval_is_not_what_the_feed_waits_for() -> None:
    soon = {"retry-after": "10"}
    decisions = [
        decide(replace(FEED, failures=failed), PollOutcome.RATE_LIMITED, status=503, headers=soon)
        for failed in range(3)
    ]
    assert [(wait(one), one.reason) for one in decisions] == [
        (BASE * 2**doubled, PollReason.BACK_OFF) for doubled in range(3)
    ]


def test_retry_after_may_be_a_date() -> None:
    decision = decide(
        outcome=PollOutcome.RATE_LIMITED,
        status=503,
        headers={"retry-after": "Wed, 22 Feb 2023 14:00:00 GMT"},
        dice=0.0,
    )
    assert wait(decision) == timedelta(hours=2)


def test_forbidden_is_retried_daily_from_the_third_failure_in_a_row() -> None:
    refused = PollOutcome.AUTH_ERROR
    before = [replace(FEED, failures=failed, last_outcome=refused) for failed in range(5)]
    passing = [decide(feed, refused, status=403) for feed in before]
    day = (LONGEST_WAIT, PollReason.DAILY)
    back_off = PollReason.BACK_OFF
    expected = [(BASE, back_off), (BASE * 2, back_off), day, day, day]
    assert [(wait(one), one.reason) for one in passing] == expected
    assert {(one.error, one.status) for one in passing} == {("HTTP 403", FeedStatus.ACTIVE)}


@pytest.mark.parametrize("last", [PollOutcome.TIMEOUT, PollOutcome.HTTP_ERROR, PollOutcome.NOT_A_FEED])
def test_a_forbidden_in_the_middle_of_other_failures_blinds_nobody_for_a_day(last: PollOutcome) -> None:
    """A server that comes up again after an outage may refuse once, behind a wall that is not ready."""
    ill = replace(FEED, failures=6, last_outcome=last)
    decision = decide(ill, PollOutcome.AUTH_ERROR, status=403)
    assert decision.reason is PollReason.BACK_OFF
    assert wait(decision) <= timedelta(hours=1)
    again = replace(ill, failures=decision.failures, last_outcome=decision.outcome)
    assert decide(again, PollOutcome.AUTH_ERROR, status=403).reason is PollReason.DAILY


def test_a_forbidden_in_passing_may_say_when_to_come_back() -> None:
    decision = decide(outcome=PollOutcome.AUTH_ERROR, status=403, headers={"retry-after": "7200"}, dice=0.0)
    assert (wait(decision), decision.reason) == (timedelta(hours=2), PollReason.RETRY_AFTER)


def test_gone_disables_the_feed_and_keeps_what_is_known() -> None:
    decision = decide(outcome=PollOutcome.GONE, status=410, error="gone")
    assert (decision.status, decision.reason, decision.validators) == (FeedStatus.GONE, PollReason.GONE, OLD)


def test_success_forgets_failures() -> None:
    assert decide(replace(FEED, failures=5)).failures == 0


def test_validators_are_stored_verbatim_from_a_200_as_a_pair() -> None:
    headers = {"etag": 'W/"a b"', "last-modified": "not even a date"}
    assert decide(headers=headers).validators == Validators('W/"a b"', "not even a date")
    assert decide(headers={"etag": '"x"'}).validators == Validators('"x"', None)
    assert decide().validators == Validators()
    assert decide(headers=headers, unchanged=True).validators == Validators('W/"a b"', "not even a date")


def test_a_304_without_headers_keeps_the_validators() -> None:
    assert decide(outcome=PollOutcome.NOT_MODIFIED, status=304).validators == OLD


def test_a_304_that_repeats_one_validator_keeps_the_pair() -> None:
    assert decide(outcome=PollOutcome.NOT_MODIFIED, headers={"etag": '"old"'}).validators == OLD


def test_a_304_with_new_validators_replaces_the_pair() -> None:
    decision = decide(outcome=PollOutcome.NOT_MODIFIED, headers={"etag": '"new"'})
    assert decision.validators == Validators('"new"', None)


def test_errors_keep_the_validators() -> None:
    for outcome in (PollOutcome.HTTP_ERROR, PollOutcome.TIMEOUT, PollOutcome.AUTH_ERROR):
        assert decide(outcome=outcome, headers={"etag": '"error page"'}).validators == OLD


@pytest.mark.parametrize("outcome", [PollOutcome.NOT_A_FEED, PollOutcome.PARSE_FAILED])
def test_a_body_that_could_not_be_read_is_a_failure_and_gives_no_validators(outcome: PollOutcome) -> None:
    decision = decide(
        headers={"etag": '"login page"'},
        parse_outcome=outcome,
        problem="a login page",
        permanent_url="https://new.example/",
    )
    assert (decision.outcome, decision.failures, decision.error) == (outcome, 1, "a login page")
    assert (decision.validators, decision.url, decision.reason) == (OLD, URL, PollReason.BACK_OFF)


def test_a_permanent_redirect_is_stored_once_its_target_works() -> None:
    assert decide(permanent_url="https://new.example/").url == "https://new.example/"
    assert (
        decide(outcome=PollOutcome.NOT_MODIFIED, permanent_url="https://new.example/").url
        == "https://new.example/"
    )
    assert decide(outcome=PollOutcome.HTTP_ERROR, status=404, permanent_url="https://new.example/").url == URL
    assert decide().url == URL


def test_the_same_bytes_again_are_unchanged() -> None:
    assert decide(unchanged=True).outcome is PollOutcome.UNCHANGED


def fate(published: timedelta | None, updated: timedelta | None = None, **given: Any) -> Fate:
    def at(offset: timedelta | None) -> datetime | None:
        return None if offset is None else NOW + offset

    defaults: dict[str, Any] = {
        "last_success_at": None,
        "subscribed_at": NOW,
        "backfill": timedelta(0),
        "max_entry_age": timedelta(days=7),
        "now": NOW + timedelta(hours=6),
    }
    entry = ParsedEntry("1", "t", published=at(published), updated=at(updated))
    return entry_fate(entry, **(defaults | given))


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_what_a_feed_holds_at_subscription_is_seen() -> None:
    assert fate(-HOUR) is Fate.SEEN_AT_SUBSCRIBE
    assert fate(timedelta(0)) is Fate.SEEN_AT_SUBSCRIBE
    assert fate(None) is Fate.SEEN_AT_SUBSCRIBE
    assert fate(-30 * DAY) is Fate.SEEN_AT_SUBSCRIBE


def test_what_appeared_while_the_feed_was_failing_alerts() -> None:
    assert fate(HOUR) is Fate.WAITING


def test_a_backfill_lets_recent_entries_through_but_not_over_the_age_limit() -> None:
    assert fate(-23 * HOUR, backfill=DAY) is Fate.WAITING
    assert fate(-DAY, backfill=DAY) is Fate.SEEN_AT_SUBSCRIBE
    assert fate(None, backfill=DAY) is Fate.WAITING
    assert fate(-10 * DAY, backfill=30 * DAY) is Fate.TOO_OLD


def test_later_polls_let_everything_through_but_the_too_old() -> None:
    assert fate(-DAY, last_success_at=NOW) is Fate.WAITING
    assert fate(None, last_success_at=NOW) is Fate.WAITING
    assert fate(-8 * DAY, last_success_at=NOW) is Fate.TOO_OLD


def test_what_appeared_while_nobody_could_read_the_feed_is_never_too_old() -> None:
    down_for: dict[str, Any] = {"last_success_at": NOW - 10 * DAY, "subscribed_at": NOW - 90 * DAY}
    assert fate(-8 * DAY, **down_for) is Fate.WAITING
    assert fate(-11 * DAY, **down_for) is Fate.TOO_OLD
    assert fate(-8 * DAY, subscribed_at=NOW - 9 * DAY) is Fate.WAITING


def test_an_old_entry_with_a_fresh_update_is_still_old() -> None:
    assert fate(-8 * DAY, HOUR, last_success_at=NOW) is Fate.TOO_OLD
    assert fate(None, HOUR, last_success_at=NOW) is Fate.WAITING
    assert fate(None, -8 * DAY, last_success_at=NOW) is Fate.TOO_OLD


@pytest.mark.parametrize(
    "cadence", [Cadence(skip_hours=frozenset(range(24))), Cadence(skip_days=frozenset(range(7)))]
)
def test_a_feed_that_asks_never_to_be_read_asks_nothing(cadence: Cadence) -> None:
    decision = decide(cadence=cadence)
    assert (wait(decision), decision.reason) == (BASE, PollReason.INTERVAL)
