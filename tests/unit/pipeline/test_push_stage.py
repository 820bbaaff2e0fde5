"""What hubs push, read and judged as if a poll had brought it; and what it must not touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import NOON, decision
from newsroom import FEED, HOUR, Newsroom, item, rss
from stored import record_poll

from monitor.model.cadence import Cadence, HubOffer
from monitor.model.feed import PollReason, Reading
from monitor.model.websub import HubState, HubSubscription, HubTrust, PushLimits, PushOutcome
from monitor.pipeline.pushes import PushReport

MINUTE = timedelta(minutes=1)
LIMITS = PushLimits(10, 1_000_000, 1_000_000)
OFFER = HubOffer("https://hub.example/", FEED)


@pytest.fixture
def room() -> Newsroom:
    room = Newsroom()
    room.serve(item("e1", "Quiet", "Nothing."))
    room.poll()
    store, now = room.store, room.clock.now()
    again = decision(now, url=FEED, next_poll_at=now + 15 * MINUTE)
    record_poll(store, room.feed, again, [], now=now, reading=Reading(cadence=Cadence(), hub=OFFER))
    store.hubs.add(room.feed.id, OFFER, token="token", secret="sesame", public_url="https://desk.example", now=now)
    (made,) = store.hubs.all()
    store.hubs.note_asked(made, now, now + HOUR)
    store.hubs.note_verified(made, now, now + 240 * HOUR, now + 160 * HOUR)
    room.clock.advance(MINUTE)
    return room


def subscription(room: Newsroom) -> HubSubscription:
    (found,) = room.store.hubs.all()
    return found


def push(room: Newsroom, body: bytes) -> PushReport:
    taken = room.store.hubs.take(subscription(room), body, "application/rss+xml", room.clock.now(), LIMITS)
    assert taken is PushOutcome.TAKEN
    (report,) = room.pusher().run(lambda: False)
    assert room.store.hubs.pushes(1) == []
    return report


def finish(room: Newsroom) -> None:
    room.read()
    room.group()
    room.match()
    room.plan()


def fresh(id: str = "n1", title: str = "Torkham closed") -> str:
    return item(id, title, published=NOON + MINUTE)


def test_a_push_alerts_and_the_poll_after_it_does_not_alert_again(room: Newsroom) -> None:
    assert push(room, rss(fresh())).waiting == 1
    finish(room)
    assert [headline for _, _, headline in room.alerts()] == ["Torkham closed"]
    assert [room.fates(one)[0].pushed for one in ("n1", "e1")] == [True, False]
    assert push(room, rss(fresh())).waiting == 0
    room.serve(fresh(), item("e1", "Quiet", "Nothing."))
    report = room.repoll()
    assert (report.waiting, report.may_have_lost) == (0, False)
    finish(room)
    assert len(room.alerts()) == 1


def test_a_poll_asks_as_if_there_had_been_no_push(room: Newsroom) -> None:
    before = room.feed
    push(room, rss(*(fresh(f"n{one}", f"Torkham closed {one}") for one in range(5))))
    after = room.feed
    assert after.pushed_until == room.clock.now() + HOUR
    put_off = replace(
        before,
        pushed_until=after.pushed_until,
        next_poll_at=after.next_poll_at,
        last_reason=PollReason.PUSHED,
    )
    assert after == put_off  # validators, body hash, listing, may-have-lost, times of polls


def test_a_push_of_other_words_is_a_revision(room: Newsroom) -> None:
    push(room, rss(fresh()))
    report = push(room, rss(item("n1", "Torkham closed", "Floods, too.", published=NOON + MINUTE)))
    assert (report.waiting, report.revised) == (1, 1)


def test_what_is_too_old_is_stored_and_not_alerted(room: Newsroom) -> None:
    report = push(room, rss(item("n1", published=NOON - timedelta(days=30))))
    assert (report.waiting, report.too_old) == (0, 1)
    assert subscription(room).proven_at is None


@pytest.mark.parametrize("body", [b"", b"  ", b"no feed", b"<html>login</html>", rss()])
def test_what_cannot_be_read_has_the_feed_polled(room: Newsroom, body: bytes) -> None:
    room.clock.advance(10 * MINUTE)
    report = push(room, body)
    assert report.why
    assert room.feed.next_poll_at == room.clock.now()
    thin = not body.strip() or body == rss()  # says only that there is news
    assert subscription(room).doubt is (None if thin else HubTrust.UNREAD)


def test_a_hub_that_was_relied_on_and_sends_what_cannot_be_read_is_so_no_more(room: Newsroom) -> None:
    push(room, rss(fresh()))
    assert room.feed.pushed_until is not None
    room.clock.advance(10 * MINUTE)
    push(room, b"no feed")
    assert subscription(room).doubt is HubTrust.UNREAD
    assert (room.feed.pushed_until, room.feed.next_poll_at) == (None, room.clock.now())


def test_a_removed_feed_takes_no_push(room: Newsroom) -> None:
    one = subscription(room)
    room.store.feeds.unsubscribe(room.feed.id)
    room.store.hubs.take(one, rss(fresh()), None, room.clock.now(), LIMITS)
    (report,) = room.pusher().run(lambda: False)
    assert (report.entries, report.waiting) == (0, 0)
    assert room.number("SELECT count(*) FROM entries") == 1


def test_a_poll_that_finds_nothing_new_keeps_the_feed_with_its_hub(room: Newsroom) -> None:
    push(room, rss(fresh()))
    room.serve(fresh(), item("e1", "Quiet", "Nothing."))
    report = room.repoll(50 * MINUTE)
    assert (
        room.hub_asker(public_url="https://desk.example").polled(
            report.feed, report.decision.outcome, report.arrived
        )
        is None
    )
    assert room.feed.pushed_until == room.clock.now() + HOUR


def test_a_poll_that_finds_what_the_hub_kept_ends_that_for_a_day(room: Newsroom) -> None:
    push(room, rss(fresh()))
    room.serve(item("n2", "Floods", published=NOON + 2 * MINUTE), fresh(), item("e1", "Quiet", "Nothing."))
    report = room.repoll(50 * MINUTE)
    assert (
        room.hub_asker(public_url="https://desk.example").polled(
            report.feed, report.decision.outcome, report.arrived
        )
        is HubTrust.MISSED
    )
    assert room.feed.pushed_until is None
    room.clock.advance(HOUR)
    push(room, rss(fresh("n3", "Torkham closed again")))
    assert room.feed.pushed_until is None
    room.clock.advance(24 * HOUR)
    push(room, rss(fresh("n4", "Torkham closed once more")))
    assert room.feed.pushed_until == room.clock.now() + HOUR
    assert subscription(room).state is HubState.SUBSCRIBED
