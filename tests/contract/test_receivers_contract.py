"""What every store promises of receivers that refuse everything, and of what is claimed for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import MINUTE, NOON
from stored import LEASE, grouped, matched, plan

from monitor.model.delivery import (
    BrokenReceiver,
    ChannelKind,
    Receipt,
    RetryDecision,
    RetryReason,
)
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Feed
from monitor.ports import Store

HOUR = timedelta(hours=1)
STDOUT = ChannelKind.STDOUT
REFUSED = DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "535 wrong password")
IN_AN_HOUR = RetryDecision(NOON + HOUR, RetryReason.BROKEN_RECEIVER)


@pytest.fixture
def three(store: Store, feed: Feed) -> Store:
    """Two deliveries for desk, and then one for night."""
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=3)
    rows = (*made.deliveries[:2], replace(made.deliveries[2], receiver="night"))
    store.digests.record_plan(replace(made, deliveries=rows), NOON)
    return store


def broken(receiver: str = "desk", minutes: int = 0, error: str = "535 wrong password") -> BrokenReceiver:
    since = NOON + minutes * MINUTE
    return BrokenReceiver(receiver, STDOUT, since, error, since + HOUR)


def names(store: Store, minutes: int = 0) -> list[str]:
    return [one.new.receiver for one in store.outbox.claim(NOON + minutes * MINUTE, LEASE, 10)]


def test_a_claim_is_of_one_receivers_channel(three: Store) -> None:
    assert names(three) == ["desk", "desk"]
    assert names(three) == ["night"]


def test_what_is_given_back_is_claimed_again(three: Store) -> None:
    first, second = three.outbox.claim(NOON, LEASE, 10)
    three.outbox.record_sent(first, Receipt("250 ok"), NOON)
    three.outbox.give_back([first, second])
    assert [one.id for one in three.outbox.claim(NOON, LEASE, 10)] == [second.id]


def test_a_receiver_that_refuses_everything_is_left_alone_and_holds_up_nobody(three: Store) -> None:
    three.receivers.open(broken())
    assert names(three) == ["night"]
    assert names(three, 4) == []


def test_when_its_time_has_come_one_delivery_is_given_out(three: Store) -> None:
    three.receivers.open(broken("desk"))
    three.receivers.open(broken("night"))
    assert names(three, 60) == ["desk"]


def test_another_channel_of_the_receiver_goes_on(three: Store) -> None:
    three.receivers.open(replace(broken(), channel=ChannelKind.EMAIL))
    assert names(three) == ["desk", "desk"]


def test_the_broken_are_listed_the_longest_first_with_what_waits_for_them(three: Store) -> None:
    three.receivers.open(broken("night", 5))
    three.receivers.open(broken("desk"))
    assert three.receivers.broken() == [broken("desk"), broken("night", 5)]
    assert three.receivers.waiting("desk", STDOUT) == 2
    assert three.receivers.waiting("desk", ChannelKind.EMAIL) == 0


def test_one_that_is_opened_again_keeps_since_when(three: Store) -> None:
    three.receivers.open(broken())
    three.receivers.open(broken(minutes=60, error="535 still wrong"))
    (one,) = three.receivers.broken()
    assert (one.since, one.error, one.next_try_at) == (NOON, "535 still wrong", NOON + 2 * HOUR)


def test_when_it_is_closed_all_go_on_also_what_was_tried_meanwhile(three: Store) -> None:
    tried, other = three.outbox.claim(NOON, LEASE, 10)
    three.outbox.record_failure(tried, REFUSED, IN_AN_HOUR, NOON)
    three.outbox.give_back([other])
    three.receivers.open(broken())
    assert three.receivers.close("desk", STDOUT, NOON + MINUTE)
    assert names(three, 1) == ["desk", "desk"]
    assert not three.receivers.broken()


def test_what_waits_for_another_reason_keeps_its_time_when_the_receiver_is_closed(three: Store) -> None:
    later = DeliveryFailed(DeliveryFault.TEMPORARY, "broken_receiver: says the server")
    tried, other = three.outbox.claim(NOON, LEASE, 10)
    three.outbox.record_failure(tried, later, IN_AN_HOUR, NOON)
    three.outbox.give_back([other])
    three.receivers.open(broken())
    three.receivers.close("desk", STDOUT, NOON)
    assert [one.id for one in three.outbox.claim(NOON, LEASE, 10)] == [other.id]


def test_closing_what_works_says_so_and_changes_nothing(three: Store) -> None:
    three.receivers.open(broken())
    assert not three.receivers.close("night", STDOUT, NOON)
    assert not three.receivers.close("desk", ChannelKind.EMAIL, NOON)
    assert len(three.receivers.broken()) == 1


def test_broken_receivers_are_tried_now_when_somebody_asks(three: Store) -> None:
    three.receivers.open(broken("desk"))
    three.receivers.open(broken("night"))
    assert three.receivers.try_now(NOON + MINUTE, "night", ChannelKind.EMAIL) == 0
    assert three.receivers.try_now(NOON + MINUTE, "night", STDOUT) == 1
    assert names(three, 1) == ["night"]
    assert three.receivers.try_now(NOON + MINUTE) == 1
    assert names(three, 1) == ["desk"]
    assert [one.since for one in three.receivers.broken()] == [NOON, NOON]


def test_who_left_the_config_is_forgotten_once_nothing_waits_for_them(three: Store) -> None:
    for name in ("desk", "night", "gone"):
        three.receivers.open(broken(name))
    three.receivers.forget_all_but([("desk", STDOUT), ("gone", ChannelKind.SLACK)])
    assert [one.receiver for one in three.receivers.broken()] == ["desk", "night"]
    for _ in range(3):
        three.receivers.try_now(NOON)
        for one in three.outbox.claim(NOON, LEASE, 10):
            three.outbox.record_sent(one, Receipt("250 ok"), NOON)
    three.receivers.forget_all_but([])
    assert not three.receivers.broken()


def test_a_clock_that_was_ahead_leaves_no_receiver_alone_for_years(three: Store) -> None:
    three.receivers.open(replace(broken(), next_try_at=NOON + timedelta(days=365)))
    three.set_right(NOON)
    assert names(three) == ["desk"]
