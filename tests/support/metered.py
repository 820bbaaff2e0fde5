"""A meter of a daemon that has everything: store, disk, rules, reloads; and its metrics by their exposed names."""

from __future__ import annotations

from datetime import datetime

from made import MINUTE
from prometheus_client.metrics_core import Metric

from monitor.adapters.metrics import PrometheusMeter
from monitor.model import measure as m
from monitor.model.daemons import Queued
from monitor.model.delivery import DeliveryState
from monitor.testing import EPOCH

GAUGES = m.Gauges(
    m.Held(
        feeds={m.FeedState.OK: 211, m.FeedState.GONE: 1},
        may_have_lost=2,
        entries_waiting=3,
        articles_unmatched=2,
        matches_pending=7,
        deliveries={DeliveryState.SENT: 1000, DeliveryState.WAITING: 4},
        oldest=m.Oldest(
            feed=EPOCH - MINUTE,
            entry=EPOCH - 4 * MINUTE,
            article=EPOCH - 2 * MINUTE,
            match=EPOCH - 5 * MINUTE,
            delivery=EPOCH - 3 * MINUTE,
        ),
    ),
    unindexed=340,
    queued=Queued({"poll": 1_200}, EPOCH - 6 * MINUTE, {17: 12, 18: 1}),
    database_bytes=123_456_789,
    disk=m.Disk(size=1_000_000_000, free=250_000_000),
)
IN_FORCE = m.InForce(
    declared={m.Part.RULES: 38, m.Part.FEEDS: 212, m.Part.DIGESTS: 2, m.Part.RECEIVERS: 1},
    tags=("border",),
    holds=True,
    read_at=EPOCH,
    reloads={m.ReloadOutcome.APPLIED: 2, m.ReloadOutcome.REFUSED: 1},
)
# The name under which Prometheus keeps a family's samples.
_SUFFIX = {"counter": "_total", "info": "_info"}


def meter_of(
    gauges: m.Gauges | None = GAUGES, last_tick: datetime | None = EPOCH, in_force: m.InForce | None = IN_FORCE
) -> PrometheusMeter:
    """A meter that says this when it is asked."""
    build = m.Build("0.1.0", "3.11.7", "0010")
    return PrometheusMeter(build, lambda: gauges, lambda: last_tick, lambda: EPOCH, lambda: in_force)


def families_of(meter: PrometheusMeter) -> dict[str, Metric]:
    """Every family of ours by its exposed name, in the order of the page."""
    return {
        family.name + _SUFFIX.get(family.type, ""): family
        for family in meter.registry.collect()
        if not family.name.startswith("process_")
    }
