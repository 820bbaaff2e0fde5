"""What every meter promises, the shipped fake included."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from metered import meter_of

from monitor.model import measure as m
from monitor.model.delivery import ChannelKind, DeliveryState
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome
from monitor.ports import Meter
from monitor.testing import RecordingMeter

SERIES = [(what, labels) for what in m.COUNTED for labels in product(*what.labels.values())]

Told = Callable[..., float]


def prometheus() -> tuple[Meter, Told, Callable[[], int]]:
    """A meter on prometheus-client, how to read one count or the number of spans, and how many series it has."""
    meter = meter_of(None, None, None)

    def told(what: m.Counted[Any] | m.Timed, *labels: str) -> float:
        if isinstance(what, m.Timed):
            return meter.registry.get_sample_value(f"media_monitor_{what.name}_seconds_count") or 0
        named = dict(zip(what.labels, map(str, labels), strict=True))
        return meter.registry.get_sample_value(f"media_monitor_{what.name}_total", named) or 0

    return meter, told, lambda: sum(len(family.samples) for family in meter.registry.collect())


def recording() -> tuple[Meter, Told, Callable[[], int]]:
    """The same of the fake."""
    meter = RecordingMeter()

    def told(what: m.Counted[Any] | m.Timed, *labels: str) -> float:
        return len(meter.spans[what.name]) if isinstance(what, m.Timed) else meter.counts[what.name, *labels]

    return meter, told, lambda: len(+meter.counts)


@pytest.fixture(params=[prometheus, recording])
def made(request: pytest.FixtureRequest) -> tuple[Meter, Told, Callable[[], int]]:
    return request.param()


def test_every_declared_count_adds_up_apart_from_the_others(made):
    meter, told, _ = made
    for number, (what, labels) in enumerate(SERIES, start=1):
        meter.count(what, *labels)
        meter.count(what, *labels, by=number)
    for number, (what, labels) in enumerate(SERIES, start=1):
        assert told(what, *labels) == 1 + number


@pytest.mark.parametrize(
    ("what", "labels"),
    [
        (m.POLLS, ("https://evil.example/feed",)),
        (m.POLLS, ('ok"} 1\nhacked{x="',)),
        (m.POLLS, ()),
        (m.POLLS, (PollOutcome.OK, "desk")),
        (m.ENTRIES, (Fate.READ,)),  # an enum's value, but none that an entry has at first sight
        (m.DELIVERIES, (ChannelKind.FILE, DeliveryState.DRAFT)),
        (m.RULE_FAILURES, ("torkham-closed",)),
        (m.Counted("unheard_of", "Nobody declared this"), ()),
    ],
)
def test_what_was_not_declared_is_not_counted_and_breaks_nothing(made, what, labels):
    meter, _, series = made
    before = series()
    meter.count(what, *labels)
    assert series() == before


def test_nothing_happened_counts_nothing(made):
    meter, told, series = made
    before = series()
    meter.count(m.ENTRIES, Fate.WAITING, by=0)
    assert told(m.ENTRIES, Fate.WAITING) == 0
    assert series() == before


@pytest.mark.parametrize("span", m.TIMED, ids=lambda span: span.name)
@pytest.mark.parametrize("seconds", [0, 0.5, 1e9, -3600])  # the clock was set back
def test_every_span_is_kept_and_none_is_less_than_nothing(made, span, seconds):
    meter, told, _ = made
    meter.time(span, seconds)
    assert told(span) == 1
    if isinstance(meter, RecordingMeter):
        assert meter.spans[span.name] == [max(0, seconds)]
    else:
        total = meter.registry.get_sample_value(f"media_monitor_{span.name}_seconds_sum")
        assert total == max(0, seconds)


def test_a_span_nobody_declared_breaks_nothing(made):
    meter, _, _ = made
    meter.time(m.Timed("unheard_of", "Nobody declared this"), 1)


def test_threads_lose_no_count(made):
    meter, told, _ = made

    def work() -> None:
        for _ in range(500):
            meter.count(m.POLLS, PollOutcome.OK)
            meter.time(m.SEEN_TO_MATCHED, 1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(m.POLLS, PollOutcome.OK) == told(m.SEEN_TO_MATCHED) == 4000


def tags_of(meter: Meter) -> dict[str, float]:
    if isinstance(meter, RecordingMeter):
        return dict(meter.tags)
    [family] = [one for one in meter.registry.collect() if one.name == "media_monitor_rule_tag_matches"]
    return {sample.labels["tag"]: sample.value for sample in family.samples if sample.value}


def test_a_match_counts_for_each_tag_of_its_rule_once(made):
    meter, _, _ = made
    meter.count_tags(["border", "urgent", "border"])
    meter.count_tags(["border"])
    assert tags_of(meter) == {"border": 2, "urgent": 1}


def test_a_match_of_a_rule_without_tags_is_counted_too(made):
    meter, _, _ = made
    meter.count_tags([])
    assert tags_of(meter) == {m.NO_TAG: 1}
