"""Gaps in SQL: opened with the poll that finds them, filled a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.new_entries import insert_entries
from monitor.adapters.store.rows import feed_of
from monitor.adapters.store.shares import ALL, SHARE_OF_GAP, DatabaseShares, Undivided
from monitor.model.entry import NewEntry
from monitor.model.feed import Feed, FeedStatus
from monitor.model.gap import Gap, GapEnd, PageStep

_g = t.gaps.c
_DUE = (
    sa.select(_g.feed_id)
    .join_from(t.gaps, t.feeds)
    .where(
        _g.next_try_at <= sa.bindparam("now"),
        sa.or_(_g.lease_until.is_(None), _g.lease_until <= sa.bindparam("now")),
        t.feeds.c.status == FeedStatus.ACTIVE.value,
    )
    .order_by(_g.next_try_at)
    .limit(sa.bindparam("most"))
)
_OURS_DUE = _DUE.where(SHARE_OF_GAP.in_(sa.bindparam("shares", expanding=True)))


def open_gap(connection: Connection, feed: Feed, older: str, now: datetime) -> None:
    """Notes that a feed lists nothing of before and where older entries are; `feed` is as it was before.

    Where an earlier gap is still being filled, the new one goes on to where that one would have joined.
    """
    before = connection.execute(sa.select(t.gaps).where(_g.feed_id == feed.id)).mappings().first()
    values: dict[str, Any] = {"url": older, "pages": 0, "found_at": now, "next_try_at": now}
    values |= {"failures": 0, "error": None, "lease_until": None, "ended": None, "ended_at": None}
    if before is None or before["ended"] is not None:
        values |= {"entries": 0, "joins_before": now}
        values |= {"read_until": feed.last_success_at or now, "lost_before": feed.may_have_lost_at}
    if before is None:
        connection.execute(t.gaps.insert().values(feed_id=feed.id, **values))
    else:
        connection.execute(t.gaps.update().where(_g.feed_id == feed.id).values(**values))


class SqlGapStore:
    """`ports.GapStore` over the `gaps` table."""

    def __init__(self, database: Database, shares: DatabaseShares | Undivided = ALL) -> None:
        self._db = database
        self._shares = shares

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[tuple[Gap, Feed]]:
        """Gaps whose next page is due, leased, each with its feed."""
        due, ours = self._due()
        with self._db.read() as connection:
            # Hardly any tick finds one: do not take the write lock to learn that.
            if connection.execute(due, {"now": now, "most": 1, **ours}).first() is None:
                return []
        with self._db.write() as connection:
            due, ours = self._due()  # again: before it writes, a daemon may learn that it lost them
            if not self._db.sqlite:
                due = due.with_for_update(key_share=True, skip_locked=True, of=t.gaps)
            claim = t.gaps.update().where(_g.feed_id.in_(due)).values(lease_until=sa.bindparam("until"))
            claimed = {
                row["feed_id"]: _gap_of(row)
                for row in connection.execute(
                    claim.returning(t.gaps), {"now": now, "most": limit, "until": now + lease, **ours}
                ).mappings()
            }
            feeds = connection.execute(sa.select(t.feeds).where(t.feeds.c.id.in_(claimed))).mappings()
            return [(claimed[row["id"]], feed_of(row)) for row in feeds]

    def _due(self) -> tuple[sa.Select[Any], dict[str, Any]]:
        shares = self._shares.slots
        return (_DUE, {}) if shares is None else (_OURS_DUE, {"shares": sorted(shares)})

    def release(self, feed_ids: Sequence[int]) -> None:
        """Forgets the leases of these gaps."""
        with self._db.write() as connection:
            connection.execute(t.gaps.update().where(_g.feed_id.in_(feed_ids)).values(lease_until=None))

    def record_page(self, gap: Gap, step: PageStep, entries: Sequence[NewEntry], *, now: datetime) -> int:
        """What a page brought and what follows, in one transaction."""
        # The feed may have broken off again meanwhile, or another process have read the page: what it brought is
        # stored once all the same, and what follows is not for us to say.
        same = t.gaps.update().where(
            _g.feed_id == gap.feed_id, _g.url == gap.url, _g.found_at == gap.found_at, _g.pages == gap.pages
        )
        with self._db.write() as connection:
            stored = insert_entries(connection, gap.feed_id, entries, now)
            done = connection.execute(same.values(**_columns(gap, step, stored, now)))
            if step.ended is GapEnd.JOINED and done.rowcount:
                connection.execute(
                    t.feeds.update()
                    .where(t.feeds.c.id == gap.feed_id, t.feeds.c.may_have_lost_at <= gap.found_at)
                    .values(may_have_lost_at=gap.lost_before)
                )
        return stored

    def gaps(self, feed_id: int | None = None) -> Mapping[int, Gap]:
        """The last gap of each feed that had one, or of that feed alone, by the feed's id."""
        query = sa.select(t.gaps)
        if feed_id is not None:
            query = query.where(t.gaps.c.feed_id == feed_id)
        with self._db.read() as connection:
            return {row["feed_id"]: _gap_of(row) for row in connection.execute(query).mappings()}


def _columns(gap: Gap, step: PageStep, stored: int, now: datetime) -> dict[str, Any]:
    over = step.ended is not None
    return {
        "url": step.url or gap.url,
        "pages": gap.pages + step.read,
        "entries": gap.entries + stored,
        "failures": step.failures,
        "error": step.error,
        "lease_until": None,
        "next_try_at": None if over else step.retry_at or now,
        "ended": step.ended.value if step.ended else None,
        "ended_at": now if over else None,
    }


def _gap_of(row: RowMapping) -> Gap:
    return Gap(
        feed_id=row["feed_id"],
        url=row["url"],
        found_at=row["found_at"],
        joins_before=row["joins_before"],
        read_until=row["read_until"],
        lost_before=row["lost_before"],
        pages=row["pages"],
        entries=row["entries"],
        failures=row["failures"],
        error=row["error"],
        ended=GapEnd(row["ended"]) if row["ended"] else None,
        ended_at=row["ended_at"],
    )
