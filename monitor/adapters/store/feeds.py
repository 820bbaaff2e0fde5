"""Subscriptions and the due-queue in SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.boosts import boost_feeds, host_pauses, keep_boost, pause_hosts, put_off
from monitor.adapters.store.database import Database
from monitor.adapters.store.gaps import open_gap
from monitor.adapters.store.held import feeds_standing, subscribed_at
from monitor.adapters.store.identities import short_hash
from monitor.adapters.store.listings import arrivals, listings
from monitor.adapters.store.new_entries import CHUNK, insert_entries, still_listed
from monitor.adapters.store.past_polls import remember
from monitor.adapters.store.rows import CADENCE, RHYTHM, boost_of, declared_columns, feed_of, fresh_columns
from monitor.adapters.store.shares import ALL, SHARE_OF_FEED, DatabaseShares, Undivided
from monitor.adapters.store.subscriptions import subscribe
from monitor.adapters.store.upsert import add_counts, holds_words, insert_new
from monitor.core.feeds.politeness import NOT_SOONER
from monitor.core.feeds.schedule import CHOSEN, first_poll_at
from monitor.core.text.shown_url import without_query
from monitor.model.cadence import Boost
from monitor.model.entry import LISTED_WITHIN, Fate, KnownEntry, NewEntry
from monitor.model.feed import (
    POLL_SUCCESS,
    Feed,
    FeedOrigin,
    FeedSettings,
    FeedsStanding,
    FeedStatus,
    HostPause,
    Listing,
    PollDecision,
    Polled,
    PollOutcome,
    PollReason,
    Reading,
    Subscription,
)

# Failures that another login, proxy or certificate may mend.
_BY_ACCESS = (PollOutcome.AUTH_ERROR.value, PollOutcome.TLS_ERROR.value, PollOutcome.UNREACHABLE.value)
_FIRST_WITHIN = timedelta(minutes=15)  # for a feed without an interval of its own

# Made once (see upsert.py); what a poll learned names its columns by the parameters it brings.
_POLLED = t.feeds.update().where(t.feeds.c.id == sa.bindparam("feed"))
_f = t.feeds.c
_DUE_NEXT = sa.bindparam("due_next", type_=_f.next_poll_at.type)
# Whoever made a feed due while it was asked (its hub told of news, its login was mended) is not overruled by what
# the answer led to, which may be older.
_MEANWHILE = sa.and_(
    _f.lease_until.is_not(None),
    _f.next_poll_at != sa.bindparam("was_due", type_=_f.next_poll_at.type),
    _f.next_poll_at < _DUE_NEXT,
    sa.bindparam("yields", type_=sa.Boolean),
)
_POLLED_NOW = _POLLED.values(next_poll_at=sa.case((_MEANWHILE, _f.next_poll_at), else_=_DUE_NEXT)).returning(
    _f.boost_seconds, _f.boost_until
)
# The config may have changed while a feed was asked: what left it stays removed, and the name it gives wins.
_GONE = _POLLED.where(t.feeds.c.status == FeedStatus.ACTIVE.value).values(status=FeedStatus.GONE.value)
_TITLED = _POLLED.where(t.feeds.c.declared_name.is_(None))
DUE = (
    sa.select(t.feeds.c.id)
    .where(
        t.feeds.c.status == FeedStatus.ACTIVE.value,
        t.feeds.c.next_poll_at <= sa.bindparam("now"),
        sa.or_(t.feeds.c.lease_until.is_(None), t.feeds.c.lease_until <= sa.bindparam("now")),
    )
    .order_by(t.feeds.c.next_poll_at)
    .limit(sa.bindparam("most"))
)
_OURS_DUE = DUE.where(SHARE_OF_FEED.in_(sa.bindparam("shares", expanding=True)))
_CHOSEN_LATER = sa.select(_f.id).where(
    _f.status == FeedStatus.ACTIVE.value,
    _f.next_poll_at > sa.bindparam("then"),
    _f.failures == 0,
    sa.or_(
        _f.last_reason.in_([reason.value for reason in sorted(CHOSEN | {PollReason.PUSHED})]),
        sa.and_(_f.last_reason == PollReason.PROMISED.value, _f.interval_seconds.is_(None)),
    ),
)
_DUE_THEN = _POLLED.values(next_poll_at=sa.bindparam("due"))
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

    def __init__(self, database: Database, shares: DatabaseShares | Undivided = ALL) -> None:
        self._db = database
        self._shares = shares

    def sync(self, declared: Sequence[FeedSettings], now: datetime) -> None:
        """Makes the declared feeds those of the config."""
        wanted = {settings.url: settings for settings in declared}
        with self._db.write() as connection:
            known = {row["declared_url"]: row for row in connection.execute(sa.select(t.feeds)).mappings()}
            fresh = [settings for settings in wanted.values() if settings.url not in known]
            if fresh:
                # Another daemon may do the same at this moment: both were given the same config.
                insert_new(connection, t.feeds, *(_first(one, index, now) for index, one in enumerate(fresh)))
            for settings in declared:
                before = known.get(settings.url)
                if before is None:
                    continue
                values = declared_columns(settings)
                if settings.name:
                    values["name"] = settings.name
                elif before["name"] == settings.url:  # named so by an older version
                    values["name"] = without_query(settings.url)
                if (due := _promised_at(before, settings, now)) is not None:
                    values["next_poll_at"] = due
                # A feed that was gone is asked once more at each start, as long as it is declared; what a person
                # paused stays so.
                if before["status"] not in (FeedStatus.ACTIVE.value, FeedStatus.PAUSED.value):
                    values |= {"status": FeedStatus.ACTIVE.value, "next_poll_at": now}
                if all(before[name] == value for name, value in values.items()):
                    continue  # 10,000 writes that change nothing hold up every stage for seconds
                connection.execute(t.feeds.update().where(t.feeds.c.declared_url == settings.url).values(**values))
            gone = [url for url in known if url not in wanted]
            for start in range(0, len(gone), CHUNK):
                connection.execute(
                    t.feeds.update()
                    .where(
                        t.feeds.c.declared_url.in_(gone[start : start + CHUNK]),
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

    def at(self, site: str) -> Sequence[Feed]:
        """The feeds in whose present address these letters stand."""
        with self._db.read() as connection:
            there = holds_words(connection, _f.url, site)
            rows = connection.execute(sa.select(t.feeds).where(there).order_by(_f.id)).mappings()
            return [feed_of(row) for row in rows]

    def standing(self, now: datetime) -> FeedsStanding:
        """How all feeds are, without a look at those that are well."""
        with self._db.read() as connection:
            return feeds_standing(connection, now)

    def subscribed_at(self, feeds: Collection[int]) -> Mapping[int, datetime]:
        """When each of these feeds was subscribed to."""
        with self._db.read() as connection:
            return subscribed_at(connection, feeds)

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """Feeds whose time has come, leased."""
        due, ours = self._due()
        with self._db.read() as connection:
            # Most ticks find nothing: do not take the write lock to learn that.
            if connection.execute(due, {"now": now, "most": 1, **ours}).first() is None:
                return []
        with self._db.write() as connection:
            due, ours = self._due()  # again: before it writes, a daemon may learn that it lost them
            if not self._db.sqlite:
                due = due.with_for_update(key_share=True, skip_locked=True)
            lease_them = t.feeds.update().where(t.feeds.c.id.in_(due)).values(lease_until=sa.bindparam("until"))
            rows = connection.execute(
                lease_them.returning(t.feeds), {"now": now, "most": limit, "until": now + lease, **ours}
            ).mappings()
            return [feed_of(row) for row in rows]

    def _due(self) -> tuple[sa.Select[Any], dict[str, Any]]:
        shares = self._shares.slots
        return (DUE, {}) if shares is None else (_OURS_DUE, {"shares": sorted(shares)})

    def subscribe(
        self, wanted: Sequence[Subscription], now: datetime, *, lease: timedelta = timedelta(0)
    ) -> Sequence[Feed]:
        """Subscribes to what is not subscribed to yet, in one transaction."""
        with self._db.write() as connection:
            return subscribe(connection, wanted, now, lease)

    def try_now(self, urls: Sequence[str], now: datetime) -> int:
        """Makes those of the feeds declared at these URLs due that failed for how they are reached."""
        done = 0
        with self._db.write() as connection:
            for start in range(0, len(urls), CHUNK):
                failed = t.feeds.update().where(
                    t.feeds.c.declared_url.in_(urls[start : start + CHUNK]),
                    t.feeds.c.status == FeedStatus.ACTIVE.value,
                    t.feeds.c.last_outcome.in_(_BY_ACCESS),
                    # One that is asked right now is asked in the way that was.
                    sa.or_(t.feeds.c.next_poll_at > now, t.feeds.c.lease_until > now),
                )
                done += connection.execute(failed.values(next_poll_at=now)).rowcount
        return done

    def keep_within(self, longest: timedelta, now: datetime) -> int:
        """Makes those due within that time that wait for longer because we chose so."""
        with self._db.write() as connection:
            # In one order everywhere, as in `record_polls`.
            late = sorted(connection.execute(_CHOSEN_LATER, {"then": now + longest}).scalars())
            if late:
                # Each at its own time within it: they are many.
                due = [{"feed": one, "due": now + longest * (one % 100 + 1) / 100} for one in late]
                connection.execute(_DUE_THEN, due)
            return len(late)

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
        """Forgets the leases of these feeds, or every lease, also of deliveries and gaps."""
        with self._db.write() as connection:
            if feed_ids is not None:
                theirs = [t.feeds.c.id.in_(feed_ids)]
                if (shares := self._shares.kept) is not None:  # of others they are by now, if we slept
                    theirs.append(SHARE_OF_FEED.in_(sorted(shares)))
                connection.execute(t.feeds.update().where(*theirs).values(lease_until=None))
                return
            for table in (t.feeds, t.deliveries, t.gaps):
                connection.execute(table.update().where(table.c.lease_until.is_not(None)).values(lease_until=None))

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Entries of one feed that share an id or a URL key with the given ones, oldest first."""
        hashes = [short_hash(entry_id) for entry_id in ids]
        keys = [key for key in url_keys if key]
        found: dict[int, KnownEntry] = {}
        with self._db.read() as connection:
            for query, values in ((_SAME_ID, hashes), (_SAME_URL, keys)):
                for start in range(0, len(values), CHUNK):
                    for entry in _known(connection, query, feed_id, values[start : start + CHUNK]):
                        found[entry.row] = entry
        return [found[row] for row in sorted(found)]

    def record_polls(self, polls: Sequence[Polled]) -> int:
        """New entries, what was learned and the next poll times in one transaction: a commit is dear."""
        with self._db.write() as connection:
            stale = recorded_since(connection, [one.feed for one in polls]) if self._shares.divided else set()
            return record_polls(connection, polls, stale)

    def host_pauses(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        with self._db.read() as connection:
            return host_pauses(connection, now)

    def pause_host(self, pause: HostPause, now: datetime) -> None:
        """Notes what a host asked for."""
        with self._db.write() as connection:
            pause_hosts(connection, [(pause, now)])

    def put_off(self, until: Mapping[int, datetime]) -> None:
        """Makes feeds due later without a poll: their hosts are paused."""
        with self._db.write() as connection:
            put_off(connection, until)

    def boost(self, feed_ids: Sequence[int], boost: Boost | None, now: datetime) -> None:
        """Has feeds asked more often for a while, or no longer so."""
        with self._db.write() as connection:
            boost_feeds(connection, feed_ids, boost, now)

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
            still_listed(connection, listed, now)
            connection.execute(t.feeds.update().where(t.feeds.c.id == feed_id).values(listed_at=now))
            return insert_entries(connection, feed_id, entries, now)


def record_polls(connection: Connection, polls: Sequence[Polled], stale: Collection[int]) -> int:
    """`ports.DueFeeds.record_polls` in a transaction; of `stale` feeds others know more."""
    brought = [
        (one, _brought(connection, one) if one.feed.id in stale else _recorded(connection, one))
        # In one order everywhere: two transactions that wait for each other's feeds would be an error.
        for one in sorted(polls, key=lambda one: one.feed.id)
    ]
    remember(connection, brought)
    believed = [one for one in polls if one.feed.id not in stale]
    pause_hosts(connection, [(pause, one.at) for one in believed if (pause := one.decision.pause) is not None])
    counts = Counter((_minute(one.at), one.decision.outcome) for one in polls)
    for (minute, outcome), number in sorted(counts.items()):  # in one order, as above
        add_counts(connection, minute, outcome, number)
    return sum(new for _, new in brought)


def recorded_since(connection: Connection, feeds: Sequence[Feed]) -> set[int]:
    """Those of the feeds whose polls another daemon has recorded since they were claimed: whoever slept through
    its lease knows less of them. The rows are locked, in their order."""
    wanted = {feed.id: feed.last_polled_at for feed in feeds}
    query = (
        sa.select(_f.id, _f.last_polled_at)
        .where(_f.id.in_(sorted(wanted)))
        .order_by(_f.id)
        .with_for_update(key_share=True)
    )
    return {row.id for row in connection.execute(query) if row.last_polled_at != wanted[row.id]}


def _brought(connection: Connection, poll: Polled) -> int:
    """Stores the entries of a poll that was overtaken, and nothing that it says of its feed.

    What it took for older than the subscription may be news by now: the next poll lists it still.
    """
    told = [one for one in poll.entries if one.fate is not Fate.SEEN_AT_SUBSCRIBE]
    return insert_entries(connection, poll.feed.id, told, poll.at)


def _recorded(connection: Connection, poll: Polled) -> int:
    """Stores one poll but for its part in the counts; returns entries stored."""
    feed, reading, now = poll.feed, poll.reading, poll.at
    values = _learned(feed, poll.decision, reading, now)
    if poll.decision.outcome is PollOutcome.OK:
        values["listed_at"] = now
        _close_listing(connection, feed)
        still_listed(connection, reading.listed, now)
    if reading.may_have_lost and connection.execute(_ANY_OF, {"feed": feed.id}).first() is not None:
        values["may_have_lost_at"] = now
        if reading.older is not None:
            open_gap(connection, feed, reading.older, now)
    stored = insert_entries(connection, feed.id, poll.entries, now)
    _decided(connection, feed, poll.decision, values, now)
    if reading.title and reading.title != feed.name and not feed.settings.name:
        connection.execute(_TITLED, {"feed": feed.id, "name": reading.title})
    return stored


def _decided(
    connection: Connection, feed: Feed, decision: PollDecision, values: Mapping[str, object], now: datetime
) -> None:
    due = {
        "due_next": decision.next_poll_at,
        "was_due": feed.next_poll_at,
        "yields": decision.reason is not PollReason.RETRY_AFTER,
    }
    row = connection.execute(_POLLED_NOW, {"feed": feed.id, **due, **values}).first()
    if row is not None and decision.reason not in NOT_SOONER:
        keep_boost(connection, feed, boost_of(*row), now)
    if decision.status is FeedStatus.GONE:  # anything else is not a poll's to say
        connection.execute(_GONE, {"feed": feed.id})


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _first(settings: FeedSettings, index: int, now: datetime) -> dict[str, Any]:
    """A new feed as a row, due in its turn."""
    due = first_poll_at(now, index, settings.interval or _FIRST_WITHIN)
    return {**fresh_columns(settings, now), "next_poll_at": due}


def _promised_at(before: RowMapping, settings: FeedSettings, now: datetime) -> datetime | None:
    """When a feed is due that waits for longer than the interval it is given now; None where its time stays.

    What a server asked for, or refused, holds.
    """
    promised = settings.interval
    if promised is None or before["interval_seconds"] == promised.total_seconds():
        return None
    is_asked = before["lease_until"] is not None and before["lease_until"] > now
    waits = is_asked or (before["next_poll_at"] > now + promised and before["last_reason"] not in NOT_SOONER)
    # Of many that are given one each has its own time within it.
    return now + promised * (before["id"] % 100 + 1) / 100 if waits and not before["failures"] else None


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


def _learned(feed: Feed, decision: PollDecision, reading: Reading, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {
        "url": decision.url,
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
    if reading.lists is not None:
        values["lists"] = reading.lists
    if reading.cadence is not None:
        values["cadence"] = CADENCE.dump_python(reading.cadence, mode="json")
        values["hub_url"] = reading.hub.hub if reading.hub else None
        values["hub_topic"] = reading.hub.topic if reading.hub else None
    return values
