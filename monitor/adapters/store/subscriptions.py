"""Subscribing, in SQL: new feeds, and feeds that come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import declared_columns, feed_of, fresh_columns
from monitor.adapters.store.upsert import insert_new
from monitor.model.feed import Feed, FeedStatus, Subscription

_CHUNK = 400
_COME_BACK = (FeedStatus.GONE, FeedStatus.REMOVED)


def subscribe(
    connection: Connection, wanted: Sequence[Subscription], now: datetime, lease: timedelta
) -> list[Feed]:
    """`ports.FeedStore.subscribe` within a transaction; the feeds in the order they were wanted."""
    leased = now + lease if lease else None
    made: list[Feed] = []
    for start in range(0, len(wanted), _CHUNK):
        chunk = {one.settings.url: one for one in wanted[start : start + _CHUNK]}
        there = _statuses(connection, list(chunk))
        fresh = [
            {**fresh_columns(one.settings, now), "next_poll_at": one.next_poll_at, "lease_until": leased}
            for url, one in chunk.items()
            if url not in there
        ]
        insert_new(connection, t.feeds, *fresh)
        back = [one for url, one in chunk.items() if there.get(url) in _COME_BACK]
        for one in back:
            _come_back(connection, one, leased)
        ours = [*(str(row["declared_url"]) for row in fresh), *(one.settings.url for one in back)]
        made += _feeds(connection, [url for url in chunk if url in set(ours)])
    return made


def _statuses(connection: Connection, urls: Sequence[str]) -> dict[str, FeedStatus]:
    f = t.feeds.c
    rows = connection.execute(sa.select(f.declared_url, f.status).where(f.declared_url.in_(urls)))
    return {url: FeedStatus(status) for url, status in rows}


def _come_back(connection: Connection, one: Subscription, leased: datetime | None) -> None:
    values = declared_columns(one.settings)
    if one.settings.name:
        values["name"] = one.settings.name
    values |= {"status": FeedStatus.ACTIVE.value, "next_poll_at": one.next_poll_at, "lease_until": leased}
    connection.execute(t.feeds.update().where(t.feeds.c.declared_url == one.settings.url).values(**values))


def _feeds(connection: Connection, urls: Sequence[str]) -> list[Feed]:
    if not urls:
        return []
    query = sa.select(t.feeds).where(t.feeds.c.declared_url.in_(urls)).order_by(t.feeds.c.id)
    by_url = {row["declared_url"]: feed_of(row) for row in connection.execute(query).mappings()}
    return [by_url[url] for url in urls]
