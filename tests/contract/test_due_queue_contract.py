"""What every store promises of due times that move without a poll: pauses of hosts, boosts, many new feeds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import MINUTE, NOON, decision, feed_settings
from stored import LEASE, poll, record_poll

from monitor.model.cadence import Boost, Cadence, Rhythm
from monitor.model.feed import Feed, HostPause, Polled, PollOutcome, PollReason, Reading
from monitor.ports import Store

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOOST = Boost(2 * MINUTE, NOON + 6 * HOUR)


def many(store: Store, number: int) -> list[Feed]:
    store.feeds.sync([feed_settings(f"https://f{n}.example/feed") for n in range(number)], NOON)
    return list(store.feeds.all())


def due(store: Store, minutes: float) -> int:
    return len(store.feeds.claim_due(NOON + minutes * MINUTE, LEASE, 100_000))


# ---- pauses of hosts


def test_a_pause_of_a_host_is_kept_until_it_is_over(store: Store, feed: Feed) -> None:
    pause = HostPause("news.example", NOON + HOUR)
    record_poll(store, feed, decision(pause=pause), [], now=NOON)
    assert store.feeds.host_pauses(NOON + 59 * MINUTE) == {"news.example": NOON + HOUR}
    assert store.feeds.host_pauses(NOON + HOUR) == {}


def test_what_a_host_said_last_counts(store: Store, feed: Feed) -> None:
    for until in (HOUR, 20 * MINUTE):
        pause = HostPause("news.example", NOON + until)
        record_poll(store, feed, decision(pause=pause), [], now=NOON)
    assert store.feeds.host_pauses(NOON) == {"news.example": NOON + 20 * MINUTE}


def test_pauses_that_are_over_are_forgotten_with_the_next_one(store: Store, feed: Feed) -> None:
    for name, at in (("one.example", NOON), ("two.example", NOON + DAY)):
        record_poll(store, feed, decision(pause=HostPause(name, at + HOUR)), [], now=at)
    assert store.feeds.host_pauses(NOON) == {"two.example": NOON + DAY + HOUR}


def test_a_feed_that_was_put_off_was_not_polled_and_is_due_then(store: Store, feed: Feed) -> None:
    (claimed,) = store.feeds.claim_due(NOON, LEASE, 1)
    store.feeds.put_off({claimed.id: NOON + 30 * MINUTE})
    (kept,) = store.feeds.all()
    assert (kept.next_poll_at, kept.last_reason) == (NOON + 30 * MINUTE, PollReason.HOST_PAUSED)
    assert (kept.last_polled_at, kept.failures, kept.last_outcome) == (None, 0, None)
    assert due(store, 29) == 0
    assert due(store, 30) == 1


def test_a_pause_that_a_clock_set_back_left_behind_ends(store: Store, feed: Feed) -> None:
    record_poll(store, feed, decision(pause=HostPause("a.example", NOON + HOUR)), [], now=NOON)
    store.set_right(NOON - 3 * DAY)
    assert store.feeds.host_pauses(NOON - 3 * DAY) == {}


# ---- boosts


def test_boosted_feeds_are_due_within_the_boosts_interval_one_after_the_other(store: Store) -> None:
    feeds = many(store, 4)
    for one in feeds:
        poll(store, one)
    store.feeds.boost([one.id for one in feeds[:2]], BOOST, NOON)
    assert [one.boost for one in store.feeds.all()] == [BOOST, BOOST, None, None]
    assert [due(store, minutes) for minutes in (0, 0.9, 1, 2)] == [1, 0, 1, 0]
    assert due(store, 15) == 4  # leases ended; those without a boost are due at their usual time


def test_a_boost_makes_no_feed_later_and_wakes_none_that_was_removed(store: Store) -> None:
    first, second = many(store, 2)
    store.feeds.unsubscribe(second.id)
    store.feeds.boost([second.id, first.id], BOOST, NOON)
    assert store.feeds.all()[0].next_poll_at == NOON
    assert due(store, 2) == 1


def test_a_boost_overrules_no_server(store: Store) -> None:
    feeds = many(store, 4)
    asked = (PollReason.RETRY_AFTER, PollReason.HOST_PAUSED, PollReason.DAILY, PollReason.FRESHNESS)
    for one, reason in zip(feeds, asked, strict=True):
        record_poll(store, one, decision(reason=reason), [], now=NOON)
    store.feeds.boost([one.id for one in feeds], BOOST, NOON)
    sooner = [one.next_poll_at < NOON + 15 * MINUTE for one in store.feeds.all()]
    assert sooner == [False, False, False, True]


def test_a_boost_can_be_ended(store: Store, feed: Feed) -> None:
    store.feeds.boost([feed.id], BOOST, NOON)
    store.feeds.boost([feed.id], None, NOON)
    assert store.feeds.all()[0].boost is None


def test_a_boost_that_began_while_the_feed_was_asked_holds_for_its_next_poll(store: Store, feed: Feed) -> None:
    (claimed,) = store.feeds.claim_due(NOON, LEASE, 1)
    store.feeds.boost([feed.id], BOOST, NOON)
    poll(store, claimed)
    assert store.feeds.all()[0].next_poll_at == NOON + 2 * MINUTE


def test_a_feed_that_a_boost_makes_due_sooner_says_so_and_no_other_does(store: Store) -> None:
    late, soon = many(store, 2)
    quiet = PollReason.QUIET
    record_poll(store, late, decision(reason=quiet, next_poll_at=NOON + HOUR, url=late.url), [], now=NOON)
    record_poll(store, soon, decision(reason=quiet, next_poll_at=NOON, url=soon.url), [], now=NOON)
    store.feeds.boost([late.id, soon.id], BOOST, NOON)
    assert [one.last_reason for one in store.feeds.all()] == [PollReason.BOOSTED, quiet]


def test_a_boost_of_nothing_is_nothing(store: Store, feed: Feed) -> None:
    store.feeds.boost([], BOOST, NOON)
    assert store.feeds.all()[0].boost is None


# ---- what is learned, and many new feeds


def test_what_polls_taught_and_a_feed_says_of_its_rhythm_comes_back_as_it_was(store: Store, feed: Feed) -> None:
    rhythm = Rhythm(17 * MINUTE, tuple(n / 7 for n in range(24)), HOUR)
    cadence = Cadence(HOUR, DAY, frozenset({0, 23}), frozenset({6}))
    record_poll(store, feed, decision(rhythm=rhythm), [], now=NOON, reading=Reading("T", "b", cadence))
    (kept,) = store.feeds.all()
    assert (kept.rhythm, kept.cadence) == (rhythm, cadence)
    record_poll(store, feed, decision(rhythm=None), [], now=NOON)
    assert store.feeds.all()[0].rhythm == rhythm


def test_of_ten_thousand_new_feeds_of_a_config_a_hundred_are_due_at_once(store: Store) -> None:
    many(store, 10_000)
    assert due(store, 0) == 101
    assert 1_100 <= due(store, 1) <= 1_210
    assert due(store, 15) == 10_000  # all within the interval


# ---- polls without a body


def quiet(feed: Feed, **more: object) -> Polled:
    return Polled(feed, decision(outcome=PollOutcome.NOT_MODIFIED, url=feed.url, **more), NOON)


def test_polls_without_a_body_are_stored_together_as_one_by_one(store: Store) -> None:
    first, second, third = many(store, 3)
    pause = HostPause("news.example", NOON + HOUR)
    store.feeds.record_polls([quiet(first), quiet(second, pause=pause)])
    record_poll(store, third, quiet(third).decision, [], now=NOON)
    assert {
        (one.last_outcome, one.next_poll_at, one.last_polled_at, one.last_success_at, one.validators.etag)
        for one in store.feeds.all()
    } == {(PollOutcome.NOT_MODIFIED, NOON + 15 * MINUTE, NOON, NOON, '"etag"')}
    assert store.feeds.host_pauses(NOON) == {"news.example": NOON + HOUR}
    assert store.ledger.counts(NOON).polls == {"not_modified": 3}


def test_where_one_cannot_be_stored_none_is(store: Store) -> None:
    first, second = many(store, 2)
    broken = quiet(second, next_poll_at=(NOON + HOUR).replace(tzinfo=None))
    with pytest.raises(Exception, match="naive"):
        store.feeds.record_polls([quiet(first), broken])
    assert [one.last_polled_at for one in store.feeds.all()] == [None, None]


# ---- what changes while a feed is asked, or while it waits


def test_a_login_that_was_mended_while_the_feed_was_asked_is_tried_at_once(store: Store, feed: Feed) -> None:
    refused = {"outcome": PollOutcome.AUTH_ERROR, "reason": PollReason.DAILY, "failures": 3}
    record_poll(store, feed, decision(**refused), [], now=NOON)
    (claimed,) = store.feeds.claim_due(NOON + 15 * MINUTE, LEASE, 1)
    assert store.feeds.try_now([feed.settings.url], NOON + 16 * MINUTE) == 1
    failed = decision(**refused, next_poll_at=NOON + DAY)
    store.feeds.record_polls([Polled(claimed, failed, NOON + 17 * MINUTE)])
    assert due(store, 17) == 1


def test_news_of_which_a_hub_told_while_the_feed_was_asked_is_polled_for_again(store: Store, feed: Feed) -> None:
    poll(store, feed)
    (claimed,) = store.feeds.claim_due(NOON + 15 * MINUTE, LEASE, 1)
    store.hubs.make_due(feed.id, NOON + 15.5 * MINUTE, 5 * MINUTE)
    unchanged = decision(outcome=PollOutcome.NOT_MODIFIED, next_poll_at=NOON + HOUR)
    store.feeds.record_polls([Polled(claimed, unchanged, NOON + 16 * MINUTE)])
    assert due(store, 20) == 0
    assert due(store, 21) == 1


def test_a_pause_that_a_server_asks_for_outlasts_what_came_while_it_was_asked(store: Store, feed: Feed) -> None:
    poll(store, feed)
    (claimed,) = store.feeds.claim_due(NOON + 15 * MINUTE, LEASE, 1)
    store.hubs.make_due(feed.id, NOON + 16 * MINUTE, MINUTE)
    told = decision(outcome=PollOutcome.RATE_LIMITED, reason=PollReason.RETRY_AFTER, next_poll_at=NOON + HOUR)
    store.feeds.record_polls([Polled(claimed, told, NOON + 17 * MINUTE)])
    assert due(store, 59) == 0


def test_an_interval_that_is_promised_in_the_config_holds_from_now_on(store: Store) -> None:
    fresh, rested, failing = many(store, 3)
    later = NOON + DAY
    record_poll(store, fresh, decision(reason=PollReason.FRESHNESS, next_poll_at=later), [], now=NOON)
    record_poll(store, rested, decision(reason=PollReason.RETRY_AFTER, next_poll_at=later), [], now=NOON)
    refused = {"outcome": PollOutcome.AUTH_ERROR, "reason": PollReason.DAILY, "failures": 3}
    record_poll(store, failing, decision(**refused, next_poll_at=later), [], now=NOON)
    promised = [feed_settings(one.settings.url, interval=2 * MINUTE) for one in (fresh, rested, failing)]
    store.feeds.sync(promised, NOON + MINUTE)
    assert [one.id for one in store.feeds.claim_due(NOON + 3 * MINUTE, LEASE, 9)] == [fresh.id]


def test_an_interval_that_gets_longer_makes_no_feed_sooner(store: Store, feed: Feed) -> None:
    poll(store, feed)
    store.feeds.sync([feed_settings(feed.settings.url, interval=HOUR)], NOON)
    assert store.feeds.all()[0].next_poll_at == NOON + 15 * MINUTE


def test_a_longest_interval_that_gets_shorter_holds_from_now_on_for_what_we_chose(store: Store) -> None:
    reasons = (PollReason.QUIET, PollReason.PUSHED, PollReason.FRESHNESS, PollReason.RETRY_AFTER)
    for one, reason in zip(many(store, 4), reasons, strict=True):
        record_poll(store, one, decision(reason=reason, next_poll_at=NOON + 6 * HOUR), [], now=NOON)
    assert store.feeds.keep_within(HOUR, NOON + MINUTE) == 2
    assert [one.last_reason for one in store.feeds.claim_due(NOON + HOUR + MINUTE, LEASE, 9)] == [*reasons[:2]]
    assert store.feeds.keep_within(HOUR, NOON + MINUTE) == 0


def test_an_interval_that_is_promised_while_the_feed_is_asked_holds_at_once(store: Store, feed: Feed) -> None:
    poll(store, feed)
    (claimed,) = store.feeds.claim_due(NOON + 15 * MINUTE, LEASE, 1)
    store.feeds.sync([feed_settings(feed.settings.url, interval=2 * MINUTE)], NOON + 15.5 * MINUTE)
    fresh = decision(outcome=PollOutcome.NOT_MODIFIED, reason=PollReason.FRESHNESS, next_poll_at=NOON + DAY)
    store.feeds.record_polls([Polled(claimed, fresh, NOON + 16 * MINUTE)])
    assert due(store, 18) == 1


def test_an_interval_that_is_taken_away_binds_no_longer(store: Store) -> None:
    weekly = feed_settings(interval=7 * DAY)
    store.feeds.sync([weekly], NOON)
    promised = decision(reason=PollReason.PROMISED, next_poll_at=NOON + 7 * DAY)
    record_poll(store, store.feeds.all()[0], promised, [], now=NOON)
    assert store.feeds.keep_within(HOUR, NOON) == 0
    store.feeds.sync([feed_settings()], NOON)
    assert store.feeds.keep_within(HOUR, NOON) == 1
    assert due(store, 60) == 1
