"""digest: which matches go into which message, when, and what an alert remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, RULES, Newsroom, digest_settings, failing, item

from monitor.model.delivery import (
    ChannelKind,
    DeliveryState,
    EmailEndpoint,
    FileEndpoint,
    Receiver,
    StdoutEndpoint,
)
from monitor.model.digest import Badge, Cron, Every, Immediate, MessageFormat
from monitor.model.errors import StoreUnusable
from monitor.model.feed import PollOutcome
from monitor.model.ledger import Plan, RoutingState
from monitor.pipeline.digest import PlanFailure
from monitor.testing import FakeClock

MORNING = Cron("0 8 * * *")  # 03:30 UTC in Kabul
EIGHT_IN_KABUL = datetime(2023, 2, 23, 3, 30, tzinfo=UTC)


def morning(**more: Any) -> Newsroom:
    """A newsroom with one digest at eight in Kabul; it is noon UTC on the day before."""
    return Newsroom(
        digests=[digest_settings("morning", **{"schedule": MORNING, "timezone": "Asia/Kabul", **more})]
    )


def plans(room: Newsroom, **how: bool) -> list[Plan]:
    found = room.plan(**how)
    assert not [one for one in found if isinstance(one, PlanFailure)], found
    return [one for one in found if isinstance(one, Plan)]


def story(id: str, title: str, summary: str = "") -> str:
    return item(id, title, summary or f"{title}, officials said.")


FLOODS = story("floods", "Floods in Sindh")
TRUCKS = story("trucks", "Thousands of trucks wait")


# ---- windows


def test_a_window_closes_at_its_time_and_not_before() -> None:
    room = morning()
    room.bring_in(item())
    room.clock.set(EIGHT_IN_KABUL - timedelta(seconds=1))
    assert not plans(room)
    room.clock.set(EIGHT_IN_KABUL)
    (plan,) = plans(room)
    assert (plan.window.start, plan.window.end) == (NOON, EIGHT_IN_KABUL)
    assert (plan.stories, len(plan.deliveries), plan.closes_window) == (1, 1, True)
    assert not plans(room)


def test_each_window_begins_where_the_last_one_ended() -> None:
    room = morning(send_when_empty=True)
    ends = []
    for _ in range(4):
        room.clock.advance(DAY)
        (plan,) = plans(room)
        ends.append((plan.window.start, plan.window.end))
    assert ends == [
        (NOON, EIGHT_IN_KABUL),
        *((EIGHT_IN_KABUL + day * DAY, EIGHT_IN_KABUL + (day + 1) * DAY) for day in range(3)),
    ]


@pytest.mark.parametrize(
    ("start", "hours"),
    [(datetime(2023, 3, 24, 12, tzinfo=UTC), 23), (datetime(2023, 10, 27, 12, tzinfo=UTC), 25)],
    ids=["spring", "autumn"],
)
def test_over_a_change_of_the_clocks_every_day_has_its_window_and_none_two(start: datetime, hours: int) -> None:
    room = Newsroom(
        digests=[
            digest_settings("nightly", schedule=Cron("30 2 * * *"), timezone="Europe/Berlin", send_when_empty=True)
        ],
        clock=FakeClock(start),
    )
    windows = []
    for _ in range(4 * 24 * 2):
        room.clock.advance(30 * MINUTE)
        for plan in plans(room):
            assert plan.window.end == room.clock.now()  # at its time, in the gap at the gap's end
            windows.append(plan.window)
    assert len(windows) == 4
    assert all(one.end == other.start for one, other in pairwise(windows))
    assert sum((one.end - one.start).total_seconds() for one in windows[1:]) == 3600 * (48 + hours)


def test_every_half_hour_closes_on_the_half_hour() -> None:
    room = Newsroom(digests=[digest_settings(schedule=Every(timedelta(minutes=30)), send_when_empty=True)])
    room.clock.advance(17 * MINUTE)
    assert not plans(room)
    room.clock.advance(17 * MINUTE)
    (plan,) = plans(room)
    assert plan.window.end == NOON + 30 * MINUTE


def test_an_immediate_story_waits_for_more_of_the_same_and_another_for_its_own_time() -> None:
    room = Newsroom(digests=[digest_settings(schedule=Immediate(timedelta(seconds=30)))])
    room.bring_in(item())
    room.clock.advance(timedelta(seconds=20))
    room.bring_in(item(), item("copy", link="https://news.example/copy"), FLOODS)
    assert not plans(room)
    room.clock.advance(timedelta(seconds=10))
    (plan,) = plans(room)
    assert (plan.batch, len(plan.planned), plan.closes_window) == ("s_1#1", 2, False)
    room.clock.advance(timedelta(seconds=20))
    (other,) = plans(room)
    assert other.stories == 1
    assert len(room.alerts()) == 2


def test_several_missed_windows_become_one_late_digest() -> None:
    room = morning()
    room.bring_in(item())
    room.clock.advance(3 * DAY + HOUR)
    (plan,) = plans(room)
    assert (plan.window.start, plan.window.end) == (NOON, EIGHT_IN_KABUL + 2 * DAY)
    assert [payload["late"] for payload in room.payloads()] == [True]


def test_a_digest_on_time_is_not_late() -> None:
    room = morning()
    room.bring_in(item())
    room.clock.set(EIGHT_IN_KABUL + 5 * MINUTE)
    plans(room)
    assert [payload["late"] for payload in room.payloads()] == [False]


def test_a_match_made_after_the_end_of_the_window_waits_for_the_next() -> None:
    room = morning()
    room.bring_in(item())
    room.clock.set(EIGHT_IN_KABUL + timedelta(minutes=1))  # read a moment after eight, planned a moment later
    room.bring_in(item(), FLOODS)
    (plan,) = plans(room)
    assert [headline for _, _, headline in room.alerts()] == ["Torkham closed"]
    assert not plans(room)
    room.clock.set(EIGHT_IN_KABUL + DAY)
    plans(room)
    assert [headline for _, _, headline in room.alerts()] == ["Torkham closed", "Floods in Sindh"]
    assert plan.stories == 1


def test_a_late_window_waits_for_the_backlog_and_takes_it_all() -> None:
    room = morning()
    room.bring_in(item())
    room.clock.set(EIGHT_IN_KABUL + HOUR)  # the daemon was down at eight
    assert not list(room.planner().run(caught_up=lambda: False))
    room.bring_in(item(), FLOODS)
    (plan,) = plans(room)
    assert sorted(headline for _, _, headline in room.alerts()) == ["Floods in Sindh", "Torkham closed"]
    assert plan.stories == 2
    assert not plans(room)


def test_a_new_digest_looks_forward_only() -> None:
    room = Newsroom(digests=[])
    room.clock.advance(5 * DAY)
    room.digests = [digest_settings("morning", schedule=MORNING, timezone="Asia/Kabul", send_when_empty=True)]
    assert not plans(room)
    room.clock.advance(DAY)
    (plan,) = plans(room)
    assert plan.window.start == NOON + 5 * DAY


def test_close_all_closes_what_has_matches_now_and_nothing_else() -> None:
    room = Newsroom(
        digests=[
            digest_settings("morning", schedule=MORNING, timezone="Asia/Kabul"),
            digest_settings("floods", schedule=MORNING, rules=("floods",), send_when_empty=True),
            digest_settings("now", schedule=Immediate(HOUR)),
        ]
    )
    room.bring_in(item())
    assert [(plan.digest, plan.stories) for plan in plans(room, close_all=True)] == [("morning", 1), ("now", 1)]
    assert not plans(room, close_all=True)
    room.clock.set(EIGHT_IN_KABUL)
    (plan,) = plans(room)
    assert (plan.window.start, len(plan.deliveries)) == (NOON, 0)


# ---- empty digests


def test_an_empty_window_is_closed_without_a_message() -> None:
    room = morning()
    room.clock.set(EIGHT_IN_KABUL)
    (plan,) = plans(room)
    assert (plan.stories, plan.deliveries) == (0, ())


def test_send_when_empty_says_that_nothing_matched_and_names_the_failing_feeds() -> None:
    room = morning(send_when_empty=True)
    room.poll()
    room.clock.set(EIGHT_IN_KABUL)
    (plan,) = plans(room)
    assert len(plan.deliveries) == 1
    (payload,) = room.payloads()
    assert payload["stories"] == []
    coverage = payload["coverage"]
    assert (coverage["feeds"], coverage["failing"], coverage["failing_names"]) == (1, 1, ["News"])


def test_an_immediate_digest_never_sends_that_nothing_happened() -> None:
    room = Newsroom(digests=[digest_settings(send_when_empty=True)])
    room.bring_in(item())
    plans(room)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    (plan,) = plans(room)
    assert (len(plan.merged), plan.deliveries) == (1, ())


# ---- once per (digest, rule, story)


def test_a_story_alerts_once_per_digest_and_rule() -> None:
    room = Newsroom()
    room.bring_in(item())
    plans(room)
    for n in range(3):
        room.clock.advance(HOUR)
        room.bring_in(item(), *(item(f"copy{m}", link=f"https://news.example/copy{m}") for m in range(n + 1)))
        plans(room)
    assert room.alerts() == [("alerts", "torkham-closed", "Torkham closed")]


def test_a_new_rule_on_an_alerted_story_alerts_and_the_story_is_marked_as_updated() -> None:
    room = Newsroom()
    room.bring_in(item())
    plans(room)
    room.clock.advance(HOUR)
    room.bring_in(item(summary="The Torkham crossing was closed on Sunday. 6,000 trucks wait."))
    (plan,) = plans(room)
    assert plan.batch == "s_1#2"
    first, second = room.payloads()
    assert [story["badges"] for story in first["stories"]] == [[]]
    assert [story["badges"] for story in second["stories"]] == [[Badge.UPDATED.value]]
    assert [rule["id"] for rule in second["stories"][0]["rules"]] == ["trucks"]


def test_new_words_in_a_matched_sentence_alert_again_and_a_comma_elsewhere_does_not() -> None:
    room = Newsroom()
    first = "Torkham was closed."
    for summary, alerts in [
        (first, 1),
        (f"{first} Rain fell.", 1),
        (f"{first} Rain, they say, fell.", 1),
        (f"{first} Rain fell. Torkham is still closed, the minister said.", 2),
        (f"{first} Rain fell. Torkham is still closed, the minister said. More rain.", 2),
    ]:
        room.clock.advance(HOUR)
        room.bring_in(item(title="At the border", summary=summary))
        plans(room)
        assert len(room.alerts()) == alerts, summary


def test_two_digests_each_alert_the_story_once() -> None:
    room = Newsroom(digests=[digest_settings("one"), digest_settings("two")])
    room.bring_in(item())
    plans(room)
    assert {digest for digest, _, _ in room.alerts()} == {"one", "two"}
    assert len({one.new.key for one in room.store.ledger.deliveries()}) == 2


def test_an_edited_rule_does_not_repeat_what_was_alerted() -> None:
    room = Newsroom()
    room.bring_in(item())
    plans(room)
    room.rules = RULES.replace("Torkham AND (closed OR closure)", "Torkham AND (closed OR closure OR shut)")
    room.clock.advance(HOUR)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    plans(room)
    assert len(room.alerts()) == 1


# ---- the message


def test_stories_of_one_window_are_one_message_most_severe_first() -> None:
    room = morning()
    room.bring_in(TRUCKS, FLOODS, item())
    room.clock.set(EIGHT_IN_KABUL)
    (plan,) = plans(room)
    (payload,) = room.payloads()
    assert len(plan.deliveries) == 1
    headlines = [story["headline"] for story in payload["stories"]]
    assert (headlines[0], len(headlines)) == ("Torkham closed", 3)


def test_stories_over_max_stories_are_shown_as_links_and_none_is_dropped() -> None:
    console = Receiver("desk", (StdoutEndpoint(),))
    titles = ["Floods in Sindh", "Punjab flooded", "A flood warning", "Flooding of farms", "Dam holds the flood"]
    room = Newsroom(digests=[digest_settings("morning", schedule=MORNING, max_stories=2)], receivers=[console])
    room.bring_in(*(story(f"e{n}", title, "Officials spoke of rain.") for n, title in enumerate(titles)))
    plans(room, close_all=True)
    text = "\n".join(one.new.message.text for one in room.store.ledger.deliveries())
    assert all(title in text.replace("[", "").replace("]", "") for title in titles)
    assert all(f"https://news.example/e{n}" in text for n in range(5))
    assert text.count("Officials spoke of rain") <= 2


def test_entries_from_before_the_subscription_say_so() -> None:
    room = Newsroom()
    room.bring_in(item(published=NOON - 5 * HOUR))
    plans(room)
    assert room.payloads()[0]["stories"][0]["badges"] == [Badge.BEFORE_SUBSCRIBED.value]


def test_every_address_and_every_channel_of_a_receiver_gets_one_row_with_a_key_of_its_own() -> None:
    desk = Receiver(
        "desk",
        (
            EmailEndpoint(("a@example.org", "b@example.org")),
            FileEndpoint("digests", MessageFormat.JSON),
            StdoutEndpoint(),
        ),
    )
    ops = Receiver("ops", (EmailEndpoint(("a@example.org",)), StdoutEndpoint()))
    room = Newsroom(digests=[digest_settings(to=("desk", "ops"))], receivers=[desk, ops])
    room.bring_in(item())
    plans(room)
    rows = room.store.ledger.deliveries()
    assert sorted((one.new.receiver, one.new.channel.value, one.new.recipient) for one in rows) == [
        ("desk", "email", "a@example.org"),
        ("desk", "email", "b@example.org"),
        ("desk", "file", "file"),
        ("desk", "stdout", "stdout"),
        ("ops", "stdout", "stdout"),  # a@example.org has it as one of the desk
    ]
    assert len({one.new.key for one in rows}) == 5


def test_a_json_message_carries_its_own_key() -> None:
    room = Newsroom()
    room.bring_in(item())
    plans(room)
    (row,) = room.store.ledger.deliveries()
    assert (row.new.message.payload or {})["key"] == row.new.key
    assert row.new.channel is ChannelKind.FILE


# ---- dry runs and previews


def test_a_dry_run_beside_the_real_one_takes_nothing_from_it() -> None:
    room = Newsroom()
    room.bring_in(item())
    (draft,) = plans(room, draft=True)
    assert draft.draft
    assert not plans(room, draft=True)
    (real,) = plans(room)
    assert (real.planned, real.batch) == (draft.planned, draft.batch)
    states = sorted(one.state.value for one in room.store.ledger.deliveries())
    assert states == [DeliveryState.DRAFT.value, DeliveryState.WAITING.value]
    assert [report.delivery.state for report in room.deliver()] == [DeliveryState.WAITING]


def test_a_dry_run_after_the_real_one_repeats_nothing() -> None:
    room = Newsroom()
    room.bring_in(item())
    plans(room)
    assert not plans(room, draft=True)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    (draft,) = plans(room, draft=True)
    assert (len(draft.merged), draft.deliveries) == (1, ())
    (real,) = plans(room)
    assert len(real.merged) == 1


def test_a_dry_run_closes_windows_of_its_own() -> None:
    room = morning()
    room.bring_in(item())
    room.clock.set(EIGHT_IN_KABUL)
    assert [plan.stories for plan in plans(room, draft=True)] == [1]
    state = room.store.digests.open_digest("morning", room.clock.now())
    assert (state.last_end, state.last_draft_end) == (NOON, EIGHT_IN_KABUL)
    assert [plan.stories for plan in plans(room)] == [1]


def test_a_preview_shows_what_is_pending_and_changes_nothing() -> None:
    room = morning()
    room.bring_in(item())
    before = room.dump()
    digest = room.planner().preview(room.digests[0])
    assert [story.headline for story in digest.stories] == ["Torkham closed"]
    assert room.dump() == before


def test_a_preview_of_a_digest_that_never_ran_changes_nothing() -> None:
    room = Newsroom(digests=[])
    before = room.dump()
    digest = room.planner().preview(digest_settings("just-written", schedule=MORNING))
    assert digest.stories == ()
    assert room.dump() == before


def test_a_preview_does_not_show_what_was_alerted() -> None:
    room = Newsroom()
    room.bring_in(item())
    plans(room)
    assert room.planner().preview(room.digests[0]).stories == ()


# ---- failures


def test_a_digest_that_cannot_be_planned_keeps_its_matches_and_the_others_go_on() -> None:
    room = Newsroom(digests=[digest_settings("broken", to=("nobody",)), digest_settings("good")])
    room.bring_in(item())
    broken, good = room.plan()
    assert isinstance(broken, PlanFailure)
    assert (broken.digest, broken.batch) == ("broken", "s_1#1")
    assert "nobody" in broken.why
    assert isinstance(good, Plan)
    assert len(room.store.digests.pending("broken")) == 1
    room.digests = [digest_settings("broken")]
    assert [plan.stories for plan in plans(room)] == [1]


def test_a_digest_whose_windows_cannot_be_computed_never_stops_the_others() -> None:
    room = Newsroom(
        digests=[digest_settings("broken", schedule=MORNING, timezone="Mars/Olympus"), digest_settings("good")]
    )
    room.bring_in(item())
    broken, good = room.plan()
    assert isinstance(broken, PlanFailure)
    assert isinstance(good, Plan)


def test_a_store_in_trouble_plans_nothing_by_halves() -> None:
    def full(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    room = Newsroom()
    room.bring_in(item())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.digests, "record_plan", full)  # a disk cannot be filled here
        with pytest.raises(StoreUnusable):
            room.plan()
    assert [plan.stories for plan in plans(room)] == [1]


# ---- again and again


def test_planning_twice_changes_nothing() -> None:
    room = Newsroom(digests=[digest_settings(), digest_settings("morning", schedule=MORNING)])
    room.bring_in(item(), FLOODS)
    plans(room, close_all=True)
    before = room.dump()
    plans(room)
    plans(room, close_all=True)
    assert room.dump() == before


def test_every_match_of_a_plan_is_planned_or_merged() -> None:
    room = Newsroom()
    room.bring_in(item(), FLOODS)
    plans(room)
    room.bring_in(item(), FLOODS, item("copy", link="https://news.example/copy"))
    plans(room)
    states = [
        routing.state
        for entry in ("e1", "floods", "copy")
        for match in room.fates(entry)[0].matches
        for routing in match.routings
    ]
    assert states == [RoutingState.PLANNED, RoutingState.PLANNED, RoutingState.MERGED]


def test_a_feed_that_is_gone_counts_as_failing_and_a_removed_one_not_at_all() -> None:
    room = Newsroom(
        feeds=[feed_settings(FEED), feed_settings("https://gone.example/feed", name="Gone")],
        digests=[digest_settings(schedule=MORNING, send_when_empty=True)],
    )
    room.serve(item())
    gone = "https://gone.example/feed"
    room.fetcher.answers[gone] = failing(PollOutcome.GONE, 410)
    room.poll()
    room.clock.advance(DAY)
    room.poll()
    plans(room)
    coverage = room.payloads()[0]["coverage"]
    assert (coverage["feeds"], coverage["failing"], coverage["failing_names"]) == (2, 1, ["Gone"])
    room.store.feeds.sync([feed_settings(FEED)], room.clock.now())
    room.clock.advance(DAY)
    plans(room)
    coverage = room.payloads()[1]["coverage"]
    assert (coverage["feeds"], coverage["late"]) == (0, 1), "what nobody asked was not checked"
    room.clock.advance(DAY)
    room.poll()
    plans(room)
    coverage = room.payloads()[2]["coverage"]
    assert (coverage["feeds"], coverage["failing"]) == (1, 0)
