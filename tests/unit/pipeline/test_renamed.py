"""Digest, receiver and rule get other names from one moment to the next: nothing is told twice, nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from made import NOON
from newsroom import HOUR, RULES, Newsroom, digest_settings, fresh_postgresql_store, fresh_store, item

from monitor.app.why import why
from monitor.app.why_json import why_json
from monitor.app.why_words import why_lines
from monitor.model.delivery import ChannelKind, DeliveryState, FileEndpoint, Receiver
from monitor.model.digest import Cron, Immediate, MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.ledger import Plan
from monitor.model.renaming import Named, Rename
from monitor.testing import RecordingChannel

DIGEST = Rename(Named.DIGEST, "alerts", "border")
RECEIVER = Rename(Named.RECEIVER, "desk", "newsroom")
RULE = Rename(Named.RULE, "torkham-closed", "torkham-shut")
NEWSROOM = Receiver("newsroom", (FileEndpoint("digests", MessageFormat.JSON),))
NEW_RULES = RULES.replace('id = "torkham-closed"', 'id = "torkham-shut"\nrenamed_from = "torkham-closed"')
WAIT = timedelta(minutes=5)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def make(request: pytest.FixtureRequest) -> Any:
    fresh = fresh_store if request.param == "sqlite" else fresh_postgresql_store

    def made(**more: Any) -> Newsroom:
        room = Newsroom(store=fresh(), **more)
        keep_rules(room)
        return room

    return made


def keep_rules(room: Newsroom) -> None:
    room.store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), room.clock.now())


def renamed(room: Newsroom, **schedule: Any) -> None:
    """The next start, with other names for everything, and the same channel behind the receiver's."""
    room.store.renames.carry_over([DIGEST, RECEIVER, RULE], {}, room.clock.now())
    (digest,) = room.digests
    room.digests = (replace(digest, name="border", to=("newsroom",), **schedule),)
    room.receivers = (NEWSROOM,)
    room.channels = {("newsroom", kind): channel for (_, kind), channel in room.channels.items()}
    room.rules = NEW_RULES
    keep_rules(room)
    room.store.digests.open_digest("border", room.clock.now())


def keys(room: Newsroom) -> list[str]:
    """What the receiver was sent."""
    (channel,) = room.channels.values()
    assert isinstance(channel, RecordingChannel)
    return [key for _, _, key in channel.sent]


def plans(room: Newsroom) -> list[Plan]:
    found = room.plan()
    assert all(isinstance(one, Plan) for one in found), found
    return [one for one in found if isinstance(one, Plan)]


def test_between_planning_and_sending_the_message_goes_out_once_with_its_key(make: Any) -> None:
    room = make()
    room.bring_in(item())
    (plan,) = plans(room)
    renamed(room)
    assert plans(room) == []
    room.deliver()
    assert keys(room) == [plan.deliveries[0].key]
    (row,) = room.store.ledger.deliveries(digest="border", receiver="newsroom")
    assert row.state is DeliveryState.SENT
    assert row.new.message == plan.deliveries[0].message


def test_after_a_failed_attempt_the_next_one_goes_to_the_receiver_under_its_new_name(make: Any) -> None:
    failing = RecordingChannel([DeliveryFailed(DeliveryFault.TEMPORARY, "later")])
    room = make(channels={("desk", ChannelKind.FILE): failing})
    room.bring_in(item())
    room.plan()
    room.deliver()
    assert keys(room) == []
    renamed(room)
    room.clock.advance(HOUR)
    room.deliver()
    assert len(keys(room)) == 1


def test_in_the_middle_of_a_window_all_of_it_is_told_at_its_time(make: Any) -> None:
    room = make(digests=(digest_settings(schedule=Cron("0 18 * * *"), send_when_empty=True),))
    room.bring_in(item())
    state = room.store.digests.state_of("alerts")
    room.clock.advance(HOUR)
    renamed(room)
    assert room.store.digests.state_of("border") == replace(state, name="border")
    assert plans(room) == []
    room.clock.advance(HOUR)
    room.bring_in(item(), item("e2", "Floods in Sindh", "Flooding in Sindh."))
    room.clock.set(NOON + 6 * HOUR)
    (plan,) = plans(room)
    assert (plan.window.start, plan.stories) == (NOON, 2)
    assert plans(room) == []


def test_while_a_story_waits_for_more_of_the_same_it_is_told_once(make: Any) -> None:
    room = make(digests=(digest_settings(schedule=Immediate(WAIT)),))
    room.bring_in(item())
    assert plans(room) == []
    renamed(room)
    assert plans(room) == []
    room.clock.advance(WAIT)
    (plan,) = plans(room)
    assert plan.batch.endswith("#1")
    assert plans(room) == []


def test_a_follow_up_that_waits_follows_the_message_of_before(make: Any) -> None:
    room = make(digests=(digest_settings(updates="all"),))
    room.bring_in(item())
    (first,) = plans(room)
    room.deliver()
    story = room.store.digests.told("alerts", [first.batch.partition("#")[0]])[0].story
    room.clock.advance(timedelta(minutes=1))
    more = "Trucks wait at Torkham. The Torkham crossing was closed on Sunday, and 6,000 trucks wait there."
    room.bring_in(item(), item("e2", "Torkham closed: 6,000 trucks wait", more))
    with room.store._db.write() as connection:  # of the same story, whatever grouping says of so few words
        from monitor.adapters.store import tables as t

        connection.execute(t.articles.update().values(story_id=story))
    waiting = len(room.store.digests.pending("alerts"))
    assert waiting
    renamed(room)
    assert len(room.store.digests.pending("border")) == waiting
    room.clock.advance(HOUR)
    (second,) = plans(room)
    assert second.batch == f"{story}#2"
    assert second.deliveries[0].thread == first.deliveries[0].key
    assert second.deliveries[0].key != first.deliveries[0].key
    rules = {match.rule for match in room.store.ledger.told_in("border", second.batch)}
    assert rules <= {"torkham-shut", "trucks"}


def test_what_was_told_is_not_told_again_under_the_new_name(make: Any) -> None:
    room = make()
    room.bring_in(item())
    room.plan()
    room.deliver()
    renamed(room)
    room.clock.advance(HOUR)
    # The same page with one more comma: a revision, which the rule matches by its new id.
    room.bring_in(item(summary="The Torkham crossing was closed on Sunday ."))
    room.plan()
    room.deliver()
    assert len(keys(room)) == 1


def test_a_dry_runs_drafts_go_with_the_name(make: Any) -> None:
    room = make()
    room.bring_in(item())
    (drafted,) = room.plan(draft=True)
    renamed(room)
    assert room.plan(draft=True) == []
    (row,) = room.store.ledger.deliveries(digest="border")
    assert (row.state, row.new.batch) == (DeliveryState.DRAFT, drafted.batch)
    assert len(plans(room)) == 1


def test_why_says_what_a_rule_was_called_when_it_matched(make: Any) -> None:
    room = make()
    room.bring_in(item())
    room.plan()
    room.deliver()
    renamed(room)
    answer = why(room.store, "https://news.example/e1", room.ruleset)
    said = "\n".join(why_lines(answer))
    assert "match         torkham-shut, called torkham-closed then: " in said
    assert "Digest        border, " in said
    assert "alerts" not in said
    assert said.count("torkham-closed") == 1
    assert "no longer among the rules" not in said
    (entry,) = why_json(answer)
    assert [(one["rule"], one["called_then"], one["matched"]) for one in entry["rules"]] == [
        ("torkham-shut", "torkham-closed", True),
        ("trucks", None, False),
        ("floods", None, False),
    ]
    by_old_name = why(room.store, "https://news.example/e1", room.ruleset, rule="torkham-closed")
    assert [one.rule for _, answers in by_old_name.fates for one in answers] == ["torkham-shut"]


def test_a_no_of_the_rules_of_then_is_said_of_the_rule_as_it_is_called_now(make: Any) -> None:
    room = make()
    room.bring_in(item("e3", "Floods in Sindh", "Flooding in Sindh."))
    renamed(room)
    answer = why(room.store, "https://news.example/e3", room.ruleset, rule="torkham-shut")
    (only,) = (one for _, answers in answer.fates for one in answers)
    assert (only.rule, only.called, only.matched, only.now) == ("torkham-shut", "torkham-closed", False, "")
