"""What feeds listed last, in SQL: a few entries a feed, found by index, however many are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import earlier
from monitor.model.entry import LISTED_WITHIN, EntryFlag
from monitor.model.feed import SUBSCRIBED, Listing

_CHUNK = 400


def listings(connection: Connection) -> dict[int, Listing]:
    """`ports.FeedStore.listings`: one grouped query over the index of feed and listing time."""
    e = t.entries.c
    count = sa.func.count()
    undated = sa.cast(e.flags, sa.Text).contains(f'"{EntryFlag.NO_DATE.value}"')
    first = sa.case((e.revision_of.is_(None), e.id_hash))  # null of a revision, which has the id of another
    query = (
        sa.select(
            e.feed_id,
            count,
            sa.func.sum(sa.case((undated, 1), else_=0)),
            count - sa.func.count(sa.distinct(e.text_hash)),
            sa.func.count(first) - sa.func.count(sa.distinct(first)),
            sa.func.max(_arrival()),
        )
        .select_from(_listed(connection))
        .where(t.feeds.c.status.in_([status.value for status in SUBSCRIBED]))
        .group_by(e.feed_id)
    )
    return {
        feed: Listing(int(entries), int(no_date), int(repeated), newest, int(reused))
        for feed, entries, no_date, repeated, reused, newest in connection.execute(query)
    }


def arrivals(connection: Connection, feed_ids: Sequence[int]) -> dict[int, list[datetime]]:
    """`ports.FeedStore.arrivals`."""
    found: dict[int, list[datetime]] = {feed_id: [] for feed_id in feed_ids}
    for start in range(0, len(feed_ids), _CHUNK):
        query = (
            sa.select(t.entries.c.feed_id, _arrival())
            .select_from(_listed(connection))
            .where(t.feeds.c.id.in_(feed_ids[start : start + _CHUNK]))
        )
        for feed_id, arrived in connection.execute(query):
            found[feed_id].append(arrived)
    return {feed_id: sorted(times) for feed_id, times in found.items()}


def _listed(connection: Connection) -> sa.Join:
    e, f = t.entries.c, t.feeds.c
    last = e.listed_at >= earlier(connection, f.listed_at, LISTED_WITHIN)
    # No feed lists what a page gave at its second try.
    found_again = sa.select(t.rereads.c.entry_row).where(t.rereads.c.result == e.id).correlate(t.entries).exists()
    return t.feeds.join(t.entries, sa.and_(e.feed_id == f.id, last, ~found_again))


def _arrival() -> sa.ColumnElement[Any]:
    e, f = t.entries.c, t.feeds.c
    return sa.case(
        (sa.or_(e.published.is_(None), e.published > e.first_seen), e.first_seen),
        # Some feeds give every entry one old date; what appeared later did not arrive then.
        (sa.and_(e.first_seen > f.first_success_at, e.published < f.first_success_at), e.first_seen),
        else_=e.published,
    )
