"""digest, second by second: what is held costs no look, and is told the moment that something lets it be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, digest_settings, item, rss
from query_plans import asked_by

from monitor.app.stories_apart import Regrouping, join, plan_split, split
from monitor.model.ledger import Plan
from monitor.model.silence import NewSilence, Silence, SilenceMode
from monitor.pipeline.at_rest import LOOK_AGAIN
from monitor.pipeline.digest import DigestStage

SECOND = timedelta(seconds=1)
TEXT = (
    "The Torkham crossing was closed on Sunday after officials on both sides could not agree on a new post. " * 3
)


def newsroom(min_publishers: int = 1) -> Newsroom:
    feeds = [
        feed_settings(url, name=name, backfill=DAY) for url, name in ((FEED, "Dawn"), (OTHER_FEED, "The Wire"))
    ]
    room = Newsroom(feeds=feeds, digests=[digest_settings(min_publishers=min_publishers)])
    room.fetcher.answers[OTHER_FEED] = rss()
    return room


def hold(room: Newsroom, *, after: timedelta = timedelta(0), mode: SilenceMode = SilenceMode.HOLD) -> Silence:
    starts = room.clock.now() + after
    new = NewSilence(mode, starts, starts + HOUR, "Sara", "works", rules=("*",))
    return room.store.silences.add(new, room.clock.now())


def tick(room: Newsroom, stage: DigestStage, after: timedelta = SECOND) -> list[Plan]:
    """What the stage of a daemon plans a second later."""
    room.clock.advance(after)
    plans = list(stage.run())
    assert all(isinstance(plan, Plan) for plan in plans), plans
    return [plan for plan in plans if isinstance(plan, Plan)]


def looks(room: Newsroom, stage: DigestStage) -> bool:
    """Whether the stage looks at what waits a second later."""
    asked = asked_by(room.store, lambda: tick(room, stage))
    return any("JOIN matches" in statement for statement, _ in asked)


def held_by_a_silence() -> tuple[Newsroom, DigestStage]:
    room = newsroom()
    hold(room)
    return room, at_rest(room)


def lacking_a_publisher() -> tuple[Newsroom, DigestStage]:
    room = newsroom(min_publishers=2)
    return room, at_rest(room)


def at_rest(room: Newsroom) -> DigestStage:
    room.bring_in(item(summary=TEXT))
    stage = room.planner()
    assert not tick(room, stage)
    return stage


@pytest.mark.parametrize("held", [held_by_a_silence, lacking_a_publisher])
def test_a_second_in_which_nothing_happened_looks_at_nothing_that_waits(
    held: Callable[[], tuple[Newsroom, DigestStage]],
) -> None:
    room, stage = held()
    assert not looks(room, stage)
    room.clock.advance(LOOK_AGAIN)
    assert looks(room, stage)
    room.clock.set(NOON)  # set back: in doubt it looks
    assert looks(room, stage)


def test_what_a_silence_held_is_told_in_the_second_in_which_that_ends() -> None:
    room, stage = held_by_a_silence()
    assert not tick(room, stage, HOUR - 3 * SECOND)
    assert not tick(room, stage)
    assert [plan.stories for plan in tick(room, stage)] == [1]


def test_what_a_silence_held_is_told_in_the_second_after_somebody_ends_it() -> None:
    room, stage = held_by_a_silence()
    room.store.silences.end(1, room.clock.now())
    assert [plan.stories for plan in tick(room, stage)] == [1]


def test_what_a_silence_discarded_is_told_in_the_second_after_somebody_brings_it_back() -> None:
    room = newsroom()
    made = hold(room, mode=SilenceMode.DISCARD)
    room.bring_in(item())
    stage = room.planner()
    tick(room, stage)
    room.store.silences.end(made.id, room.clock.now())
    assert not tick(room, stage)
    assert not looks(room, stage)
    room.store.silences.end(made.id, room.clock.now(), tell=True)  # it was ended already: only the match changes
    assert [plan.stories for plan in tick(room, stage)] == [1]


def test_a_silence_that_begins_discards_in_the_second_in_which_it_does() -> None:
    room = newsroom(min_publishers=2)
    hold(room, after=5 * SECOND, mode=SilenceMode.DISCARD)
    stage = at_rest(room)
    assert not tick(room, stage, 3 * SECOND)
    assert [len(plan.silenced) for plan in tick(room, stage)] == [1]


def test_a_new_match_is_told_in_the_second_after_it_beside_others_that_are_held() -> None:
    room = newsroom()
    held = NewSilence(SilenceMode.HOLD, NOON, NOON + HOUR, "Sara", "works", rules=("torkham-closed",))
    room.store.silences.add(held, NOON)
    stage = at_rest(room)
    room.bring_in(item("trucks", "Trucks stranded", "6,000 trucks wait."))
    assert [plan.stories for plan in tick(room, stage)] == [1]


def test_a_story_is_told_in_the_second_after_its_last_publisher_though_no_rule_matches_there() -> None:
    room, stage = lacking_a_publisher()
    room.serve(
        item("w1", "At the border", TEXT.replace("Torkham", "border"), link="https://wire.example/1"),
        url=OTHER_FEED,
    )
    room.bring_in(item(summary=TEXT))
    assert room.number("SELECT count(*) FROM matches") == 1
    assert room.number("SELECT count(DISTINCT story_id) FROM articles") == 1
    assert [plan.stories for plan in tick(room, stage)] == [1]


def test_a_story_is_told_in_the_second_after_a_person_joins_it_with_that_of_another_publisher() -> None:
    room = newsroom(min_publishers=2)
    room.serve(item("w1", summary=TEXT, link="https://wire.example/1"), url=OTHER_FEED)
    room.bring_in(item(summary=TEXT))
    desk = Regrouping(room.store, room.clock)
    split(desk, plan_split(room.store.stories, "s_1", []), author="Sara", reason="two crossings")
    stage = room.planner()
    assert not tick(room, stage)
    assert not looks(room, stage)
    join(desk, ["a_1", "a_2"])
    assert [plan.stories for plan in tick(room, stage)] == [1]
