"""digest, of stories with many articles: what is told again, merged, held back, and what regrouping does to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, digest_settings, item, rss

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import insert_or_update
from monitor.core.digests.plan import FOLLOW_UP_AFTER
from monitor.model.digest import Every
from monitor.model.ledger import Plan, RoutingState
from monitor.model.telling import Material, Merged, Updates
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.match import MatchReport

RULES = """
[[rules]]
id = "closed"
title = "A crossing is closed"
query = '(Torkham OR Chaman) AND (closed OR shut)'
[[rules]]
id = "dead"
title = "People died"
query = 'killed'
"""
THIRD_FEED = "https://third.example/feed"


def newsroom(*feeds: str, **more: Any) -> Newsroom:
    """A newsroom with an immediate digest unless it says otherwise; feeds are called after their hosts."""
    named = [feed_settings(url, name=url.split("/")[2].split(".")[0], backfill=DAY) for url in (FEED, *feeds)]
    return Newsroom(feeds=named, digests=[digest_settings(**more)], rules=RULES)


def story(id: str, title: str, text: str = "", day: int = 0) -> str:
    return item(id, title, text or f"{title}, officials said.", published=NOON + day * DAY)


def bring(room: Newsroom, *listed: str, **others: tuple[str, ...]) -> list[MatchReport]:
    """What the feeds list now; `wire` and `third` are the other feeds."""
    for name, url in (("wire", OTHER_FEED), ("third", THIRD_FEED)):
        room.fetcher.answers[url] = rss(*others.get(name, ()))
    return room.bring_in(*listed)


def regroup(room: Newsroom, **stories: str) -> None:
    """Articles by their entry, put into these stories."""
    rows = {room_article(room, entry): name for entry, name in stories.items()}
    with room.store._db.write() as connection:
        for row, name in rows.items():
            connection.execute(t.articles.update().where(t.articles.c.id == row).values(story_id=name))
            # As like as reports of one event mostly are.
            others = sa.select(t.articles.c.id).where(t.articles.c.story_id == name, t.articles.c.id != row)
            for other in connection.execute(others).scalars().all():
                pair = {"one": min(row, other), "other": max(row, other)}
                insert_or_update(connection, t.story_edges, pair, {"weight": 0.9})


def room_article(room: Newsroom, id: str) -> int:
    return room.number(f"SELECT max(a.id) FROM articles a WHERE a.url LIKE '%/{id}'")


def ends(room: Newsroom, id: str) -> list[tuple[RoutingState, object]]:
    fates = room.fates(id)
    return [(one.state, one.why) for match in fates[0].matches for one in match.routings]


def batches(room: Newsroom) -> list[str]:
    return [one.new.batch for one in reversed(room.store.ledger.deliveries(limit=1000))]


def updates(room: Newsroom) -> list[tuple[str, str]]:
    """The batch and what it says is new, of each message."""
    return [(one["batch"], one["stories"][0]["update"]) for one in room.payloads()]


# ---- follow-ups


def test_a_second_article_of_a_told_story_is_merged_with_its_reason() -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed"))
    room.plan()
    room.clock.advance(HOUR)
    bring(room, story("two", "Border gate at Torkham is shut for good"))
    regroup(room, two="s_1")
    room.plan()
    assert ends(room, "one") == [(RoutingState.PLANNED, Material.NEW_STORY_FOR_RULE)]
    assert ends(room, "two") == [(RoutingState.MERGED, Merged.NOTHING_NEW)]
    assert len(room.alerts()) == 1


def test_another_place_under_one_rule_is_told_at_once_though_a_follow_up_would_wait() -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed"))
    room.plan()
    room.clock.advance(MINUTE)
    bring(room, story("two", "Chaman closed, too"))
    regroup(room, two="s_1")
    room.plan()
    assert ends(room, "two") == [(RoutingState.PLANNED, Material.NEW_NAMES)]
    assert updates(room) == [("s_1#1", ""), ("s_1#2", "another name in the match")]


def test_closed_reopened_and_closed_again_in_one_story_alerts_twice() -> None:
    room = newsroom()
    bring(room, story("monday", "Torkham closed"))
    room.plan()
    room.clock.advance(2 * DAY)
    bring(room, story("wednesday", "Torkham reopens", day=2))
    room.clock.advance(2 * DAY)
    bring(room, story("friday", "Torkham closed again", day=4))
    regroup(room, wednesday="s_1", friday="s_1")
    room.plan()
    assert ends(room, "friday") == [(RoutingState.PLANNED, Material.REPEAT)]
    assert [one["stories"][0]["badges"] for one in room.payloads()] == [[], ["updated"]]


def test_a_death_toll_that_rises_is_an_update_that_says_so() -> None:
    room = newsroom()
    bring(room, story("one", "Blast in Quetta", "At least 41 people were killed."))
    room.plan()
    room.clock.advance(HOUR)
    bring(room, story("two", "Quetta mourns", "By evening 45 people were killed."))
    regroup(room, two="s_1")
    room.plan()
    assert updates(room) == [("s_1#1", ""), ("s_1#2", "41 → 45 people")]
    assert room.payloads()[1]["stories"][0]["badges"] == ["updated"]


def test_a_correction_has_its_badge() -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed", "It was closed at noon."))
    room.plan()
    room.clock.advance(HOUR)
    bring(room, story("one", "CORRECTED: Torkham closed", "It was closed at noon."))
    room.plan()
    assert room.payloads()[1]["stories"][0]["badges"] == ["updated", "corrected"]


def test_a_live_page_that_changes_every_minute_is_one_update_a_quarter_of_an_hour_and_loses_nothing() -> None:
    room = newsroom()
    text = "Torkham is closed."
    for minute in range(40):
        text += f" At gate {minute} Torkham was shut."
        room.clock.advance(MINUTE)
        bring(room, item("live", "At the border, live", text))
        room.plan()
    assert len(room.alerts()) == 1 + 39 // 15
    assert room.number("SELECT count(*) FROM routings WHERE state = 'pending'") > 0
    room.clock.advance(FOLLOW_UP_AFTER)
    room.plan()
    assert room.number("SELECT count(*) FROM routings WHERE state = 'pending'") == 0
    assert room.number("SELECT count(*) FROM routings WHERE state = 'planned'") == 40
    assert len(set(batches(room))) == len(room.alerts())


def test_a_follow_up_does_not_wait_for_a_clock_that_was_set_back() -> None:
    room = newsroom()
    bring(room, item("live", "At the border, live", "Torkham is closed."))
    room.plan()
    room.clock.set(NOON - 400 * DAY)
    bring(room, item("live", "At the border, live", "Torkham is closed. Torkham is shut, they say."))
    room.plan()
    assert len(room.alerts()) == 2


def test_updates_off_merges_an_update_and_says_why() -> None:
    room = newsroom(updates=Updates.NONE)
    bring(room, item("live", "At the border, live", "Torkham is closed."))
    room.plan()
    room.clock.advance(HOUR)
    bring(room, item("live", "At the border, live", "Torkham is closed. Torkham is shut, they say."))
    room.plan()
    assert ends(room, "live") == [(RoutingState.MERGED, Merged.UPDATES_OFF)]


# ---- regrouping moves what was told


def test_two_told_stories_that_become_one_have_told_both_and_number_their_messages_on() -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed"), story("two", "Chaman closed"))
    room.plan()
    assert sorted(batches(room)) == ["s_1#1", "s_2#1"]
    regroup(room, two="s_1")
    room.clock.advance(HOUR)
    bring(room, story("three", "Chaman stays shut"))
    regroup(room, three="s_1")
    room.plan()
    assert ends(room, "three") == [(RoutingState.MERGED, Merged.NOTHING_NEW)]  # both names were told
    bring(room, story("four", "Chaman closed: 12 people killed"))
    regroup(room, four="s_1")
    room.plan()
    regroup(room, two="s_2", four="s_2")
    room.clock.advance(HOUR)
    bring(room, story("five", "Chaman closed: 15 people killed"))
    regroup(room, five="s_2")
    room.plan()
    assert len(batches(room)) == len(set(batches(room))) == 4
    assert batches(room)[-1] == "s_2#2"
    assert len({one.new.key for one in room.store.ledger.deliveries()}) == 4


def test_a_story_that_lost_what_was_told_tells_its_pending_matches_as_its_own() -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed"))
    room.plan()
    room.clock.advance(HOUR)
    bring(room, story("two", "Torkham gate shut"))
    regroup(room, two="s_1")
    assert room.store.digests.told("alerts", ["s_1"])
    regroup(room, two="s_9")
    assert not room.store.digests.told("alerts", ["s_9"])
    room.plan()
    assert ends(room, "two") == [(RoutingState.PLANNED, Material.NEW_STORY_FOR_RULE)]


def test_a_match_is_not_merged_into_a_story_that_it_has_left_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed"))
    room.plan()
    room.clock.advance(HOUR)
    bring(room, story("two", "Torkham gate shut"))
    regroup(room, two="s_1")
    real = room.store.digests.record_plan

    def split_first(plan: Plan, now: object) -> None:
        regroup(room, two="s_9")
        real(plan, now)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(room.store.digests, "record_plan", split_first)
        (plan,) = room.plan()
        assert isinstance(plan, Plan)
        assert len(plan.merged) == 1
    assert ends(room, "two") == [(RoutingState.PENDING, None)]
    room.plan()
    assert ends(room, "two") == [(RoutingState.PLANNED, Material.NEW_STORY_FOR_RULE)]


def test_a_dry_run_remembers_what_it_told_and_not_what_it_merged() -> None:
    room = newsroom()
    bring(room, story("one", "Torkham closed"))
    room.plan(draft=True)
    room.clock.advance(HOUR)
    bring(room, story("two", "Torkham gate shut"))
    regroup(room, two="s_1")
    room.plan(draft=True)
    assert len(room.store.digests.told("alerts", ["s_1"], draft=True)) == 1
    assert not room.store.digests.told("alerts", ["s_1"])


# ---- publishers


def one_each(**more: Any) -> Newsroom:
    return newsroom(OTHER_FEED, THIRD_FEED, min_publishers=2, **more)


def test_a_story_of_too_few_publishers_is_held_and_told_when_it_has_them() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"))
    assert not room.plan()
    assert not room.plan(close_all=True)  # run --once closes windows, and holds what is held
    assert ends(room, "one") == [(RoutingState.PENDING, None)]
    room.clock.advance(2 * DAY)
    bring(room, wire=(story("w1", "Torkham gate is shut", day=2),))
    regroup(room, w1="s_1")
    (plan,) = room.plan()
    assert isinstance(plan, Plan)
    assert (plan.stories, len(plan.planned)) == (1, 2)
    assert room.payloads()[0]["stories"][0]["independent_publishers"] == 2


def test_a_second_report_of_the_same_publisher_or_of_the_same_agency_is_none_more() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"))
    bring(room, story("two", "Torkham shut, again"))
    bring(room, wire=(story("w1", "Torkham is shut for long"),), third=(story("t1", "Is Torkham shut by now"),))
    regroup(room, two="s_1", w1="s_9", t1="s_9")
    with room.store._db.write() as connection:
        connection.execute(t.articles.update().where(t.articles.c.story_id == "s_9").values(wire="AP"))
    assert not room.plan()
    regroup(room, w1="s_1")
    assert [plan.batch for plan in room.plan() if isinstance(plan, Plan)] == ["s_1#1"]


def test_a_story_that_was_told_is_held_no_more() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"), wire=(story("w1", "Torkham gate is shut"),))
    regroup(room, w1="s_1")
    room.plan()
    regroup(room, w1="s_9")
    room.clock.advance(HOUR)
    bring(room, story("two", "Chaman closed"))
    regroup(room, two="s_1")
    room.plan()
    assert ends(room, "two") == [(RoutingState.PLANNED, Material.NEW_NAMES)]


def test_a_story_that_never_gets_its_publishers_ends_with_a_named_fate() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"))
    room.clock.advance(6 * DAY)
    bring(room, story("two", "Torkham closed, still", day=6))
    regroup(room, two="s_1")
    room.clock.advance(6 * DAY)
    assert not room.plan()  # a paper may still follow the younger of the two
    room.clock.advance(2 * DAY)
    assert not list(room.planner().run(caught_up=lambda: False))
    (plan,) = room.plan()
    assert isinstance(plan, Plan)
    assert (plan.stories, plan.deliveries, len(plan.too_few)) == (0, (), 2)
    assert ends(room, "one") == ends(room, "two") == [(RoutingState.TOO_FEW, None)]
    assert not room.plan()


def test_a_story_that_gets_its_publisher_while_it_is_given_up_is_told() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"))
    room.clock.advance(8 * DAY)
    bring(room, wire=(story("w1", "At the border", day=8),))

    def joined_meanwhile() -> bool:  # asked between the look at what waits and the record of it
        regroup(room, w1="s_1")
        with room.store.grouping.session() as session:
            session.wake_too_few(["s_1"])
        return False

    list(room.planner().run(stopping=joined_meanwhile))
    assert [plan.stories for plan in room.plan() if isinstance(plan, Plan)] == [1]
    assert len(room.alerts()) == 1


def test_an_edit_of_a_held_article_is_told_with_it_once() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed", "It was closed."))
    bring(room, story("one", "Torkham closed", "It was closed. Rain fell."))
    room.plan()
    bring(room, wire=(story("w1", "Torkham gate is shut"),))
    regroup(room, w1="s_1")
    room.plan()
    states = room.number("SELECT count(*) FROM routings WHERE state = 'planned'")
    assert (states, ends(room, "one")) == (2, [(RoutingState.MERGED, Merged.EARLIER_WORDING)])
    assert len(room.payloads()) == 1


def test_a_digest_says_how_many_stories_it_holds_back_and_a_preview_too() -> None:
    room = one_each(schedule=Every(timedelta(minutes=30)), send_when_empty=True)
    bring(room, story("one", "Torkham closed"))
    assert room.planner().preview(room.digests[0]).held_back == 1
    room.clock.advance(30 * MINUTE)
    room.plan()
    assert [one["held_back"] for one in room.payloads()] == [1]
    bring(room, wire=(story("w1", "Torkham gate is shut"),))
    regroup(room, w1="s_1")
    room.clock.advance(30 * MINUTE)
    room.plan()
    assert [(one["held_back"], len(one["stories"])) for one in room.payloads()] == [(1, 0), (0, 1)]


def test_a_dry_run_holds_back_and_gives_up_beside_the_real_one() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"))
    assert not room.plan(draft=True)
    room.clock.advance(8 * DAY)
    (draft,) = room.plan(draft=True)
    assert isinstance(draft, Plan)
    assert len(draft.too_few) == 1
    assert not room.plan(draft=True)
    assert ends(room, "one") == [(RoutingState.PENDING, None)]


def test_a_digest_that_asks_for_fewer_from_now_on_tells_what_was_held() -> None:
    room = one_each()
    bring(room, story("one", "Torkham closed"))
    room.plan()
    room.digests = [digest_settings()]
    room.plan()
    assert ends(room, "one") == [(RoutingState.PLANNED, Material.NEW_STORY_FOR_RULE)]


def test_three_more_publishers_are_an_update() -> None:
    feeds = [f"https://paper{n}.example/feed" for n in range(3)]
    room = newsroom(*feeds)
    bring(room, story("one", "Torkham closed"))
    room.plan()
    room.clock.advance(HOUR)
    for n, url in enumerate(feeds):
        room.fetcher.answers[url] = rss(story(f"p{n}", f"Torkham shut, say{'s' * n} paper"))
    room.bring_in()
    regroup(room, p0="s_1", p1="s_1", p2="s_1")
    room.plan()
    assert updates(room) == [("s_1#1", ""), ("s_1#2", "3 more publishers")]


def test_the_stage_asks_who_owns_a_page() -> None:
    room = newsroom(OTHER_FEED, min_publishers=2)
    bring(room, story("one", "Torkham closed"), wire=(story("w1", "Torkham gate is shut"),))
    regroup(room, w1="s_1")
    stage = room.planner()
    assert isinstance(stage, DigestStage)
    with room.store._db.write() as connection:
        for entry, host in (("one", "www.arabnews.com"), ("w1", "arabnews.com")):
            at = t.articles.c.url.endswith(f"/{entry}")
            connection.execute(t.articles.update().where(at).values(url=f"https://{host}/{entry}"))
    assert not list(stage.run())
    with room.store._db.write() as connection:
        connection.execute(
            sa.update(t.articles).where(t.articles.c.url.endswith("/w1")).values(url="https://dawn.com/w1")
        )
    assert len(list(room.planner().run())) == 1
