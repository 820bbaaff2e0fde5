"""Where one part of delivery meets another: nothing is lost, told twice, or without an explanation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

from made import MINUTE
from newsroom import DAY, HOUR, Newsroom, digest_settings, item

from monitor.adapters.store import tables as t
from monitor.adapters.store.texts import drop_messages
from monitor.core.digests.plan import STORM_ABOVE
from monitor.core.text.urls import canonical_url
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receiver, StdoutEndpoint
from monitor.model.digest import Every, QuietSettings
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.health import HEALTH, HealthSettings, IncidentKind, Trouble
from monitor.model.ledger import RoutingState
from monitor.model.retention import Gone, GoneReason
from monitor.model.rule import Severity
from monitor.model.suppression import SuppressedBy, Suppression
from monitor.pipeline.digest import PlanFailure
from monitor.testing import RecordingChannel

LOUD_NIGHT = QuietSettings(hours=(time(22), time(6)), override=Severity.HIGH)
ELEVEN_PM = datetime(2023, 2, 22, 23, tzinfo=UTC)
NO = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")
WRONG = DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "535 wrong password")
DESK = Receiver("desk", (EmailEndpoint(("Desk <Desk@example.org>",)),))
NEWS = Receiver("news", (EmailEndpoint(("desk@example.org",)),))
OPS = Receiver("ops", (StdoutEndpoint(),))
TROUBLE = Trouble(IncidentKind.DIGEST_UNPLANNED, "morning", "cannot be planned: ValueError")
BORDER = "The Torkham crossing was closed on Sunday by the guards of the border, officials said in Kabul."
PLACES = ("Sindh", "Punjab", "Sukkur", "Larkana", "Dadu", "Thatta", "Badin", "Multan", "Quetta", "Gwadar", "Swat")


def flood(number: int) -> str:
    place = PLACES[number]
    return item(
        f"flood{number}", f"Flood in {place}, number {number}", f"Farms of {place} stand in {number} m of water."
    )


def forget(room: Newsroom, id: str) -> None:
    url = f"https://news.example/{id}"
    room.store.retention.forget(url, canonical_url(url), room.clock.now(), even_unsent=True)


def states(room: Newsroom, id: str) -> set[RoutingState]:
    return {one.state for match in room.fates(id)[0].matches for one in match.routings}


def told(room: Newsroom, id: str) -> int:
    """How many messages that are not given up tell of the entry."""
    rows = room.store.ledger.deliveries(limit=1000)
    return sum(f"/{id}" in str(one.new.message.payload) for one in rows if one.state.value != "dead")


# ---- batches and a text that somebody has forgotten


def with_a_bystander(room: Newsroom, beside: str, *items: str) -> None:
    """Brings in items and an article that no rule matches, which a story of theirs shows."""
    room.bring_in(*items, item("bystander", "A quiet day", "Nothing of note happened."))
    story, article = room.article(beside).story_id, room.article("bystander").id
    with room.store._db.write() as connection:
        here = t.articles.c.id == article
        connection.execute(t.articles.update().where(here).values(story_id=story))


def test_a_storm_of_which_a_text_was_forgotten_is_told_without_it() -> None:
    room = Newsroom()
    with_a_bystander(room, "flood3", *(flood(one) for one in range(STORM_ABOVE + 1)))
    assert len(room.plan()) == 1
    forget(room, "bystander")
    assert states(room, "flood3") == {RoutingState.PENDING}
    assert not [one for one in room.plan() if isinstance(one, PlanFailure)]
    assert states(room, "flood3") == {RoutingState.PLANNED}
    assert told(room, "flood3") == 1
    assert not room.plan()


def test_what_was_told_in_quiet_time_is_told_again_when_a_text_of_its_message_was_forgotten() -> None:
    room = Newsroom(digests=[digest_settings(schedule=Every(HOUR), quiet=LOUD_NIGHT)])
    room.clock.set(ELEVEN_PM - MINUTE)
    with_a_bystander(room, "e1", item(summary=BORDER))
    room.clock.set(ELEVEN_PM + MINUTE)
    room.plan()
    assert told(room, "e1") == 1
    forget(room, "bystander")
    room.plan()
    assert told(room, "e1") == 1
    assert states(room, "e1") == {RoutingState.PLANNED}


# ---- a receiver that a reload removed


def test_what_was_to_go_to_two_receivers_with_one_address_goes_out_when_one_of_them_is_removed() -> None:
    room = Newsroom(receivers=[DESK, NEWS], digests=[digest_settings(to=("desk", "news"))])
    room.bring_in(item())
    room.plan()
    del room.channels["desk", ChannelKind.EMAIL]
    (report,) = room.deliver()
    assert report.receipt is not None
    assert not room.store.receivers.broken()


# ---- circuits


def test_a_message_without_its_text_says_nothing_about_a_receiver_that_refuses_everything() -> None:
    room = Newsroom(
        receivers=[OPS],
        digests=[digest_settings(to=("ops",))],
        channels={("ops", ChannelKind.STDOUT): RecordingChannel([WRONG] * 9)},
    )
    room.bring_in(item())
    room.plan()
    room.deliver()
    (row,) = room.store.ledger.deliveries()
    with room.store._db.write() as connection:
        drop_messages(connection, [row.id], Gone(GoneReason.RETENTION, room.clock.now()))
    room.clock.advance(HOUR)
    (report,) = room.deliver()
    assert report.failure is not None
    assert report.failure.fault is DeliveryFault.REFUSED
    assert [one.receiver for one in room.store.receivers.broken()] == ["ops"]


# ---- health


def test_health_messages_that_are_given_up_do_not_bring_forth_more_of_them_for_ever() -> None:
    desk, ops = (Receiver(name, (StdoutEndpoint(),)) for name in ("desk", "ops"))
    room = Newsroom(
        receivers=[desk, ops],
        digests=[digest_settings(to=("desk",))],
        health=HealthSettings(("desk", "ops")),
        channels={(name, ChannelKind.STDOUT): RecordingChannel([NO] * 500) for name in ("desk", "ops")},
    )
    room.bring_in(item())
    room.plan()
    urgent = []
    for _ in range(40):
        room.deliver()
        urgent.append(sum(one.tell is not None for one in room.look_after()))
        room.clock.advance(HOUR / 2)
    assert sum(urgent[:8]) > 0
    assert sum(urgent[8:]) == 0


def test_an_incident_is_told_though_what_is_over_was_let_go_of() -> None:
    room = Newsroom(receivers=[OPS], health=HealthSettings(("ops",)))
    stays = Trouble(IncidentKind.DIGEST_UNHEARD, "evening", "nobody")
    assert len(room.look_after(stays)) == 1
    assert len(room.look_after(stays, TROUBLE)) == 1
    for _ in range(2):
        room.look_after(stays)
        room.clock.advance(2 * HOUR)
    room.clock.advance(91 * DAY)
    room.look_after(replace(stays, detail="nobody at all"))
    (report,) = room.look_after(stays, TROUBLE)
    assert report.deliveries == 1


def test_a_digest_whose_only_reader_has_unsubscribed_is_a_trouble_however_the_address_is_written() -> None:
    room = Newsroom(
        receivers=[DESK, OPS], digests=[digest_settings(to=("desk",))], health=HealthSettings(("ops",))
    )
    room.store.suppressions.add(Suppression("alerts", "desk@example.org", room.clock.now(), SuppressedBy.LINK))
    assert [one.incidents[0].kind for one in room.look_after()] == [IncidentKind.DIGEST_UNHEARD]


def test_who_wants_no_health_messages_gets_none_however_the_address_is_written() -> None:
    room = Newsroom(
        receivers=[DESK, OPS], digests=[digest_settings(to=("ops",))], health=HealthSettings(("desk",))
    )
    room.store.suppressions.add(Suppression(HEALTH, "desk@example.org", room.clock.now(), SuppressedBy.LINK))
    room.look_after(TROUBLE)
    assert not room.store.ledger.deliveries()


def test_an_address_that_two_health_receivers_name_is_told_once() -> None:
    room = Newsroom(
        receivers=[DESK, NEWS], digests=[digest_settings(to=("desk",))], health=HealthSettings(("desk", "news"))
    )
    room.look_after(TROUBLE)
    assert len(room.store.ledger.deliveries()) == 1
