"""What each recipient of a digest is sent: told before by another digest, part of a thread, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from made import NOON, feed_settings
from newsroom import DAY, HOUR, JSON_FILE, Newsroom, digest_settings, failing, item

from monitor.core.digests import render as render_room
from monitor.core.digests.tags import tags_of
from monitor.model.delivery import (
    ChannelKind,
    Delivery,
    DeliveryState,
    EmailEndpoint,
    FileEndpoint,
    Receiver,
    StdoutEndpoint,
)
from monitor.model.digest import AlreadySent, Cron, Links, MessageFormat
from monitor.model.feed import PollOutcome
from monitor.model.ledger import Plan, RoutingState
from monitor.pipeline import addressing
from monitor.testing import RecordingChannel

DESK = Receiver("desk", (EmailEndpoint(("desk@example.org",)),))
NIGHT = Receiver("night", (EmailEndpoint(("night@example.org",)),))
FLOODS = item("floods", "Floods in Sindh", "Floods in Sindh, officials said.")
TRUCKS = item("trucks", "Thousands of trucks wait", "Thousands of trucks wait at the gate.")


def house(how: AlreadySent = AlreadySent.BRIEF, to: tuple[str, ...] = ("desk",), **more: Any) -> Newsroom:
    """Alerts at once and a digest at eight, both to the desk; all mail is taken."""
    values = {"schedule": Cron("0 8 * * *"), "already_sent": how, "to": to, **more}
    digests = [digest_settings(), digest_settings("morning", **values)]
    room = Newsroom(digests=digests, receivers=[DESK, NIGHT, JSON_FILE])
    room.receivers = [DESK, NIGHT]
    for name in ("desk", "night"):
        room.channels[name, ChannelKind.EMAIL] = RecordingChannel()
    return room


def plan_of(room: Newsroom, digest: str, **how: Any) -> Plan:
    (found,) = [one for one in room.plan(**how) if isinstance(one, Plan) and one.digest == digest]
    return found


def at_eight(room: Newsroom) -> Plan:
    room.clock.set(NOON + timedelta(hours=20))
    return plan_of(room, "morning")


def rows(room: Newsroom, digest: str) -> list[Delivery]:
    return list(room.store.ledger.deliveries(digest=digest))[::-1]


def rows_after(room: Newsroom, digest: str) -> list[Delivery]:
    """What a digest has sent once all is planned and delivered."""
    room.plan()
    room.deliver()
    return rows(room, digest)


# ---- told before


def test_a_story_that_was_alerted_is_one_line_in_the_morning_after_what_is_new() -> None:
    room = house()
    room.bring_in(item())
    plan_of(room, "alerts")
    room.clock.advance(timedelta(minutes=1))
    room.deliver()
    sent_at = room.clock.now()
    room.digests = [replace(room.digests[0], rules=("none",)), room.digests[1]]
    room.bring_in(item(), FLOODS)
    plan = at_eight(room)
    (mail,) = plan.deliveries
    text = mail.message.text.replace("[", "").replace("]", "")
    assert text.index("Floods in Sindh") < text.index("Torkham closed"), "what is new leads, also before high ones"
    assert "- HIGH · Torkham crossing closed: Torkham closed (News; alerted yesterday 12:01; s_1)" in " ".join(
        text.split()
    ), text
    assert mail.message.subject.startswith("Morning: Floods")
    (record,) = plan.sent_before
    assert (record.shown, record.by_digest, record.sent_at) == (AlreadySent.BRIEF, "alerts", sent_at)
    assert record.matches == (plan.planned[0],)


def test_what_was_not_sent_yet_is_told_in_full() -> None:
    room = house(AlreadySent.SKIP)
    room.bring_in(item())
    plan_of(room, "alerts")  # and not delivered
    plan = at_eight(room)
    assert not plan.sent_before
    assert "Torkham closed" in plan.deliveries[0].message.text


def test_who_was_not_sent_it_has_it_in_full_though_another_was() -> None:
    room = house(AlreadySent.SKIP, to=("desk", "night"))
    room.bring_in(item())
    room.plan()
    room.deliver()
    plan = at_eight(room)
    assert [one.recipient for one in plan.deliveries] == ["night@example.org"]
    assert [(one.recipient, one.shown) for one in plan.sent_before] == [("desk@example.org", AlreadySent.SKIP)]
    assert plan.stories == 1
    assert len(plan.planned) == 1


def test_a_story_with_one_more_match_than_the_alert_told_is_told_in_full() -> None:
    room = house(AlreadySent.SKIP)
    room.digests = [replace(room.digests[0], rules=("torkham-closed",)), room.digests[1]]
    room.bring_in(item(summary="The Torkham crossing was closed, and 6,000 trucks wait."))
    room.plan()
    room.deliver()
    plan = at_eight(room)
    assert not plan.sent_before
    assert len(plan.planned) == 2


def test_a_copy_that_the_alerts_merged_is_told_before_with_what_it_copies() -> None:
    room = house(AlreadySent.SKIP)
    text = "The Torkham crossing was closed on Sunday. " + " ".join(
        f"Word{n} is said by officials." for n in range(40)
    )
    room.bring_in(item(summary=text))
    room.plan()
    room.deliver()
    room.clock.advance(HOUR)
    room.bring_in(item(summary=text), item("copy", summary=text, link="https://other.example/copy"))
    room.plan()
    (merged,) = [
        routing
        for fate in room.store.ledger.fates("https://other.example/copy", "https://other.example/copy")
        for match in fate.matches
        for routing in match.routings
        if routing.digest == "alerts"
    ]
    assert merged.state is RoutingState.MERGED
    plan = at_eight(room)
    assert not plan.deliveries
    assert len(plan.planned) == 2
    assert plan.sent_before[0].matches == tuple(sorted(plan.planned))


def test_full_shows_the_story_as_ever_with_a_note_of_who_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    room = house(AlreadySent.FULL)
    room.bring_in(item())
    room.plan()
    room.deliver()
    seen = []

    def note(digest: Any, form: MessageFormat, **more: Any) -> Any:
        seen.append(digest)
        return render_room.render(digest, form, **more)

    monkeypatch.setattr(addressing, "render", note)
    plan = at_eight(room)
    (digest,) = seen
    (before,) = [story.sent_before for story in digest.stories]
    assert (before.digest, before.at, before.more_publishers, before.in_full) == ("alerts", NOON, 0, True)
    assert not plan.sent_before
    assert "  “The [Torkham]" in plan.deliveries[0].message.text


def test_publishers_that_came_since_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    room = house(AlreadySent.FULL)
    room.bring_in(item())
    room.plan()
    room.deliver()
    asked = []

    def more(_self: Any, story: str, since: Any) -> int:
        asked.append((story, since))
        return 3

    monkeypatch.setattr("monitor.pipeline.telling.Telling.more_publishers", more)
    seen = []
    monkeypatch.setattr(
        addressing, "render", lambda digest, form, **_: seen.append(digest) or render_room.render(digest, form)
    )
    at_eight(room)
    assert [story.sent_before.more_publishers for digest in seen for story in digest.stories] == [3]
    assert asked == [(room.article().story_id, NOON)]


def test_nothing_is_sent_when_all_is_left_out_unless_the_digest_speaks_when_empty() -> None:
    for when_empty in (False, True):
        room = house(AlreadySent.SKIP, send_when_empty=when_empty)
        room.bring_in(item(), FLOODS, TRUCKS)
        room.plan()
        room.deliver()
        plan = at_eight(room)
        assert (len(plan.planned), len(plan.sent_before), plan.closes_window) == (3, 3, True)
        texts = [one.message for one in plan.deliveries]
        assert len(texts) == int(when_empty)
        assert all("nothing new: 3 stories were alerted before" in one.text for one in texts)
        assert all("nothing new" in one.subject for one in texts)


def test_a_story_shown_short_does_not_count_as_sent_by_who_showed_it_so() -> None:
    room = house()
    weekly = {"schedule": Cron("0 9 * * *"), "already_sent": AlreadySent.SKIP}
    room.digests = [*room.digests, digest_settings("weekly", **weekly)]
    room.digests.append(digest_settings("late", **{**weekly, "schedule": Cron("0 10 * * *")}))
    room.bring_in(item(), FLOODS)
    (torkham,) = [one.new.batch for one in rows_after(room, "alerts") if "Torkham" in one.new.message.subject]
    with room.store._db.write() as connection:  # of the floods nothing was alerted
        connection.exec_driver_sql(
            f"UPDATE deliveries SET state = 'dead' WHERE digest = 'alerts' AND batch <> '{torkham}'"
        )
    (brief,) = at_eight(room).sent_before
    room.deliver()
    room.clock.advance(HOUR)
    plan = plan_of(room, "weekly")
    assert [(one.story, one.by_digest) for one in plan.sent_before] == [
        (brief.story, "alerts"),
        (next(one.story for one in plan.sent_before if one.story != brief.story), "morning"),
    ]
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'dead' WHERE digest = 'alerts'")
    room.clock.advance(HOUR)
    assert [one.by_digest for one in plan_of(room, "late").sent_before] == ["morning"], "the line alone is not it"


def test_one_line_each_takes_no_room_from_what_is_new() -> None:
    room = house(max_stories=2)
    room.bring_in(item())
    room.plan()
    room.deliver()
    room.digests = [replace(room.digests[0], rules=("none",)), room.digests[1]]
    room.bring_in(item(), FLOODS, TRUCKS)
    plan = at_eight(room)
    text = plan.deliveries[0].message.text.replace("[", "").replace("]", "")
    assert text.count("\n- ") == 1, "both new ones in full, the known one in a line"
    assert all(title in text for title in ("Torkham closed", "Floods in Sindh", "Thousands of trucks wait"))


def test_each_variant_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Newsroom(digests=[digest_settings(to=("many",))])
    room.receivers = [Receiver("many", (EmailEndpoint(tuple(f"a{n}@example.org" for n in range(50))),))]
    room.bring_in(item())
    made = []
    monkeypatch.setattr(
        addressing, "render", lambda *some, **more: made.append(1) or render_room.render(*some, **more)
    )
    (plan,) = [one for one in room.plan() if isinstance(one, Plan)]
    assert (len(plan.deliveries), len(made)) == (50, 1)


def test_a_dry_run_records_nothing_of_what_it_would_have_left_out() -> None:
    room = house(AlreadySent.SKIP)
    room.bring_in(item())
    room.plan()
    room.deliver()
    room.clock.set(NOON + timedelta(hours=20))
    plan = plan_of(room, "morning", draft=True)
    assert plan.sent_before
    assert room.number("SELECT count(*) FROM sent_before") == 0


# ---- one address, one message


def test_an_address_that_two_receivers_name_is_sent_one_message() -> None:
    room = Newsroom(digests=[digest_settings(to=("desk", "ops"))])
    ops = Receiver("ops", (EmailEndpoint(("Desk@Example.org", "ops@example.org")), StdoutEndpoint()))
    room.receivers = [DESK, ops]
    room.bring_in(item())
    room.plan()
    found = [(one.new.receiver, one.new.recipient, one.new.also) for one in rows(room, "alerts")]
    assert found == [
        ("desk", "desk@example.org", ("ops",)),
        ("ops", "ops@example.org", ()),
        ("ops", "stdout", ()),
    ]


def test_what_one_receiver_was_sent_counts_for_the_other_that_names_the_address() -> None:
    room = house(AlreadySent.SKIP, to=("ops",))
    room.receivers = [DESK, Receiver("ops", (EmailEndpoint(("DESK@example.org",)),))]
    room.bring_in(item())
    room.plan()
    room.deliver()
    plan = at_eight(room)
    assert not plan.deliveries
    assert plan.sent_before[0].receiver == "ops"


def test_a_file_of_one_receiver_says_nothing_of_the_file_of_another() -> None:
    room = Newsroom()
    room.receivers = [JSON_FILE, Receiver("archive", (FileEndpoint("old", MessageFormat.JSON),))]
    settings = {"schedule": Cron("0 8 * * *"), "to": ("archive",), "already_sent": AlreadySent.SKIP}
    room.digests = [digest_settings(), digest_settings("morning", **settings)]
    room.channels["desk", ChannelKind.FILE] = RecordingChannel()
    room.bring_in(item())
    room.plan()
    room.deliver()
    assert len(at_eight(room).deliveries) == 1


# ---- threads


def update(id: str = "e2", minutes: int = 0) -> str:
    """A further report of the same closing, with a number that was not told."""
    return item(id, "Torkham closed, 41 dead", "The Torkham crossing was closed on Sunday, 41 people died.")


def threaded(*summaries: str, to: tuple[str, ...] = ("desk",)) -> Newsroom:
    """One page that is edited, so that each wording is a message about one story."""
    room = Newsroom(digests=[digest_settings(to=to)])
    room.receivers = [DESK, NIGHT]
    for summary in summaries:
        room.bring_in(item(summary=summary))
        room.plan()
        room.clock.advance(HOUR)
    return room


WORDINGS = [f"The Torkham crossing was closed on Sunday, {n} people wait." for n in (10, 20, 30)]


def test_an_update_answers_what_was_sent_of_the_story_and_hangs_on_the_first() -> None:
    room = threaded(*WORDINGS)
    first, second, third = rows(room, "alerts")
    assert [one.new.thread for one in (first, second, third)] == [None, first.new.key, first.new.key]
    assert first.new.message.answers == ()
    assert second.new.message.answers == (first.new.key,)
    assert third.new.message.answers == (first.new.key, second.new.key)
    assert {one.new.message.list_name for one in (first, second, third)} == {"alerts"}


def test_each_recipient_has_a_thread_of_its_own() -> None:
    room = threaded(*WORDINGS[:2], to=("desk", "night"))
    found = rows(room, "alerts")
    keys = {one.new.recipient: one.new.key for one in found[:2]}
    assert {one.new.recipient: one.new.thread for one in found[2:]} == keys


def test_the_first_of_more_than_ten_is_always_named() -> None:
    room = threaded(*(f"The Torkham crossing was closed on Sunday, {n} people wait." for n in range(10, 23)))
    found = rows(room, "alerts")
    last = found[-1].new
    assert len(found) == 13
    assert last.message.answers == (found[0].new.key, *(one.new.key for one in found[3:12]))
    assert last.thread == found[0].new.key


def test_what_was_given_up_begins_no_thread() -> None:
    room = threaded(WORDINGS[0])
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'dead'")
    for summary in WORDINGS[1:]:
        room.bring_in(item(summary=summary))
        room.plan()
        room.clock.advance(HOUR)
    _dead, second, third = rows(room, "alerts")
    assert (second.new.thread, third.new.thread) == (None, second.new.key)
    assert third.new.message.answers == (second.new.key,)


def test_a_story_that_took_in_another_follows_what_was_sent_of_it() -> None:
    room = threaded(WORDINGS[0])
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET story_id = 's_other'")
    room.bring_in(item(summary=WORDINGS[1]))
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET story_id = 's_other'")
    room.plan()
    first, second = rows(room, "alerts")
    assert (second.new.batch, second.new.thread) == ("s_other#1", first.new.key)


def test_windows_stand_alone() -> None:
    room = Newsroom(digests=[digest_settings("morning", schedule=Cron("0 8 * * *"))])
    for day, summary in enumerate(WORDINGS[:2]):
        room.bring_in(item(summary=summary))
        room.clock.set(NOON + timedelta(hours=20) + day * DAY)
        room.plan()
    assert [(one.new.thread, one.new.message.answers) for one in rows(room, "morning")] == [(None, ())] * 2


def test_further_parts_hang_on_the_first() -> None:
    room = Newsroom(digests=[digest_settings("morning", schedule=Cron("0 8 * * *"), max_stories=0)])
    items = [item(f"f{n}", f"Flood {n} in town {n}", f"Floods in place number {n}.") for n in range(205)]
    room.bring_in(*items)
    with room.store._db.write() as connection:  # each a story of its own, however alike they are
        connection.exec_driver_sql("UPDATE articles SET story_id = 's_x' || id")
    room.clock.set(NOON + timedelta(hours=20))
    (plan,) = [one for one in room.plan() if isinstance(one, Plan)]
    first, second = plan.deliveries
    assert (first.thread, second.thread) == (None, first.key)
    assert second.message.answers == (first.key,)


def test_a_dry_run_has_threads_of_its_own() -> None:
    room = Newsroom(digests=[digest_settings(to=("desk",))])
    room.receivers = [DESK]
    for summary in WORDINGS[:2]:
        room.bring_in(item(summary=summary))
        room.plan()
        room.plan(draft=True)
        room.clock.advance(HOUR)
    real = [one for one in rows(room, "alerts") if one.state is not DeliveryState.DRAFT]
    drafts = [one for one in rows(room, "alerts") if one.state is DeliveryState.DRAFT]
    assert real[1].new.thread == real[0].new.key
    assert all(key.startswith("draft-") for one in drafts for key in one.new.message.answers)


# ---- who wants no more, and links


def suppressing(room: Newsroom, *addresses: str) -> Plan:
    stage = replace(room.planner(), suppressed=lambda digest: frozenset(addresses if digest == "alerts" else ()))
    (plan,) = [one for one in stage.run() if isinstance(one, Plan)]
    return plan


def test_who_unsubscribed_has_no_delivery_and_the_plan_says_so() -> None:
    room = Newsroom(digests=[digest_settings(to=("desk", "night"))])
    room.receivers = [replace(DESK, endpoints=(EmailEndpoint(("Desk@Example.org",)),)), NIGHT]
    room.bring_in(item())
    plan = suppressing(room, "desk@example.org")
    assert [one.recipient for one in plan.deliveries] == ["night@example.org"]
    assert plan.suppressed == ("Desk@Example.org",)


def test_a_plan_closes_though_all_have_unsubscribed() -> None:
    room = Newsroom(digests=[digest_settings(to=("desk",))])
    room.receivers = [DESK]
    room.bring_in(item())
    plan = suppressing(room, "desk@example.org")
    assert (plan.deliveries, plan.suppressed) == ((), ("desk@example.org",))
    (routing,) = room.fates()[0].matches[0].routings
    assert (routing.state, routing.deliveries) == (RoutingState.PLANNED, ())


def test_links_are_the_readers_own_and_for_mail_only() -> None:
    room = Newsroom(digests=[digest_settings(to=("desk", "night", "files"))])
    room.receivers = [DESK, NIGHT, replace(JSON_FILE, name="files")]
    room.bring_in(item())
    stage = replace(room.planner(), links=lambda digest, address: Links(f"https://x.example/{digest}/{address}"))
    (plan,) = [one for one in stage.run() if isinstance(one, Plan)]
    assert [one.message.links.unsubscribe for one in plan.deliveries] == [
        "https://x.example/alerts/desk@example.org",
        "https://x.example/alerts/night@example.org",
        "",
    ]


# ---- what stands behind it


def test_failing_feeds_of_the_digests_tags_are_named_first() -> None:
    feeds = [
        feed_settings(f"https://f{n}.example/feed", name=f"F{n}", tags=("trade",) if n == 7 else ())
        for n in range(8)
    ]
    room = Newsroom(
        feeds=feeds, digests=[digest_settings("morning", schedule=Cron("0 8 * * *"), send_when_empty=True)]
    )
    for one in feeds:
        room.fetcher.answers[one.url] = failing(PollOutcome.HTTP_ERROR, 500)
    room.poll()
    room.clock.set(NOON + timedelta(hours=20))
    stage = replace(room.planner(), tags=lambda settings: tags_of(settings.rules, room.ruleset.rules))
    (plan,) = [one for one in stage.run() if isinstance(one, Plan)]
    coverage = (plan.deliveries[0].message.payload or {})["coverage"]
    assert coverage["failing_names"] == ["F7", "F0", "F1", "F2", "F3"]
