"""digest, in quiet time and in a storm: what is held, what is told all the same, and what comes when it ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, digest_settings, item

from monitor.adapters.store import tables as t
from monitor.core.digests.plan import STORM_ABOVE
from monitor.model.digest import CatchUp, Cron, Every, Immediate, QuietSettings
from monitor.model.ledger import Plan, RoutingState
from monitor.model.rule import Severity
from monitor.model.silence import NewSilence, SilenceMode
from monitor.pipeline.digest import DigestStage, PlanFailure

NIGHT = QuietSettings(hours=(time(22), time(6)))
LOUD_NIGHT = QuietSettings(hours=(time(22), time(6)), override=Severity.HIGH)
HOURLY = Every(HOUR)
SECOND = timedelta(seconds=1)
# It is noon UTC on 22 February 2023, and the digests' zone is UTC.
ELEVEN_PM = datetime(2023, 2, 22, 23, tzinfo=UTC)
SIX = datetime(2023, 2, 23, 6, tzinfo=UTC)
STRETCH = "quiet/2023-02-22T22:00:00Z/2023-02-23T06:00:00Z#1"

PLACES = [
    "Sindh",
    "Punjab",
    "Sukkur",
    "Larkana",
    "Dadu",
    "Thatta",
    "Badin",
    "Multan",
    "Quetta",
    "Gwadar",
    "Lahore",
    "Swat",
    "Chitral",
    "Kohat",
]


AT_ONCE = Immediate(timedelta(0))


def newsroom(schedule: Any = AT_ONCE, quiet: QuietSettings = NIGHT, **more: Any) -> Newsroom:
    return Newsroom(digests=[digest_settings(schedule=schedule, quiet=quiet, **more)])


def flood(number: int) -> str:
    """A story of its own, of normal severity."""
    place = PLACES[number % len(PLACES)]
    return item(
        f"flood{number}", f"Flood in {place}, number {number}", f"Farms of {place} stand in {number} m of water."
    )


TRUCKS = item("trucks", "Thousands of trucks wait", "Thousands of trucks wait, officials said.")


def plans(room: Newsroom, **how: bool) -> list[Plan]:
    found = room.plan(**how)
    assert not [one for one in found if isinstance(one, PlanFailure)], found
    return [one for one in found if isinstance(one, Plan)]


def states(room: Newsroom, id: str) -> set[RoutingState]:
    return {one.state for match in room.fates(id)[0].matches for one in match.routings}


def made(room: Newsroom) -> list[tuple[str, int]]:
    """Batch and number of stories of every message, oldest first."""
    return [(one["batch"], len(one["stories"])) for one in room.payloads()]


# ---- windows


def test_a_window_whose_time_is_quiet_closes_at_the_end_of_the_quiet_hours_with_all_that_came() -> None:
    room = newsroom(Cron("0 23 * * *"))
    room.bring_in(item())
    room.clock.set(ELEVEN_PM + MINUTE)
    room.bring_in(item(), TRUCKS)
    assert not plans(room)
    room.clock.set(SIX - SECOND)
    assert not plans(room)
    room.clock.set(SIX)
    (plan,) = plans(room)
    assert (plan.window.start, plan.window.end, plan.stories) == (NOON, SIX, 2)
    assert [one["late"] for one in room.payloads()] == [False]
    assert not plans(room)
    room.clock.set(ELEVEN_PM + timedelta(days=1) - SECOND)
    assert not plans(room)


def test_several_windows_that_are_quiet_are_one_message() -> None:
    room = newsroom(HOURLY)
    room.clock.set(ELEVEN_PM - timedelta(hours=2))
    plans(room)
    for number in range(6):
        room.clock.advance(HOUR + MINUTE)
        room.bring_in(*(flood(one) for one in range(number + 1)))
        plans(room)
    assert made(room) == []
    room.clock.set(SIX)
    plans(room)
    assert [stories for _, stories in made(room)] == [6]
    room.clock.set(SIX + HOUR)
    assert [plan.window.start for plan in plans(room)] == [SIX]


def test_when_nobody_was_there_at_the_end_of_the_quiet_hours_the_window_is_late_and_whole() -> None:
    room = newsroom(Cron("0 23 * * *"))
    room.bring_in(item())
    room.clock.set(SIX + 3 * HOUR)
    assert not list(room.planner().run(caught_up=lambda: False))
    room.bring_in(item(), TRUCKS)
    (plan,) = plans(room)
    assert (plan.window.end, plan.stories) == (SIX, 2)
    assert [one["late"] for one in room.payloads()] == [True]


def test_a_paused_day_holds_a_window_and_its_end_closes_it() -> None:
    room = newsroom(Cron("0 8 * * *"), QuietSettings(pause=((date(2023, 2, 23), date(2023, 2, 24)),)))
    room.bring_in(item())
    room.clock.set(datetime(2023, 2, 24, 23, 59, tzinfo=UTC))
    assert not plans(room)
    room.clock.set(datetime(2023, 2, 25, tzinfo=UTC))
    assert [plan.stories for plan in plans(room)] == [1]


def test_at_a_quiet_fire_time_severe_stories_are_told_and_the_others_come_with_the_catch_up() -> None:
    room = newsroom(Cron("0 23 * * *"), LOUD_NIGHT)
    room.bring_in(item(), TRUCKS)  # high and normal
    room.clock.set(ELEVEN_PM - SECOND)
    assert not plans(room)
    room.clock.set(ELEVEN_PM)
    (told,) = plans(room)
    assert (told.stories, told.closes_window) == (1, False)
    assert told.batch.startswith("override/2023-02-22T23:00:00Z/")
    assert not plans(room)
    room.clock.set(SIX)
    (rest,) = plans(room)
    assert (rest.window.start, rest.window.end, rest.stories) == (NOON, SIX, 1)
    assert [headline for _, _, headline in room.alerts()] == ["Torkham closed", "Thousands of trucks wait"]


def test_a_severe_match_that_comes_late_to_a_quiet_fire_time_is_told_in_a_batch_of_its_own() -> None:
    room = newsroom(Cron("0 23 * * *"), LOUD_NIGHT)
    room.bring_in(item())
    room.clock.set(ELEVEN_PM)
    (first,) = plans(room)
    room.clock.set(ELEVEN_PM - MINUTE)  # made before, stored after
    room.bring_in(
        item(), item("chaman", "Torkham closure: Chaman follows", "Chaman, like Torkham, saw a closure.")
    )
    room.clock.set(ELEVEN_PM + MINUTE)
    (second,) = plans(room)
    assert first.batch != second.batch
    assert states(room, "chaman") == {RoutingState.PLANNED}


# ---- immediate digests


def test_quiet_hours_hold_alerts_and_one_message_tells_them_when_they_end() -> None:
    room = newsroom()
    room.clock.set(ELEVEN_PM)
    room.bring_in(item())
    assert not plans(room)
    room.clock.advance(HOUR)
    room.bring_in(item(), TRUCKS)
    room.clock.set(SIX - SECOND)
    assert not plans(room)
    assert states(room, "e1") == states(room, "trucks") == {RoutingState.PENDING}
    room.clock.set(SIX)
    (plan,) = plans(room)
    assert (plan.batch, plan.stories, plan.closes_window) == (STRETCH, 2, False)
    assert (plan.window.start, plan.window.end) == (datetime(2023, 2, 22, 22, tzinfo=UTC), SIX)
    assert not plans(room)
    room.clock.advance(MINUTE)
    room.bring_in(item(), TRUCKS, flood(1))
    assert [plan.stories for plan in plans(room)] == [1]


def test_the_catch_up_says_why_it_is_one() -> None:
    paused = QuietSettings(hours=NIGHT.hours, pause=((date(2023, 2, 23), date(2023, 2, 23)),))
    for quiet, end, why in ((NIGHT, SIX, CatchUp.QUIET_HOURS), (paused, SIX + timedelta(days=1), CatchUp.PAUSE)):
        room = newsroom(quiet=quiet)
        room.clock.set(ELEVEN_PM)
        room.bring_in(item(), TRUCKS)
        room.clock.set(end)
        seen = spied(room)
        assert [(one.catch_up, one.immediate) for one in seen] == [(why, False)]


def spied(room: Newsroom) -> list[Any]:
    """The digests that one run of the stage builds."""
    seen = []

    class Seen(DigestStage):
        __slots__ = ()

        def _plan(self, settings: Any, digest: Any, *more: Any, **named: Any) -> Plan:
            seen.append(digest)
            return super()._plan(settings, digest, *more, **named)

    of = room.planner()
    found = list(Seen(of.digests, of.feeds, of.settings, of.receivers, of.clock).run())
    assert all(isinstance(one, Plan) for one in found)
    return seen


def test_a_single_held_story_is_an_alert_like_any_other() -> None:
    room = newsroom()
    room.clock.set(ELEVEN_PM)
    room.bring_in(item())
    room.clock.set(SIX)
    assert [plan.batch for plan in plans(room)] == ["s_1#1"]


def test_what_waited_for_more_of_the_same_when_quiet_hours_began_or_ended_is_in_the_catch_up() -> None:
    room = newsroom(Immediate(5 * MINUTE))
    room.clock.set(ELEVEN_PM - HOUR - MINUTE)
    room.bring_in(item())
    room.clock.set(SIX - MINUTE)
    room.bring_in(item(), TRUCKS)
    assert not plans(room)
    room.clock.set(SIX)
    assert [(plan.batch, plan.stories) for plan in plans(room)] == [(STRETCH, 2)]


def test_severe_stories_are_told_in_quiet_hours_as_always() -> None:
    room = newsroom(quiet=LOUD_NIGHT)
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), TRUCKS, flood(1))
    assert [plan.batch for plan in plans(room)] == ["s_1#1"]
    assert not plans(room)
    room.clock.set(SIX)
    assert [(plan.batch, plan.stories) for plan in plans(room)] == [(STRETCH, 2)]
    assert len(room.alerts()) == 3


def test_a_normal_rule_on_a_severe_story_that_was_told_waits_for_the_end() -> None:
    room = newsroom(quiet=LOUD_NIGHT)
    room.clock.set(ELEVEN_PM)
    room.bring_in(item())
    plans(room)
    room.clock.advance(HOUR)
    room.bring_in(item(summary="The Torkham crossing was closed on Sunday. 6,000 trucks wait."))
    assert not plans(room)
    room.clock.set(SIX)
    assert [plan.batch for plan in plans(room)] == ["s_1#2"]
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed", "trucks"]


def test_a_follow_up_on_a_story_of_a_catch_up_is_numbered_from_one_and_marked_as_an_update() -> None:
    room = newsroom()
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), flood(1))
    room.clock.set(SIX)
    plans(room)
    room.clock.advance(HOUR)
    room.bring_in(item(summary="The Torkham crossing was closed on Sunday. 6,000 trucks wait."), flood(1))
    (plan,) = plans(room)
    story = room.payloads()[-1]["stories"][0]
    assert (plan.batch, story["badges"]) == (f"{story['id']}#1", ["updated"])
    room.clock.advance(HOUR)
    room.bring_in(item(), flood(1))
    assert not any(plan.deliveries for plan in plans(room))


def test_a_follow_up_keeps_its_quarter_of_an_hour_after_an_alert_that_broke_the_quiet() -> None:
    room = newsroom(quiet=LOUD_NIGHT)
    room.clock.set(SIX - 5 * MINUTE)
    text = "Torkham is closed."
    room.bring_in(item("live", "At the border", text))
    assert [plan.batch for plan in plans(room)] == ["s_1#1"]
    room.clock.advance(MINUTE)
    room.bring_in(item("live", "At the border", f"{text} Torkham stays closed, they say."), TRUCKS, flood(1))
    assert not plans(room)
    room.clock.set(SIX)
    assert [(plan.batch, plan.stories) for plan in plans(room)] == [(STRETCH, 2)]
    room.clock.set(SIX + 10 * MINUTE)
    assert [plan.batch for plan in plans(room)] == ["s_1#2"]


def test_a_held_copy_of_a_told_story_is_merged_when_the_quiet_ends_and_tells_nothing() -> None:
    room = newsroom()
    room.clock.set(ELEVEN_PM - 2 * HOUR)
    room.bring_in(item())
    plans(room)
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    room.clock.set(SIX)
    (plan,) = plans(room)
    assert (plan.deliveries, len(plan.merged)) == ((), 1)


def test_after_downtime_over_the_end_of_the_quiet_hours_the_catch_up_is_late_and_loses_nothing() -> None:
    room = newsroom()
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), TRUCKS)
    room.clock.set(SIX + 3 * HOUR)
    assert [(plan.batch, plan.stories) for plan in plans(room)] == [(STRETCH, 2)]
    assert [one["late"] for one in room.payloads()] == [True]


def test_a_story_that_waited_for_publishers_is_no_matter_of_last_nights_quiet() -> None:
    feeds = [feed_settings(url, name=url.split("/")[2], backfill=DAY) for url in (FEED, OTHER_FEED)]
    room = Newsroom(feeds=feeds, digests=[digest_settings(quiet=NIGHT, min_publishers=2)])
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), TRUCKS)
    room.clock.set(SIX)
    assert not plans(room)
    room.clock.set(SIX + 3 * HOUR)
    second = [item("more1", "Torkham closed, they say"), item("more2", "Many trucks wait", "Trucks and trucks.")]
    room.bring_in(*(one.replace("news.example", "wire.example") for one in second), url=OTHER_FEED)
    with room.store._db.write() as connection:
        for article, story in ((3, "s_1"), (4, "s_2")):
            connection.execute(t.articles.update().where(t.articles.c.id == article).values(story_id=story))
    assert sorted(plan.batch for plan in plans(room)) == ["s_1#1", "s_2#1"]


def test_a_dry_run_is_quiet_too_and_takes_nothing_from_the_real_one() -> None:
    room = newsroom()
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), TRUCKS)
    assert not plans(room, draft=True)
    room.clock.set(SIX)
    (draft,) = plans(room, draft=True)
    assert not plans(room, draft=True)
    (real,) = plans(room)
    assert (real.batch, real.planned) == (draft.batch, draft.planned)
    assert draft.draft


def test_a_pass_by_hand_tells_everything_though_it_is_quiet() -> None:
    room = Newsroom(
        digests=[
            digest_settings("now", quiet=NIGHT),
            digest_settings("late", schedule=Cron("0 23 * * *"), quiet=NIGHT),
        ]
    )
    room.clock.set(ELEVEN_PM)
    room.bring_in(item())
    assert [(plan.digest, plan.stories) for plan in plans(room, close_all=True)] == [("now", 1), ("late", 1)]
    room.clock.set(SIX)
    assert not any(plan.deliveries for plan in plans(room))


# ---- storms


def test_ten_stories_at_once_are_ten_messages_and_eleven_are_one() -> None:
    for number, messages in ((STORM_ABOVE, STORM_ABOVE), (STORM_ABOVE + 1, 1)):
        room = newsroom(quiet=QuietSettings())
        room.bring_in(*(flood(one) for one in range(number)))
        assert len(plans(room)) == messages
        assert len(room.alerts()) == number
        assert not plans(room)


def test_a_storm_takes_along_what_still_waits_for_more_of_the_same() -> None:
    room = newsroom(Immediate(MINUTE), quiet=QuietSettings())
    many = [flood(one) for one in range(STORM_ABOVE + 1)]
    room.bring_in(*many)
    room.clock.advance(50 * SECOND)
    room.bring_in(*many, item())
    room.clock.advance(10 * SECOND)
    assert [(one.catch_up, one.immediate, len(one.stories)) for one in spied(room)] == [
        (CatchUp.STORM, False, STORM_ABOVE + 2)
    ]


def test_two_storms_in_one_moment_are_two_batches_and_nothing_is_lost() -> None:
    room = newsroom(quiet=QuietSettings())
    first = [flood(one) for one in range(STORM_ABOVE + 1)]
    room.bring_in(*first)
    (one,) = plans(room)
    room.bring_in(*first, *(flood(one) for one in range(20, 20 + STORM_ABOVE + 1)))
    (other,) = plans(room)
    assert one.batch != other.batch
    assert len(room.alerts()) == 2 * (STORM_ABOVE + 1)


def test_a_storm_that_was_not_recorded_is_planned_again_as_it_was() -> None:
    room = newsroom(quiet=QuietSettings())
    room.bring_in(*(flood(one) for one in range(STORM_ABOVE + 1)))
    (drafted,) = plans(room, draft=True)  # as one that died before it was written
    room.clock.advance(SECOND)
    (plan,) = plans(room)
    assert (plan.batch, plan.planned) == (drafted.batch, drafted.planned)


def test_one_story_that_cannot_be_planned_does_not_keep_the_others_of_a_storm_or_a_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from monitor.pipeline import digest as stage

    build = stage.build_digest

    def broken(settings: Any, batch: str, window: Any, matched: Any, *more: Any, **named: Any) -> Any:
        if any("number 3" in one.article.title for one in matched):
            raise ValueError("a story that breaks the renderer")
        return build(settings, batch, window, matched, *more, **named)

    monkeypatch.setattr(stage, "build_digest", broken)
    room = newsroom()
    room.clock.set(ELEVEN_PM)
    room.bring_in(*(flood(one) for one in range(STORM_ABOVE + 2)))
    room.clock.set(SIX)
    found = room.plan()
    assert sum(isinstance(one, PlanFailure) for one in found) == 2  # the whole, and the one
    assert len(room.alerts()) == STORM_ABOVE + 1
    assert states(room, "flood3") == {RoutingState.PENDING}


def test_a_first_pass_by_hand_over_many_stories_is_one_message() -> None:
    room = newsroom(quiet=QuietSettings())
    room.bring_in(*(flood(one) for one in range(STORM_ABOVE + 1)))
    assert [plan.stories for plan in plans(room, close_all=True)] == [STORM_ABOVE + 1]


def test_severe_stories_of_a_pause_that_follows_quiet_hours_are_alerts_and_the_catch_up_comes_when_it_ends() -> (
    None
):
    quiet = QuietSettings(hours=(time(22), time(0)), pause=((date(2023, 2, 23),) * 2,), override=Severity.HIGH)
    room = newsroom(quiet=quiet)
    room.clock.set(ELEVEN_PM)
    room.bring_in(TRUCKS, flood(1))
    room.clock.set(SIX)
    strike = item(
        "strike", "Customs officers strike", "Clerks walked out; closure of Torkham market looms, a union says."
    )
    room.bring_in(item(), strike)
    assert sorted(plan.batch for plan in plans(room)) == ["s_3#1", "s_4#1"]
    room.clock.set(ELEVEN_PM + DAY + HOUR)
    assert [(plan.batch, plan.stories) for plan in plans(room)] == [
        ("quiet/2023-02-22T22:00:00Z/2023-02-24T00:00:00Z#1", 2)
    ]


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_a_silence_held_beyond_the_quiet_hours_is_told_as_alerts_and_not_as_late(by_hand: bool) -> None:
    room = newsroom()
    ends = SIX + (6 if by_hand else 3) * HOUR
    works = NewSilence(SilenceMode.HOLD, NOON, ends, "Sara", "works", rules=("torkham-closed", "trucks"))
    silence = room.store.silences.add(works, NOON)
    room.clock.set(ELEVEN_PM)
    room.bring_in(item(), TRUCKS)
    room.clock.set(SIX)
    assert not plans(room)
    room.clock.set(SIX + 3 * HOUR)
    if by_hand:
        room.store.silences.end(silence.id, room.clock.now())
    assert sorted(plan.batch for plan in plans(room)) == ["s_1#1", "s_2#1"]
