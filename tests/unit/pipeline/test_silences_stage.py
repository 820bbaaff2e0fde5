"""digest, beside silences: what waits, what is discarded, what is told afterwards, what messages say of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from made import MINUTE, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, digest_settings, item, rss

from monitor.adapters.store import tables as t
from monitor.core.digests.render import render
from monitor.core.text.urls import canonical_url
from monitor.model.digest import Every, Immediate, MessageFormat
from monitor.model.ledger import Plan, RoutingState
from monitor.model.silence import NewSilence, Silence, SilenceMode
from monitor.model.telling import Material
from monitor.pipeline.silenced import InForce

RULES = """
[[rules]]
id = "closed"
title = "A crossing is closed"
query = 'Torkham AND (closed OR shut)'
tags = ["border"]
[[rules]]
id = "dead"
title = "People died"
query = 'killed'
"""
WINDOW = Every(timedelta(hours=1))


def newsroom(**more: Any) -> Newsroom:
    feeds = [feed_settings(url, backfill=DAY) for url in (FEED, OTHER_FEED)]
    room = Newsroom(feeds=feeds, digests=[digest_settings(**more)], rules=RULES)
    room.fetcher.answers[OTHER_FEED] = rss()
    return room


def silence(room: Newsroom, *, discard: bool = False, hours: float = 12, **more: Any) -> Silence:
    mode = SilenceMode.DISCARD if discard else SilenceMode.HOLD
    now = room.clock.now()
    what = more or {"rules": ("*",)}
    new = NewSilence(mode, now, now + hours * HOUR, "Sara", "planned works", **what)
    return room.store.silences.add(new, now)


def ends(room: Newsroom, id: str) -> list[RoutingState]:
    return [one.state for match in room.fates(id)[0].matches for one in match.routings]


def count(room: Newsroom, state: str) -> int:
    return room.number(f"SELECT count(*) FROM routings WHERE state = '{state}'")


# ---- immediate digests


def test_a_held_match_is_told_once_the_silence_ends_and_only_once() -> None:
    room = newsroom()
    silence(room, hours=2)
    room.bring_in(item())
    assert room.plan() == []
    assert ends(room, "e1") == [RoutingState.PENDING]
    room.clock.advance(2 * HOUR)
    room.plan()
    room.plan()
    assert ends(room, "e1") == [RoutingState.PLANNED]
    assert len(room.alerts()) == 1


def test_a_silence_that_is_ended_by_hand_lets_go_at_once() -> None:
    room = newsroom()
    made = silence(room)
    room.bring_in(item())
    room.plan()
    room.store.silences.end(made.id, room.clock.now())
    room.plan()
    assert len(room.alerts()) == 1


def test_a_discarded_match_makes_no_message_then_or_later_and_stays_on_record() -> None:
    room = newsroom()
    made = silence(room, discard=True, hours=2)
    room.bring_in(item())
    room.plan()
    room.clock.advance(3 * HOUR)
    room.plan()
    assert room.alerts() == []
    (routing,) = room.fates()[0].matches[0].routings
    assert (routing.state, routing.silence, routing.deliveries) == (RoutingState.SILENCED, made.id, ())


def test_what_was_discarded_is_told_when_it_is_brought_back() -> None:
    room = newsroom()
    made = silence(room, discard=True)
    room.bring_in(item())
    room.plan()
    room.store.silences.end(made.id, room.clock.now(), tell=True)
    room.plan()
    assert ends(room, "e1") == [RoutingState.PLANNED]
    assert len(room.alerts()) == 1


def test_who_brings_back_what_was_discarded_is_told_how_much_of_it_was_forgotten() -> None:
    room = newsroom()
    made = silence(room, discard=True)
    room.bring_in(item("e1"), item("e2", "Bus falls, five killed", "Five people were killed."))
    room.plan()
    url = "https://news.example/e1"
    room.store.retention.forget(url, canonical_url(url), room.clock.now(), even_unsent=False)
    ended = room.store.silences.end(made.id, room.clock.now(), tell=True)
    assert ended is not None
    assert (dict(ended.told), ended.gone) == ({"alerts": 1}, 1)


def test_a_silence_of_one_rule_leaves_the_other_rule_of_the_story_and_follows_later() -> None:
    room = newsroom()
    silence(room, hours=1, rules=("dead",))
    room.bring_in(item(title="Torkham closed, two killed"))
    room.plan()
    assert sorted(ends(room, "e1")) == sorted([RoutingState.PENDING, RoutingState.PLANNED])
    room.clock.advance(HOUR)
    room.plan()
    told = [[rule["id"] for rule in one["stories"][0]["rules"]] for one in room.payloads()]
    assert told == [["closed"], ["dead"]]


def test_what_a_silence_discarded_does_not_count_as_told() -> None:
    room = newsroom()
    silence(room, discard=True, hours=1)
    room.bring_in(item("e1", "Torkham closed"))
    room.plan()
    room.clock.advance(2 * HOUR)
    # The same page, worded anew: the sentence that matches is the same, and nobody was told of it.
    room.bring_in(item("e1", "Torkham closed", "The Torkham crossing was closed on Sunday. It rained."))
    room.plan()
    (fate, _) = room.fates("e1")
    assert [(one.state, one.why) for match in fate.matches for one in match.routings] == [
        (RoutingState.PLANNED, Material.NEW_STORY_FOR_RULE)
    ]


def test_what_is_merged_beside_a_silence_stays_merged() -> None:
    room = newsroom()
    room.bring_in(item("e1"))
    room.plan()
    room.clock.advance(HOUR)
    room.bring_in(item("e1"), item("e1", summary="The Torkham crossing was closed on Sunday. Rain."))
    made = silence(room, hours=1)
    room.plan()
    assert ends(room, "e1") == [RoutingState.PENDING]
    room.store.silences.end(made.id, room.clock.now())
    room.plan()
    assert ends(room, "e1") == [RoutingState.MERGED]
    silence(room, discard=True)
    room.clock.advance(HOUR)
    room.plan()
    assert (ends(room, "e1"), len(room.alerts())) == ([RoutingState.MERGED], 1)


def test_a_story_silence_holds_what_another_rule_finds_on_it() -> None:
    room = newsroom()
    room.bring_in(item("e1", "Torkham closed"))
    room.plan()
    silence(room, story="s_1")
    room.bring_in(item("e1", "Torkham closed, two killed", "Two were killed at the gate."))
    room.plan()
    assert set(ends(room, "e1")) == {RoutingState.PENDING}
    assert len(room.alerts()) == 1


def test_a_story_that_lacks_publishers_is_discarded_by_its_silence_and_held_back_beside_others() -> None:
    room = newsroom(min_publishers=2)
    silence(room, discard=True, tags=("border",))
    room.bring_in(item("e1"), item("e2", "Bus falls, five killed", "Five people were killed."))
    room.plan()
    assert (ends(room, "e1"), ends(room, "e2")) == ([RoutingState.SILENCED], [RoutingState.PENDING])


def test_a_silence_for_another_digest_keeps_nothing_out() -> None:
    room = newsroom()
    silence(room, rules=("*",), digests=("morning",))
    room.bring_in(item())
    room.plan()
    assert len(room.alerts()) == 1


def test_a_dry_run_shows_what_would_be_sent_beside_silences_and_changes_nothing() -> None:
    room = newsroom()
    silence(room, discard=True, rules=("dead",))
    room.bring_in(item("e1"), item("e2", "Bus falls, five killed", "Five people were killed."))
    room.plan(draft=True)
    assert count(room, "pending") == 2
    assert room.number("SELECT count(*) FROM deliveries WHERE state = 'draft'") == 1
    assert room.number("SELECT count(*) FROM routings WHERE draft_why = 'silenced'") == 1


# ---- windows


def test_a_window_digest_says_how_many_stories_were_silenced_and_tells_them_in_the_next_window() -> None:
    room = newsroom(schedule=WINDOW, send_when_empty=True)
    silence(room, hours=1.5, rules=("closed",))
    room.bring_in(item("e1"), item("e2", "Bus falls, five killed", "Five people were killed."))
    room.clock.advance(HOUR)
    room.plan()
    room.clock.advance(HOUR)
    room.plan()
    first, second = room.payloads()
    assert [one["headline"] for one in first["stories"]] == ["Bus falls, five killed"]
    (said,) = first["silenced"]
    assert (said["reason"], said["held"], said["discarded"]) == ("planned works", 1, 0)
    assert [one["headline"] for one in second["stories"]] == ["Torkham closed"]
    assert second["silenced"] == []


def test_a_window_with_nothing_but_silenced_stories_says_so() -> None:
    room = newsroom(schedule=WINDOW, send_when_empty=True)
    silence(room, discard=True, rules=("closed",))
    silence(room, rules=("dead",))
    room.bring_in(item("e1"), item("e2", "Bus falls, five killed", "Five people were killed."))
    room.clock.advance(HOUR)
    (digest,) = [room.planner().preview(settings) for settings in room.digests]
    (text,) = render(digest, MessageFormat.TEXT)
    assert "nothing to tell" in text.text
    (line,) = [one for one in text.text.splitlines() if "silenced" in one]
    assert line.startswith("2 stories silenced: 1 discarded (planned works), 1 wait until ")
    room.plan()
    assert room.payloads()[0]["stories"] == []
    room.clock.advance(HOUR)
    room.plan()
    second = room.payloads()[1]["silenced"]
    assert [(one["held"], one["discarded"]) for one in second] == [(1, 0)]  # the discarded one was counted once


def test_a_digest_that_is_silent_when_empty_is_silent_when_all_is_silenced() -> None:
    room = newsroom(schedule=WINDOW)
    silence(room, discard=True)
    room.bring_in(item())
    room.clock.advance(HOUR)
    room.plan()
    assert (room.alerts(), ends(room, "e1")) == ([], [RoutingState.SILENCED])


def test_a_window_that_closes_after_the_silence_discards_what_matched_in_it() -> None:
    room = newsroom(schedule=WINDOW)
    silence(room, discard=True, hours=0.5)
    room.bring_in(item("e1"))
    room.clock.advance(0.6 * HOUR)
    room.bring_in(item("e1"), item("e2", "Bus falls, five killed", "Five people were killed."))
    room.clock.advance(HOUR)
    room.plan()
    assert (ends(room, "e1"), ends(room, "e2")) == ([RoutingState.SILENCED], [RoutingState.PLANNED])


def test_one_pass_discards_and_ends() -> None:
    room = newsroom(schedule=Every(timedelta(days=1)))
    silence(room, discard=True)
    room.bring_in(item())
    assert len(room.plan(close_all=True)) == 1
    assert ends(room, "e1") == [RoutingState.SILENCED]
    assert room.plan(close_all=True) == []


def test_one_pass_sends_nothing_that_is_held() -> None:
    room = newsroom(schedule=Every(timedelta(days=1)))
    silence(room)
    room.bring_in(item())
    assert room.plan(close_all=True) == []


# ---- stories that change


def alias(room: Newsroom, before: str, after: str) -> None:
    with room.store._db.write() as connection:
        moved = t.articles.update().where(t.articles.c.story_id == before)
        connection.execute(moved.values(story_id=after))
        connection.execute(t.story_aliases.insert().values(alias=before, story_id=after))


def test_a_silence_follows_its_story_and_a_discarding_one_holds_there() -> None:
    room = newsroom()
    room.bring_in(item("e1", "Bus falls, five killed", "Five people were killed."), item("e2"))
    silence(room, discard=True, hours=2, story="s_2")
    alias(room, "s_2", "s_1")
    room.plan()
    assert (ends(room, "e1"), ends(room, "e2")) == ([RoutingState.PENDING], [RoutingState.PENDING])
    room.clock.advance(2 * HOUR)
    room.plan()
    assert (count(room, "planned"), count(room, "silenced")) == (2, 0)


def test_a_text_stays_while_its_match_is_held_and_goes_once_it_is_told() -> None:
    room = newsroom()
    made = silence(room, hours=24 * 90)
    room.bring_in(item())
    room.plan()
    room.clock.advance(60 * DAY)
    room.prune()
    assert room.article().text_gone is None
    room.store.silences.end(made.id, room.clock.now())
    room.plan()
    assert len(room.alerts()) == 1
    room.deliver()
    room.clock.advance(DAY)
    room.prune()
    assert room.article().text_gone is not None


# ---- cost


def test_the_silences_are_asked_for_once_in_a_tick() -> None:
    room = newsroom()
    asked: list[Any] = []

    class Counted:
        def in_force(self, now: Any, since: Any) -> list[Silence]:
            asked.append(now)
            return []

    held = InForce()
    for _ in range(3):
        held.at(Counted(), room.clock.now())  # type: ignore[arg-type]
    held.forget()
    held.at(Counted(), room.clock.now())  # type: ignore[arg-type]
    assert len(asked) == 2


def test_a_held_text_is_not_read_again_and_again() -> None:
    room = newsroom()
    silence(room)
    room.bring_in(item())
    statements: list[str] = []
    sa.event.listen(
        room.store._db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]), named=False
    )
    assert room.plan() == []
    assert not [one for one in statements if "articles.text" in one]


def test_what_is_only_recorded_of_a_story_takes_no_number_of_its_messages() -> None:
    room = newsroom(schedule=Immediate(timedelta(0)))
    made = silence(room, discard=True)
    room.bring_in(item("e1"))
    (plan,) = room.plan()
    assert isinstance(plan, Plan)
    assert (plan.batch, plan.stories, plan.deliveries) == ("s_1/untold#1", 0, ())
    room.clock.advance(30 * MINUTE)
    room.bring_in(item("e1", "Torkham closed, two killed", "Two were killed at the gate."))
    assert [one.batch for one in room.plan() if isinstance(one, Plan)] == ["s_1/untold#2"]
    room.store.silences.end(made.id, room.clock.now(), tell=True)
    assert [one.batch for one in room.plan() if isinstance(one, Plan)] == ["s_1#1"]
    room.clock.advance(HOUR)
    room.bring_in(item("copy", "Torkham closed, two killed", "Two were killed at the gate."))
    assert [one.batch for one in room.plan() if isinstance(one, Plan)] == ["s_1/untold#3"]  # merged
