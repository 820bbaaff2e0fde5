"""When the next poll is: what was learned, hubs, boosts, hours to be skipped, hosts that ask for a pause."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from deciding import BASE, FEED, NOW, PROMISED, URL, decide, wait
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from monitor.core.feeds.coverage import Continuity
from monitor.core.feeds.politeness import host_pause
from monitor.core.feeds.rhythm import News
from monitor.core.feeds.schedule import LONGEST_WAIT, first_poll_at
from monitor.core.feeds.why_next import why_next
from monitor.model.cadence import Boost, Cadence, Rhythm
from monitor.model.feed import (
    POLL_SUCCESS,
    Feed,
    FeedSettings,
    HostPause,
    PollOutcome,
    PollReason,
    PollSettings,
)
from monitor.model.fetch import FetchRequest, FetchResponse

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLLED = replace(FEED, last_polled_at=NOW - BASE, last_success_at=NOW - BASE, first_success_at=NOW - DAY)
QUIET = replace(POLLED, rhythm=Rhythm(HOUR, (0.0,) * 24))
BUSY = replace(POLLED, rhythm=Rhythm(HOUR, (6.0,) * 24))
BOOST = Boost(2 * MINUTE, NOW + 6 * HOUR)
NEWS = News(20, 3)


def test_what_was_learned_decides_and_is_remembered() -> None:
    busy = decide(BUSY, news=NEWS)
    assert (busy.reason, busy.rhythm is not None) == (PollReason.RATE, True)
    assert 4 * MINUTE < wait(busy) < 10 * MINUTE
    assert (decide(QUIET).reason, wait(decide(QUIET))) == (PollReason.QUIET, HOUR / 1.1)


def test_a_failure_teaches_nothing() -> None:
    assert decide(BUSY, PollOutcome.HTTP_ERROR, status=500).rhythm is None


def test_a_period_is_believed_only_where_nothing_was_learned() -> None:
    hourly = Cadence(period=HOUR)
    first = decide(FEED, cadence=hourly)
    assert (first.reason, wait(first)) == (PollReason.PERIOD, HOUR / 1.1)
    assert wait(decide(FEED, cadence=Cadence(period=MINUTE))) == BASE
    assert wait(decide(FEED, cadence=Cadence(period=7 * DAY), dice=0.99)) <= HOUR
    assert decide(BUSY, cadence=hourly, news=NEWS).reason is PollReason.RATE
    assert decide(QUIET, cadence=Cadence(period=DAY)).reason is PollReason.QUIET


def test_freshness_of_the_last_body_holds_over_a_304_that_says_nothing_of_it() -> None:
    first = decide(POLLED, headers={"cache-control": "max-age=7200"}, dice=0.0)
    assert (wait(first), first.reason) == (2 * HOUR, PollReason.FRESHNESS)
    after = replace(POLLED, rhythm=first.rhythm)
    again = decide(after, PollOutcome.NOT_MODIFIED, status=304, dice=0.0)
    assert (wait(again), again.reason) == (2 * HOUR, PollReason.FRESHNESS)
    sooner = decide(after, PollOutcome.NOT_MODIFIED, status=304, headers={"cache-control": "max-age=60"})
    assert sooner.reason is PollReason.QUIET
    assert decide(after).reason is PollReason.QUIET  # a whole answer without it takes it back


def test_a_boost_is_stretched_by_retry_after_only_and_ends_by_itself() -> None:
    boosted = replace(QUIET, boost=BOOST)
    answers: list[dict[str, Any]] = [
        {},
        {"cadence": Cadence(ttl=HOUR)},
        {"headers": {"cache-control": "max-age=3600"}},
    ]
    for answer in answers:
        decision = decide(boosted, **answer)
        assert (wait(decision), decision.reason) == (2 * MINUTE, PollReason.BOOSTED)
    limited = decide(boosted, PollOutcome.RATE_LIMITED, status=429, headers={"retry-after": "3600"}, dice=0.0)
    assert (wait(limited), limited.reason) == (HOUR, PollReason.RETRY_AFTER)
    over = replace(QUIET, boost=Boost(2 * MINUTE, NOW))
    assert decide(over).reason is PollReason.QUIET


def test_a_boost_never_slows_a_feed() -> None:
    prompt = replace(FEED, settings=FeedSettings(URL, interval=MINUTE), boost=BOOST)
    assert (wait(decide(prompt)), decide(prompt).reason) == (MINUTE, PollReason.PROMISED)


def test_a_boost_holds_where_what_was_learned_is_even_sooner_than_it() -> None:
    boosted = replace(BUSY, boost=Boost(15 * MINUTE, NOW + 6 * HOUR))  # six entries an hour: every ten minutes
    lunch = Cadence(skip_hours=frozenset({12, 13}))
    assert decide(boosted, news=NEWS).reason is PollReason.RATE
    for asked in (
        decide(boosted, news=NEWS, headers={"cache-control": "max-age=7200"}),
        decide(replace(boosted, pushed_until=NOW + HOUR), news=NEWS),
        decide(boosted, news=NEWS, cadence=replace(lunch, ttl=HOUR)),
    ):
        assert (wait(asked), asked.reason) == (15 * MINUTE, PollReason.BOOSTED)
    assert decide(boosted, news=NEWS, cadence=lunch).reason is PollReason.RATE


def test_a_boosted_feed_that_fails_backs_off_from_the_boosts_interval() -> None:
    failing = replace(QUIET, boost=BOOST, failures=1)
    assert wait(decide(failing, PollOutcome.HTTP_ERROR, status=500)) == 4 * MINUTE


def test_a_feed_whose_hub_announces_is_asked_daily_and_learns_nothing_from_that() -> None:
    pushed = replace(BUSY, pushed_until=NOW + 10 * DAY)
    decision = decide(pushed)
    assert (wait(decision), decision.reason, decision.rhythm) == (LONGEST_WAIT, PollReason.PUSHED, None)
    ending = decide(replace(BUSY, pushed_until=NOW + 3 * HOUR))
    assert (wait(ending), ending.reason) == (3 * HOUR, PollReason.PUSHED)
    assert decide(replace(BUSY, pushed_until=NOW)).reason is PollReason.RATE


def test_a_promise_and_a_boost_hold_beside_a_hub() -> None:
    hub = {"pushed_until": NOW + 10 * DAY}
    assert decide(replace(PROMISED, **hub)).reason is PollReason.PROMISED  # type: ignore[arg-type]  # a datetime
    assert decide(replace(FEED, boost=BOOST, **hub)).reason is PollReason.BOOSTED  # type: ignore[arg-type]


def test_a_failing_feed_is_not_left_to_its_hub() -> None:
    pushed = replace(BUSY, pushed_until=NOW + 10 * DAY)
    assert decide(pushed, PollOutcome.HTTP_ERROR, status=500).reason is PollReason.BACK_OFF


def test_skipped_hours_are_kept_clear() -> None:
    lunch = Cadence(skip_hours=frozenset({12, 13}))  # it is noon
    decision = decide(cadence=lunch, dice=0.0)
    assert (wait(decision), decision.reason) == (2 * HOUR, PollReason.SKIPPED)
    assert 2 * HOUR < wait(decide(cadence=lunch, dice=0.9)) < 3 * HOUR
    later = decide(cadence=Cadence(skip_hours=frozenset({15})))
    assert later.reason is PollReason.INTERVAL


def test_skipped_days_are_kept_clear_for_a_day_at_most() -> None:
    today = Cadence(skip_days=frozenset({NOW.weekday()}))
    assert (wait(decide(cadence=today, dice=0.0)), decide(cadence=today).reason) == (12 * HOUR, PollReason.SKIPPED)
    two = Cadence(skip_days=frozenset({NOW.weekday(), (NOW.weekday() + 1) % 7}))
    assert wait(decide(cadence=two)) == DAY


def test_a_promise_and_a_boost_skip_no_hours() -> None:
    lunch = Cadence(skip_hours=frozenset({12}))
    assert decide(PROMISED, cadence=lunch).reason is PollReason.PROMISED
    assert decide(replace(FEED, boost=BOOST), cadence=lunch).reason is PollReason.BOOSTED


def test_feeds_that_were_overdue_together_part_in_the_next_round_and_are_never_later() -> None:
    overdue = replace(POLLED, next_poll_at=NOW - DAY)
    waits = [wait(decide(overdue, dice=number / 100)) for number in range(100)]
    on_time = wait(decide(replace(POLLED, next_poll_at=NOW), dice=0.5))
    assert max(waits) <= on_time * 1.1
    assert max(waits) - min(waits) > on_time / 2


@pytest.mark.parametrize("headers", [{"cache-control": "max-age=840"}, {"retry-after": "840"}])
def test_chance_makes_no_wait_shorter_than_the_server_asked_for(headers: dict[str, str]) -> None:
    for feed in (FEED, replace(POLLED, next_poll_at=NOW - DAY)):  # in time, and long overdue
        assert wait(decide(feed, headers=headers, dice=0.0)) == 14 * MINUTE
    if "retry-after" in headers:
        assert wait(decide(FEED, PollOutcome.HTTP_ERROR, status=500, headers=headers, dice=0.0)) == 14 * MINUTE


def test_the_first_polls_of_many_new_feeds_are_no_burst() -> None:
    due = [first_poll_at(NOW, index, BASE) - NOW for index in range(50_000)]
    assert due[:101] == [timedelta(0)] * 101
    assert max(due) < BASE
    seconds = Counter(int(one.total_seconds()) for one in due[101:10_000])
    assert max(seconds.values()) == 20


# ---- pauses of hosts


def limited(status: int | None = 429, **headers: str) -> FetchResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return FetchResponse(FetchRequest(1, URL), PollOutcome.RATE_LIMITED, status, URL, headers=named)


def test_a_429_or_503_that_says_when_to_come_back_pauses_its_host_so_long() -> None:
    for status in (429, 503):
        found = host_pause(limited(status, retry_after="600"), NOW)
        assert found == HostPause("example.org", NOW + 10 * MINUTE)
    assert host_pause(limited(retry_after="99999999"), NOW) == HostPause("example.org", NOW + DAY)


def test_without_a_time_or_without_an_answer_no_host_is_paused() -> None:
    assert host_pause(limited(), NOW) is None
    assert host_pause(limited(None, retry_after="600"), NOW) is None
    assert host_pause(FetchResponse(FetchRequest(1, URL), PollOutcome.HTTP_ERROR, 500, URL), NOW) is None


def test_the_host_that_answered_is_paused_and_not_the_one_that_led_there() -> None:
    led = replace(limited(retry_after="600"), url="https://Feeds.Other.example./x")
    found = host_pause(led, NOW)
    assert found is not None
    assert found.host == "feeds.other.example"


def test_a_date_of_retry_after_is_measured_by_the_servers_own_clock() -> None:
    slow = {"date": "Wed, 22 Feb 2023 10:00:00 GMT", "retry_after": "Wed, 22 Feb 2023 10:10:00 GMT"}
    assert host_pause(limited(**slow), NOW) == HostPause("example.org", NOW + 10 * MINUTE)


# ---- the law


rhythms = st.builds(
    Rhythm,
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.one_of(st.just(()), st.lists(st.floats(0, 1e6), min_size=24, max_size=24).map(tuple)),
)
histories = st.builds(
    replace,
    st.just(POLLED),
    rhythm=st.one_of(st.none(), rhythms),
    last_success_at=st.one_of(st.none(), st.timedeltas(timedelta(days=-400), DAY).map(lambda ago: NOW + ago)),
    next_poll_at=st.timedeltas(timedelta(days=-400), DAY).map(lambda ago: NOW + ago),
    failures=st.integers(0, 50),
)
listings = st.integers(0, 1_000).flatmap(
    lambda listed: st.builds(News, st.just(listed), st.integers(0, listed), st.sampled_from(Continuity))
)


@given(histories, listings, st.sampled_from([*POLL_SUCCESS]), st.floats(0, 1, exclude_max=True))
@effort(max_examples=400, deadline=None)
def test_whatever_was_learned_a_healthy_feed_is_asked_between_the_shortest_and_the_longest_interval(
    feed: Feed, news: News, outcome: PollOutcome, dice: float
) -> None:
    decision = decide(feed, outcome, news=news, dice=dice)
    assert PollSettings().min_interval <= wait(decision) <= PollSettings().max_interval


@given(st.sampled_from(PollReason))
def test_every_reason_has_its_sentence(reason: PollReason) -> None:
    feed = replace(POLLED, last_reason=reason, boost=BOOST, cadence=Cadence(period=HOUR), failures=2)
    said = why_next(feed)
    assert said is not None
    assert " " in said


def test_the_sentence_of_a_wait_says_what_cut_it_short() -> None:
    stated = why_next(replace(POLLED, last_reason=PollReason.PERIOD, cadence=Cadence(period=DAY)))
    assert stated == "it says of itself that it changes every 1 d: asked then, or after max_interval"
    failing = replace(POLLED, last_reason=PollReason.BACK_OFF, failures=9, last_outcome=PollOutcome.HTTP_ERROR)
    assert str(why_next(failing)).endswith("each doubles the wait, up to max_interval")
    unreachable = replace(failing, last_outcome=PollOutcome.UNREACHABLE)
    assert str(why_next(unreachable)).endswith("up to 15 min: the fault may be our own network's")
    wire = replace(POLLED, last_reason=PollReason.RATE, rhythm=Rhythm(HOUR, (600.0,) * 24))
    assert str(why_next(wire)).endswith("asked when the next one is due, or after min_interval")
    assert "max_interval" in str(why_next(replace(POLLED, last_reason=PollReason.PUSHED)))
    ended = why_next(replace(POLLED, last_reason=PollReason.BOOSTED))
    assert ended == "it was boosted when this was decided"


def test_a_rate_is_named_only_where_the_wait_follows_from_it() -> None:
    def said(rate: float, minutes: float) -> str:
        busy = Rhythm(HOUR, (rate,) * 24)
        waits = replace(POLLED, last_polled_at=NOW, next_poll_at=NOW + minutes * MINUTE)
        return str(why_next(replace(waits, last_reason=PollReason.RATE, rhythm=busy)))

    assert said(4, 14).startswith("about 4 new an hour")
    assert said(60, 5).startswith("about 60 new an hour")  # min_interval
    assert said(4, 5).startswith("several new entries came at once")  # of the last poll, not of the hour
    assert said(0.2, 290).startswith("about one new in 5 h")  # where max_interval is long
