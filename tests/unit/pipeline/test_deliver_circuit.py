"""A receiver that refuses everything is asked once an hour, loses nothing, and goes on when it takes a message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOON
from newsroom import DAY, HOUR, Newsroom, digest_settings, item

from monitor.core.circuit import TRY_AGAIN_AFTER, UNPROVEN_AFTER, decide_circuit
from monitor.model.delivery import (
    BrokenReceiver,
    ChannelKind,
    CircuitReason,
    Delivery,
    Receipt,
    Receiver,
    StdoutEndpoint,
)
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.pipeline.deliver import BEGIN_WITHIN
from monitor.testing import RecordingChannel

DESK = ("desk", ChannelKind.STDOUT)
WRONG = DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "535 wrong password")
LATER = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")
NOBODY = DeliveryFailed(DeliveryFault.UNREACHABLE, "timed out")
NO_USER = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")
KNOWN = BrokenReceiver("desk", ChannelKind.EMAIL, NOON - DAY, "535", NOON)


class Answering:
    """A channel that answers each message in turn, and notes every attempt; the last answer stays."""

    def __init__(self, *answers: DeliveryFailed | None) -> None:
        self.answers = list(answers)
        self.keys: list[str] = []

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        self.keys.append(key)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer
        return Receipt("taken")


def queued(channel: Answering, deliveries: int = 5) -> Newsroom:
    """So many deliveries for the desk."""
    room = Newsroom(
        receivers=[Receiver("desk", (StdoutEndpoint(),))],
        digests=[digest_settings(f"d{number}") for number in range(deliveries)],
        channels={DESK: channel},
    )
    room.bring_in(item())
    room.plan()
    return room


def states(room: Newsroom) -> list[str]:
    return sorted(one.state.value for one in room.store.ledger.deliveries())


def test_a_wrong_password_is_tried_once_however_many_wait() -> None:
    channel = Answering(WRONG)
    room = queued(channel, 12)
    assert len(room.deliver()) == 1
    for _ in range(58):
        room.clock.advance(MINUTE)
        assert not room.deliver()
    assert len(channel.keys) == 1
    (broken,) = room.store.receivers.broken()
    assert (broken.since, broken.error) == (NOON, "broken_receiver: 535 wrong password")


def test_each_hour_another_one_is_tried_and_the_others_keep_their_attempts() -> None:
    channel = Answering(WRONG)
    room = queued(channel, 4)
    for _ in range(4):
        room.deliver()
        room.clock.advance(HOUR)
    assert len(set(channel.keys)) == len(channel.keys) == 4
    assert [one.attempts for one in room.store.ledger.deliveries()] == [1, 1, 1, 1]


def test_after_a_week_of_refusals_nothing_that_was_not_tried_is_given_up() -> None:
    channel = Answering(WRONG)
    room = queued(channel, 40)
    while room.clock.now() < NOON + 7 * DAY:  # twice as long as a delivery is tried
        room.deliver()
        room.clock.advance(HOUR)
    assert states(room) == ["waiting"] * 40
    channel.answers = [None]
    room.deliver()
    assert states(room) == ["sent"] * 40
    assert len(channel.keys) == 7 * 24 + 40


def test_when_one_gets_through_all_others_go_on_at_once() -> None:
    channel = Answering(WRONG, None)
    room = queued(channel, 5)
    room.deliver()
    room.clock.advance(HOUR)
    assert len(room.deliver()) == 5
    assert not room.store.receivers.broken()
    assert states(room) == ["sent"] * 5


def test_a_receiver_that_is_broken_again_says_since_when() -> None:
    room = queued(Answering(WRONG, WRONG), 2)
    room.deliver()
    room.clock.advance(HOUR)
    room.deliver()
    (broken,) = room.store.receivers.broken()
    assert (broken.since, broken.next_try_at) == (NOON, NOON + 2 * HOUR)


def test_one_bad_address_stops_nobody_else() -> None:
    channel = Answering(NO_USER, None)
    room = queued(channel, 4)
    room.deliver()
    assert states(room) == ["dead", "sent", "sent", "sent"]
    assert not room.store.receivers.broken()


def test_a_server_that_says_later_is_asked_by_each_delivery_in_its_own_time() -> None:
    room = queued(Answering(LATER), 3)
    assert len(room.deliver()) == 3
    assert not room.store.receivers.broken()


def test_a_portion_is_given_back_when_the_monitor_stops() -> None:
    channel = Answering(None)
    room = queued(channel, 5)
    room.deliver(lambda: len(channel.keys) == 2)
    assert room.number("SELECT count(*) FROM deliveries WHERE lease_until IS NOT NULL") == 0
    assert states(room) == ["sent", "sent", "waiting", "waiting", "waiting"]


def test_a_portion_is_given_back_when_its_reader_goes_away() -> None:
    room = queued(Answering(None), 5)
    reports = room.sender().run(lambda: False)
    next(reports)
    reports.close()
    assert room.number("SELECT count(*) FROM deliveries WHERE lease_until IS NOT NULL") == 0


def test_no_message_is_begun_late_in_the_lease_of_its_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Answering):
        def send(self, message: Message, recipient: str, key: str) -> Receipt:
            room.clock.advance(BEGIN_WITHIN * 0.7)
            return super().send(message, recipient, key)

    room = queued(Slow(None), 5)
    portions, claim = [], room.store.outbox.claim

    def counted(*arguments: Any) -> Sequence[Delivery]:
        claimed = claim(*arguments)
        portions.append(len(claimed))
        return claimed

    monkeypatch.setattr(room.store.outbox, "claim", counted)
    assert len(room.deliver()) == 5
    assert portions == [5, 3, 1, 0]


def test_receivers_that_do_not_answer_leave_two_senders_to_the_others() -> None:
    names = [f"dead{number}" for number in range(5)]
    room = Newsroom(
        receivers=[Receiver(name, (StdoutEndpoint(),)) for name in (*names, "desk")],
        digests=[digest_settings("d", to=(*names, "desk"))],
        channels={(name, ChannelKind.STDOUT): Answering(NOBODY) for name in names} | {DESK: RecordingChannel()},
    )
    room.bring_in(item())
    room.plan()
    stage = room.sender()
    assert len(list(stage.run(lambda: False))) == 6
    room.clock.advance(HOUR)
    at_them = [stage._claim(lambda: False) for _ in range(3)]
    assert [len(claimed) for claimed in at_them] == [1, 1, 0]
    stage.busy.leave((at_them[0][0].new.receiver, ChannelKind.STDOUT))
    assert len(stage._claim(lambda: False)) == 1


@pytest.mark.parametrize(
    ("failure", "known", "wait", "reason"),
    [
        (None, None, None, CircuitReason.WORKS),
        (LATER, None, None, CircuitReason.WORKS),
        (WRONG, None, TRY_AGAIN_AFTER, CircuitReason.REFUSES_EVERYTHING),
        (WRONG, KNOWN, TRY_AGAIN_AFTER, CircuitReason.REFUSES_EVERYTHING),
        (LATER, KNOWN, UNPROVEN_AFTER, CircuitReason.UNPROVEN),
        (NOBODY, KNOWN, UNPROVEN_AFTER, CircuitReason.UNPROVEN),
        (NO_USER, KNOWN, None, CircuitReason.JUDGED_ONE),
        (None, KNOWN, None, CircuitReason.TOOK_ONE),
    ],
)
def test_what_an_attempt_means_for_the_others(
    failure: DeliveryFailed | None, known: BrokenReceiver | None, wait: timedelta | None, reason: CircuitReason
) -> None:
    decision = decide_circuit(failure, ChannelKind.EMAIL, known, NOON)
    assert decision.next_try_at == (None if wait is None else NOON + wait)
    assert decision.reason is reason


def test_services_of_apprise_are_judged_each_by_itself() -> None:
    decision = decide_circuit(WRONG, ChannelKind.APPRISE, None, NOON)
    assert (decision.next_try_at, decision.reason) == (None, CircuitReason.EACH_BY_ITSELF)
