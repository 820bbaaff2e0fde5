"""Boosts and pauses of hosts, in SQL: what moves due times without a poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import insert_or_update
from monitor.core.feeds.politeness import NOT_SOONER
from monitor.model.cadence import Boost
from monitor.model.feed import Feed, FeedStatus, HostPause, PollReason

_f = t.feeds.c
_THIS = t.feeds.update().where(_f.id == sa.bindparam("feed"))
_BOOST = _THIS.values(boost_seconds=sa.bindparam("seconds"), boost_until=sa.bindparam("until"))
_SOONER = _THIS.where(
    _f.status == FeedStatus.ACTIVE.value,
    _f.next_poll_at > sa.bindparam("due"),
    # One by one: a list cannot be run for many rows at once.
    sa.or_(_f.last_reason.is_(None), sa.and_(*(_f.last_reason != reason.value for reason in sorted(NOT_SOONER)))),
).values(next_poll_at=sa.bindparam("due"), last_reason=PollReason.BOOSTED.value)
_PUT_OFF = _THIS.values(
    next_poll_at=sa.bindparam("due"), lease_until=None, last_reason=PollReason.HOST_PAUSED.value
)
_p = t.host_pauses.c
_OVER = t.host_pauses.delete().where(
    _p.host.in_(sa.select(_p.host).where(_p.until <= sa.bindparam("now")).with_for_update(skip_locked=True))
)
_PAUSES = sa.select(_p.host, _p.until).where(_p.until > sa.bindparam("now"))


def boost_feeds(connection: Connection, feed_ids: Sequence[int], boost: Boost | None, now: datetime) -> None:
    """`ports.FeedStore.boost` within a transaction."""
    if not feed_ids:
        return
    seconds = boost.interval.total_seconds() if boost else None
    until = boost.until if boost else None
    connection.execute(_BOOST, [{"feed": one, "seconds": seconds, "until": until} for one in feed_ids])
    if boost is not None:
        apart = boost.interval / len(feed_ids)
        due = [{"feed": one, "due": now + index * apart} for index, one in enumerate(feed_ids)]
        connection.execute(_SOONER, due)


def keep_boost(connection: Connection, feed: Feed, stored: Boost | None, now: datetime) -> None:
    """A boost that began while the feed was asked holds for its next poll already."""
    if stored is not None and stored != feed.boost and stored.until > now:
        connection.execute(_SOONER, {"feed": feed.id, "due": now + stored.interval})


def host_pauses(connection: Connection, now: datetime) -> dict[str, datetime]:
    """`ports.DueFeeds.host_pauses`."""
    return {row.host: row.until for row in connection.execute(_PAUSES, {"now": now})}


def pause_hosts(connection: Connection, pauses: Sequence[tuple[HostPause, datetime]]) -> None:
    """Notes what hosts asked for at these times, the last word of each, and forgets the pauses that are over.

    In one order, then what needs no waiting: two that do so at once must not wait in a circle.
    """
    if not pauses:
        return
    last = {pause.host: pause for pause, _ in sorted(pauses, key=itemgetter(1))}
    for host in sorted(last):
        insert_or_update(connection, t.host_pauses, {"host": host}, {"until": last[host].until})
    connection.execute(_OVER, {"now": max(now for _, now in pauses)})


def put_off(connection: Connection, until: Mapping[int, datetime]) -> None:
    """`ports.DueFeeds.put_off`."""
    if until:
        connection.execute(_PUT_OFF, [{"feed": feed, "due": due} for feed, due in until.items()])
