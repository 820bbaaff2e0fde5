"""`ports.Meter` on prometheus-client, with a registry of its own, and the gauges that are read at the scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.model.delivery import DeliveryState
from monitor.model.measure import COUNTED, TIMED, Counted, FeedState, Gauges, Labels, Timed

PREFIX = "media_monitor"
# What generate_latest writes: https://prometheus.io/docs/instrumenting/exposition_formats/
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Seconds. An alert is worth seconds, a digest hours, and an entry may have been published a day ago.
_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


class PrometheusMeter:
    """Every declared count with every label it may have, from 0 on; and what `gauges` says at each scrape.

    `gauges` gives None when the store does not answer; `last_tick` None before the first one; `now` is the time of
    the scrape.
    """

    def __init__(
        self,
        version: str,
        gauges: Callable[[], Gauges | None],
        last_tick: Callable[[], datetime | None],
        now: Callable[[], datetime],
    ) -> None:
        # Its "_created" series double the number of series and say what a restart says anyway. Process-wide.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._counters = {
            (what.name, *labels): counter.labels(*labels) if labels else counter
            for what in COUNTED
            for counter in [Counter(what.name, what.says, tuple(what.labels), PREFIX, registry=self.registry)]
            for labels in product(*what.labels.values())
        }
        self._histograms = {
            what.name: Histogram(
                what.name, what.says, namespace=PREFIX, unit="seconds", buckets=_BUCKETS, registry=self.registry
            )
            for what in TIMED
        }
        Info("build", "The version that runs", namespace=PREFIX, registry=self.registry).info({"version": version})
        ProcessCollector(registry=self.registry)
        self.registry.register(_Scraped(gauges, last_tick, now))

    def count(self, what: Counted[*Labels], *labels: *Labels, by: int = 1) -> None:
        """Adds to the counter, when it is a declared one."""
        counter = self._counters.get((what.name, *map(str, labels)))
        if counter is not None and by > 0:
            counter.inc(by)

    def time(self, what: Timed, seconds: float) -> None:
        """Adds the span to its histogram."""
        histogram = self._histograms.get(what.name)
        if histogram is not None:
            histogram.observe(max(0.0, seconds))

    def exposition(self) -> bytes:
        """All of it as one page of CONTENT_TYPE. May wait for the store as long as `gauges` does."""
        return generate_latest(self.registry)


class _Scraped(Collector):
    """What is asked for only when somebody scrapes."""

    def __init__(
        self,
        gauges: Callable[[], Gauges | None],
        last_tick: Callable[[], datetime | None],
        now: Callable[[], datetime],
    ) -> None:
        self._gauges = gauges
        self._last_tick = last_tick
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """The last tick, whether the store answers, and what it holds."""
        tick = self._last_tick()
        if tick is not None:
            yield _gauge(
                "last_tick_timestamp_seconds", "When the daemon last let its stages run", tick.timestamp()
            )
        found = self._gauges()
        yield _gauge("store_reachable", "1 when the store answers, else 0", float(found is not None))
        if found is not None:
            yield from self._held(found)

    def _held(self, found: Gauges) -> Iterable[Metric]:
        feeds = GaugeMetricFamily(f"{PREFIX}_feeds", "Feeds, by how they are doing", labels=["state"])
        for feed_state in FeedState:
            feeds.add_metric([feed_state.value], found.feeds.get(feed_state, 0))
        yield feeds
        yield _gauge("entries_waiting", "Entries waiting to be read", found.entries_waiting)
        yield _gauge("articles_unmatched", "Articles no rule has read yet", found.articles_unmatched)
        yield _gauge("matches_pending", "Matches waiting for their digest", found.matches_pending)
        outbox = GaugeMetricFamily(f"{PREFIX}_outbox_deliveries", "Deliveries, by state", labels=["state"])
        for state in DeliveryState:
            outbox.add_metric([state.value], found.deliveries.get(state, 0))
        yield outbox
        oldest = found.oldest_waiting_delivery
        age = 0.0 if oldest is None else max(0.0, (self._now() - oldest).total_seconds())
        yield _gauge("oldest_waiting_delivery_seconds", "Age of the oldest delivery not made yet, 0 for none", age)
        if found.database_bytes is not None:
            yield _gauge("database_bytes", "Size of the database", found.database_bytes)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", says, value=value)
