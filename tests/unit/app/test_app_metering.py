"""What each report adds to the meter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from made import MINUTE, NOON
from newsroom import FEED, Newsroom, answer, digest_settings, failing, feed_settings, item

from monitor.app.metering import (
    NoMeter,
    count_delivery,
    count_group,
    count_match,
    count_plan,
    count_poll,
    count_read,
)
from monitor.model.delivery import ChannelKind
from monitor.model.digest import Cron
from monitor.model.entry import Fate
from monitor.model.errors import DeliveryFailed, DeliveryFault, StoreError
from monitor.model.feed import PollOutcome
from monitor.model.measure import ENTRIES
from monitor.model.rule import RuleFailure
from monitor.pipeline.digest import PlanFailure
from monitor.pipeline.group import GroupReport
from monitor.pipeline.match import MatchReport
from monitor.ports import Meter
from monitor.testing import RecordingChannel, RecordingMeter

OLD = NOON - timedelta(days=30)


@pytest.fixture
def meter() -> RecordingMeter:
    return RecordingMeter()


def counted(meter: RecordingMeter) -> dict[tuple[str, ...], int]:
    return dict(+meter.counts)


def test_a_poll_counts_its_outcome_and_the_fate_of_each_new_entry(meter) -> None:
    room = Newsroom()
    room.serve(item("new"), item("seen", published=NOON - timedelta(days=2)))
    for report in room.poll():
        count_poll(meter, report)
    room.serve(item("old", published=OLD))
    count_poll(meter, room.repoll())
    assert counted(meter) == {
        ("polls", "ok"): 2,
        ("entries", "waiting"): 1,
        ("entries", "seen_at_subscribe"): 1,
        ("entries", "too_old"): 1,
    }


@pytest.mark.parametrize("outcome", [PollOutcome.TIMEOUT, PollOutcome.HTTP_ERROR])
def test_a_failed_poll_counts_its_outcome_only(meter, outcome) -> None:
    room = Newsroom()
    room.fetcher.answers[FEED] = failing(outcome)
    for report in room.poll():
        count_poll(meter, report)
    assert counted(meter) == {("polls", outcome.value): 1}


def test_every_fate_an_entry_has_at_first_sight_is_declared() -> None:
    assert set(ENTRIES.labels["fate"]) == set(Fate) - {Fate.READ, Fate.FORGOTTEN}


def test_an_entry_read_is_timed_from_its_publication_to_the_poll(meter) -> None:
    room = Newsroom()
    room.clock.advance(7 * MINUTE)
    room.serve(item("dated", published=NOON), item("undated", "Floods", published=None))
    room.poll()
    room.clock.advance(MINUTE)  # read later: that is not the feed's fault
    for report in room.read():
        count_read(meter, report)
    assert counted(meter) == {("articles_read", "feed"): 2}
    assert meter.spans["published_to_seen"] == [420]


def test_a_page_put_off_is_counted_and_timed_when_it_is_read(meter) -> None:
    room = Newsroom(feeds=(feed_settings(FEED, full_text=True, backfill=timedelta(days=1)),))
    room.serve(item())
    room.poll()
    room.fetcher.answers["https://news.example/e1"] = failing(PollOutcome.TIMEOUT)
    for report in room.read():
        count_read(meter, report)
    assert counted(meter) == {("articles_read", "postponed"): 1}
    assert not meter.spans["published_to_seen"]
    room.fetcher.answers["https://news.example/e1"] = answer(b"", 404, PollOutcome.HTTP_ERROR)
    room.clock.advance(MINUTE)
    for report in room.read():
        count_read(meter, report)
    assert meter.counts["articles_read", "fallback"] == 1
    assert len(meter.spans["published_to_seen"]) == 1


def test_a_revision_tells_nothing_of_how_late_a_feed_is(meter) -> None:
    room = Newsroom()
    room.bring_in(item(summary="Torkham was closed."))
    room.serve(item(summary="Torkham was closed. Then it was opened."))
    room.repoll()
    for report in room.read():
        count_read(meter, report)
    assert counted(meter) == {("articles_read", "feed"): 1}
    assert not meter.spans["published_to_seen"]


def test_matches_are_counted_by_severity_and_articles_timed_from_the_poll(meter) -> None:
    room = Newsroom()
    now = room.clock.now() + 2 * MINUTE
    for report in room.bring_in(
        item("a", summary="Torkham closed, trucks stranded"), item("b", "Nothing", "Else")
    ):
        count_match(meter, report, now)
    assert counted(meter) == {("matches", "high"): 1, ("matches", "normal"): 1}
    assert meter.tags == {"border": 1, "trade": 1}
    assert meter.spans["seen_to_matched"] == [120, 120]


def test_rules_that_failed_are_counted(meter) -> None:
    (report,) = Newsroom().bring_in(item("b", "Nothing", "Else"))
    failures = (RuleFailure("1", "x", "broke"), RuleFailure("1", "y", "broke"))
    count_match(meter, replace(report, failures=failures), NOON)
    assert counted(meter) == {("rule_failures",): 2}


def test_an_article_that_breaks_a_stage_is_counted_and_not_timed(meter) -> None:
    (report,) = Newsroom().bring_in(item())
    count_group(meter, GroupReport(report.article, None, "ValueError"))
    count_match(meter, MatchReport(report.article, why="ValueError"), NOON)
    assert counted(meter) == {("articles_put_back", "group"): 1, ("articles_put_back", "match"): 1}
    assert not meter.spans


def test_an_article_that_was_grouped_counts_nothing(meter) -> None:
    room = Newsroom()
    room.serve(item())
    room.poll()
    room.read()
    for report in room.group():
        count_group(meter, report)
    assert not counted(meter)


def planned(room: Newsroom, *, draft: bool = False) -> Sequence[object]:
    room.clock.advance(MINUTE)
    return room.plan(draft=draft)


def test_plans_are_counted_by_what_they_came_to(meter) -> None:
    room = Newsroom()
    room.bring_in(item())
    for plan in [*planned(room, draft=True), *planned(room)]:
        count_plan(meter, plan)
    room.bring_in(item("e2"))  # the same words again, which are merged
    for plan in planned(room):
        count_plan(meter, plan)
    count_plan(meter, PlanFailure("alerts", "batch", "ValueError"))
    assert counted(meter) == {
        ("plans", "draft"): 1,
        ("plans", "planned"): 1,
        ("plans", "quiet"): 1,
        ("plans", "failed"): 1,
    }


def test_attempts_to_deliver_are_counted_by_the_state_they_leave_and_success_is_timed(meter) -> None:
    temporary = DeliveryFailed(DeliveryFault.TEMPORARY, "451")
    refused = DeliveryFailed(DeliveryFault.REFUSED, "550")
    room = Newsroom(channels={("desk", ChannelKind.FILE): RecordingChannel([temporary, refused])})
    for number, title in enumerate(("Torkham closed", "Floods in Sindh")):
        room.bring_in(item(f"e{number}", title, title))
        room.plan()
    for _ in range(2):
        for report in room.deliver():
            count_delivery(meter, report, room.clock.now())
        room.clock.advance(timedelta(hours=1))
    assert counted(meter) == {
        ("deliveries", "file", "waiting"): 1,
        ("deliveries", "file", "dead"): 1,
        ("deliveries", "file", "sent"): 1,
    }
    assert meter.spans["planned_to_sent"] == [3600]


def sent(room: Newsroom, meter: Meter) -> list[float]:
    """Delivers what is planned; the spans that were timed from the first entry's poll."""
    for report in room.deliver():
        count_delivery(meter, report, room.clock.now(), room.store.facts.first_seen_in)
    return meter.spans["seen_to_delivered"] if isinstance(meter, RecordingMeter) else []


def test_an_immediate_message_is_timed_from_the_poll_of_its_first_entry_to_its_receipt(meter) -> None:
    room = Newsroom()
    room.bring_in(item("a"), item("b", "Floods in Sindh", "Floods."))
    room.clock.advance(2 * MINUTE)
    room.plan()
    room.clock.advance(MINUTE)
    assert sent(room, meter) == [180, 180]
    assert meter.spans["planned_to_sent"] == [60, 60]


def test_a_message_that_failed_at_first_is_timed_when_it_arrives(meter) -> None:
    temporary = DeliveryFailed(DeliveryFault.TEMPORARY, "451")
    room = Newsroom(channels={("desk", ChannelKind.FILE): RecordingChannel([temporary])})
    room.bring_in(item())
    room.plan()
    assert not sent(room, meter)
    room.clock.advance(timedelta(hours=1))
    assert sent(room, meter) == [3600]


def test_a_digest_by_the_clock_says_nothing_of_how_quick_alerts_are(meter) -> None:
    room = Newsroom(digests=(digest_settings(schedule=Cron("0 13 * * *")),))
    room.bring_in(item())
    room.clock.advance(timedelta(hours=1))
    room.plan()
    assert not sent(room, meter)
    assert len(meter.spans["planned_to_sent"]) == 1


def test_a_daemon_that_nobody_watches_asks_the_store_nothing_for_it() -> None:
    def asked(digest: str, batch: str) -> datetime:
        raise AssertionError("asked")

    room = Newsroom()
    room.bring_in(item())
    room.plan()
    (report,) = room.deliver()
    count_delivery(NoMeter(), report, NOON, asked)


def test_a_store_in_trouble_takes_no_receipt_back(meter) -> None:
    def asked(digest: str, batch: str) -> datetime:
        raise StoreError("gone")

    room = Newsroom()
    room.bring_in(item())
    room.plan()
    (report,) = room.deliver()
    count_delivery(meter, report, room.clock.now(), asked)
    assert meter.counts["deliveries", "file", "sent"] == 1
    assert not meter.spans["seen_to_delivered"]
