"""`ports.Meter` on prometheus-client, with a registry of its own, and the gauges that are read at the scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.adapters.metrics.tags import TagCounts
from monitor.model.daemons import Queued
from monitor.model.delivery import DeliveryState
from monitor.model.measure import (
    COUNTED,
    TIMED,
    Build,
    Counted,
    FeedState,
    Gauges,
    Held,
    InForce,
    Labels,
    Oldest,
    Part,
    ReloadOutcome,
    Timed,
)

PREFIX = "media_monitor"
# What generate_latest writes: https://prometheus.io/docs/instrumenting/exposition_formats/
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Seconds. An alert is worth seconds, a digest hours, and an entry may have been published a day ago.
_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


class PrometheusMeter:
    """Every declared count with every label it may have, from 0 on; and what the others say at each scrape.

    `gauges` gives None when the store does not answer; `last_tick` None before the first one; `now` is the time of
    the scrape; `in_force` gives None where nothing can be reloaded.
    """

    def __init__(
        self,
        build: Build,
        gauges: Callable[[], Gauges | None],
        last_tick: Callable[[], datetime | None],
        now: Callable[[], datetime],
        in_force: Callable[[], InForce | None] = lambda: None,
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
        self._tags = TagCounts()
        Info("build", "What runs", namespace=PREFIX, registry=self.registry).info(
            {"version": build.version, "python_version": build.python, "schema_version": build.schema}
        )
        ProcessCollector(registry=self.registry)
        self.registry.register(_Standing(in_force, self._tags))
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

    def count_tags(self, tags: Sequence[str]) -> None:
        """Adds a match to each of the tags of its rule."""
        self._tags.count(tags)

    def exposition(self) -> bytes:
        """All of it as one page of CONTENT_TYPE. May wait for the store as long as `gauges` does."""
        return generate_latest(self.registry)


class _Standing(Collector):
    """The config and rules in force, and the matches by the tags that they declare."""

    def __init__(self, in_force: Callable[[], InForce | None], tags: TagCounts) -> None:
        self._in_force = in_force
        self._tags = tags

    def collect(self) -> Iterable[Metric]:
        """The tags first: those that a reload brought have a series from the next scrape on."""
        found = self._in_force()
        if found is not None:
            self._tags.declare(found.tags)
        matches = CounterMetricFamily(
            f"{PREFIX}_rule_tag_matches", "Matches, by each tag of their rule", labels=["tag"]
        )
        for tag, count in self._tags.all():
            matches.add_metric([tag], count)
        yield matches
        if found is None:
            return
        reloads = CounterMetricFamily(
            f"{PREFIX}_reloads", "Readings of config and rules anew, by what they came to", labels=["outcome"]
        )
        for outcome in ReloadOutcome:
            reloads.add_metric([outcome.value], found.reloads.get(outcome, 0))
        yield reloads
        yield _gauge(
            "last_reload_successful", "1 when what is in force is what the files last said, else 0", found.holds
        )
        read_at = found.read_at.timestamp()
        yield _gauge("last_reload_timestamp_seconds", "When config and rules were last read", read_at)
        declared = GaugeMetricFamily(f"{PREFIX}_declared", "What the config in force declares", labels=["part"])
        for part in Part:
            declared.add_metric([part.value], found.declared.get(part, 0))
        yield declared


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
        if found is None:
            return
        yield from _held(found.held)
        yield from _ages(found.held.oldest, self._now())
        if found.queued is not None:
            yield from _queued(found.queued, self._now())
        if found.unindexed is not None:
            says = "Articles that the full-text index of searches does not hold yet"
            yield _gauge("articles_unindexed", says, found.unindexed)
        if found.database_bytes is not None:
            yield _gauge("database_bytes", "Size of the database", found.database_bytes)
        if found.disk is not None:
            yield _gauge("disk_bytes", "Size of the file system that the database is on", found.disk.size)
            yield _gauge("disk_free_bytes", "Bytes that may still be written there", found.disk.free)


def _held(found: Held) -> Iterable[Metric]:
    feeds = GaugeMetricFamily(f"{PREFIX}_feeds", "Feeds, by how they are doing", labels=["state"])
    for feed_state in FeedState:
        feeds.add_metric([feed_state.value], found.feeds.get(feed_state, 0))
    yield feeds
    lost = "Feeds of which entries may have come and gone unseen in the last seven days"
    yield _gauge("feeds_may_have_lost", lost, found.may_have_lost)
    yield _gauge("entries_waiting", "Entries waiting to be read", found.entries_waiting)
    yield _gauge("articles_unmatched", "Articles no rule has read yet", found.articles_unmatched)
    yield _gauge("matches_pending", "Matches waiting for their digest", found.matches_pending)
    outbox = GaugeMetricFamily(f"{PREFIX}_outbox_deliveries", "Deliveries, by state", labels=["state"])
    for state in DeliveryState:
        outbox.add_metric([state.value], found.deliveries.get(state, 0))
    yield outbox


def _queued(found: Queued, now: datetime) -> Iterable[Metric]:
    yield _gauge("jobs_waiting", "Jobs in the queue that nobody has taken yet", found.waiting)
    yield _gauge("jobs_taken", "Jobs in the queue that a worker has in hand", sum(found.taken.values()))
    yield _age("waiting_job", found.oldest, "Age of the oldest job in the queue that nobody has taken yet", now)


def _ages(oldest: Oldest, now: datetime) -> Iterable[Metric]:
    """0 for a queue in which nothing waits: an alert on age needs no word about that."""
    for name, since, says in (
        ("due_feed", oldest.feed, "How long the feed waits that should have been polled first"),
        ("waiting_entry", oldest.entry, "Age of the oldest entry that waits to be read"),
        ("unmatched_article", oldest.article, "Age of the oldest article no rule has read yet"),
        ("pending_match", oldest.match, "Age of the oldest match that waits for its digest"),
        ("waiting_delivery", oldest.delivery, "Age of the oldest delivery not made yet"),
    ):
        yield _age(name, since, says, now)


def _age(name: str, since: datetime | None, says: str, now: datetime) -> Metric:
    age = 0.0 if since is None else max(0.0, (now - since).total_seconds())
    return _gauge(f"oldest_{name}_seconds", f"{says}, 0 for none", age)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", says, value=float(value))
