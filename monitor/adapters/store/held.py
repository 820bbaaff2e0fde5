"""What the store holds, for who watches from outside: each number along an index, but for the feeds, of which
every one is looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import feed_of
from monitor.adapters.store.story_rows import chunks
from monitor.core.feeds.health import LOST_OF_LATE, OVERDUE_AFTER, REST, is_long
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.feed import KEPT, SUBSCRIBED, FeedsStanding, FeedStatus
from monitor.model.ledger import RoutingState
from monitor.model.measure import FeedCounts, FeedState, Held, Oldest

_f, _e, _a, _m, _r, _d = (
    table.c for table in (t.feeds, t.entries, t.articles, t.matches, t.routings, t.deliveries)
)


def held(connection: Connection, now: datetime) -> Held:
    """The counts, and since when the oldest of each queue waits."""
    feeds = feed_counts(connection, now)
    waiting = pending(connection)
    first = min((first for _, first in waiting.values()), default=None)
    return Held(
        feeds=feeds.states,
        may_have_lost=feeds.may_have_lost,
        entries_waiting=_count(connection, _e.fate == Fate.WAITING.value),
        articles_unmatched=_count(connection, _a.stage.in_(("read", "grouped"))),
        matches_pending=sum(number for number, _ in waiting.values()),
        deliveries={state: _count(connection, _d.state == state.value) for state in DeliveryState},
        oldest=Oldest(
            feed=_first_due(connection, now),
            entry=_seen(connection, _e.id, _e.first_seen, _e.fate == Fate.WAITING.value),
            article=min(_unmatched(connection), default=None),
            match=None if first is None else _of(connection, _m.id, _m.matched_at, first),
            delivery=_seen(connection, _d.id, _d.created_at, _d.state == DeliveryState.WAITING.value),
        ),
    )


def first_seen_in(connection: Connection, digest: str, batch: str) -> datetime | None:
    """When the first of the entries that a batch tells was first seen."""
    told = [_r.digest == digest, _r.batch == batch, _r.state == RoutingState.PLANNED.value]
    query: sa.Select[datetime | None] = (
        sa.select(sa.func.min(_a.first_seen))
        .select_from(t.routings)
        .join(t.matches, _m.id == _r.match_id)
        .join(t.articles, _a.id == _m.article_id)
        .where(*told)
    )
    return connection.execute(query).scalar_one()


def feed_counts(connection: Connection, now: datetime) -> FeedCounts:
    """The feeds in numbers, in one walk over them."""
    asked = _f.status != FeedStatus.PAUSED.value
    lost = sa.func.count(sa.case((sa.and_(asked, _f.may_have_lost_at > now - LOST_OF_LATE), 1)))
    boost = sa.case((sa.and_(_f.status == FeedStatus.ACTIVE.value, _f.boost_until > now), _f.boost_until))
    state = state_of_feed(now).label("state")
    rests = sa.func.count(sa.case((_rests(now), 1)))
    columns = (state, sa.func.count(), lost, sa.func.count(boost), sa.func.min(boost), sa.func.max(boost), rests)
    query = sa.select(*columns).where(_f.status.in_([one.value for one in sorted(KEPT)])).group_by(state)
    rows = connection.execute(query).all()
    starts = [row[4] for row in rows if row[4] is not None]
    return FeedCounts(
        states={FeedState(row[0]): int(row[1]) for row in rows},
        may_have_lost=sum(int(row[2]) for row in rows),
        left_alone=_left_alone(connection, now) if any(row[6] for row in rows) else 0,
        boosted=sum(int(row[3]) for row in rows),
        boosts_end=(min(starts), max(row[5] for row in rows if row[5] is not None)) if starts else None,
    )


def feeds_standing(connection: Connection, now: datetime) -> FeedsStanding:
    """`ports.FeedStore.standing`: of ten thousand feeds only those are read that are not well."""
    subscribed = _f.status.in_([one.value for one in SUBSCRIBED])
    well = sa.and_(
        _f.status == FeedStatus.ACTIVE.value,
        _f.failures == 0,
        _f.last_polled_at.is_not(None),
        _f.next_poll_at >= now - OVERDUE_AFTER,
        sa.or_(_f.last_reason.is_(None), _f.last_reason.not_in([one.value for one in sorted(REST)])),
        _f.may_have_lost_at.is_(None),
    )
    number = sa.select(sa.func.count()).where(well)
    others = sa.select(t.feeds).where(subscribed, ~well).order_by(_f.id)
    return FeedsStanding(
        well=int(connection.execute(number).scalar_one()),
        others=tuple(feed_of(row) for row in connection.execute(others).mappings()),
    )


def subscribed_at(connection: Connection, feeds: Collection[int]) -> dict[int, datetime]:
    """`ports.FeedStore.subscribed_at`."""
    found: dict[int, datetime] = {}
    for some in chunks(sorted(set(feeds))):
        # Nobody subscribed to what was ingested: such a document is from before no subscription.
        query = sa.select(_f.id, _f.subscribed_at).where(_f.id.in_(some), _f.status != FeedStatus.PASSIVE.value)
        found |= {row.id: row.subscribed_at for row in connection.execute(query)}
    return found


def state_of_feed(now: datetime) -> sa.ColumnElement[str]:
    """How a feed that is kept is doing, as `app.status.state_of` says of one."""
    return sa.case(
        (_f.status == FeedStatus.PAUSED.value, FeedState.PAUSED.value),
        (_f.status == FeedStatus.GONE.value, FeedState.GONE.value),
        (_f.failures > 0, FeedState.FAILING.value),
        (_f.next_poll_at < now - OVERDUE_AFTER, FeedState.LATE.value),
        else_=FeedState.OK.value,
    )


def _left_alone(connection: Connection, now: datetime) -> int:
    """As `core.feeds.health.waits_for_its_host` says of one."""
    since = sa.func.coalesce(_f.last_polled_at, _f.subscribed_at)
    query = sa.select(_f.next_poll_at, since, _f.interval_seconds).where(_rests(now))
    return sum(
        is_long(until - begun, None if interval is None else timedelta(seconds=interval))
        for until, begun, interval in connection.execute(query)
    )


def _rests(now: datetime) -> sa.ColumnElement[bool]:
    """That a feed that is well waits since its server or host asked for it; perhaps no longer than is usual."""
    asked = _f.last_reason.in_([one.value for one in sorted(REST)])
    return sa.and_(_f.status == FeedStatus.ACTIVE.value, _f.next_poll_at > now, _f.failures == 0, asked)


def _first_due(connection: Connection, now: datetime) -> datetime | None:
    free = sa.or_(_f.lease_until.is_(None), _f.lease_until <= now)
    due = [_f.status == FeedStatus.ACTIVE.value, _f.next_poll_at <= now, free]
    query = sa.select(_f.next_poll_at).where(*due).order_by(_f.next_poll_at).limit(1)
    return connection.execute(query).scalar_one_or_none()


def _unmatched(connection: Connection) -> Iterator[datetime]:
    for stage in ("read", "grouped"):
        query = sa.select(_a.first_seen).where(_a.stage == stage).order_by(_a.id).limit(1)
        first = connection.execute(query).scalar_one_or_none()
        if first is not None:
            yield first


def pending(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many matches wait in each digest, and the id of the first; digest by digest, as the index has them."""
    found = {}
    name = connection.execute(sa.select(sa.func.min(_r.digest))).scalar_one()
    while name is not None:
        waits = [_r.digest == name, _r.state == RoutingState.PENDING.value]
        some, first = connection.execute(sa.select(sa.func.count(), sa.func.min(_r.match_id)).where(*waits)).one()
        if first is not None:
            found[name] = int(some), int(first)
        name = connection.execute(sa.select(sa.func.min(_r.digest)).where(_r.digest > name)).scalar_one()
    return found


def _seen(
    connection: Connection, row: sa.Column[int], when: sa.Column[datetime], waits: sa.ColumnElement[bool]
) -> datetime | None:
    """When the first row that waits came: ids grow with time, and the index of the queue holds them."""
    first = connection.execute(sa.select(sa.func.min(row)).where(waits)).scalar_one()
    return None if first is None else _of(connection, row, when, first)


def _of(connection: Connection, row: sa.Column[int], when: sa.Column[datetime], first: int) -> datetime | None:
    found: datetime | None = connection.execute(sa.select(when).where(row == first)).scalar_one_or_none()
    return found


def _count(connection: Connection, waits: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).where(waits)).scalar_one())
