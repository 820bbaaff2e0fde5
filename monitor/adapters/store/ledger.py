"""Questions about what happened, in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.entry_list import SEEN, entries_in_work, page_of_entries, seen_of
from monitor.adapters.store.fates import fates_of
from monitor.adapters.store.held import pending
from monitor.adapters.store.matches import (
    matches_with_ids,
    newest_pending,
    number_of_matches,
    page_of_matches,
)
from monitor.adapters.store.rows import delivery_of
from monitor.adapters.store.rule_record import record_of_rule, recorded_of_rule
from monitor.model.delivery import Attempt, Delivery, DeliveryState
from monitor.model.digest import Window
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome
from monitor.model.ledger import (
    CameEntry,
    DigestState,
    EntryFate,
    ListedMatch,
    RecordedAnswer,
    RoutingState,
    RuleRecord,
    SeenEntry,
    StoreCounts,
    Waits,
)

_HOUR = timedelta(hours=1)
_ROOM_OF_AN_ID = 19  # digits of the largest row number
_SHORTEST_BEGINNING = 6  # letters of a key: some 16 million keys differ by then
_MOST_ALIKE = 20
_MOST_FATES = 50  # entries shown for one URL: more is a feed whose entries all carry the same link


class SqlLedger:
    """`ports.Ledger` over every table, read only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def fates(self, url: str, url_key: str) -> Sequence[EntryFate]:
        """All entries with this link or URL key, newest first."""
        e = t.entries.c
        # What is no address has no key either: found among those alone, since no index is over the links.
        same = sa.and_(e.link == url, e.url_key == url_key)
        if url_key:
            # Each along its own index: for one or the other PostgreSQL goes through all entries, the newest first.
            own = sa.select(e.id).where(e.url_key == url_key)
            behind = sa.select(t.articles.c.entry_row).where(t.articles.c.page_key == url_key)
            same = e.id.in_(own.union(behind))
        query = sa.select(t.entries).where(same).order_by(e.id.desc()).limit(_MOST_FATES)
        with self._db.read() as connection:
            return fates_of(connection, connection.execute(query).mappings().all())

    def seen_entries(self, feed_id: int, limit: int) -> tuple[int, Sequence[SeenEntry]]:
        """How many entries of one feed are stored, and the newest of them with what became of each."""
        e = t.entries.c
        query = sa.select(*SEEN).where(e.feed_id == feed_id).order_by(e.id.desc()).limit(limit)
        with self._db.read() as connection:
            total = connection.execute(sa.select(sa.func.count()).where(e.feed_id == feed_id)).scalar_one()
            rows = connection.execute(query).all()
            return int(total), seen_of(connection, rows)

    def entries(
        self, window: Window, before: tuple[datetime, int] | None = None, limit: int = 100
    ) -> Sequence[CameEntry]:
        """One page of the entries first seen in that span, newest first."""
        with self._db.read() as connection:
            return page_of_entries(connection, window, before, limit)

    def entries_in_work(self, stage: Waits, limit: int) -> Sequence[CameEntry]:
        """The entries that wait to be read, or to be matched, in their turn."""
        with self._db.read() as connection:
            return entries_in_work(connection, stage, limit)

    def polls(self, window: Window) -> Sequence[tuple[datetime, PollOutcome, int]]:
        """The polls of each minute by outcome."""
        p = t.poll_counts.c
        query = sa.select(p.minute, p.outcome, p.polls).where(p.minute >= window.start, p.minute < window.end)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(p.minute, p.outcome)).all()
        return [(row.minute, PollOutcome(row.outcome), row.polls) for row in rows]

    def counts(self, now: datetime) -> StoreCounts:
        """The numbers of `monitor status`."""
        since = now - _HOUR
        p, d = t.poll_counts.c, t.deliveries.c
        stories = (
            sa.select(sa.func.count(sa.distinct(t.articles.c.story_id)))
            .join(t.matches, t.matches.c.article_id == t.articles.c.id)
            .where(t.matches.c.matched_at >= since)
        )
        with self._db.read() as connection:

            def number(query: sa.Select[int]) -> int:
                return int(connection.execute(query).scalar_one())

            def table(query: sa.Select[str, int]) -> dict[str, int]:
                return {name: int(count) for name, count in connection.execute(query)}

            count = sa.func.count()
            return StoreCounts(
                polls=table(
                    sa.select(p.outcome, sa.func.sum(p.polls)).where(p.minute >= since).group_by(p.outcome)
                ),
                entries=number(sa.select(count).where(t.entries.c.first_seen >= since)),
                matches=number(sa.select(count).where(t.matches.c.matched_at >= since)),
                stories=number(stories),
                waiting_entries=number(sa.select(count).where(t.entries.c.fate == Fate.WAITING.value)),
                unmatched_articles=number(sa.select(count).where(t.articles.c.stage.in_(("read", "grouped")))),
                pending={name: number for name, (number, _) in pending(connection).items()},
                deliveries=table(sa.select(d.state, count).group_by(d.state)),
                oldest_waiting_delivery=connection.execute(
                    sa.select(sa.func.min(d.created_at)).where(d.state == DeliveryState.WAITING.value)
                ).scalar_one(),
            )

    def pending_counts(self) -> Mapping[str, int]:
        """How many matches wait in each digest."""
        with self._db.read() as connection:
            return {name: number for name, (number, _) in pending(connection).items()}

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        digest: str | None = None,
        receiver: str | None = None,
        tried: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Outbox rows, newest first; with `tried` only those that were attempted."""
        d = t.deliveries.c
        wanted = ((d.state, state.value if state else None), (d.digest, digest))
        query = sa.select(t.deliveries).order_by(d.id.desc()).limit(limit)
        query = query.where(*(column == value for column, value in wanted if value is not None))
        if receiver is not None:
            stands_for = sa.cast(d.also, sa.Text).contains(json.dumps(receiver), autoescape=True)
            query = query.where(sa.or_(d.receiver == receiver, stands_for))
        if tried:
            query = query.where(d.attempts > 0)
        if before is not None:
            query = query.where(d.id < before)
        with self._db.read() as connection:
            return [delivery_of(row) for row in connection.execute(query).mappings()]

    def deliveries_called(self, name: str) -> Sequence[Delivery]:
        """The outbox row with this key; else those with this id or whose key begins so, at most twenty."""
        if not (name.isascii() and name.isprintable()):
            return []  # no key is, and not every database takes half characters and NUL
        d = t.deliveries.c
        whole = sa.select(t.deliveries).where(d.key == name)
        alike = [d.id == int(name)] if name.isdigit() and len(name) < _ROOM_OF_AN_ID else []
        if len(name) >= _SHORTEST_BEGINNING:
            # Neither LIKE nor a range: the one is blind to case on SQLite, the other sorts by language elsewhere.
            alike.append(sa.func.substr(d.key, 1, len(name)) == name)
        some = sa.select(t.deliveries).where(sa.or_(sa.false(), *alike)).order_by(d.id).limit(_MOST_ALIKE)
        with self._db.read() as connection:
            rows = connection.execute(whole).mappings().all() or connection.execute(some).mappings().all()
            return [delivery_of(row) for row in rows]

    def told_in(self, digest: str, batch: str, *, draft: bool = False, limit: int = 100) -> Sequence[ListedMatch]:
        """The matches that a batch tells, or one of a dry run."""
        r = t.routings.c
        of = [r.draft_batch == batch] if draft else [r.batch == batch, r.state == RoutingState.PLANNED.value]
        told = sa.select(r.match_id).where(r.digest == digest, *of)
        with self._db.read() as connection:
            ids = list(connection.execute(told.order_by(r.match_id).limit(limit)).scalars())
            return matches_with_ids(connection, ids)

    def attempts_of(self, delivery_id: int) -> Sequence[Attempt]:
        """Every attempt of a delivery, oldest first."""
        a = t.attempts.c
        query = sa.select(a.at, a.outcome, a.detail).where(a.delivery_id == delivery_id).order_by(a.id)
        with self._db.read() as connection:
            return [Attempt(row.at, row.outcome, row.detail) for row in connection.execute(query)]

    def digest_states(self) -> Sequence[DigestState]:
        """Every digest the store has seen."""
        with self._db.read() as connection:
            rows = connection.execute(sa.select(t.digest_states).order_by(t.digest_states.c.name)).mappings()
            return [DigestState(row["name"], row["since"], row["last_end"], row["last_draft_end"]) for row in rows]

    def matches(
        self,
        since: datetime,
        *,
        rule: str | None = None,
        digest: str | None = None,
        before: tuple[datetime, int] | None = None,
        limit: int = 500,
        until: datetime | None = None,
    ) -> Sequence[ListedMatch]:
        """One page of the matches made since then, newest first."""
        with self._db.read() as connection:
            return page_of_matches(connection, since, rule, digest, before, limit, until)

    def count_matches(
        self,
        since: datetime,
        *,
        rule: str | None = None,
        digest: str | None = None,
        until: datetime | None = None,
    ) -> int:
        """How many matches the pages of `matches` hold together."""
        with self._db.read() as connection:
            return number_of_matches(connection, since, rule, digest, until)

    def pending(self, digest: str, limit: int) -> Sequence[ListedMatch]:
        """The newest matches that wait for a digest."""
        with self._db.read() as connection:
            return newest_pending(connection, digest, limit)

    def rule_record(self, rule: str, since: datetime, newest: int, now: datetime | None = None) -> RuleRecord:
        """What became of the entries first seen since then, as one rule sees it."""
        with self._db.read() as connection:
            return record_of_rule(connection, rule, since, newest, now)

    def recorded(
        self, rule: str, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[int, RecordedAnswer]:
        """The articles first seen in that span that the rule matched when they were read."""
        with self._db.read() as connection:
            return recorded_of_rule(connection, rule, since, until)
