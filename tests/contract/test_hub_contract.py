"""What every store promises of subscriptions at hubs and of what they push."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import NOON, decision, feed_settings, new_entry
from stored import record_poll

from monitor.model.cadence import Boost, Cadence, HubOffer
from monitor.model.feed import Feed, PollOutcome, PollReason, Reading
from monitor.model.secret import Secret
from monitor.model.websub import HubState, HubSubscription, HubTrust, PushLimits, PushOutcome
from monitor.ports import Store

OFFER = HubOffer("https://hub.example/", "https://news.example/feed")
HOME = "https://desk.example"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ROOMY = PushLimits(most=3, feed_bytes=100, all_bytes=150)


def offer(store: Store, feed: Feed, offered: HubOffer | None = OFFER, **more: object) -> None:
    made = decision(next_poll_at=NOON + HOUR, **more)
    record_poll(store, feed, made, [], now=NOON, reading=Reading(cadence=Cadence(), hub=offered))


def subscribed(store: Store, feed: Feed, token: str = "token") -> HubSubscription:
    offer(store, feed)
    store.hubs.add(feed.id, OFFER, token=token, secret="sesame", public_url=HOME, now=NOON)
    made = only_one(store)
    store.hubs.note_asked(made, NOON, NOON + HOUR)
    store.hubs.note_verified(made, NOON, NOON + 24 * HOUR, NOON + 16 * HOUR)
    return only_one(store)


def only_one(store: Store) -> HubSubscription:
    (found,) = store.hubs.all()
    return found


def feed_of(store: Store) -> Feed:
    return store.feeds.all()[0]


def test_a_feed_that_offers_a_hub_is_found_until_it_has_a_subscription(store: Store, feed: Feed) -> None:
    assert store.hubs.offers(10) == []
    offer(store, feed)
    assert store.hubs.offers(10) == [(feed.id, OFFER)]
    store.hubs.add(feed.id, OFFER, token="token", secret="sesame", public_url=HOME, now=NOON)
    assert store.hubs.offers(10) == []
    made = only_one(store)
    assert (made.state, made.callback, made.secret) == (HubState.WANTED, f"{HOME}/websub/token", Secret("sesame"))
    assert store.hubs.with_token("token") == store.hubs.of_feed(feed.id) == made
    assert store.hubs.with_token("other") is None
    assert "sesame" not in repr(made)
    assert "token" not in repr(made).replace("'token'", "token=")


def test_it_is_asked_when_it_is_due_and_again_when_nothing_comes_of_it(store: Store, feed: Feed) -> None:
    offer(store, feed)
    store.hubs.add(feed.id, OFFER, token="token", secret="sesame", public_url=HOME, now=NOON)
    (due,) = store.hubs.due(NOON, 10)
    store.hubs.note_asked(due, NOON, NOON + MINUTE, "not verified")
    assert (only_one(store).state, only_one(store).error) == (HubState.ASKED, "not verified")
    assert store.hubs.due(NOON, 10) == []
    store.hubs.note_failed(due, "answered 503", NOON + HOUR)
    failed = only_one(store)
    assert (failed.failures, failed.error, failed.pending) == (1, "answered 503", True)
    assert store.hubs.due(NOON + HOUR, 10) == [failed]


def test_a_verification_within_the_request_outlives_its_bad_answer(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.hubs.note_failed(made, "the connection broke", NOON + MINUTE)
    assert only_one(store) == made
    assert not made.pending
    assert made.error is None
    assert (made.state, made.failures) == (HubState.SUBSCRIBED, 0)


def test_a_renewal_leaves_what_holds_in_force(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.hubs.note_asked(made, NOON + HOUR, NOON + 2 * HOUR)
    store.hubs.note_failed(made, "timeout", NOON + 3 * HOUR)
    again = only_one(store)
    assert (again.state, again.failures, again.lease_until) == (HubState.SUBSCRIBED, 1, NOON + 24 * HOUR)


@pytest.mark.parametrize(
    "offered", [None, replace(OFFER, hub="https://other.example/"), replace(OFFER, topic="x")]
)
def test_what_a_feed_offers_no_longer_is_left_but_not_at_once(
    store: Store, feed: Feed, offered: HubOffer | None
) -> None:
    subscribed(store, feed)
    assert store.hubs.leave_unwanted(NOON + HOUR, HOUR) == 0
    offer(store, feed, offered)
    assert store.hubs.leave_unwanted(NOON + MINUTE, HOUR) == 0
    assert store.hubs.leave_unwanted(NOON + HOUR, HOUR) == 1
    assert only_one(store).state is HubState.LEAVING
    assert store.hubs.of_feed(feed.id) is None
    assert [one for _, one in store.hubs.offers(10)] == ([offered] if offered else [])


def test_the_hub_of_a_removed_feed_is_left_at_once(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.feeds.unsubscribe(feed.id)
    assert store.hubs.leave_unwanted(NOON, HOUR) == 1
    assert store.hubs.offers(10) == []
    store.hubs.drop(made)
    assert store.hubs.all() == []


def test_another_public_address_forgets_what_hubs_cannot_reach_any_more(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.hubs.rely(feed.id, NOON + HOUR)
    store.hubs.take(made, b"<rss/>", None, NOON, ROOMY)
    store.hubs.begin(HOME, NOON)
    assert store.hubs.all() == [made]
    assert len(store.hubs.pushes(9)) == 1
    assert feed_of(store).next_poll_at == NOON + HOUR
    store.hubs.begin("", NOON)
    assert store.hubs.all() == []
    assert store.hubs.pushes(9) == []
    assert (feed_of(store).next_poll_at, feed_of(store).pushed_until) == (NOON, None)


def test_a_denied_subscription_is_polled(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.hubs.rely(feed.id, NOON + HOUR)
    store.hubs.note_denied(made, "denied: no", NOON, NOON + 24 * HOUR)
    denied = only_one(store)
    assert (denied.state, denied.error, denied.lease_until) == (HubState.DENIED, "denied: no", None)
    assert (feed_of(store).pushed_until, feed_of(store).next_poll_at) == (None, NOON)


def test_a_push_waits_until_it_is_read_and_its_entries_are_stored_once(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    before = feed_of(store)
    assert store.hubs.take(made, b"<rss/>", "application/rss+xml", NOON, ROOMY) is PushOutcome.TAKEN
    ((push, its_feed),) = store.hubs.pushes(10)
    assert (push.body, push.content_type, its_feed.id) == (b"<rss/>", "application/rss+xml", feed.id)
    entries = [new_entry("e1"), new_entry("e2", "Other")]
    assert store.hubs.record_push(push, entries, NOON, True, NOON + HOUR) == 2
    assert store.hubs.pushes(10) == []
    assert store.hubs.record_push(push, entries, NOON, True, NOON + HOUR) == 0
    after = only_one(store)
    assert (after.pushed_at, after.proven_at) == (NOON, NOON)
    assert feed_of(store) == replace(before, pushed_until=NOON + HOUR)


def test_pushes_put_off_the_next_poll_up_to_a_day(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)  # polled at noon, next in an hour

    def pushed(at: timedelta, until: timedelta) -> timedelta:
        store.hubs.take(made, b"<rss/>", None, NOON + at, ROOMY)
        store.hubs.record_push(store.hubs.pushes(1)[0][0], [], NOON + at, True, NOON + until)
        return feed_of(store).next_poll_at - NOON

    assert pushed(30 * MINUTE, 90 * MINUTE) == 90 * MINUTE
    assert pushed(89 * MINUTE, 24 * HOUR) == 24 * HOUR
    assert pushed(90 * MINUTE, 24 * HOUR + MINUTE) == 24 * HOUR
    store.hubs.make_due(feed.id, NOON + 2 * HOUR, MINUTE)
    assert pushed(2 * HOUR, 3 * HOUR) == 2 * HOUR


def test_a_feed_that_a_push_puts_off_says_so(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    assert feed_of(store).last_reason is PollReason.INTERVAL
    store.hubs.take(made, b"<rss/>", None, NOON, ROOMY)
    store.hubs.record_push(store.hubs.pushes(1)[0][0], [], NOON, True, NOON + 2 * HOUR)
    assert feed_of(store).last_reason is PollReason.PUSHED


@pytest.mark.parametrize("promise", ["boost", "interval", "retry_after"])
def test_a_push_puts_off_no_feed_that_is_promised_something_meanwhile(
    store: Store, feed: Feed, promise: str
) -> None:
    made = subscribed(store, feed)
    store.hubs.take(made, b"<rss/>", None, NOON, ROOMY)
    if promise == "boost":
        store.feeds.boost([feed.id], Boost(2 * MINUTE, NOON + 6 * HOUR), NOON - MINUTE)
        record_poll(store, feed, decision(reason=PollReason.BOOSTED, next_poll_at=NOON + MINUTE), [], now=NOON)
    elif promise == "interval":
        store.feeds.sync([feed_settings(interval=5 * MINUTE)], NOON)
    else:
        asked = decision(reason=PollReason.RETRY_AFTER, next_poll_at=NOON + HOUR)
        record_poll(store, feed, asked, [], now=NOON)
    before = feed_of(store)
    store.hubs.record_push(store.hubs.pushes(1)[0][0], [], NOON, True, NOON + 2 * HOUR)
    assert (feed_of(store).next_poll_at, feed_of(store).last_reason) == (before.next_poll_at, before.last_reason)


def test_what_waits_is_bounded_by_number_and_size(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.feeds.sync([feed_settings(), feed_settings("https://wire.example/feed")], NOON)
    other = replace(made, feed_id=store.feeds.all()[1].id)
    assert store.hubs.take(made, b"x" * 101, None, NOON, ROOMY) is PushOutcome.FEED_DUE
    assert store.hubs.take(made, b"x" * 60, None, NOON, ROOMY) is PushOutcome.TAKEN
    assert store.hubs.take(made, b"x" * 60, None, NOON, ROOMY) is PushOutcome.FEED_DUE
    assert store.hubs.take(other, b"x" * 91, None, NOON, ROOMY) is PushOutcome.FEED_DUE
    assert store.hubs.take(other, b"x" * 80, None, NOON, ROOMY) is PushOutcome.TAKEN
    for _ in range(2):
        assert store.hubs.take(made, b"x", None, NOON, ROOMY) is PushOutcome.TAKEN
    assert store.hubs.take(made, b"x", None, NOON, ROOMY) is PushOutcome.FEED_DUE
    assert [one.body for one, _ in store.hubs.pushes(9)] == [b"x" * 60, b"x" * 80]  # one of each feed
    store.hubs.drop_push(store.hubs.pushes(1)[0][0])
    assert store.hubs.take(made, b"x", None, NOON, ROOMY) is PushOutcome.TAKEN


def test_a_feed_is_made_due_but_never_sooner_than_polite(store: Store, feed: Feed) -> None:
    offer(store, feed)  # polled at noon, next in an hour
    store.hubs.make_due(feed.id, NOON + MINUTE, 5 * MINUTE)
    assert feed_of(store).next_poll_at == NOON + 6 * MINUTE
    store.hubs.make_due(feed.id, NOON + 3 * MINUTE, 5 * MINUTE)
    assert feed_of(store).next_poll_at == NOON + 6 * MINUTE
    store.hubs.make_due(feed.id, NOON + 5 * MINUTE, 5 * MINUTE)
    assert feed_of(store).next_poll_at == NOON + 5 * MINUTE


@pytest.mark.parametrize(
    "polled",
    [
        {"outcome": PollOutcome.RATE_LIMITED, "reason": PollReason.RETRY_AFTER, "failures": 1},
        {"outcome": PollOutcome.NOT_MODIFIED, "reason": PollReason.RETRY_AFTER},
        {"outcome": PollOutcome.TIMEOUT, "reason": PollReason.BACK_OFF, "failures": 1},
    ],
)
def test_a_server_that_needs_rest_is_left_alone_whatever_its_hub_says(
    store: Store, feed: Feed, polled: dict[str, object]
) -> None:
    offer(store, feed)
    offer(store, feed_of(store), **polled)
    store.hubs.make_due(feed.id, NOON + 30 * MINUTE, MINUTE)
    assert feed_of(store).next_poll_at == NOON + HOUR


def test_a_doubt_ends_reliance_and_what_was_proven(store: Store, feed: Feed) -> None:
    made = subscribed(store, feed)
    store.hubs.take(made, b"<rss/>", None, NOON, ROOMY)
    store.hubs.record_push(store.hubs.pushes(1)[0][0], [new_entry()], NOON, True, NOON + HOUR)
    store.hubs.doubt(made, HubTrust.MISSED, NOON + 2 * MINUTE, MINUTE)
    after = only_one(store)
    assert (after.doubt, after.doubted_at, after.proven_at) == (HubTrust.MISSED, NOON + 2 * MINUTE, None)
    assert feed_of(store).pushed_until is None
    assert feed_of(store).next_poll_at == NOON + 2 * MINUTE


def test_a_feed_whose_hub_falls_silent_is_polled(store: Store, feed: Feed) -> None:
    subscribed(store, feed)
    store.hubs.rely(feed.id, NOON + 10 * MINUTE)
    assert store.hubs.end_silence(NOON + 9 * MINUTE, NOON + 8 * MINUTE, MINUTE) == 0
    assert store.hubs.end_silence(NOON + 10 * MINUTE, NOON + 9 * MINUTE, MINUTE) == 1
    assert feed_of(store).next_poll_at == NOON + 9 * MINUTE
    assert store.hubs.end_silence(NOON + 10 * MINUTE, NOON + 9 * MINUTE, MINUTE) == 0


def test_a_clock_set_back_leaves_no_feed_to_its_hub_for_long(store: Store, feed: Feed) -> None:
    subscribed(store, feed)
    store.hubs.rely(feed.id, NOON + HOUR)
    store.set_right(NOON - timedelta(days=90))
    assert feed_of(store).pushed_until == NOON - timedelta(days=90)
    assert only_one(store).next_try_at == NOON - timedelta(days=90)


def test_a_hub_that_is_left_is_relied_on_no_more(store: Store, feed: Feed) -> None:
    subscribed(store, feed)
    store.hubs.rely(feed.id, NOON + HOUR)
    offer(store, feed_of(store), None)
    store.hubs.leave_unwanted(NOON + MINUTE, timedelta(0))
    assert (feed_of(store).pushed_until, feed_of(store).next_poll_at) == (None, NOON + MINUTE)
