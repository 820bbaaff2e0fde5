"""Subscriptions and the due-queue in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.identities import identity_of, short_hash
from monitor.adapters.store.listings import arrivals, listings
from monitor.adapters.store.rows import CADENCE, RHYTHM, declared_columns, entry_columns, feed_of, fresh_columns
from monitor.adapters.store.subscriptions import subscribe
from monitor.adapters.store.upsert import add_counts, insert_new
from monitor.model.entry import LISTED_WITHIN, Fate, KnownEntry, NewEntry
from monitor.model.feed import (
    NOTHING_READ,
    POLL_SUCCESS,
    Feed,
    FeedOrigin,
    FeedSettings,
    FeedStatus,
    Listing,
    PollDecision,
    PollOutcome,
    Reading,
    Subscription,
)

_CHUNK = 400  # SQLite takes 32,766 variables a statement, PostgreSQL 32,767; plans stay small

# Made once (see upsert.py); what a poll learned names its columns by the parameters it brings.
_POLLED = t.feeds.update().where(t.feeds.c.id == sa.bindparam("feed"))
# The config may have changed while a feed was asked: what left it stays removed, and the name it gives wins.
_GONE = _POLLED.where(t.feeds.c.status == FeedStatus.ACTIVE.value).values(status=FeedStatus.GONE.value)
_TITLED = _POLLED.where(t.feeds.c.declared_name.is_(None))
_DUE = (
    sa.select(t.feeds.c.id)
    .where(
        t.feeds.c.status == FeedStatus.ACTIVE.value,
        t.feeds.c.next_poll_at <= sa.bindparam("now"),
        sa.or_(t.feeds.c.lease_until.is_(None), t.feeds.c.lease_until <= sa.bindparam("now")),
    )
    .order_by(t.feeds.c.next_poll_at)
    .limit(sa.bindparam("most"))
)
_e = t.entries.c
_KNOWN = sa.select(
    _e.id,
    _e.entry_id,
    _e.url_key,
    _e.title,
    _e.text_hash,
    _e.fate,
    _e.first_seen,
    _e.published,
    _e.words_only,
    _e.listed_at,
).where(_e.feed_id == sa.bindparam("feed"))
_ANY_OF = sa.select(_e.id).where(_e.feed_id == sa.bindparam("feed")).limit(1)
_SAME_ID = _KNOWN.where(_e.id_hash.in_(sa.bindparam("wanted", expanding=True)))
_SAME_URL = _KNOWN.where(_e.url_key.in_(sa.bindparam("wanted", expanding=True)))


class SqlFeedStore:
    """`ports.FeedStore` over the `feeds` and `entries` tables."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def sync(self, declared: Sequence[FeedSettings], now: datetime) -> None:
        """Makes the declared feeds those of the config."""
        wanted = {settings.url: settings for settings in declared}
        with self._db.write() as connection:
            known = {row["declared_url"]: row for row in connection.execute(sa.select(t.feeds)).mappings()}
            for settings in declared:
                before = known.get(settings.url)
                if before is None:
                    connection.execute(t.feeds.insert().values(**fresh_columns(settings, now)))
                    continue
                values = declared_columns(settings)
                if settings.name:
                    values["name"] = settings.name
                # A feed that was gone is asked once more at each start, as long as it is declared.
                if before["status"] != FeedStatus.ACTIVE.value:
                    values |= {"status": FeedStatus.ACTIVE.value, "next_poll_at": now}
                if all(before[name] == value for name, value in values.items()):
                    continue  # 10,000 writes that change nothing hold up every stage for seconds
                connection.execute(t.feeds.update().where(t.feeds.c.declared_url == settings.url).values(**values))
            gone = [url for url in known if url not in wanted]
            for start in range(0, len(gone), _CHUNK):
                connection.execute(
                    t.feeds.update()
                    .where(
                        t.feeds.c.declared_url.in_(gone[start : start + _CHUNK]),
                        t.feeds.c.origin == FeedOrigin.CONFIG.value,
                    )
                    .values(status=FeedStatus.REMOVED.value)
                )

    def all(self) -> Sequence[Feed]:
        """Every feed, in the order of subscription."""
        with self._db.read() as connection:
            return [
                feed_of(row) for row in connection.execute(sa.select(t.feeds).order_by(t.feeds.c.id)).mappings()
            ]

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """Feeds whose time has come, leased."""
        with self._db.read() as connection:
            # Most ticks find nothing: do not take the write lock to learn that.
            if connection.execute(_DUE, {"now": now, "most": 1}).first() is None:
                return []
        due = _DUE if self._db.sqlite else _DUE.with_for_update(skip_locked=True)
        lease_them = t.feeds.update().where(t.feeds.c.id.in_(due)).values(lease_until=sa.bindparam("until"))
        with self._db.write() as connection:
            rows = connection.execute(
                lease_them.returning(t.feeds), {"now": now, "most": limit, "until": now + lease}
            ).mappings()
            return [feed_of(row) for row in rows]

    def subscribe(
        self, wanted: Sequence[Subscription], now: datetime, *, lease: timedelta = timedelta(0)
    ) -> Sequence[Feed]:
        """Subscribes to what is not subscribed to yet, in one transaction."""
        with self._db.write() as connection:
            return subscribe(connection, wanted, now, lease)

    def unsubscribe(self, feed_id: int) -> None:
        """Polls a feed no more."""
        removed = t.feeds.update().where(t.feeds.c.id == feed_id).values(status=FeedStatus.REMOVED.value)
        with self._db.write() as connection:
            connection.execute(removed)

    def listings(self) -> Mapping[int, Listing]:
        """What each subscribed feed listed last."""
        with self._db.read() as connection:
            return listings(connection)

    def arrivals(self, feed_ids: Sequence[int]) -> Mapping[int, Sequence[datetime]]:
        """When the entries that these feeds listed last arrived."""
        with self._db.read() as connection:
            return arrivals(connection, feed_ids)

    def make_all_due(self, now: datetime) -> int:
        """Makes every active feed due now."""
        with self._db.write() as connection:
            done = connection.execute(
                t.feeds.update()
                .where(t.feeds.c.status == FeedStatus.ACTIVE.value)
                .values(next_poll_at=now, lease_until=None)
            )
            return done.rowcount

    def release_leases(self, feed_ids: Sequence[int] | None = None) -> None:
        """Forgets the leases of these feeds, or every lease, of feeds and of deliveries."""
        with self._db.write() as connection:
            if feed_ids is not None:
                connection.execute(t.feeds.update().where(t.feeds.c.id.in_(feed_ids)).values(lease_until=None))
                return
            for table in (t.feeds, t.deliveries):
                connection.execute(table.update().where(table.c.lease_until.is_not(None)).values(lease_until=None))

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Entries of one feed that share an id or a URL key with the given ones, oldest first."""
        hashes = [short_hash(entry_id) for entry_id in ids]
        keys = [key for key in url_keys if key]
        found: dict[int, KnownEntry] = {}
        with self._db.read() as connection:
            for query, values in ((_SAME_ID, hashes), (_SAME_URL, keys)):
                for start in range(0, len(values), _CHUNK):
                    for entry in _known(connection, query, feed_id, values[start : start + _CHUNK]):
                        found[entry.row] = entry
        return [found[row] for row in sorted(found)]

    def record_poll(
        self,
        feed: Feed,
        decision: PollDecision,
        entries: Sequence[NewEntry],
        *,
        now: datetime,
        reading: Reading = NOTHING_READ,
    ) -> int:
        """New entries, what was learned and the next poll time in one transaction."""
        values = _learned(feed, decision, reading, now)
        with self._db.write() as connection:
            if decision.outcome is PollOutcome.OK:
                values["listed_at"] = now
                _close_listing(connection, feed)
                _still_listed(connection, reading.listed, now)
            if reading.may_have_lost and connection.execute(_ANY_OF, {"feed": feed.id}).first() is not None:
                values["may_have_lost_at"] = now
            stored = insert_entries(connection, feed.id, entries, now)
            connection.execute(_POLLED, {"feed": feed.id, **values})
            if decision.status is FeedStatus.GONE:  # anything else is not a poll's to say
                connection.execute(_GONE, {"feed": feed.id})
            if reading.title and reading.title != feed.name and not feed.settings.name:
                connection.execute(_TITLED, {"feed": feed.id, "name": reading.title})
            add_counts(connection, now.replace(second=0, microsecond=0), decision.outcome)
        return stored

    def passive_feed(self, publisher: str, now: datetime) -> Feed:
        """The feed that holds the ingested documents of a publisher, made when it is not there."""
        # No address: nothing declared in a config, which must be http, can be the same.
        settings = FeedSettings(f"ingest:{publisher}", publisher, origin=FeedOrigin.INGEST)
        ours = sa.select(t.feeds).where(t.feeds.c.declared_url == settings.url)
        with self._db.read() as connection:
            row = connection.execute(ours).mappings().first()
        if row is None:
            with self._db.write() as connection:
                insert_new(
                    connection, t.feeds, {**fresh_columns(settings, now), "status": FeedStatus.PASSIVE.value}
                )
                row = connection.execute(ours).mappings().one()
        return feed_of(row)

    def record_documents(
        self, feed_id: int, entries: Sequence[NewEntry], now: datetime, listed: Sequence[int] = ()
    ) -> int:
        """Entries of a passive feed in one transaction."""
        if not entries and not listed:
            return 0
        with self._db.write() as connection:
            _still_listed(connection, listed, now)
            connection.execute(t.feeds.update().where(t.feeds.c.id == feed_id).values(listed_at=now))
            return insert_entries(connection, feed_id, entries, now)


def _known(connection: Connection, query: sa.Select[Any], feed_id: int, values: Sequence[str]) -> list[KnownEntry]:
    rows = connection.execute(query, {"feed": feed_id, "wanted": values}).all()
    return [
        KnownEntry(
            row=row.id,
            id=row.entry_id,
            url_key=row.url_key,
            title=row.title,
            text_hash=row.text_hash,
            fate=Fate(row.fate),
            first_seen=row.first_seen,
            published=row.published,
            words_only=row.words_only,
            listed_at=row.listed_at,
        )
        for row in rows
    ]


def insert_entries(
    connection: Connection, feed_id: int, entries: Sequence[NewEntry], now: datetime, *, pushed: bool = False
) -> int:
    """Stores what is new of a feed, polled or `pushed` by its hub; returns how many entries that were."""
    rows = []
    for entry in entries:
        identity = identity_of(entry.parsed.id, entry.url_key, entry.text_hash, entry.revision_of)
        rows.append(
            {
                "feed_id": feed_id,
                "pushed": pushed,
                **entry_columns(entry, identity, short_hash(entry.parsed.id), now),
            }
        )
    return insert_new(connection, t.entries, *rows)


def _close_listing(connection: Connection, feed: Feed) -> None:
    """A feed that said "unchanged" for days listed all of its last body until it last said so."""
    until = feed.last_success_at
    if feed.listed_at is None or until is None or until - feed.listed_at <= LISTED_WITHIN:
        return
    e = t.entries.c
    connection.execute(
        t.entries.update()
        .where(e.feed_id == feed.id, e.listed_at >= feed.listed_at - LISTED_WITHIN, e.listed_at < until)
        .values(listed_at=until)
    )


def _still_listed(connection: Connection, rows: Sequence[int], now: datetime) -> None:
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        connection.execute(t.entries.update().where(t.entries.c.id.in_(chunk)).values(listed_at=now))


def _learned(feed: Feed, decision: PollDecision, reading: Reading, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {
        "url": decision.url,
        "next_poll_at": decision.next_poll_at,
        "lease_until": None,
        "etag": decision.validators.etag,
        "last_modified": decision.validators.last_modified,
        "last_polled_at": now,
        "last_outcome": decision.outcome.value,
        "last_error": decision.error,
        "last_reason": decision.reason.value,
        "failures": decision.failures,
    }
    if decision.outcome in POLL_SUCCESS:
        values["last_success_at"] = now
        if decision.outcome is PollOutcome.OK and feed.first_success_at is None:
            values["first_success_at"] = now
    if reading.body_hash is not None:
        values["body_hash"] = reading.body_hash
    if decision.rhythm is not None:
        values["rhythm"] = RHYTHM.dump_python(decision.rhythm, mode="json")
    if reading.cadence is not None:
        values["cadence"] = CADENCE.dump_python(reading.cadence, mode="json")
        values["hub_url"] = reading.hub.hub if reading.hub else None
        values["hub_topic"] = reading.hub.topic if reading.hub else None
    return values
