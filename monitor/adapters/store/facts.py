"""How the monitor is doing, in SQL: counts along indexes, never over a whole table but the index of rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.held import feed_counts, first_seen_in, held
from monitor.adapters.store.outbox import has_its_place
from monitor.adapters.store.queued import queued
from monitor.adapters.store.rows import feed_of
from monitor.adapters.store.rule_record import recent_matches
from monitor.model.daemons import Queued
from monitor.model.delivery import DeliveryState
from monitor.model.digest import Window
from monitor.model.entry import Fate
from monitor.model.feed import Feed, FeedStatus
from monitor.model.health import (
    END,
    HEALTH,
    FeedsAlive,
    IncidentKind,
    Lags,
    LastBatch,
    OldestDue,
    RuleRate,
    Totals,
    Trouble,
)
from monitor.model.ledger import RecentMatches
from monitor.model.measure import Came, FeedCounts, Held

_CHUNK = 400
_SAMPLE = 2_000  # of a day's entries or deliveries: enough for a 99th percentile, and 0.1 s at any size
_LONGEST_RETRY = timedelta(days=4)  # a message is sent at most so long after its last appointed time
_e, _a, _m, _d, _b = t.entries.c, t.articles.c, t.matches.c, t.deliveries.c, t.batches.c
_SENT = DeliveryState.SENT.value


class SqlHealthFacts:
    """`ports.HealthFacts` over every table, read only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def broken_receivers(self) -> Sequence[Trouble]:
        """The receivers that refuse everything, by name."""
        b = t.broken_receivers.c
        query = sa.select(b.receiver, b.channel, b.error).order_by(b.receiver, b.channel)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [
            Trouble(IncidentKind.RECEIVER_BROKEN, f"{row.receiver}/{row.channel}", " ".join(row.error.split()))
            for row in rows
        ]

    def given_up(self, since: datetime | None = None) -> Mapping[tuple[str, str], tuple[int, str]]:
        """Dead letters by (receiver, channel): how many, and the error of the last."""
        dead = [_d.state == DeliveryState.DEAD.value]
        if since is not None:
            dead.append(_d.next_attempt_at >= since)  # of a dead one: when it was given up
            # That something is over is no news to who refuses it, or its end would be told for ever.
            dead.append(sa.or_(_d.digest != HEALTH, ~_d.batch.endswith(END)))
        last = sa.func.max(_d.id).label("last")
        of = sa.select(sa.func.count().label("letters"), last).where(*dead)
        each = of.group_by(_d.receiver, _d.channel).subquery()
        query = sa.select(_d.receiver, _d.channel, each.c.letters, _d.last_error).join(each, _d.id == each.c.last)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return {(row.receiver, row.channel): (row.letters, row.last_error or "") for row in rows}

    def feeds_alive(self, since: datetime) -> FeedsAlive:
        """The feeds that are polled and had a success since then, and how many of them fail."""
        f = t.feeds.c
        alive = sa.and_(f.status == FeedStatus.ACTIVE.value, f.last_success_at >= since)
        fails = sa.and_(alive, f.failures > 0)
        last = sa.select(f.name, f.last_error).where(fails).order_by(f.last_polled_at.desc(), f.id).limit(1)
        with self._db.read() as connection:
            feeds, failing = _count(connection, t.feeds, alive), _count(connection, t.feeds, fails)
            example = connection.execute(last).first() if failing else None
        return FeedsAlive(feeds, failing, f"{example.name}: {example.last_error}" if example else "")

    def queued(self) -> Queued | None:
        """What stands in the queue of jobs; None where there is none."""
        with self._db.read() as connection:
            return queued(connection)

    def feeds(self, now: datetime) -> FeedCounts:
        """The feeds subscribed to, in numbers."""
        with self._db.read() as connection:
            return feed_counts(connection, now)

    def failing_feeds(self, most: int | None = None) -> Sequence[Feed]:
        """The feeds whose last poll failed, or that are gone, in the order of subscription."""
        f = t.feeds.c
        # Behind a function: the index would give nearly all feeds, to be sorted; by id the first few end it.
        status = sa.func.coalesce(f.status, "")
        fails = sa.and_(status == FeedStatus.ACTIVE.value, f.failures > 0)
        query = sa.select(t.feeds).where(sa.or_(fails, status == FeedStatus.GONE.value)).order_by(f.id)
        with self._db.read() as connection:
            return [feed_of(row) for row in connection.execute(query.limit(most)).mappings()]

    def unsubscribed(self) -> Mapping[tuple[str, str], datetime]:
        """Since when who wants no more of what."""
        s = t.suppressions.c
        with self._db.read() as connection:
            rows = connection.execute(sa.select(s.digest, s.recipient, s.since)).all()
        return {(row.digest, row.recipient): row.since for row in rows}

    def totals(self, window: Window) -> Totals:
        """What a span of time brought."""
        matched = _within(_m.matched_at, window)
        stories = sa.select(sa.func.count(sa.distinct(_a.story_id))).select_from(
            t.matches.join(t.articles, _a.id == _m.article_id)
        )
        sent = [_d.state == _SENT, _d.next_attempt_at >= window.start - _LONGEST_RETRY]
        with self._db.read() as connection:
            return Totals(
                entries=_count(connection, t.entries, _within(_e.first_seen, window)),
                matches=_count(connection, t.matches, matched),
                stories=int(connection.execute(stories.where(matched)).scalar_one()),
                messages=_count(connection, t.deliveries, sa.and_(*sent, _within(_d.sent_at, window))),
            )

    def came(self, window: Window) -> Came:
        """The entries and matches of a span of time, each counted along an index."""
        with self._db.read() as connection:
            return Came(
                _count(connection, t.entries, _within(_e.first_seen, window)),
                _count(connection, t.matches, _within(_m.matched_at, window)),
            )

    def busy_rules(self, day: Window, least: int, before: datetime) -> Sequence[RuleRate]:
        """The rules that matched at least so often in that day, with their matches from `before` to it."""
        number = sa.func.count()
        today = sa.select(_m.rule_id, number).where(_within(_m.matched_at, day)).group_by(_m.rule_id)
        with self._db.read() as connection:
            busy = {rule: int(count) for rule, count in connection.execute(today.having(number >= least))}
            earlier: dict[str, tuple[int, datetime]] = {}
            for some in _pieces(busy):
                span = sa.and_(_m.rule_id.in_(some), _m.matched_at >= before, _m.matched_at < day.start)
                query = sa.select(_m.rule_id, number, sa.func.min(_m.matched_at)).where(span).group_by(_m.rule_id)
                earlier.update((rule, (int(count), first)) for rule, count, first in connection.execute(query))
        return [RuleRate(rule, busy[rule], *earlier.get(rule, (0, None))) for rule in sorted(busy)]

    def silent_rules(self, since: datetime) -> Mapping[str, datetime]:
        """The last match of each rule that had some, and none since then."""
        last = sa.func.max(_m.matched_at)
        query = sa.select(_m.rule_id, last).group_by(_m.rule_id).having(last < since).order_by(_m.rule_id)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return {row.rule_id: row[1] for row in rows}

    def recent_matches(self, rules: Collection[str], most: int) -> Mapping[str, RecentMatches]:
        """What became of the newest matches of each of these rules, at most so many."""
        with self._db.read() as connection:
            return recent_matches(connection, rules, most)

    def failing_rules(self, window: Window) -> Mapping[str, tuple[int, str]]:
        """The rules that failed: on how many articles, and why on the last."""
        f = t.rule_failures.c
        query = sa.select(f.rule_id, f.why).where(_within(f.failed_at, window)).order_by(f.failed_at)
        found: dict[str, tuple[int, str]] = {}
        with self._db.read() as connection:
            for rule, why in connection.execute(query):
                found[rule] = (found.get(rule, (0, ""))[0] + 1, why)
        return found

    def last_batches(self, digests: Collection[str]) -> Mapping[str, LastBatch]:
        """The last batch of each digest that told a story."""
        found: dict[str, LastBatch] = {}
        with self._db.read() as connection:
            for digest in digests:
                told = [_b.digest == digest, ~_b.draft, _b.stories > 0]
                query = sa.select(_b.batch, _b.planned_at, _b.stories).where(*told)
                row = connection.execute(query.order_by(_b.planned_at.desc()).limit(1)).first()
                if row is not None:
                    of = [_d.digest == digest, _d.batch == row.batch, _d.state != DeliveryState.DRAFT.value]
                    states = sa.select(_d.state, sa.func.count()).where(*of).group_by(_d.state)
                    each = {state: int(count) for state, count in connection.execute(states)}
                    found[digest] = LastBatch(digest, row.planned_at, row.stories, each)
        return found

    def lags(self, since: datetime) -> Lags:
        """How long it took from a publication to its poll, and from the poll to the receipt."""
        with self._db.read() as connection:
            seen = _spans(connection, _published_to_seen(since))
            sent = _spans(connection, _seen_to_delivered(since))
        return Lags(
            timedelta(seconds=median(seen)) if seen else None,
            timedelta(seconds=quantiles(sent, n=100, method="inclusive")[98] if len(sent) > 1 else sent[0])
            if sent
            else None,
        )

    def held(self, now: datetime) -> Held:
        """What the store holds: counts, and since when the oldest of each queue waits."""
        with self._db.read() as connection:
            return held(connection, now)

    def first_seen_in(self, digest: str, batch: str) -> datetime | None:
        """When the first of the entries that a batch tells was first seen."""
        with self._db.read() as connection:
            return first_seen_in(connection, digest, batch)

    def oldest_due(self, now: datetime) -> OldestDue:
        """Since when the oldest work waits that a stage could do."""
        f, b = t.feeds.c, t.broken_receivers.c
        idle = [
            sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now) for table in (t.feeds, t.deliveries)
        ]
        polls = sa.select(f.next_poll_at).where(
            f.status == FeedStatus.ACTIVE.value, f.next_poll_at <= now, idle[0]
        )
        reads = sa.select(_e.next_read_at).where(_e.fate == Fate.WAITING.value, _e.next_read_at <= now)
        ready = sa.or_(_a.next_stage_at.is_(None), _a.next_stage_at <= now)
        broken = sa.exists().where(b.receiver == _d.receiver, b.channel == _d.channel)
        waits = [
            _d.state == DeliveryState.WAITING.value,
            _d.next_attempt_at <= now,
            idle[1],
            ~broken,
            has_its_place(),
        ]
        sends = sa.select(_d.next_attempt_at).where(*waits)
        with self._db.read() as connection:

            def first(query: sa.Select[Any], order: sa.ColumnElement[Any]) -> datetime | None:
                return connection.execute(query.order_by(order).limit(1)).scalar_one_or_none()

            unmatched = [
                found
                for stage in ("read", "grouped")
                if (found := first(sa.select(_a.first_seen).where(_a.stage == stage, ready), _a.id)) is not None
            ]
            return OldestDue(
                poll=first(polls, f.next_poll_at),
                read=first(reads, _e.next_read_at),
                match=min(unmatched, default=None),
                deliver=first(sends, _d.next_attempt_at),
            )


def _published_to_seen(since: datetime) -> sa.Select[Any]:
    """Of new entries of feeds that had been polled before: what a first poll finds is old by nature."""
    f = t.feeds.c
    # Not a join: along the index of times, the newest are enough, and no planner may begin with the feeds.
    known = sa.exists().where(f.id == _e.feed_id, f.first_success_at < _e.first_seen)
    return (
        sa.select(_e.published, _e.first_seen)
        .where(
            _e.first_seen >= since,
            known,
            _e.published.is_not(None),
            # Behind a function: each is one value of an index, that of nearly all entries there are.
            sa.func.coalesce(_e.revision_of, 0) == 0,
            sa.func.coalesce(_e.fate, "").in_([Fate.WAITING.value, Fate.READ.value]),
        )
        .order_by(_e.first_seen.desc())
        .limit(_SAMPLE)
    )


def _seen_to_delivered(since: datetime) -> sa.Select[Any]:
    """Of what immediate digests told: the others wait for their hour."""
    r = t.routings.c
    sent = (
        sa.select(_d.digest, _d.batch, _d.sent_at)
        .where(
            _d.state == _SENT,
            _d.next_attempt_at >= since,
            _d.sent_at >= since,
            _d.batch.contains("#"),
        )
        .order_by(_d.next_attempt_at.desc())
        .limit(_SAMPLE)
        .subquery()
    )
    return (
        sa.select(_a.first_seen, sent.c.sent_at)
        .select_from(sent)
        .join(t.routings, sa.and_(r.digest == sent.c.digest, r.batch == sent.c.batch))
        .join(t.matches, _m.id == r.match_id)
        .join(t.articles, _a.id == _m.article_id)
        .where(r.state == "planned")
        .limit(_SAMPLE)
    )


def _spans(connection: Connection, query: sa.Select[Any]) -> list[float]:
    return [max(0.0, (end - start).total_seconds()) for start, end in connection.execute(query)]


def _within(column: sa.ColumnElement[Any], window: Window) -> sa.ColumnElement[bool]:
    return sa.and_(column >= window.start, column < window.end)


def _count(connection: Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())


def _pieces(rules: Collection[str]) -> list[list[str]]:
    names = sorted(rules)
    return [names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK)]
