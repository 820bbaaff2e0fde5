"""`monitor status` as one JSON object, with stable keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from monitor.app.daemon_words import by_the_newest, shares_of
from monitor.app.hub_words import hubs_json
from monitor.app.kept_out import counts_json
from monitor.app.refusals import refusal_json
from monitor.app.status import Status
from monitor.app.times import iso_time
from monitor.app.unsubscribing import suppression_json
from monitor.model.daemons import Daemon
from monitor.model.health import LastBatch
from monitor.model.measure import FeedState


def status_json(status: Status) -> dict[str, Any]:
    """The status as one JSON object."""
    counts = status.counts
    return {
        "version": status.version,
        "running": status.holder is not None,
        "pid": status.holder,
        "daemons": [_daemon_json(one, status) for one in status.daemons],
        "missing": [one.value for one in status.missing],
        "queue": _queue_json(status),
        "store": status.store,
        "bytes": status.size,
        "rules_hold": status.rules_hold,
        "feeds": {
            "total": status.feeds.total,
            "late": status.feeds.of(FeedState.LATE),
            "left_alone": status.feeds.left_alone,
            "failing": status.feeds.failing,
            "boosted": status.feeds.boosted,
            "errors": [{"feed": feed.name, "url": feed.url, "error": feed.last_error} for feed in status.failing],
        },
        "hubs": hubs_json(status.hubs, status.now),
        "last_hour": {
            "polls": counts.polls,
            "entries": counts.entries,
            "matches": counts.matches,
            "stories": counts.stories,
        },
        "waiting": {
            "entries": counts.waiting_entries,
            "articles": counts.unmatched_articles,
            "index": status.unindexed,
        },
        "digests": [
            {
                "name": digest.name,
                "next": digest.next_at.isoformat() if digest.next_at else None,
                "held_by": digest.held_by.value if digest.held_by else None,
                "quiet_until": iso_time(digest.quiet_until),
                "quiet_override": digest.override and digest.override.value,
                "pending": digest.pending,
                "min_publishers": digest.min_publishers,
                "last": _last_json(digest.last),
            }
            for digest in status.digests
        ],
        "orphaned_matches": status.orphans,
        "outbox": counts.deliveries,
        "silences": counts_json(status.silences),
        "unsubscribed": [suppression_json(one) for one in status.left],
        "reaching_nobody": list(status.unread),
        "refusals": [refusal_json(one) for one in status.refusals],
        **_self_json(status),
    }


def _daemon_json(one: Daemon, status: Status) -> dict[str, Any]:
    """One process; `jobs` is null where there is no queue."""
    return {
        "pid": one.pid,
        "host": one.host or None,
        "version": one.version or None,
        "config": one.config or None,
        "newest_config": by_the_newest(one, status.daemons),
        "role": one.role.value,
        "shares": shares_of(one),
        "duties": list(one.duties),
        "jobs": status.queued.taken_by(one) if status.queued is not None else None,
        "silent_s": round(one.silent, 1),
    }


def _queue_json(status: Status) -> dict[str, Any] | None:
    queued = status.queued
    if queued is None:
        return None
    age = max(0.0, (status.now - queued.oldest).total_seconds()) if queued.oldest is not None else None
    return {
        "waiting": queued.waiting,
        "by_stage": dict(queued.by_stage),
        "oldest_s": age,
        "taken": sum(queued.taken.values()),
    }


def _self_json(status: Status) -> dict[str, Any]:
    """What the daemon knows of itself, its troubles and its lags; null where nothing is known."""
    daemon, lags = status.daemon, status.lags
    return {
        "started_at": iso_time(daemon.started_at) if daemon and status.holder is not None else None,
        "reloaded_at": iso_time(daemon.reloaded_at) if daemon else None,
        "reload_problem": daemon.reload_problem if daemon else None,
        "incidents": [
            {
                "kind": one.kind.value,
                "about": one.subject,
                "detail": one.detail,
                "since": iso_time(one.opened_at),
                "told_at": iso_time(one.told_at),
            }
            for one in status.incidents
        ],
        "lag": {
            "published_to_seen_median_s": _seconds(lags.published_to_seen),
            "seen_to_delivered_p99_s": _seconds(lags.seen_to_delivered),
        },
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _last_json(last: LastBatch | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"planned_at": iso_time(last.planned_at), "stories": last.stories, "deliveries": last.deliveries}
