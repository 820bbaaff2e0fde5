"""What every store promises of its outbox, its ledger and a clock that was set."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from made import MINUTE, NOON, decision, feed_settings, match_of, message, new_article, new_entry, rule
from stored import LEASE, grouped, matched, plan, poll, put_into, read_articles, record_poll

from monitor.model.article import DuplicateReason, Grouping
from monitor.model.delivery import (
    Attempt,
    ChannelKind,
    Delivery,
    DeliveryState,
    Receipt,
    RetryAnswer,
    RetryDecision,
    RetryReason,
)
from monitor.model.digest import Window
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Feed
from monitor.model.ledger import NewMatch, Plan, RoutingState
from monitor.ports import Store


def test_a_delivery_is_claimed_by_one_sender(waiting: Store) -> None:
    claimed = waiting.outbox.claim(NOON, LEASE, 10)
    assert [one.new.message for one in claimed] == [message()]
    assert not waiting.outbox.claim(NOON, LEASE, 10)
    assert waiting.outbox.claim(NOON + LEASE, LEASE, 10)


def test_a_claim_passes_over_busy_receivers(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=3)
    first, second, third = made.deliveries
    rows = (first, replace(second, channel=ChannelKind.FILE), replace(third, receiver="night"))
    store.digests.record_plan(replace(made, deliveries=rows), NOON)
    busy = [("desk", ChannelKind.STDOUT), ("night", ChannelKind.FILE)]
    assert [one.new.key for one in store.outbox.claim(NOON, LEASE, 1, busy)] == [second.key]
    assert [one.new.key for one in store.outbox.claim(NOON, LEASE, 10, busy)] == [third.key]
    assert not store.outbox.claim(
        NOON + LEASE, LEASE, 10, [("desk", "stdout"), ("desk", "file"), ("night", "stdout")]
    )
    assert [one.new.key for one in store.outbox.claim(NOON, LEASE, 10)] == [first.key]


def test_of_those_due_at_one_moment_a_claim_takes_the_first_made_of_one_receiver(store: Store, feed: Feed) -> None:
    rows_to(store, feed, "ops", "desk", "desk", "ops")
    claimed = [[one.id for one in store.outbox.claim(NOON, LEASE, 1)] for _ in range(4)]
    assert claimed == [[2], [3], [1], [4]]


def test_a_sent_delivery_is_not_sent_again(waiting: Store) -> None:
    waiting.outbox.record_sent(waiting.outbox.claim(NOON, LEASE, 1)[0], Receipt("250 ok"), NOON)
    assert not waiting.outbox.claim(NOON + timedelta(days=9), LEASE, 10)
    sent = waiting.ledger.deliveries()[0]
    assert (sent.state, sent.receipt, sent.attempts) == (DeliveryState.SENT, "250 ok", 1)


def test_a_failed_delivery_waits_for_its_next_attempt(waiting: Store) -> None:
    failure = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")
    again = RetryDecision(NOON + MINUTE, RetryReason.BACK_OFF)
    waiting.outbox.record_failure(waiting.outbox.claim(NOON, LEASE, 1)[0], failure, again, NOON)
    assert not waiting.outbox.claim(NOON, LEASE, 10)
    retried = waiting.outbox.claim(NOON + MINUTE, LEASE, 10)[0]
    assert (retried.attempts, retried.last_error) == (1, "temporary: 451 later")


def test_a_delivery_that_is_given_up_is_kept_as_dead(waiting: Store) -> None:
    failure = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")
    waiting.outbox.record_failure(
        waiting.outbox.claim(NOON, LEASE, 1)[0], failure, RetryDecision(None, RetryReason.REFUSED), NOON
    )
    assert not waiting.outbox.claim(NOON + timedelta(days=9), LEASE, 10)
    assert [one.state for one in waiting.ledger.deliveries(state=DeliveryState.DEAD)] == [DeliveryState.DEAD]


def test_a_sender_that_slept_through_its_lease_takes_nothing_from_the_one_after_it(waiting: Store) -> None:
    sleeper = waiting.outbox.claim(NOON, LEASE, 10)
    (delivery,) = waiting.outbox.claim(NOON + LEASE, LEASE, 10)
    waiting.outbox.give_back(sleeper)
    assert not waiting.outbox.claim(NOON + LEASE, LEASE, 10)
    waiting.outbox.record_sent(delivery, Receipt("250 ok"), NOON + LEASE)
    failure = DeliveryFailed(DeliveryFault.UNKNOWN, "no answer")
    waiting.outbox.record_failure(
        sleeper[0], failure, RetryDecision(NOON + LEASE, RetryReason.BACK_OFF), NOON + LEASE
    )
    assert not waiting.outbox.claim(NOON + 9 * LEASE, LEASE, 10)
    (sent,) = waiting.ledger.deliveries()
    assert (sent.state, sent.last_error) == (DeliveryState.SENT, None)
    assert len(waiting.ledger.attempts_of(sent.id)) == 2


# ---- threads


def thread_to(store: Store, feed: Feed, channel: ChannelKind) -> tuple[Delivery, ...]:
    """A delivery by this channel and one that follows it: what of them is claimed."""
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=2)
    first, second = (replace(one, channel=channel) for one in made.deliveries)
    rows = (replace(second, thread=first.key), first)  # the reply has the lower id
    store.digests.record_plan(replace(made, deliveries=rows), NOON)
    return tuple(store.outbox.claim(NOON, LEASE, 10))


def test_a_reply_in_slack_waits_until_its_parent_has_a_place(store: Store, feed: Feed) -> None:
    (parent,) = thread_to(store, feed, ChannelKind.SLACK)
    assert parent.new.thread is None
    assert not store.outbox.claim(NOON, LEASE, 10)
    later = RetryDecision(NOON + MINUTE, RetryReason.BACK_OFF)
    store.outbox.record_failure(parent, DeliveryFailed(DeliveryFault.TEMPORARY, "later"), later, NOON)
    (again,) = store.outbox.claim(NOON + MINUTE, LEASE, 10)
    assert again.new.key == parent.new.key
    store.outbox.record_sent(again, Receipt("ok", "C1:1.1"), NOON + MINUTE)
    (reply,) = store.outbox.claim(NOON + MINUTE, LEASE, 10)
    assert reply.new.thread == parent.new.key
    assert store.outbox.reference_of(parent.new.key) == "C1:1.1"


def test_a_reply_goes_out_when_its_parent_is_given_up(store: Store, feed: Feed) -> None:
    (parent,) = thread_to(store, feed, ChannelKind.SLACK)
    refused = DeliveryFailed(DeliveryFault.REFUSED, "no")
    store.outbox.record_failure(parent, refused, RetryDecision(None, RetryReason.REFUSED), NOON)
    (reply,) = store.outbox.claim(NOON, LEASE, 10)
    assert reply.new.thread == parent.new.key
    assert store.outbox.reference_of(parent.new.key) is None
    assert store.outbox.reference_of("never made") is None


def test_elsewhere_a_reply_waits_for_nothing(store: Store, feed: Feed) -> None:
    assert len(thread_to(store, feed, ChannelKind.EMAIL)) == 2


# ---- retries by hand

FAILURE = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")
GIVEN_UP = RetryDecision(None, RetryReason.EXHAUSTED)
DAY = timedelta(days=1)


def given_up(store: Store, attempts: int = 1) -> Delivery:
    """The one delivery of the store, dead after so many attempts."""
    for number in range(attempts):
        claimed = store.outbox.claim(NOON, LEASE, 1)[0]
        decision = GIVEN_UP if number == attempts - 1 else RetryDecision(NOON, RetryReason.BACK_OFF)
        store.outbox.record_failure(claimed, FAILURE, decision, NOON)
    (dead,) = store.ledger.deliveries(state=DeliveryState.DEAD)
    return dead


def test_a_dead_delivery_retried_by_hand_starts_anew_and_keeps_its_history(waiting: Store) -> None:
    dead = given_up(waiting, attempts=3)
    assert waiting.outbox.retry(dead.id, NOON + 4 * DAY) is RetryAnswer.DUE_NOW
    (again,) = waiting.outbox.claim(NOON + 4 * DAY, LEASE, 1)
    assert again.new == dead.new
    assert (again.attempts, again.created_at, again.tried_since) == (0, NOON, NOON + 4 * DAY)
    assert again.last_error == "temporary: 451 later"
    waiting.outbox.record_sent(again, Receipt("250 ok"), NOON + 4 * DAY)
    attempts = waiting.ledger.attempts_of(dead.id)
    assert [one.outcome for one in attempts] == [
        "temporary, back_off",
        "temporary, back_off",
        "temporary, exhausted",
        "sent",
    ]
    assert attempts[-1] == Attempt(NOON + 4 * DAY, "sent", "250 ok")


def test_a_waiting_delivery_retried_by_hand_is_due_now(waiting: Store) -> None:
    later = RetryDecision(NOON + DAY, RetryReason.RETRY_AFTER)
    (claimed,) = waiting.outbox.claim(NOON, LEASE, 1)
    waiting.outbox.record_failure(claimed, FAILURE, later, NOON)
    assert waiting.outbox.retry(claimed.id, NOON + MINUTE) is RetryAnswer.DUE_NOW
    assert waiting.outbox.claim(NOON + MINUTE, LEASE, 1)


def test_a_delivery_that_is_being_sent_is_left_alone(waiting: Store) -> None:
    (claimed,) = waiting.outbox.claim(NOON, LEASE, 1)
    before = waiting.ledger.deliveries()
    assert waiting.outbox.retry(claimed.id, NOON + MINUTE) is RetryAnswer.BEING_SENT
    assert waiting.ledger.deliveries() == before
    assert not waiting.outbox.claim(NOON + MINUTE, LEASE, 1)
    assert waiting.outbox.retry(claimed.id, NOON + LEASE) is RetryAnswer.DUE_NOW  # its sender died


def test_what_is_sent_is_not_retried(waiting: Store) -> None:
    (claimed,) = waiting.outbox.claim(NOON, LEASE, 1)
    waiting.outbox.record_sent(claimed, Receipt("250 ok"), NOON)
    assert waiting.outbox.retry(claimed.id, NOON + DAY) is RetryAnswer.ALREADY_SENT
    assert waiting.outbox.retry_dead(NOON + DAY) == {}
    assert not waiting.outbox.claim(NOON + DAY, LEASE, 1)


def test_a_draft_is_never_retried(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store, draft=True), NOON)
    (draft,) = store.ledger.deliveries()
    assert store.outbox.retry(draft.id, NOON) is RetryAnswer.DRAFT
    assert store.outbox.retry_dead(NOON) == {}
    assert not store.outbox.claim(NOON + DAY, LEASE, 1)


def test_what_is_not_there_is_gone(store: Store) -> None:
    assert store.outbox.retry(4711, NOON) is RetryAnswer.GONE


def rows_to(store: Store, feed: Feed, *receivers: str) -> None:
    """One delivery to each receiver."""
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=len(receivers))
    rows = tuple(replace(one, receiver=receiver) for one, receiver in zip(made.deliveries, receivers, strict=True))
    store.digests.record_plan(replace(made, deliveries=rows), NOON)


def test_all_dead_deliveries_or_those_to_one_receiver_are_retried(store: Store, feed: Feed) -> None:
    rows_to(store, feed, "desk", "desk", "ops", "west")
    for one in (*store.outbox.claim(NOON, LEASE, 3), *store.outbox.claim(NOON, LEASE, 3)):
        store.outbox.record_failure(one, FAILURE, GIVEN_UP, NOON)
    assert store.outbox.retry_dead(NOON + DAY, "west") == {}
    assert store.outbox.retry_dead(NOON + DAY, "ops") == {"ops": 1}
    assert [one.new.receiver for one in store.ledger.deliveries(state=DeliveryState.DEAD)] == ["desk", "desk"]
    assert store.outbox.retry_dead(NOON + DAY) == {"desk": 2}
    claimed = [len(store.outbox.claim(NOON + DAY, LEASE, 10)) for _ in range(4)]
    assert sorted(claimed) == [0, 1, 1, 2]


# ---- ledger


def test_deliveries_are_asked_for_by_state_digest_and_receiver(store: Store, feed: Feed) -> None:
    rows_to(store, feed, "desk", "ops", "desk")
    store.outbox.record_failure(store.outbox.claim(NOON, LEASE, 1)[0], FAILURE, GIVEN_UP, NOON)

    def receivers(**wanted: Any) -> list[str]:
        return [one.new.receiver for one in store.ledger.deliveries(**wanted)]

    assert receivers() == ["desk", "ops", "desk"]
    assert receivers(receiver="desk") == ["desk", "desk"]
    assert receivers(receiver="desk", state=DeliveryState.DEAD) == ["desk"]
    assert receivers(digest="morning", limit=2) == ["desk", "ops"]
    assert receivers(digest="evening") == receivers(receiver="des") == []


def test_a_delivery_is_called_by_its_id_its_key_or_a_beginning_of_it(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=4)
    keys = ("1234567890abcdef", "123456ffffffffff", "abcdef", "abcdef99999999999")
    rows = tuple(replace(one, key=key) for one, key in zip(made.deliveries, keys, strict=True))
    store.digests.record_plan(replace(made, deliveries=rows), NOON)

    def called(name: str) -> list[str]:
        return [one.new.key for one in store.ledger.deliveries_called(name)]

    first, *_, last = reversed(store.ledger.deliveries())
    assert called(str(first.id)) == [keys[0]]
    assert called(str(last.id)) == [keys[3]]
    assert called("1234567890abcdef") == called("1234567") == [keys[0]]
    assert called("123456") == [keys[0], keys[1]]
    assert called("abcdef") == ["abcdef"]  # a whole key means itself
    assert called("abcdef9") == [keys[3]]
    for nothing in (
        "12345",
        "abcde",
        "ABCDEF9",
        "abcde%",
        "abcde_9",
        "",
        "9" * 40,
        "٣",
        "-1",
        "123456\0",
        "12345\udcff",
    ):
        assert called(nothing) == [], nothing


def test_the_ledger_tells_the_fate_of_an_entry(waiting: Store) -> None:
    fate = waiting.ledger.fates("", "https://news.example/e1")[0]
    routing = fate.matches[0].routings[0]
    assert fate.article is not None
    assert (routing.digest, routing.state, routing.batch) == ("morning", RoutingState.PLANNED, "b1")
    assert [one.state for one in routing.deliveries] == [DeliveryState.WAITING]


def test_a_merged_match_names_the_batch_that_carried_its_story(waiting: Store, feed: Feed) -> None:
    second = grouped(waiting, feed, "e2", story="s_1")
    matched(waiting, second, "morning")
    pending = waiting.digests.pending("morning")[0]
    merged = Plan("morning", "b2", Window(NOON, NOON + MINUTE), (), (pending.id,), (), 0, False)
    waiting.digests.record_plan(merged, NOON)
    routing = waiting.ledger.fates("", "https://news.example/e2")[0].matches[0].routings[0]
    assert (routing.state, routing.batch, len(routing.deliveries)) == (RoutingState.MERGED, "b1", 1)


def test_an_entry_without_a_url_key_is_found_by_its_link(store: Store, feed: Feed) -> None:
    assert not store.ledger.fates("https://nowhere.example/", "")


def test_a_copy_names_its_original(store: Store, feed: Feed) -> None:
    first = grouped(store, feed, "e1")
    poll(store, feed, new_entry("e2"))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))
    copy = read_articles(store)[0]
    put_into(store, copy.id, Grouping("s_1", first.id, DuplicateReason.SAME_CONTENT))
    fate = store.ledger.fates("", "https://news.example/e2")[0]
    assert fate.original is not None
    assert fate.original.id == first.id


def test_counts_speak_of_the_last_hour(waiting: Store) -> None:
    counts = waiting.ledger.counts(NOON + MINUTE)
    assert (counts.entries, counts.matches, counts.stories) == (1, 1, 1)
    assert counts.polls == {"ok": 1}
    assert counts.deliveries == {"waiting": 1}
    later = waiting.ledger.counts(NOON + timedelta(hours=2))
    assert (later.entries, later.matches, later.polls) == (0, 0, {})


# ---- a clock that was set


def test_what_a_wrong_clock_put_far_ahead_is_pulled_back(waiting: Store, feed: Feed) -> None:
    year = timedelta(days=365)
    ahead = decision(NOON + year)
    record_poll(waiting, feed, ahead, [], now=NOON + year)
    waiting.outbox.claim(NOON + year, LEASE, 10)
    waiting.digests.record_plan(
        Plan("morning", "b9", Window(NOON, NOON + year), (), (), (), 0, closes_window=True), NOON
    )
    assert waiting.set_right(NOON) >= 3
    assert waiting.feeds.claim_due(NOON, LEASE, 10)
    assert waiting.outbox.claim(NOON, LEASE, 10)
    state = waiting.digests.state_of("morning")
    assert state is not None
    assert state.last_end == NOON


def test_a_right_clock_moves_nothing(waiting: Store, feed: Feed) -> None:
    poll(waiting, feed)
    assert waiting.set_right(NOON + timedelta(hours=2)) == 0


def test_a_feed_that_is_asked_weekly_keeps_its_week(store: Store) -> None:
    store.feeds.sync([feed_settings(interval=timedelta(days=7))], NOON)
    weekly = store.feeds.all()[0]
    record_poll(store, weekly, decision(NOON, next_poll_at=NOON + timedelta(days=7)), [], now=NOON)
    assert store.set_right(NOON) == 0


def test_a_match_made_while_the_clock_was_ahead_is_of_now(store: Store, feed: Feed) -> None:
    article = grouped(store, feed)
    new = NewMatch(match_of(), rule(), "because", ("morning",))
    store.articles.record_matches(article, "rules-1", [new], [], [], NOON + timedelta(days=365))
    assert store.set_right(NOON) == 1
    assert store.digests.pending("morning")[0].matched_at == NOON
