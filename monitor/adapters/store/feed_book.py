"""Feeds as a person looks after them, in SQL: searched, counted and sorted there, however many they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.boosts import host_pauses
from monitor.adapters.store.columns import AnyText
from monitor.adapters.store.database import Database
from monitor.adapters.store.held import state_of_feed
from monitor.adapters.store.rows import feed_of
from monitor.adapters.store.upsert import day_of, each_of, folded, holds_words, until_mark
from monitor.core.feeds.ask_now import ask_now
from monitor.model.feed import KEPT, Feed, FeedStatus, Pause, PollOutcome, PollReason
from monitor.model.feed_book import (
    POLLS_KEPT,
    AskNow,
    FeedQuery,
    FeedRow,
    FeedSort,
    FeedTable,
    PastPoll,
    Said,
)
from monitor.model.measure import FeedState

_CHUNK = 400  # ids in one statement, as elsewhere
_MOST_TAGS = 300  # named in a filter
_WORST = (FeedState.GONE, FeedState.FAILING, FeedState.LATE, FeedState.PAUSED, FeedState.OK)
_f = t.feeds.c
_KEPT = _f.status.in_([status.value for status in sorted(KEPT)])

Clause = sa.ColumnElement[Any]


class SqlFeedBook:
    """`ports.FeedBook` over the tables of feeds and polls."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def one(self, feed_id: int) -> Feed | None:
        """The feed with that id."""
        query = sa.select(t.feeds).where(_f.id == feed_id, _f.status != FeedStatus.PASSIVE.value)
        with self._db.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else feed_of(row)

    def table(self, query: FeedQuery, now: datetime) -> FeedTable:
        """A page, the counts of all pages, and the tags there are."""
        with self._db.read() as connection:
            state = state_of_feed(now)
            wanted = _wanted(connection, query)
            counts = sa.select(state, sa.func.count()).where(*wanted).group_by(state)
            states = {FeedState(name): int(number) for name, number in connection.execute(counts)}
            total = connection.execute(sa.select(sa.func.count()).where(_KEPT)).scalar_one()
            page = sa.select(t.feeds, state.label("state")).where(*wanted, *_in_state(query, state))
            page = page.where(_f.id > query.after)
            page = page.order_by(*_order(connection, query, state)).offset(query.start).limit(query.most)
            rows = [FeedRow(feed_of(row), FeedState(row["state"])) for row in connection.execute(page).mappings()]
            return FeedTable(rows, int(total), states, _tags(connection))

    def found(self, query: FeedQuery, now: datetime) -> Sequence[int]:
        """The ids of all feeds that are wanted."""
        with self._db.read() as connection:
            wanted = [*_wanted(connection, query), *_in_state(query, state_of_feed(now))]
            return list(connection.execute(sa.select(_f.id).where(*wanted)).scalars())

    def polls(self, feed_id: int) -> Sequence[PastPoll]:
        """The last polls of a feed, newest first."""
        p = t.polls.c
        query = sa.select(t.polls).where(p.feed_id == feed_id).order_by(p.at.desc()).limit(POLLS_KEPT)
        with self._db.read() as connection:
            return [
                PastPoll(
                    at=row.at,
                    outcome=PollOutcome(row.outcome),
                    reason=PollReason(row.reason),
                    next_poll_at=row.next_poll_at,
                    status=row.status,
                    size=row.size,
                    seconds=row.seconds,
                    new=row.new,
                    error=row.error,
                )
                for row in connection.execute(query)
            ]

    def said(self, feed_id: int) -> Said | None:
        """What the feed answered last instead of a feed."""
        s = t.said_instead.c
        with self._db.read() as connection:
            row = connection.execute(sa.select(s.at, s.status, s.text).where(s.feed_id == feed_id)).first()
        return None if row is None else Said(row.at, row.status, row.text)

    def entries_a_day(self, feed_id: int, since: datetime) -> Mapping[date, int]:
        """How many entries were first seen on each day."""
        e = t.entries.c
        with self._db.read() as connection:
            day = day_of(connection, e.first_seen)
            # No entry was listed for the last time before it was seen: the index of listing times has them all.
            new = [e.feed_id == feed_id, e.listed_at >= since, e.first_seen >= since, e.revision_of.is_(None)]
            query = sa.select(day, sa.func.count()).where(*new).group_by(day)
            return {date.fromisoformat(one): int(number) for one, number in connection.execute(query)}

    def pause(self, feed_ids: Sequence[int], pause: Pause) -> Sequence[int]:
        """Polls feeds no more until they are resumed."""
        values = {"status": FeedStatus.PAUSED.value, "paused_by": pause.by, "paused_at": pause.at}
        return self._changed(feed_ids, FeedStatus.ACTIVE, values)

    def resume(self, feed_ids: Sequence[int], now: datetime) -> Sequence[int]:
        """Polls paused feeds again."""
        # Its hub was left when it was paused: what that announced meanwhile nobody heard.
        overdue = sa.or_(_f.next_poll_at < now, _f.last_reason == PollReason.PUSHED.value)
        values = {
            "status": FeedStatus.ACTIVE.value,
            "paused_by": None,
            "paused_at": None,
            "pushed_until": None,
            "next_poll_at": sa.case((overdue, sa.literal(now, _f.next_poll_at.type)), else_=_f.next_poll_at),
        }
        return self._changed(feed_ids, FeedStatus.PAUSED, values)

    def _changed(self, feed_ids: Sequence[int], was: FeedStatus, values: Mapping[str, Any]) -> Sequence[int]:
        done: list[int] = []
        ids = sorted(set(feed_ids))
        with self._db.write() as connection:
            for start in range(0, len(ids), _CHUNK):
                theirs = sa.select(_f.id).where(_f.id.in_(ids[start : start + _CHUNK]), _f.status == was.value)
                # Locked in one order everywhere, as in `record_polls`: an update by itself takes them as they lie.
                some = list(connection.execute(theirs.order_by(_f.id).with_for_update(key_share=True)).scalars())
                connection.execute(t.feeds.update().where(_f.id.in_(some)).values(**values))
                done += some
        return done

    def ask_now(self, feed_id: int, now: datetime) -> AskNow:
        """Makes a feed due, if it may be asked."""
        with self._db.write() as connection:
            # Locked: what a poll hears at this moment counts.
            one = sa.select(t.feeds).where(_f.id == feed_id).with_for_update(key_share=True)
            row = connection.execute(one).mappings().first()
            if row is None:
                return AskNow.NOT_POLLED
            found = ask_now(feed_of(row), row["lease_until"], host_pauses(connection, now), now)
            if found is AskNow.DUE and row["next_poll_at"] > now:
                connection.execute(t.feeds.update().where(_f.id == feed_id).values(next_poll_at=now))
        return found


def _wanted(connection: Connection, query: FeedQuery) -> list[Clause]:
    found: list[Clause] = [_KEPT]
    if query.tag:
        tag = each_of(connection, _f.tags)
        found.append(sa.exists().where(tag.c.value == sa.literal(query.tag, AnyText)))
    if query.find:
        address: Clause = _f.declared_url
        if not query.in_queries:
            address = until_mark(connection, until_mark(connection, address, "#"), "?")
        found.append(sa.or_(*(holds_words(connection, column, query.find) for column in (_f.name, address))))
    return found


def _in_state(query: FeedQuery, state: Clause) -> list[Clause]:
    return [] if query.state is None else [state == query.state.value]


def _order(connection: Connection, query: FeedQuery, state: Clause) -> list[Clause]:
    name = folded(connection, _f.name)
    by: dict[FeedSort, tuple[Clause, ...]] = {
        FeedSort.STATE: (sa.case(*((state == one.value, rank) for rank, one in enumerate(_WORST))),),
        FeedSort.NAME: (name,),
        # Nothing sorts before everything: databases do not agree on where.
        FeedSort.LAST: (_f.last_polled_at.is_not(None), _f.last_polled_at),
        FeedSort.NEXT: (_f.status != FeedStatus.ACTIVE.value, _f.next_poll_at),
        FeedSort.ENTRIES: (_f.lists.is_not(None), _f.lists),
        FeedSort.SUBSCRIBED: (_f.id,),
    }
    return [*(one.desc() if query.down else one for one in by[query.sort]), name, _f.id]


def _tags(connection: Connection) -> list[str]:
    tag = each_of(connection, _f.tags)
    query = sa.select(tag.c.value).distinct().select_from(t.feeds.join(tag, sa.true())).where(_KEPT)
    return list(connection.execute(query.order_by(tag.c.value).limit(_MOST_TAGS)).scalars())
