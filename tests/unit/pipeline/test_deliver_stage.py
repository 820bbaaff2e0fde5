"""deliver: each row is sent once, retried as decided, or kept as dead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOON
from newsroom import DAY, HOUR, Newsroom, after, digest_settings, item

from monitor.model.delivery import (
    ChannelKind,
    DeliveryState,
    FileEndpoint,
    Receipt,
    Receiver,
    RetryAnswer,
    RetryReason,
    StdoutEndpoint,
)
from monitor.model.digest import Message, MessageFormat, Window
from monitor.model.errors import DeliveryFailed, DeliveryFault, StoreUnusable
from monitor.model.ledger import Plan
from monitor.pipeline.deliver import LEASE, DeliverStage
from monitor.testing import RecordingChannel

DESK = ("desk", ChannelKind.STDOUT)
CONSOLE = Receiver("desk", (StdoutEndpoint(),))
LATER = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")


def planned(*failures: DeliveryFailed, **more: Any) -> Newsroom:
    """One story planned for the desk, whose channel fails so often first."""
    channel = RecordingChannel(failures)
    room = Newsroom(**{"receivers": [CONSOLE], "channels": {DESK: channel}, **more})
    room.bring_in(item())
    room.plan()
    return room


def sent(room: Newsroom, receiver: tuple[str, ChannelKind] = DESK) -> list[tuple[Message, str, str]]:
    channel = room.channels[receiver]
    assert isinstance(channel, RecordingChannel)
    return channel.sent


def states(room: Newsroom) -> list[DeliveryState]:
    return [one.state for one in room.store.ledger.deliveries()]


def test_what_is_due_is_sent_with_its_key_and_the_receipt_is_kept() -> None:
    room = planned()
    (report,) = room.deliver()
    (row,) = room.store.ledger.deliveries()
    ((message, recipient, key),) = sent(room)
    assert (message, recipient, key) == (row.new.message, "stdout", row.new.key)
    assert report.receipt == Receipt(f"recorded {key}")
    assert (row.state, row.receipt, row.sent_at, row.attempts) == (
        DeliveryState.SENT,
        f"recorded {key}",
        NOON,
        1,
    )


def test_a_failed_delivery_is_retried_with_the_same_key_until_it_is_sent() -> None:
    room = planned(*[LATER] * 4)
    waits = []
    for _ in range(4):
        (report,) = room.deliver()
        assert report.failure is not None
        assert report.decision is not None
        assert report.decision.retry_at is not None
        assert report.decision.reason is RetryReason.BACK_OFF
        assert not room.deliver()
        waits.append(report.decision.retry_at - room.clock.now())
        room.clock.set(report.decision.retry_at)
    assert waits == sorted(waits)
    assert waits[0] < 30 * timedelta(seconds=1) < waits[-1]
    assert [report.failure for report in room.deliver()] == [None]
    (row,) = room.store.ledger.deliveries()
    assert (row.state, row.attempts, row.last_error) == (DeliveryState.SENT, 5, None)
    assert len(sent(room)) == 1
    assert room.number("SELECT count(*) FROM attempts") == 5


def test_retry_after_is_waited_for() -> None:
    room = planned(DeliveryFailed(DeliveryFault.RATE_LIMITED, "HTTP 429", 10 * MINUTE))
    (report,) = room.deliver()
    assert report.decision is not None
    assert report.decision.reason is RetryReason.RETRY_AFTER
    room.clock.advance(10 * MINUTE)
    assert not room.deliver()
    room.clock.advance(MINUTE)
    assert len(room.deliver()) == 1


def test_a_refused_message_is_dead_at_once_and_kept_with_the_servers_words() -> None:
    room = planned(DeliveryFailed(DeliveryFault.REFUSED, "550 no such user"))
    (report,) = room.deliver()
    assert report.decision is not None
    assert (report.decision.retry_at, report.decision.reason) == (None, RetryReason.REFUSED)
    room.clock.advance(30 * DAY)
    assert not room.deliver()
    (row,) = room.store.ledger.deliveries(state=DeliveryState.DEAD)
    assert row.last_error == "refused: 550 no such user"
    assert row.new.message.text


def test_after_three_days_a_delivery_is_given_up_and_kept() -> None:
    room = planned(*[LATER] * 1000)
    reports = []
    while room.clock.now() < NOON + 4 * DAY:
        reports += room.deliver()
        room.clock.advance(2 * HOUR)
    last = reports[-1].decision
    assert last is not None
    assert (last.retry_at, last.reason) == (None, RetryReason.EXHAUSTED)
    assert states(room) == [DeliveryState.DEAD]
    assert len(reports) == 37
    assert room.number("SELECT count(*) FROM attempts") == len(reports)


def test_a_dead_delivery_retried_by_hand_gets_its_three_days_again() -> None:
    room = planned(*[LATER] * 60, DeliveryFailed(DeliveryFault.REFUSED, "550 no"), *[LATER] * 30)
    while states(room) == [DeliveryState.WAITING]:
        room.deliver()
        room.clock.advance(HOUR)
    (dead,) = room.store.ledger.deliveries(state=DeliveryState.DEAD)
    room.clock.advance(30 * DAY)
    assert room.store.outbox.retry(dead.id, room.clock.now()) is RetryAnswer.DUE_NOW
    retried_at = room.clock.now()
    (report,) = room.deliver()
    assert report.decision is not None
    assert report.decision.retry_at is not None
    assert report.decision.retry_at - retried_at == timedelta(seconds=26.25)  # the first step, not the last
    while states(room) == [DeliveryState.WAITING]:
        room.clock.advance(HOUR)
        room.deliver()
    assert states(room) == [DeliveryState.SENT]
    assert room.clock.now() < retried_at + 3 * DAY
    assert {key for _, _, key in sent(room)} == {dead.new.key}
    assert sent(room)[0][0] == dead.new.message


def test_a_receiver_that_left_the_config_is_waited_for_and_then_given_up() -> None:
    room = planned()
    room.channels.clear()
    (report,) = room.deliver()
    assert report.failure is not None
    assert report.failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert 'no receiver "desk" by stdout in the config' in report.failure.detail
    assert report.decision is not None
    assert report.decision.retry_at == NOON + HOUR
    room.channels[DESK] = RecordingChannel()
    room.clock.advance(HOUR)
    assert [one.failure for one in room.deliver()] == [None]
    gone = planned()
    gone.channels.clear()
    attempts = 0
    while gone.clock.now() < NOON + 4 * DAY:
        attempts += len(gone.deliver())
        gone.clock.advance(HOUR)
    assert states(gone) == [DeliveryState.DEAD]
    assert attempts == 73


def test_a_long_sleep_gives_no_delivery_up() -> None:
    room = planned(*[LATER] * 3)
    room.deliver()
    for _ in range(2):
        room.clock.advance(30 * DAY)
        (report,) = room.deliver()
        assert report.decision is not None
        assert report.decision.retry_at is not None
    room.clock.advance(HOUR)
    room.deliver()
    assert states(room) == [DeliveryState.SENT]


def test_two_channels_of_one_receiver_are_two_rows_and_fail_apart() -> None:
    file = ("desk", ChannelKind.FILE)
    both = Receiver("desk", (FileEndpoint("digests", MessageFormat.JSON), StdoutEndpoint()))
    room = planned(receivers=[both], channels={DESK: RecordingChannel([LATER]), file: RecordingChannel()})
    reports = room.deliver()
    assert len(reports) == 2
    assert len({report.delivery.new.key for report in reports}) == 2
    assert len(sent(room, file)) == 1
    assert not sent(room)
    room.clock.advance(HOUR)
    assert len(room.deliver()) == 1
    assert (len(sent(room)), len(sent(room, file))) == (1, 1)


def test_a_failing_receiver_never_holds_the_others() -> None:
    receivers = [Receiver(name, (StdoutEndpoint(),)) for name in ("one", "two", "three")]
    room = planned(
        receivers=receivers,
        digests=[digest_settings(to=("one", "two", "three"))],
        channels={("two", ChannelKind.STDOUT): RecordingChannel([LATER])},
    )
    failed = [report.delivery.new.receiver for report in room.deliver() if report.failure]
    assert failed == ["two"]
    assert sorted(state.value for state in states(room)) == ["sent", "sent", "waiting"]


class Hanging(RecordingChannel):
    """A server that takes the message and does not answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        self.entered.set()
        assert self.let_go.wait(10)
        return super().send(message, recipient, key)


@contextmanager
def one_sender_held(room: Newsroom, hanging: Hanging) -> Iterator[DeliverStage]:
    """The stage whose first sender waits for the hanging server; both have gone on when this ends."""
    stage = DeliverStage(room.store.outbox, room.store.receivers, room.channels, room.clock, lambda: 0.5)
    sender = threading.Thread(target=lambda: list(stage.run(lambda: False)))
    sender.start()
    try:
        assert hanging.entered.wait(10)
        yield stage
    finally:
        hanging.let_go.set()
        sender.join(10)


def two_digests_for(hanging: Hanging) -> Newsroom:
    return planned(
        receivers=[Receiver("dead", (StdoutEndpoint(),)), CONSOLE],
        digests=[digest_settings("first", to=("dead", "desk")), digest_settings("second", to=("dead", "desk"))],
        channels={("dead", ChannelKind.STDOUT): hanging, DESK: RecordingChannel()},
    )


def test_a_hanging_server_holds_one_sender_and_no_other_receiver() -> None:
    hanging = Hanging()
    room = two_digests_for(hanging)
    with one_sender_held(room, hanging) as stage:
        others = [report.delivery.new.receiver for report in stage.run(lambda: False)]
        assert others == ["desk", "desk"]
    assert len(hanging.sent) == 2
    assert set(states(room)) == {DeliveryState.SENT}


def test_a_row_being_sent_is_not_sent_by_another_sender_when_its_lease_ends() -> None:
    hanging = Hanging()
    room = planned(channels={DESK: hanging})
    with one_sender_held(room, hanging) as stage:
        room.clock.advance(2 * LEASE)
        assert not list(stage.run(lambda: False))
    assert len(hanging.sent) == 1


def test_many_senders_send_each_row_once() -> None:
    names = [f"r{n}" for n in range(6)]
    room = planned(
        receivers=[Receiver(name, (StdoutEndpoint(),)) for name in names],
        digests=[digest_settings(f"d{n}", to=tuple(names)) for n in range(4)],
        channels={(name, ChannelKind.STDOUT): RecordingChannel() for name in names},
    )
    stage = DeliverStage(room.store.outbox, room.store.receivers, room.channels, room.clock, lambda: 0.5)
    senders = [threading.Thread(target=lambda: list(stage.run(lambda: False))) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)
    keys = [key for name in names for _, _, key in sent(room, (name, ChannelKind.STDOUT))]
    assert len(keys) == len(set(keys)) == 24
    assert set(states(room)) == {DeliveryState.SENT}


class Breaking:
    """A channel that breaks its promise."""

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        raise ZeroDivisionError("a fault\nnobody foresaw")


def test_a_channel_that_breaks_its_promise_fails_like_any_other() -> None:
    room = planned(channels={DESK: Breaking()})
    (report,) = room.deliver()
    assert report.failure is not None
    assert report.failure.fault is DeliveryFault.TEMPORARY
    assert report.failure.detail == "internal error: ZeroDivisionError: a fault"
    assert states(room) == [DeliveryState.WAITING]


def test_a_sender_that_died_before_its_receipt_sends_again_with_the_same_key_when_the_lease_ends() -> None:
    room = planned()

    def full(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.outbox, "record_sent", full)
        with pytest.raises(StoreUnusable):
            room.deliver()
    assert not room.deliver()
    room.clock.advance(LEASE)
    assert len(room.deliver()) == 1
    keys = [key for _, _, key in sent(room)]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_full_disk_does_not_keep_a_receiver_busy() -> None:
    room = planned()
    stage = DeliverStage(room.store.outbox, room.store.receivers, room.channels, room.clock, lambda: 0.5)

    def full(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.outbox, "record_sent", full)
        with pytest.raises(StoreUnusable):
            list(stage.run(lambda: False))
    room.clock.advance(LEASE)
    assert len(list(stage.run(lambda: False))) == 1


def test_drafts_are_never_sent() -> None:
    room = Newsroom(receivers=[CONSOLE])
    room.bring_in(item())
    room.plan(draft=True)
    room.clock.advance(DAY)
    assert not room.deliver()
    assert states(room) == [DeliveryState.DRAFT]


def test_delivering_twice_changes_nothing() -> None:
    room = planned()
    room.deliver()
    before = room.dump()
    assert not room.deliver()
    assert room.dump() == before


def test_stopping_between_two_rows_leaves_the_second_unleased() -> None:
    room = planned(
        receivers=[Receiver(name, (StdoutEndpoint(),)) for name in ("one", "two")],
        digests=[digest_settings(to=("one", "two"))],
    )
    assert len(room.deliver(after(1))) == 1
    assert len(room.deliver()) == 1


def test_a_message_whose_text_is_no_longer_kept_is_given_up_and_never_sent_empty() -> None:
    room = planned()
    room.deliver()
    room.clock.advance(40 * DAY)
    room.prune(30 * DAY)
    with room.store._db.write() as connection:  # as somebody does who retries it by hand
        connection.exec_driver_sql("UPDATE deliveries SET state = 'waiting'")
    (report,) = room.deliver()
    assert report.failure is not None
    assert "its text is no longer kept (retention)" in str(report.failure)
    assert states(room) == [DeliveryState.DEAD]
    assert len(sent(room)) == 1


def test_a_message_in_a_thread_is_told_what_its_parent_is_called_there() -> None:
    room = planned()
    (first,) = room.store.ledger.deliveries()

    class Naming(RecordingChannel):
        def send(self, message: Message, recipient: str, key: str) -> Receipt:
            return replace(super().send(message, recipient, key), reference=f"called {key}")

    channel = Naming()
    room.channels[DESK] = channel
    room.deliver()
    reply = replace(first.new, key="reply", batch="b2", thread=first.new.key)
    orphan = replace(first.new, key="orphan", batch="b2", thread="never sent")
    window = Window(NOON - MINUTE, NOON)
    plan = Plan("d", "b2", window, (), (), (reply, orphan), 1, closes_window=False)
    room.store.digests.record_plan(plan, room.clock.now())
    room.deliver()
    assert [message.parent for message, _, _ in channel.sent] == [None, f"called {first.new.key}", None]
    assert [one.new.message.parent for one in room.store.ledger.deliveries()] == [
        None
    ] * 3  # nothing of it is kept
