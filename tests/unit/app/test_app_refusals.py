"""What people are told of a receiver that refuses everything, and what they can do about it."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from made import MINUTE, NOON
from newsroom import Newsroom, digest_settings, item

from monitor.app.deliveries import retry
from monitor.app.refusals import refusal_json, refusal_lines, refusals_of
from monitor.model.delivery import BrokenReceiver, ChannelKind

HOUR = timedelta(hours=1)
BROKEN = BrokenReceiver("desk", ChannelKind.FILE, NOON, "broken_receiver: 535 wrong\x1b[2J password", NOON + HOUR)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """Two deliveries wait for the desk, which refuses everything."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    made = Newsroom(digests=[digest_settings("first"), digest_settings("second")])
    made.bring_in(item())
    made.plan()
    made.store.receivers.open(BROKEN)
    return made


def test_one_line_says_who_refuses_since_when_why_and_what_waits(room: Newsroom) -> None:
    assert refusal_lines(refusals_of(room.store.receivers), NOON + MINUTE) == [
        r"desk by file refuses since 12:00: 535 wrong\x1b[2J password; next try 13:00; 2 deliveries waiting"
    ]


def test_the_day_is_named_when_it_is_another_one(room: Newsroom) -> None:
    (line,) = refusal_lines(refusals_of(room.store.receivers), NOON + timedelta(days=1))
    assert "refuses since 22 Feb 12:00: " in line


def test_programs_get_the_same(room: Newsroom) -> None:
    (one,) = refusals_of(room.store.receivers)
    assert refusal_json(one) == {
        "receiver": "desk",
        "channel": "file",
        "since": "2023-02-22T12:00:00+00:00",
        "error": "broken_receiver: 535 wrong\x1b[2J password",
        "next_try_at": "2023-02-22T13:00:00+00:00",
        "waiting": 2,
    }


def test_a_retry_by_hand_has_the_receiver_asked_at_once(room: Newsroom) -> None:
    assert not room.deliver()
    now = room.clock.now()
    (row, *_) = room.store.ledger.deliveries()
    assert [one.ok for one in retry(room.store, [str(row.id)], now)] == [True]
    assert [one.next_try_at for one in room.store.receivers.broken()] == [now]
