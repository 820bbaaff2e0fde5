"""What the store holds, for who watches from outside: each number along an index, but for the feeds, of which
every one is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.core.feeds.health import LOST_OF_LATE, OVERDUE_AFTER
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.feed import KEPT, FeedStatus
from monitor.model.ledger import RoutingState
from monitor.model.measure import FeedState, Held, Oldest

_f, _e, _a, _m, _r, _d = (
    table.c for table in (t.feeds, t.entries, t.articles, t.matches, t.routings, t.deliveries)
)


def held(connection: Connection, now: datetime) -> Held:
    """The counts, and since when the oldest of each queue waits."""
    feeds, may_have_lost = _feeds(connection, now)
    pending, first = _pending(connection)
    return Held(
        feeds=feeds,
        may_have_lost=may_have_lost,
        entries_waiting=_count(connection, _e.fate == Fate.WAITING.value),
        articles_unmatched=_count(connection, _a.stage.in_(("read", "grouped"))),
        matches_pending=pending,
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


def state_of_feed(now: datetime) -> sa.ColumnElement[str]:
    """How a feed that is kept is doing, as `app.status.state_of` says of one."""
    return sa.case(
        (_f.status == FeedStatus.PAUSED.value, FeedState.PAUSED.value),
        (_f.status == FeedStatus.GONE.value, FeedState.GONE.value),
        (_f.failures > 0, FeedState.FAILING.value),
        (_f.next_poll_at < now - OVERDUE_AFTER, FeedState.LATE.value),
        else_=FeedState.OK.value,
    )


def _feeds(connection: Connection, now: datetime) -> tuple[dict[FeedState, int], int]:
    state = state_of_feed(now).label("state")
    lost = sa.func.count(sa.case((_f.may_have_lost_at > now - LOST_OF_LATE, 1)))
    query = sa.select(state, sa.func.count(), lost).where(_f.status.in_([one.value for one in sorted(KEPT)]))
    rows = connection.execute(query.group_by(state)).all()
    return {FeedState(name): int(count) for name, count, _ in rows}, sum(int(lost) for *_, lost in rows)


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


def _pending(connection: Connection) -> tuple[int, int | None]:
    """How many matches wait in any digest, and the id of the first; digest by digest, as the index has them."""
    count, firsts = 0, []
    name = connection.execute(sa.select(sa.func.min(_r.digest))).scalar_one()
    while name is not None:
        waits = [_r.digest == name, _r.state == RoutingState.PENDING.value]
        some, first = connection.execute(sa.select(sa.func.count(), sa.func.min(_r.match_id)).where(*waits)).one()
        count += int(some)
        firsts += [first] if first is not None else []
        name = connection.execute(sa.select(sa.func.min(_r.digest)).where(_r.digest > name)).scalar_one()
    return count, min(firsts, default=None)


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
