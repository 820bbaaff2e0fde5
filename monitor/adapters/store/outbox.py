"""Deliveries to be made, in SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.prepared import Prepared
from monitor.adapters.store.rows import delivery_of
from monitor.adapters.store.shares import ALL, SHARE_OF_DELIVERY, DatabaseShares, Undivided
from monitor.model.delivery import ChannelKind, Delivery, DeliveryState, Receipt, RetryAnswer, RetryDecision
from monitor.model.errors import DeliveryFailed
from monitor.model.suppression import UNSUBSCRIBED

_HAS_WORDS = t.deliveries.c.message["gone"].as_string().is_(None)  # pruning and `monitor forget` empty messages
_RETRIABLE = (DeliveryState.DEAD.value, DeliveryState.WAITING.value)
# Why a row was not made due: one that waits or is dead can only be leased.
_REFUSED = {
    DeliveryState.DEAD: RetryAnswer.BEING_SENT,
    DeliveryState.WAITING: RetryAnswer.BEING_SENT,
    DeliveryState.SENT: RetryAnswer.ALREADY_SENT,
    DeliveryState.DRAFT: RetryAnswer.DRAFT,
    DeliveryState.SUPPRESSED: RetryAnswer.SUPPRESSED,
}

# What runs once for every message.
_SENT = Prepared(
    t.deliveries.update()
    .where(t.deliveries.c.id == sa.bindparam("row"))
    .values(
        state=DeliveryState.SENT.value,
        sent_at=sa.bindparam("now"),
        receipt=sa.bindparam("detail"),
        reference=sa.bindparam("other"),
        last_error=None,
        lease_until=None,
        attempts=t.deliveries.c.attempts + 1,
    )
)
_FAILURE = (
    t.deliveries.update()
    .where(t.deliveries.c.id == sa.bindparam("row"), t.deliveries.c.state == DeliveryState.WAITING.value)
    .values(
        state=sa.bindparam("to"),
        next_attempt_at=sa.bindparam("next"),
        last_error=sa.bindparam("error"),
        lease_until=None,
        attempts=t.deliveries.c.attempts + 1,
    )
)
_FAILED = Prepared(_FAILURE)
# Not while another daemon is at it, which claimed it since.
_FAILED_IF_OURS = Prepared(
    _FAILURE.where(
        sa.or_(t.deliveries.c.lease_until.is_(None), t.deliveries.c.lease_until == sa.bindparam("lease"))
    )
)
_ATTEMPT = Prepared(t.attempts.insert())


def _anew(now: datetime) -> dict[str, object]:
    """A row as if it had just been made; what was tried before stays in `attempts`."""
    return {
        "state": DeliveryState.WAITING.value,
        "next_attempt_at": now,
        "retried_at": now,
        "attempts": 0,
        "lease_until": None,
    }


@cache
def has_its_place() -> sa.ColumnElement[bool]:
    """Whether a row need not wait for the one that it follows: in Slack that must be sent before, and one that is
    dead or gone holds nobody."""
    d, parent = t.deliveries.c, t.deliveries.alias()
    waits = parent.c.key == d.thread, parent.c.state == DeliveryState.WAITING.value
    parent_waits = sa.exists().where(*waits).correlate(t.deliveries)
    return sa.or_(d.thread.is_(None), d.channel != ChannelKind.SLACK.value, ~parent_waits)


class SqlOutbox:
    """`ports.Outbox` over `deliveries` and `attempts`."""

    def __init__(self, database: Database, shares: DatabaseShares | Undivided = ALL) -> None:
        self._db = database
        self._shares = shares

    def claim(
        self, now: datetime, lease: timedelta, limit: int, busy: Collection[tuple[str, str]] = ()
    ) -> Sequence[Delivery]:
        """Deliveries of one (receiver, channel) whose time has come, leased, oldest first, and of one moment those
        of the receiver that is first by name; none in `busy`, none to Slack whose thread waits itself."""
        d, b = t.deliveries.c, t.broken_receivers.c
        due = (
            d.state == DeliveryState.WAITING.value,
            d.next_attempt_at <= now,
            sa.or_(d.lease_until.is_(None), d.lease_until <= now),
            has_its_place(),
        )
        shares = self._shares.slots
        ours = [] if shares is None else [SHARE_OF_DELIVERY.in_(sorted(shares))]
        # As the index has them, so that the first one found is the answer, however many wait.
        in_turn = (d.next_attempt_at, d.receiver, d.channel, d.id)
        # One scan of the index, which holds the pair too: what is left alone there costs no look into the table.
        first = (
            sa.select(d.receiver, d.channel, b.receiver.is_not(None).label("broken"))
            .select_from(
                t.deliveries.outerjoin(
                    t.broken_receivers, sa.and_(b.receiver == d.receiver, b.channel == d.channel)
                )
            )
            .where(
                *due,
                *ours,
                sa.or_(b.next_try_at.is_(None), b.next_try_at <= now),
                *(sa.or_(d.receiver != receiver, d.channel != channel) for receiver, channel in busy),
            )
            .order_by(*in_turn)
            .limit(1)
        )
        with self._db.read() as connection:
            found = connection.execute(first).one_or_none()
        if found is None:
            return []
        alike = (
            sa.select(d.id)
            # Not "==": SQLite would see that the order does not need them, and sort all that wait.
            .where(*due, d.receiver.between(*[found.receiver] * 2), d.channel.between(*[found.channel] * 2))
            .order_by(*in_turn)
            .limit(1 if found.broken else limit)
        )
        if not self._db.sqlite:
            alike = alike.with_for_update(key_share=True, skip_locked=True)
        with self._db.write() as connection:
            if self._shares.slots != shares:  # before it writes, a daemon may learn that it lost them
                return []
            rows = connection.execute(
                t.deliveries.update()
                .where(d.id.in_(alike))
                .values(lease_until=now + lease)
                .returning(t.deliveries)
            ).mappings()
            return sorted((delivery_of(row) for row in rows), key=lambda delivery: delivery.id)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Ends the leases of what was claimed and not tried, but for those that somebody else has taken since."""
        d = t.deliveries.c
        leases: dict[datetime | None, list[int]] = defaultdict(list)
        for one in deliveries:
            leases[one.lease_until].append(one.id)
        with self._db.write() as connection:
            for lease, ids in leases.items():
                ours = t.deliveries.update().where(d.id.in_(ids), d.lease_until == lease)
                connection.execute(ours.values(lease_until=None))

    def holds(self, delivery: Delivery) -> bool:
        """Whether a delivery that was claimed is still this process's to send; where nobody shares, always."""
        if not self._shares.divided:
            return True
        d = t.deliveries.c
        query = sa.select(d.id).where(
            d.id == delivery.id, d.lease_until == delivery.lease_until, d.state == DeliveryState.WAITING.value
        )
        with self._db.read() as connection:
            return connection.execute(query).first() is not None

    def reference_of(self, key: str) -> str | None:
        """What the other side calls the message of this delivery; None where it said nothing, or has none."""
        d = t.deliveries.c
        with self._db.read() as connection:
            return connection.execute(sa.select(d.reference).where(d.key == key)).scalar_one_or_none()

    def record_sent(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        """The other side has it."""
        with self._db.write() as connection:
            _SENT.once(
                connection,
                {"row": delivery.id, "now": now, "detail": receipt.detail, "other": receipt.reference},
            )
            _attempted(connection, delivery, "sent", receipt.detail, now)

    def record_failure(
        self, delivery: Delivery, failure: DeliveryFailed, decision: RetryDecision, now: datetime
    ) -> None:
        """One attempt more, kept for good; the row waits for the next one or is given up as dead.

        One that is settled stays so: a sender that slept through its lease must not have it sent again.
        """
        given_up = decision.retry_at is None
        values = {
            "row": delivery.id,
            "lease": delivery.lease_until,
            "error": str(failure),
            "to": (DeliveryState.DEAD if given_up else DeliveryState.WAITING).value,
            "next": decision.retry_at or now,  # of a dead one: when it was given up
        }
        outcome = f"{failure.fault.value}, {decision.reason.value}"
        with self._db.write() as connection:
            (_FAILED_IF_OURS if self._shares.divided else _FAILED).once(connection, values)
            _attempted(connection, delivery, outcome, failure.detail, now)

    def record_suppressed(self, delivery: Delivery, now: datetime) -> None:
        """Its recipient unsubscribed: it is not sent, which is kept like an attempt."""
        d, values = t.deliveries.c, {"state": DeliveryState.SUPPRESSED.value, "lease_until": None}
        with self._db.write() as connection:
            waits = d.id == delivery.id, d.state == DeliveryState.WAITING.value
            connection.execute(t.deliveries.update().where(*waits).values(values))
            _attempted(connection, delivery, DeliveryState.SUPPRESSED.value, UNSUBSCRIBED, now)

    def retry(self, delivery_id: int, now: datetime) -> RetryAnswer:
        """Makes a dead or waiting delivery due now and starts it anew; all other rows stay as they are."""
        d = t.deliveries.c
        idle = sa.or_(d.lease_until.is_(None), d.lease_until <= now)
        waking = t.deliveries.update().where(d.id == delivery_id, d.state.in_(_RETRIABLE), idle, _HAS_WORDS)
        with self._db.write() as connection:
            if connection.execute(waking.values(_anew(now))).rowcount:
                return RetryAnswer.DUE_NOW
            query = sa.select(d.state, _HAS_WORDS.label("words")).where(d.id == delivery_id)
            found = connection.execute(query).one_or_none()
        if found is None:
            return RetryAnswer.GONE
        state = DeliveryState(found.state)
        if state is DeliveryState.DEAD and not found.words:
            return RetryAnswer.TEXT_GONE
        return _REFUSED[state]

    def retry_dead(self, now: datetime, receiver: str | None = None) -> Mapping[str, int]:
        """The same for every dead delivery, or those to one receiver; returns how many, by receiver."""
        d = t.deliveries.c
        waking = t.deliveries.update().where(d.state == DeliveryState.DEAD.value, _HAS_WORDS)
        if receiver is not None:
            waking = waking.where(d.receiver == receiver)
        with self._db.write() as connection:
            return Counter(connection.execute(waking.values(_anew(now)).returning(d.receiver)).scalars())


def _attempted(connection: Connection, delivery: Delivery, outcome: str, detail: str, now: datetime) -> None:
    _ATTEMPT.once(connection, {"delivery_id": delivery.id, "at": now, "outcome": outcome, "detail": detail})
