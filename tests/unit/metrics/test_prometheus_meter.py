"""The page that Prometheus reads: series from the start, closed label sets, gauges only when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import prometheus_client
import pytest
from made import MINUTE
from newsroom import FEED, Newsroom, feed_settings, item, rss
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from monitor.adapters.metrics import PrometheusMeter
from monitor.app.metering import count_delivery, count_group, count_match, count_plan, count_poll, count_read
from monitor.app.vitals import Vitals
from monitor.model import measure as m
from monitor.model.delivery import DeliveryState
from monitor.testing import EPOCH

GAUGES = m.Gauges(
    feeds={m.FeedState.OK: 211, m.FeedState.GONE: 1},
    entries_waiting=3,
    articles_unmatched=2,
    matches_pending=7,
    deliveries={DeliveryState.SENT: 1000, DeliveryState.WAITING: 4},
    oldest_waiting_delivery=EPOCH - 3 * MINUTE,
    database_bytes=123_456_789,
)
HOSTILE = 'evil"} 1\nmedia_monitor_hacked{x="\\'


def meter_of(gauges: m.Gauges | None = GAUGES, last_tick: datetime | None = EPOCH) -> PrometheusMeter:
    return PrometheusMeter("0.1.0", lambda: gauges, lambda: last_tick, lambda: EPOCH)


def families(page: bytes) -> dict[str, Metric]:
    """The page as Prometheus' own parser reads it."""
    return {family.name: family for family in text_string_to_metric_families(page.decode())}


def samples(page: bytes) -> dict[tuple[str, ...], float]:
    """Every sample of ours by name and label values, without buckets."""
    return {
        (sample.name.removeprefix("media_monitor_"), *sample.labels.values()): sample.value
        for family in families(page).values()
        for sample in family.samples
        if sample.name.startswith("media_monitor_") and not sample.name.endswith("_bucket")
    }


def test_every_series_is_there_before_anything_happened() -> None:
    found = samples(meter_of().exposition())
    assert found["polls_total", "ok"] == 0
    assert found["deliveries_total", "email", "dead"] == 0
    assert found["stage_failures_total", "digest"] == 0
    assert found["planned_to_sent_seconds_count",] == 0
    assert found["build_info", "0.1.0"] == 1


def test_what_the_store_holds_is_shown_with_a_nought_for_what_it_does_not() -> None:
    found = samples(meter_of().exposition())
    assert [found["feeds", state] for state in ("ok", "late", "failing", "gone")] == [211, 0, 0, 1]
    assert [found["outbox_deliveries", state] for state in ("waiting", "sent", "dead", "draft")] == [4, 1000, 0, 0]
    assert (found["entries_waiting",], found["articles_unmatched",], found["matches_pending",]) == (3, 2, 7)
    assert found["oldest_waiting_delivery_seconds",] == 180
    assert found["database_bytes",] == 123_456_789
    assert found["store_reachable",] == 1
    assert found["last_tick_timestamp_seconds",] == EPOCH.timestamp()


def test_a_silent_store_leaves_its_numbers_out_and_nothing_else() -> None:
    there, silent = samples(meter_of().exposition()), samples(meter_of(None).exposition())
    assert silent["store_reachable",] == 0
    assert {name for name, *_ in there} - {name for name, *_ in silent} == {
        "feeds",
        "entries_waiting",
        "articles_unmatched",
        "matches_pending",
        "outbox_deliveries",
        "oldest_waiting_delivery_seconds",
        "database_bytes",
    }


def test_before_the_first_tick_there_is_no_time_of_it() -> None:
    assert ("last_tick_timestamp_seconds",) not in samples(meter_of(last_tick=None).exposition())


def test_no_delivery_waits_and_no_file_holds_the_store() -> None:
    gauges = m.Gauges({}, 0, 0, 0, {}, oldest_waiting_delivery=None, database_bytes=None)
    found = samples(meter_of(gauges).exposition())
    assert found["oldest_waiting_delivery_seconds",] == 0
    assert ("database_bytes",) not in found


def test_a_clock_that_went_back_makes_no_age_negative() -> None:
    gauges = m.Gauges({}, 0, 0, 0, {}, EPOCH + timedelta(days=1), None)
    assert samples(meter_of(gauges).exposition())["oldest_waiting_delivery_seconds",] == 0


def test_the_global_registry_stays_as_it_was_and_two_meters_do_not_meet() -> None:
    before = set(prometheus_client.REGISTRY._names_to_collectors)
    one, other = meter_of(), meter_of()
    one.count(m.RULE_FAILURES, by=3)
    assert samples(one.exposition())["rule_failures_total",] == 3
    assert samples(other.exposition())["rule_failures_total",] == 0
    assert set(prometheus_client.REGISTRY._names_to_collectors) == before


def test_every_metric_is_ours_or_one_of_the_process_and_says_what_it_is() -> None:
    for name, family in families(meter_of().exposition()).items():
        assert name.startswith(("media_monitor_", "process_"))
        assert family.documentation


# ---- labels


def closed_sets() -> dict[tuple[str, str], set[str]]:
    """(metric, label) → all values it may ever have, from the enums alone."""
    found = {
        (f"media_monitor_{what.name}", label): {value.value for value in values}
        for what in m.COUNTED
        for label, values in what.labels.items()
    }
    found["media_monitor_feeds", "state"] = {state.value for state in m.FeedState}
    found["media_monitor_outbox_deliveries", "state"] = {state.value for state in DeliveryState}
    found["media_monitor_build_info", "version"] = {"0.1.0"}
    return found


def labels_of(page: bytes) -> Iterator[tuple[str, str, str]]:
    for name, family in families(page).items():
        for sample in family.samples:
            yield from ((name, label, value) for label, value in sample.labels.items() if label != "le")


@pytest.fixture
def hostile_room() -> Newsroom:
    """A pipeline in which everything that has a name has a hostile one, and some of it breaks."""
    return Newsroom(
        feeds=(
            feed_settings(FEED, name=HOSTILE, tags=(HOSTILE,), backfill=timedelta(days=1)),
            feed_settings("https://down.example/feed", name=HOSTILE + "2"),
        )
    )


def test_labels_come_from_closed_sets_whatever_feeds_entries_and_receivers_are_called(hostile_room) -> None:
    room = hostile_room
    vitals = Vitals(room.store, room.clock, version="0.1.0")
    now = room.clock.now()
    before = sum(1 for _ in labels_of(vitals.metrics()[0]))
    room.fetcher.answers[FEED] = rss(*(item(f"{HOSTILE}{n}", f"Torkham closed {HOSTILE}") for n in range(3)))
    for poll in room.poll():
        count_poll(vitals.meter, poll)
    for read in room.read():
        count_read(vitals.meter, read)
    for group in room.group():
        count_group(vitals.meter, group)
    for match in room.match():
        count_match(vitals.meter, match, now)
    for plan in room.plan():
        count_plan(vitals.meter, plan)
    for delivery in room.deliver():
        count_delivery(vitals.meter, delivery, now)
    page, _ = vitals.metrics()
    found = samples(page)
    assert found["polls_total", "ok"] == found["polls_total", "unreachable"] == 1
    assert found["entries_total", "waiting"] == 3
    assert found["matches_total", "high"] == 3
    assert found["deliveries_total", "file", "sent"] >= 1
    closed = closed_sets()
    for name, label, value in labels_of(page):
        assert value in closed[name, label]
    assert sum(1 for _ in labels_of(page)) == before  # not one series more
    assert b"evil" not in page
    assert b"news.example" not in page
    assert b"torkham" not in page.lower()
