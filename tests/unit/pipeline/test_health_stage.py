"""health: troubles become messages once, through somebody who can be reached; once a day how all is doing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from made import MINUTE, feed_settings
from newsroom import DAY, FEED, HOUR, Newsroom, digest_settings, failing, item, rss

from monitor.adapters.store import tables as t
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver, StdoutEndpoint
from monitor.model.digest import Cron
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import PollOutcome
from monitor.model.health import HEALTH, HealthSettings, IncidentKind, Trouble
from monitor.testing import RecordingChannel

DESK, OPS = Receiver("desk", (StdoutEndpoint(),)), Receiver("ops", (StdoutEndpoint(),))
BOTH = HealthSettings(("desk", "ops"), timezone="Asia/Kabul")
UNPLANNED = Trouble(IncidentKind.DIGEST_UNPLANNED, "morning", "cannot be planned: ValueError")
NO = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")


def newsroom(**more: Any) -> Newsroom:
    return Newsroom(**{"receivers": [DESK, OPS], "health": BOTH, **more})


def messages(room: Newsroom) -> list[tuple[str, str, str]]:
    """(batch, receiver, subject) of every health message, oldest first."""
    rows = reversed(room.store.ledger.deliveries(digest=HEALTH, limit=1000))
    return [(one.new.batch, one.new.receiver, one.new.message.subject) for one in rows]


def texts(room: Newsroom) -> str:
    return "\n".join(one.new.message.text for one in room.store.ledger.deliveries(digest=HEALTH, limit=1000))


def break_receiver(room: Newsroom, name: str) -> None:
    now = room.clock.now()
    row = {"receiver": name, "channel": "stdout", "since": now, "error": "403 no_service", "next_try_at": now}
    with room.store._db.write() as connection:
        connection.execute(t.broken_receivers.insert().values(**row))


def mend(room: Newsroom) -> None:
    with room.store._db.write() as connection:
        connection.execute(t.broken_receivers.delete())


def test_a_broken_receiver_is_told_to_the_others_at_once_and_once() -> None:
    room = newsroom()
    break_receiver(room, "desk")
    (report,) = room.look_after()
    assert not report.reaches_nobody
    room.look_after()
    ((batch, receiver, subject),) = messages(room)
    assert batch == "incident/1/begin"
    assert receiver == "ops"
    assert "desk (stdout) takes nothing any more" in subject
    assert "403 no_service" in texts(room)


def test_the_end_is_told_an_hour_after_it_and_flapping_tells_nothing_more() -> None:
    room = newsroom()
    break_receiver(room, "desk")
    room.look_after()
    for _ in range(5):
        mend(room)
        room.look_after()
        room.clock.advance(10 * MINUTE)
        break_receiver(room, "desk")
        room.look_after()
    assert len(messages(room)) == 1
    mend(room)
    room.look_after()
    room.clock.advance(HOUR)
    room.look_after()
    ended = [one for one in messages(room) if one[0].endswith("/end")]
    assert [receiver for _, receiver, _ in ended] == ["desk", "ops"]
    assert "refuses nothing any more" in ended[0][2]
    room.clock.advance(HOUR)
    assert not room.look_after()
    break_receiver(room, "desk")  # a new one
    room.look_after()
    assert messages(room)[-1][0] == "incident/2/begin"


def test_several_receivers_that_break_together_are_one_message_to_whoever_is_left() -> None:
    lost = [Receiver(name, (StdoutEndpoint(),)) for name in ("a", "b", "c")]
    room = newsroom(receivers=[*lost, OPS], health=HealthSettings(("a", "ops")))
    for one in lost:
        break_receiver(room, one.name)
    room.look_after()
    sent = messages(room)
    assert [receiver for _, receiver, _ in sent] == ["a", "ops"]
    assert "3 receivers take nothing" in sent[1][2]


def test_where_only_the_broken_one_is_named_the_trouble_is_said_to_reach_nobody() -> None:
    room = newsroom(health=HealthSettings(("desk",)))
    break_receiver(room, "desk")
    (report,) = room.look_after()
    assert report.reaches_nobody
    assert not messages(room)
    assert not room.look_after(), "once"
    assert [one.subject for one in room.store.incidents.standing()] == ["desk/stdout"]


def test_without_receivers_nothing_is_sent_and_incidents_are_kept_all_the_same() -> None:
    room = newsroom(health=HealthSettings())
    break_receiver(room, "desk")
    (report,) = room.look_after()
    assert report.reaches_nobody
    room.clock.advance(2 * DAY)
    assert not room.look_after()
    assert not messages(room)
    assert len(room.store.incidents.standing()) == 1


def test_letters_given_up_are_told_by_receiver_and_new_ones_an_hour_later_anew() -> None:
    room = newsroom(
        digests=[digest_settings(to=("desk",))],
        channels={("desk", ChannelKind.STDOUT): RecordingChannel([NO] * 4)},
    )

    def give_up(id: str) -> None:
        room.bring_in(item(id, f"Floods in {id}", f"The flood came to {id} at night."))
        room.plan()
        room.deliver()

    give_up("Sindh")
    room.look_after()
    give_up("Swat")
    room.look_after()
    ((_, receiver, subject),) = messages(room)
    assert (receiver, subject.removeprefix("URGENT ")) == ("ops", "Messages to desk (stdout) were given up")
    assert "1 message given up; refused: 550 no such user" in texts(room)
    room.clock.advance(2 * HOUR + MINUTE)
    room.look_after()
    room.clock.advance(HOUR)
    room.look_after()
    assert [one[0] for one in messages(room)][-1] == "incident/1/end"
    give_up("Kunar")
    room.look_after()
    assert messages(room)[-1][:2] == ("incident/2/begin", "ops")


def test_most_feeds_failing_at_once_is_one_message() -> None:
    feeds = [feed_settings(f"https://f{n}.example/", name=f"Feed {n}") for n in range(8)]
    room = newsroom(feeds=feeds)
    for one in feeds:
        room.serve(item(), url=one.url)
    room.poll()
    for one in feeds[:5]:
        room.fetcher.answers[one.url] = failing(PollOutcome.UNREACHABLE, None, "no such host")
    room.clock.advance(HOUR)
    room.poll()
    room.look_after()
    room.look_after()
    assert {subject.removeprefix("URGENT ") for _, _, subject in messages(room)} == {"Most feeds fail at once"}
    assert len(messages(room)) == 2  # desk and ops
    assert "5 of 8 feeds" in texts(room)


def test_what_only_the_daemon_knows_is_told_like_the_rest() -> None:
    room = newsroom()
    room.look_after(UNPLANNED)
    room.look_after(UNPLANNED)
    assert len(messages(room)) == 2
    assert "Digest morning cannot be planned" in messages(room)[0][2]


def test_a_digest_that_everybody_unsubscribed_from_is_told() -> None:
    mail = Receiver("mail", (EmailEndpoint(("Ann@example.org",)),))
    room = newsroom(receivers=[DESK, OPS, mail], digests=[digest_settings(to=("mail",))])
    row = {"digest": "alerts", "recipient": "ann@example.org", "since": room.clock.now(), "by": "link"}
    with room.store._db.write() as connection:
        connection.execute(t.suppressions.insert().values(**row))
    room.look_after()
    assert "Nobody gets digest alerts any more" in messages(room)[0][2]


def test_who_unsubscribed_from_health_gets_none_of_it() -> None:
    mail = Receiver("mail", (EmailEndpoint(("ann@example.org", "bo@example.org")),))
    room = newsroom(receivers=[mail], digests=[digest_settings(to=("mail",))], health=HealthSettings(("mail",)))
    row = {"digest": HEALTH, "recipient": "ann@example.org", "since": room.clock.now(), "by": "link"}
    with room.store._db.write() as connection:
        connection.execute(t.suppressions.insert().values(**row))
    room.look_after(UNPLANNED)
    assert [one.new.recipient for one in room.store.ledger.deliveries(digest=HEALTH)] == ["bo@example.org"]


def test_a_message_that_could_not_be_stored_is_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    room = newsroom()
    break_receiver(room, "desk")

    def crash(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(room.store.incidents, "record_told", crash)
        with pytest.raises(ZeroDivisionError):
            room.look_after()
    assert not messages(room)
    room.look_after()
    assert len(messages(room)) == 1


# ---- once a day


def at_eight(room: Newsroom, day: int = 23) -> None:
    room.clock.set(datetime(2023, 2, day, 3, 30, tzinfo=UTC))  # 08:00 in Kabul


def test_the_daily_digest_comes_at_its_hour_and_once() -> None:
    room = newsroom()
    room.bring_in(item())
    room.plan()
    room.deliver()
    assert not room.look_after()
    at_eight(room)
    room.serve(item())
    room.poll()
    (report,) = room.look_after()
    assert not room.look_after()
    assert report.batch == "daily/2023-02-22T12:00:00Z/2023-02-23T03:30:00Z"
    assert [receiver for _, receiver, _ in messages(room)] == ["desk", "ops"]
    assert messages(room)[0][2] == "Monitor health: all well"
    assert "All well: 1 feed, 1 entry, 1 match, 1 story, 1 message" in texts(room)
    assert "alerts: last 1 story at 22 Feb 16:30, delivered" in texts(room)
    assert "LATE" not in texts(room)


def test_missed_hours_become_one_late_digest_when_all_is_caught_up() -> None:
    room = newsroom()
    room.look_after()
    room.clock.advance(3 * DAY)
    assert not list(room.keeper().run((), lambda: False))
    (report,) = room.look_after()
    assert "LATE: was due Sat 25 Feb 08:00." in texts(room)
    assert report.batch.startswith("daily/2023-02-22T12:00:00Z/")


def test_what_needs_somebody_is_counted_and_named_with_the_command_to_type() -> None:
    room = newsroom(feeds=[feed_settings("https://gone.example/", name="Gone")])
    room.fetcher.answers["https://gone.example/"] = failing(PollOutcome.GONE, 410, "HTTP 410")
    room.poll()
    room.look_after(UNPLANNED)
    with room.store._db.write() as connection:
        connection.execute(
            sa.text("UPDATE deliveries SET state = 'dead', last_error = 'refused' WHERE receiver = 'ops'")
        )
    at_eight(room)
    room.look_after(UNPLANNED)
    daily = next(text for text in texts(room).split("\n\n\n") if "need you" in text)
    assert "need you" in daily
    for said in (
        "Gone: gone for good, says the server (410)",
        "  monitor feeds health",
        "Digest morning cannot be planned: since 22 Feb 16:30",
        "ops (stdout): 1 message; the last: refused",
        "  monitor deliveries list --state dead",
    ):
        assert said in daily


def test_the_preview_says_what_would_be_sent_and_changes_nothing() -> None:
    room = newsroom()
    room.bring_in(item())
    room.clock.advance(MINUTE)
    before = room.dump()
    notice = room.keeper().preview()
    assert notice.lead.startswith("All well: 1 feed, 1 entry, 1 match")
    assert room.dump() == before


def test_silences_that_somebody_else_knows_of_get_a_line_each() -> None:
    room = newsroom()
    keeper = replace(room.keeper(), silences=lambda window: ["floods until Friday (Ann): monsoon drill"])
    assert any("monsoon drill" in line for one in keeper.preview().sections for line in one.lines)


def test_a_feed_that_may_have_lost_entries_is_said_once() -> None:
    room = newsroom()
    room.look_after()
    room.serve(*(item(f"e{n}") for n in range(3)))
    room.poll()
    room.serve(*(item(f"e{n}") for n in range(5, 9)))
    room.repoll()
    at_eight(room)
    room.poll()
    room.look_after()
    assert "News: may have lost entries" in texts(room)
    at_eight(room, 24)
    room.poll()
    room.look_after()
    assert texts(room).count("may have lost entries") == 2  # desk's and ops', of the first day


def test_a_gap_that_was_filled_is_said_once_with_what_its_pages_brought() -> None:
    room = newsroom()
    room.look_after()
    room.serve(*(item(f"e{n}", f"Title {n}") for n in range(3)))
    room.poll()
    more = "<link xmlns='http://www.w3.org/2005/Atom' rel='next' href='https://news.example/feed?page=2'/>"
    room.fetcher.answers[FEED] = rss(*(item(f"e{n}", f"Title {n}") for n in range(5, 9)), more=more)
    room.fetcher.answers["https://news.example/feed?page=2"] = rss(item("e4", "Title 4"), item("e2", "Title 2"))
    room.repoll()
    room.fill()
    at_eight(room)
    room.poll()
    room.look_after()
    words = " ".join(texts(room).split())
    assert "lost nothing, although 14 h ago all that it listed was new: filled from 1 older page: 1 entry" in words
    at_eight(room, 24)
    room.poll()
    room.look_after()
    assert texts(room).count("lost nothing") == 2  # desk's and ops', of the first day


def test_the_growth_of_the_store_is_told_from_the_second_day_on(monkeypatch: pytest.MonkeyPatch) -> None:
    room = newsroom(digests=[digest_settings(schedule=Cron("0 9 * * *"))])
    sizes = iter([4_000_000, 4_000_000, 7_000_000, 7_000_000])
    monkeypatch.setattr(room.store, "size", lambda: next(sizes))
    room.store.incidents.note_start(room.clock.now())
    room.look_after()
    at_eight(room)
    room.look_after()
    at_eight(room, 24)
    room.look_after()
    assert "7 MB, 3 MB more than 24 h ago" in texts(room)


def test_a_webhook_gets_it_as_json_with_its_key() -> None:
    room = Newsroom(health=HealthSettings(("desk",)))  # a file of JSON
    room.look_after(UNPLANNED)
    (row,) = room.store.ledger.deliveries(digest=HEALTH)
    payload = json.loads(json.dumps(row.new.message.payload))
    assert payload["key"] == row.new.key
    assert row.new.message.date.utcoffset() == timedelta(0)
