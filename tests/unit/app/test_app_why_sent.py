"""`monitor why URL` says who was not sent a story in full, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from made import NOON
from newsroom import Newsroom, digest_settings, item

from monitor.adapters.store import tables as t
from monitor.app.since import Since
from monitor.app.why import why
from monitor.app.why_json import why_json
from monitor.app.why_rule import why_rule
from monitor.app.why_rule_words import why_rule_lines
from monitor.app.why_words import why_lines
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver
from monitor.model.digest import AlreadySent, Cron
from monitor.testing import RecordingChannel

URL = "https://news.example/e1"


def told_twice(how: AlreadySent) -> Newsroom:
    """Alerts at 12:01, then the morning digest, both to one address that two receivers name."""
    morning = digest_settings("morning", schedule=Cron("0 8 * * *"), already_sent=how)
    room = Newsroom(digests=[digest_settings(to=("desk", "ops")), morning])
    room.receivers = [Receiver(name, (EmailEndpoint(("desk@example.org",)),)) for name in ("desk", "ops")]
    room.channels["desk", ChannelKind.EMAIL] = RecordingChannel()
    room.bring_in(item())
    room.plan()
    room.clock.advance(timedelta(minutes=1))
    room.deliver()
    room.clock.set(NOON + timedelta(hours=20))
    room.plan()
    return room


def said(room: Newsroom) -> str:
    return "\n".join(why_lines(why(room.store, URL, room.ruleset)))


def test_who_had_a_story_before_is_named_with_the_digest_that_sent_it_and_when() -> None:
    text = said(told_twice(AlreadySent.SKIP))
    assert "already sent to desk (desk@example.org) by alerts Wed 22 Feb 2023 " in text
    assert ": left out" in text
    assert "desk and ops (desk@example.org): sent" in text
    assert ": shown in one line" in said(told_twice(AlreadySent.BRIEF))


def test_programs_are_told_the_same() -> None:
    room = told_twice(AlreadySent.SKIP)
    (answer,) = json.loads(json.dumps(why_json(why(room.store, URL, room.ruleset))))
    alerts, morning = answer["digests"]
    assert (alerts["sent_before"], alerts["unsubscribed"]) == ([], [])
    (before,) = morning["sent_before"]
    assert before == {
        "receiver": "desk",
        "channel": "email",
        "recipient": "desk@example.org",
        "shown": "skip",
        "by_digest": "alerts",
        "by_batch": alerts["batch"],
        "sent_at": "2023-02-22T12:01:00+00:00",
    }


def test_who_unsubscribed_is_named_with_the_day() -> None:
    room = Newsroom(digests=[digest_settings(to=("desk",))])
    room.receivers = [Receiver("desk", (EmailEndpoint(("Desk@example.org", "b@example.org")),))]
    room.bring_in(item())
    list(replace(room.planner(), suppressed=lambda _: frozenset({"desk@example.org"})).run())
    assert "Desk@example.org had unsubscribed from alerts then" in said(room)
    with room.store._db.write() as connection:
        row = {"digest": "alerts", "recipient": "desk@example.org", "since": NOON, "by": "link"}
        connection.execute(t.suppressions.insert().values(row))
    assert "Desk@example.org unsubscribed from alerts on Wed 22 Feb 2023" in said(room)
    assert "b@example.org" in said(room)


def test_the_record_of_a_rule_says_why_a_batch_has_no_delivery() -> None:
    room = told_twice(AlreadySent.SKIP)
    since = Since("7d", NOON - timedelta(days=7))
    lines = why_rule_lines(why_rule(room.store, "torkham-closed", since, room.ruleset, ["alerts", "morning"]))
    said_of_it = " ".join(" ".join(lines).split())
    assert "told in morning: without a delivery: all had it from another digest" in said_of_it
