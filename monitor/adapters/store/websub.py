"""Subscriptions at hubs and the pushes that wait, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.new_entries import CHUNK, insert_entries
from monitor.adapters.store.rows import feed_of
from monitor.core.feeds.politeness import NOT_SOONER
from monitor.core.feeds.schedule import LONGEST_WAIT
from monitor.model.cadence import HubOffer
from monitor.model.entry import NewEntry
from monitor.model.feed import POLL_SUCCESS, Feed, FeedStatus, PollReason
from monitor.model.secret import Secret
from monitor.model.websub import HubState, HubSubscription, HubTrust, Push, PushLimits, PushOutcome

_f, _w, _p = t.feeds.c, t.websub.c, t.pushes.c
_LIVE = _w.state != HubState.LEAVING.value
_WELL = tuple(outcome.value for outcome in POLL_SUCCESS)


class SqlHubSubscriptions:
    """`ports.HubSubscriptions` over `websub` and `pushes`; of `feeds` it writes `pushed_until` and due times."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # ---- subscriptions

    def begin(self, public_url: str, now: datetime) -> None:
        """Forgets the subscriptions whose callback is not below this address, and polls the feeds left to them."""
        live = sa.select(_w.feed_id).where(_LIVE)
        with self._db.write() as connection:
            connection.execute(t.websub.delete().where(_w.public_url != public_url))
            waiting = sa.select(_p.feed_id)
            left = sa.or_(_f.pushed_until.is_not(None), _f.id.in_(waiting))
            _poll_now(connection, sa.and_(left, _f.id.not_in(live)), now, timedelta(0))
            connection.execute(t.pushes.delete().where(_p.feed_id.not_in(live)))
            connection.execute(
                t.feeds.update().where(_f.pushed_until.is_not(None), _f.id.not_in(live)).values(pushed_until=None)
            )

    def all(self) -> Sequence[HubSubscription]:
        """Every one, by feed."""
        return self._found(sa.select(t.websub).order_by(_w.feed_id, _w.id))

    def with_token(self, token: str) -> HubSubscription | None:
        """The subscription with this callback."""
        return next(iter(self._found(sa.select(t.websub).where(_w.token == token))), None)

    def of_feed(self, feed_id: int) -> HubSubscription | None:
        """The subscription of a feed that is not being left."""
        return next(iter(self._found(sa.select(t.websub).where(_w.feed_id == feed_id, _LIVE))), None)

    def offers(self, limit: int) -> Sequence[tuple[int, HubOffer]]:
        """Active feeds that offer a hub and have no subscription, by id."""
        has_one = sa.exists().where(_w.feed_id == _f.id, _LIVE)
        query = (
            sa.select(_f.id, _f.hub_url, _f.hub_topic)
            .where(_f.hub_url.is_not(None), _f.status == FeedStatus.ACTIVE.value, ~has_one)
            .order_by(_f.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [(row.id, HubOffer(row.hub_url, row.hub_topic)) for row in connection.execute(query)]

    def add(
        self, feed_id: int, offer: HubOffer, *, token: str, secret: str, public_url: str, now: datetime
    ) -> None:
        """A subscription that is due to be asked for."""
        row = {
            "feed_id": feed_id,
            "hub": offer.hub,
            "topic": offer.topic,
            "token": token,
            "secret": secret,
            "public_url": public_url,
            "state": HubState.WANTED.value,
            "made_at": now,
            "next_try_at": now,
        }
        with self._db.write() as connection:
            connection.execute(t.websub.insert().values(**row))

    def leave_unwanted(self, now: datetime, stay: timedelta) -> int:
        """Begins to leave what feeds no longer offer, and the hubs of feeds that are polled no more."""
        gone = _f.status != FeedStatus.ACTIVE.value
        other = sa.or_(_f.hub_url.is_(None), _f.hub_url != _w.hub, _f.hub_topic != _w.topic)
        query = (
            sa.select(_w.id)
            .join(t.feeds, _f.id == _w.feed_id)
            .where(_LIVE, sa.or_(gone, sa.and_(other, _w.made_at <= now - stay)))
            .limit(CHUNK)  # the others at the next look
        )
        with self._db.read() as connection:
            found = connection.execute(query).scalars().all()  # mostly none: without the write lock
        if not found:
            return 0
        with self._db.write() as connection:
            leaving = t.websub.update().where(_w.id.in_(found)).returning(_w.feed_id)
            values = {"state": HubState.LEAVING.value, "next_try_at": now, "failures": 0, "error": None}
            feeds = connection.execute(leaving.values(**values)).scalars().all()
            _end_reliance(connection, _f.id.in_(feeds), now, timedelta(0))
        return len(found)

    def due(self, now: datetime, limit: int) -> Sequence[HubSubscription]:
        """Those whose hub is to be asked now, the longest due first."""
        return self._found(
            sa.select(t.websub).where(_w.next_try_at <= now).order_by(_w.next_try_at, _w.id).limit(limit)
        )

    def note_asked(
        self, subscription: HubSubscription, now: datetime, next_try_at: datetime, lacking: str | None = None
    ) -> None:
        """Says that the hub is asked from now on."""
        # What holds goes on to hold while it is renewed.
        begins = subscription.state in (HubState.WANTED, HubState.DENIED)
        state = {"state": HubState.ASKED.value} if begins else {}
        self._set(subscription, asked_at=now, next_try_at=next_try_at, error=lacking, **state)

    def note_failed(self, subscription: HubSubscription, error: str, next_try_at: datetime) -> None:
        """One more failure in a row, unless the hub has verified it meanwhile."""
        failed = t.websub.update().where(
            _w.id == subscription.id, sa.or_(_w.verified_at.is_(None), _w.verified_at < _w.asked_at)
        )
        with self._db.write() as connection:
            connection.execute(failed.values(failures=_w.failures + 1, error=error, next_try_at=next_try_at))

    def note_verified(
        self, subscription: HubSubscription, now: datetime, lease_until: datetime, renew_at: datetime
    ) -> None:
        """It holds until then."""
        self._set(
            subscription,
            state=HubState.SUBSCRIBED.value,
            verified_at=now,
            lease_until=lease_until,
            next_try_at=renew_at,
            failures=0,
            error=None,
        )

    def note_denied(self, subscription: HubSubscription, error: str, now: datetime, next_try_at: datetime) -> None:
        """The hub said no; the feed is polled."""
        denied = t.websub.update().where(_w.id == subscription.id)
        with self._db.write() as connection:
            connection.execute(
                denied.values(state=HubState.DENIED.value, lease_until=None, error=error, next_try_at=next_try_at)
            )
            _end_reliance(connection, _f.id == subscription.feed_id, now, timedelta(0))

    def drop(self, subscription: HubSubscription) -> None:
        """Forgets it."""
        with self._db.write() as connection:
            connection.execute(t.websub.delete().where(_w.id == subscription.id))

    # ---- pushes

    def take(
        self,
        subscription: HubSubscription,
        body: bytes,
        content_type: str | None,
        now: datetime,
        limits: PushLimits,
    ) -> PushOutcome:
        """Keeps a body to be read, unless too much waits."""
        ours = sa.select(sa.func.count(), sa.func.sum(_p.size)).where(_p.feed_id == subscription.feed_id)
        row = {
            "feed_id": subscription.feed_id,
            "received_at": now,
            "content_type": content_type,
            "size": len(body),
            "body": body,
        }
        with self._db.write() as connection:
            count, size = connection.execute(ours).one()
            total = connection.execute(sa.select(sa.func.sum(_p.size))).scalar_one() or 0
            full = count >= limits.most or (size or 0) + len(body) > limits.feed_bytes
            if full or total + len(body) > limits.all_bytes:
                return PushOutcome.FEED_DUE
            connection.execute(t.pushes.insert().values(**row))
        return PushOutcome.TAKEN

    def pushes(self, limit: int) -> Sequence[tuple[Push, Feed]]:
        """The oldest of each feed, oldest first."""
        oldest = sa.select(sa.func.min(_p.id)).group_by(_p.feed_id)
        with self._db.read() as connection:
            rows = connection.execute(
                sa.select(t.pushes).where(_p.id.in_(oldest)).order_by(_p.id).limit(limit)
            ).all()
            wanted = sa.select(t.feeds).where(_f.id.in_({row.feed_id for row in rows}))
            feeds = {row["id"]: feed_of(row) for row in connection.execute(wanted).mappings()} if rows else {}
        return [
            (Push(row.id, row.feed_id, row.received_at, row.content_type, bytes(row.body)), feeds[row.feed_id])
            for row in rows
        ]

    def record_push(
        self, push: Push, entries: Sequence[NewEntry], now: datetime, proves: bool, pushed_until: datetime | None
    ) -> int:
        """The new entries of a push, and that it is read, in one transaction."""
        proven = {"proven_at": sa.func.coalesce(_w.proven_at, sa.bindparam("now", now, _w.proven_at.type))}
        with self._db.write() as connection:
            stored = insert_entries(connection, push.feed_id, entries, now, pushed=True)
            connection.execute(t.pushes.delete().where(_p.id == push.id))
            heard = t.websub.update().where(_w.feed_id == push.feed_id, _LIVE)
            connection.execute(heard.values(pushed_at=push.received_at, **(proven if proves else {})))
            if pushed_until is not None:
                connection.execute(_relying(push.feed_id, pushed_until))
                connection.execute(_put_off(push.feed_id, now, pushed_until))
        return stored

    def drop_push(self, push: Push) -> None:
        """Forgets a push that cannot be read."""
        with self._db.write() as connection:
            connection.execute(t.pushes.delete().where(_p.id == push.id))

    # ---- what the due-queue has to know

    def make_due(self, feed_id: int, now: datetime, least: timedelta) -> None:
        """Has a feed polled now, but not within `least` of its last poll."""
        with self._db.write() as connection:
            _poll_now(connection, _f.id == feed_id, now, least)

    def rely(self, feed_id: int, until: datetime) -> None:
        """Leaves a feed to its hub until then."""
        with self._db.write() as connection:
            connection.execute(_relying(feed_id, until))

    def doubt(self, subscription: HubSubscription, doubt: HubTrust, now: datetime, least: timedelta) -> None:
        """Relies on the hub no more, and polls the feed."""
        doubted = t.websub.update().where(_w.id == subscription.id)
        with self._db.write() as connection:
            connection.execute(doubted.values(doubt=doubt.value, doubted_at=now, proven_at=None))
            _end_reliance(connection, _f.id == subscription.feed_id, now, least)

    def end_silence(self, until: datetime, now: datetime, least: timedelta) -> int:
        """Has the feeds polled that are left to a hub until then at most."""
        silent = sa.and_(_f.pushed_until.is_not(None), _f.pushed_until <= until, _f.next_poll_at > now)
        with self._db.read() as connection:
            if connection.execute(sa.select(_f.id).where(silent).limit(1)).first() is None:
                return 0
        with self._db.write() as connection:
            # One whose time has not only come near but passed is no longer left to its hub: it is looked for once.
            found = _poll_now(connection, silent, now, least)
            connection.execute(t.feeds.update().where(_f.pushed_until <= now).values(pushed_until=None))
        return found

    # ----

    def _found(self, query: sa.Select[Any]) -> list[HubSubscription]:
        with self._db.read() as connection:
            return [_subscription_of(row) for row in connection.execute(query).mappings()]

    def _set(self, subscription: HubSubscription, **values: Any) -> None:
        with self._db.write() as connection:
            connection.execute(t.websub.update().where(_w.id == subscription.id).values(**values))


def _relying(feed_id: int, until: datetime) -> sa.Update:
    return t.feeds.update().where(_f.id == feed_id).values(pushed_until=until)


def _put_off(feed_id: int, now: datetime, until: datetime) -> sa.Update:
    """Polls a feed no sooner than its hub is given up, but once a day."""
    return (
        t.feeds.update()
        .where(
            _f.id == feed_id,
            _f.next_poll_at > now,  # what is due is due for a reason
            _f.next_poll_at < until,
            _f.last_polled_at >= until - LONGEST_WAIT,
            # It may have been promised something since it was decided how long it is left to its hub.
            _f.interval_seconds.is_(None),
            sa.or_(_f.boost_until.is_(None), _f.boost_until <= now),
            _f.last_reason.not_in([reason.value for reason in sorted(NOT_SOONER)]),
        )
        .values(next_poll_at=until, last_reason=PollReason.PUSHED.value)
    )


def _end_reliance(connection: Connection, among: sa.ColumnElement[bool], now: datetime, least: timedelta) -> None:
    relied = sa.and_(among, _f.pushed_until.is_not(None))
    _poll_now(connection, relied, now, least)
    connection.execute(t.feeds.update().where(relied).values(pushed_until=None))


def _poll_now(connection: Connection, among: sa.ColumnElement[bool], now: datetime, least: timedelta) -> int:
    """Pulls the due time of feeds near: to now, or to `least` after their last poll.

    Whose server failed, or asked for a pause, is left alone until the time that was set then. One that is asked at
    this moment is asked once more, since its answer may be older than the news.
    """
    later = sa.and_(
        _f.status == FeedStatus.ACTIVE.value,
        _f.last_outcome.in_(_WELL),
        _f.last_reason != PollReason.RETRY_AFTER.value,
        among,
    )
    soon = t.feeds.update().where(later, _f.next_poll_at > now)
    rested = sa.or_(_f.last_polled_at.is_(None), _f.last_polled_at <= now - least)
    changed = connection.execute(soon.where(rested).values(next_poll_at=now)).rowcount
    # A moment later than asked for costs nothing; a time for each row would be SQL that differs by database.
    tired = soon.where(~rested, _f.next_poll_at > now + least)
    changed += connection.execute(tired.values(next_poll_at=now + least)).rowcount
    asked = t.feeds.update().where(later, _f.next_poll_at <= now, _f.lease_until > now)
    return changed + connection.execute(asked.values(next_poll_at=now + least)).rowcount


def _subscription_of(row: RowMapping) -> HubSubscription:
    return HubSubscription(
        **{
            **row,
            "secret": Secret(row["secret"], "the store"),
            "state": HubState(row["state"]),
            "doubt": HubTrust(row["doubt"]) if row["doubt"] else None,
        }
    )
