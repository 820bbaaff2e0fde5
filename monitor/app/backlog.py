"""What lies there when a daemon or a new config begins: what was missed, and what nobody will tell."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from monitor.app.wiring import Monitor
from monitor.model.feed import FeedStatus

log = structlog.get_logger("monitor")

CATCH_UP = timedelta(minutes=10)  # a late digest waits no longer for feeds that do not answer


def caught_up(monitor: Monitor, started: datetime) -> bool:
    """Whether all that was missed before then is polled, read and matched; after a while, yes."""
    now = monitor.clock.now()
    if now - started > CATCH_UP:
        return True
    feeds = monitor.store.feeds.all()
    if any(feed.status is FeedStatus.ACTIVE and feed.next_poll_at <= now for feed in feeds):
        return False
    counts = monitor.store.ledger.counts(now)
    return not counts.waiting_entries and not counts.unmatched_articles


def warn_of_orphans(monitor: Monitor) -> None:
    """Logs the digests that the config no longer has and for which matches wait. Raises StoreError."""
    names = {settings.name for settings in monitor.digest.settings}
    for name, count in monitor.store.ledger.counts(monitor.clock.now()).pending.items():
        if name not in names:
            why = "no digest of this name is in the config: give it back its name, or they stay unsent"
            log.warning("matches wait", digest=name, matches=count, why=why)
