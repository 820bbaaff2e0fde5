"""What waits in the outbox for somebody who unsubscribed meanwhile."""

from __future__ import annotations

from newsroom import Newsroom, digest_settings, item

from monitor.app.deliveries import show_lines
from monitor.model.delivery import DeliveryState, EmailEndpoint, Receiver, StdoutEndpoint
from monitor.model.suppression import SuppressedBy, Suppression
from monitor.pipeline.deliver import ASK_AGAIN, DeliverStage


def room_with_two_readers() -> Newsroom:
    endpoints = (EmailEndpoint(("Desk <Desk@example.org>", "night@example.org")), StdoutEndpoint())
    room = Newsroom(receivers=[Receiver("desk", endpoints)], digests=[digest_settings(to=("desk",))])
    room.bring_in(item())
    room.plan()
    return room


def sender(room: Newsroom) -> DeliverStage:
    return DeliverStage(
        room.store.outbox,
        room.store.receivers,
        room.channels,
        room.clock,
        lambda: 0.5,
        suppressed=room.store.suppressions.suppressed,
    )


def deliver(room: Newsroom) -> list[bool]:
    return [report.suppressed for report in sender(room).run(lambda: False)]


def test_it_is_not_sent_and_the_record_says_why() -> None:
    room = room_with_two_readers()
    room.store.suppressions.add(Suppression("alerts", "desk@example.org", room.clock.now(), SuppressedBy.LINK))
    assert sorted(deliver(room)) == [False, False, True]
    rows = {one.new.recipient: one for one in room.store.ledger.deliveries()}
    assert rows["Desk <Desk@example.org>"].state is DeliveryState.SUPPRESSED
    assert rows["night@example.org"].state is rows["stdout"].state is DeliveryState.SENT
    left = rows["Desk <Desk@example.org>"]
    (attempt,) = room.store.ledger.attempts_of(left.id)
    assert attempt.outcome == "suppressed"
    assert any("unsubscribed" in line for line in show_lines(left, [attempt]))
    assert deliver(room) == []


def test_another_digest_and_another_channel_are_not_meant() -> None:
    room = room_with_two_readers()
    for digest, address in (("morning", "desk@example.org"), ("alerts", "stdout")):
        room.store.suppressions.add(Suppression(digest, address, room.clock.now(), SuppressedBy.HAND))
    assert deliver(room) == [False, False, False]


def test_who_leaves_while_a_portion_is_sent_is_left_out_a_second_later() -> None:
    readers = tuple(f"reader{n}@example.org" for n in range(3))
    receivers = [Receiver("desk", (EmailEndpoint(readers),))]
    room = Newsroom(receivers=receivers, digests=[digest_settings(to=("desk",))])
    room.bring_in(item())
    room.plan()
    sending = sender(room).run(lambda: False)
    assert not next(sending).suppressed
    room.store.suppressions.add(Suppression("alerts", readers[-1], room.clock.now(), SuppressedBy.LINK))
    room.clock.advance(ASK_AGAIN)
    assert [report.suppressed for report in sending] == [False, True]
