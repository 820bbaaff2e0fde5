"""The page that Prometheus reads: series from the start, closed label sets, gauges only when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from platform import python_version

import prometheus_client
import pytest
from metered import GAUGES, IN_FORCE, meter_of
from newsroom import FEED, Newsroom, feed_settings, item, rss
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from monitor.adapters.metrics import PrometheusMeter
from monitor.adapters.store.tables import SCHEMA
from monitor.app.metering import count_delivery, count_group, count_match, count_plan, count_poll, count_read
from monitor.app.vitals import Vitals
from monitor.model import measure as m
from monitor.model.delivery import DeliveryState
from monitor.testing import EPOCH

HOSTILE = 'evil"} 1\nmedia_monitor_hacked{x="\\'


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
    assert found["seen_to_delivered_seconds_count",] == 0
    assert found["rule_tag_matches_total", "border"] == found["rule_tag_matches_total", m.NO_TAG] == 0
    assert found["build_info", "3.11.7", "0010", "0.1.0"] == 1


def test_what_the_store_holds_is_shown_with_a_nought_for_what_it_does_not() -> None:
    found = samples(meter_of().exposition())
    assert [found["feeds", state] for state in ("ok", "late", "failing", "gone")] == [211, 0, 0, 1]
    assert [found["outbox_deliveries", state] for state in ("waiting", "sent", "dead", "draft")] == [4, 1000, 0, 0]
    assert (found["entries_waiting",], found["articles_unmatched",], found["matches_pending",]) == (3, 2, 7)
    assert found["articles_unindexed",] == 340
    ages = ("due_feed", "waiting_entry", "unmatched_article", "pending_match", "waiting_delivery")
    assert [found[f"oldest_{one}_seconds",] for one in ages] == [60, 240, 120, 300, 180]
    assert (found["jobs_waiting",], found["jobs_taken",]) == (1_200, 13)
    assert found["oldest_waiting_job_seconds",] == 360
    assert found["feeds_may_have_lost",] == 2
    assert found["database_bytes",] == 123_456_789
    assert (found["disk_bytes",], found["disk_free_bytes",]) == (1_000_000_000, 250_000_000)
    assert found["store_reachable",] == 1
    assert found["last_tick_timestamp_seconds",] == EPOCH.timestamp()


def test_a_silent_store_leaves_its_numbers_out_and_nothing_else() -> None:
    there, silent = samples(meter_of().exposition()), samples(meter_of(None).exposition())
    assert silent["store_reachable",] == 0
    assert {name for name, *_ in there} - {name for name, *_ in silent} == {
        "feeds",
        "entries_waiting",
        "articles_unmatched",
        "articles_unindexed",
        "matches_pending",
        "jobs_waiting",
        "jobs_taken",
        "oldest_waiting_job_seconds",
        "outbox_deliveries",
        "feeds_may_have_lost",
        "oldest_due_feed_seconds",
        "oldest_waiting_entry_seconds",
        "oldest_unmatched_article_seconds",
        "oldest_pending_match_seconds",
        "oldest_waiting_delivery_seconds",
        "database_bytes",
        "disk_bytes",
        "disk_free_bytes",
    }


def test_before_the_first_tick_there_is_no_time_of_it() -> None:
    assert ("last_tick_timestamp_seconds",) not in samples(meter_of(last_tick=None).exposition())


def test_nothing_waits_and_no_file_holds_the_store() -> None:
    found = samples(meter_of(m.Gauges()).exposition())
    assert found["oldest_waiting_delivery_seconds",] == found["oldest_due_feed_seconds",] == 0
    assert not {("database_bytes",), ("disk_bytes",), ("disk_free_bytes",), ("jobs_waiting",)} & found.keys()


def test_a_clock_that_went_back_makes_no_age_negative() -> None:
    gauges = m.Gauges(m.Held(oldest=m.Oldest(delivery=EPOCH + timedelta(days=1))))
    assert samples(meter_of(gauges).exposition())["oldest_waiting_delivery_seconds",] == 0


def test_the_config_in_force_is_told_with_what_came_of_reading_it_anew() -> None:
    found = samples(meter_of().exposition())
    assert [found["declared", part] for part in ("rules", "feeds", "digests", "receivers")] == [38, 212, 2, 1]
    assert [found["reloads_total", outcome] for outcome in ("applied", "refused")] == [2, 1]
    assert found["last_reload_successful",] == 1
    assert found["last_reload_timestamp_seconds",] == EPOCH.timestamp()
    refused = samples(meter_of(in_force=replace(IN_FORCE, holds=False)).exposition())
    assert refused["last_reload_successful",] == 0


def test_who_cannot_reload_says_nothing_of_it() -> None:
    found = samples(meter_of(in_force=None).exposition())
    assert not {name for name, *_ in found} & {"reloads_total", "last_reload_successful", "declared"}


# ---- tags


def tags(meter: PrometheusMeter) -> dict[str, float]:
    found = samples(meter.exposition())
    return {labels[0]: value for (name, *labels), value in found.items() if name == "rule_tag_matches_total"}


def test_a_tag_that_a_reload_brings_has_a_series_and_one_that_it_takes_away_keeps_its_own() -> None:
    now = [replace(IN_FORCE, tags=("border", "floods"))]
    meter = PrometheusMeter(m.Build("1", "3", "1"), lambda: GAUGES, lambda: EPOCH, lambda: EPOCH, lambda: now[0])
    assert tags(meter) == {m.NO_TAG: 0, m.OTHER_TAGS: 0, "border": 0, "floods": 0}
    meter.count_tags(["floods"])
    now[0] = replace(IN_FORCE, tags=("border", "sport"))
    assert tags(meter) == {m.NO_TAG: 0, m.OTHER_TAGS: 0, "border": 0, "floods": 1, "sport": 0}


def test_the_tags_of_most_rules_are_told_by_name_and_the_rest_together() -> None:
    many = tuple(f"tag-{number}" for number in range(m.MOST_TAGS + 50))
    meter = meter_of(in_force=replace(IN_FORCE, tags=many))
    meter.exposition()
    meter.count_tags([many[0], many[-1], many[-2]])
    found = tags(meter)
    assert len(found) == m.MOST_TAGS + 2
    assert (found[many[0]], found[m.OTHER_TAGS]) == (1, 1)  # of one match the rest is one
    assert many[-1] not in found


def test_a_tag_that_is_a_text_is_never_a_label() -> None:
    meter = meter_of()
    meter.count_tags(["x" * (m.LONGEST_TAG + 1)])
    assert tags(meter) == {m.NO_TAG: 0, m.OTHER_TAGS: 1, "border": 0}


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
    found["media_monitor_reloads", "outcome"] = {outcome.value for outcome in m.ReloadOutcome}
    found["media_monitor_declared", "part"] = {part.value for part in m.Part}
    found["media_monitor_rule_tag_matches", "tag"] = {m.NO_TAG, m.OTHER_TAGS, "border"}
    build = {"version": "0.1.0", "python_version": python_version(), "schema_version": SCHEMA}
    found |= {("media_monitor_build_info", label): {value} for label, value in build.items()}
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
    vitals = Vitals(room.store, room.clock, version="0.1.0", in_force=lambda: IN_FORCE)
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
