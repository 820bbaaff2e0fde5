"""Receivers that refuse everything, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.upsert import insert_new
from monitor.model.delivery import BrokenReceiver, ChannelKind, DeliveryState
from monitor.model.errors import DeliveryFault

_b = t.broken_receivers.c


class SqlReceivers:
    """`ports.Receivers` over `broken_receivers`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def broken(self) -> Sequence[BrokenReceiver]:
        """All of them, the longest broken first."""
        query = sa.select(t.broken_receivers).order_by(_b.since, _b.receiver, _b.channel)
        with self._db.read() as connection:
            return [
                BrokenReceiver(row.receiver, ChannelKind(row.channel), row.since, row.error, row.next_try_at)
                for row in connection.execute(query)
            ]

    def waiting(self, receiver: str, channel: ChannelKind) -> int:
        """How many deliveries of the pair wait."""
        d = t.deliveries.c
        query = sa.select(sa.func.count()).where(
            d.state == DeliveryState.WAITING.value, d.receiver == receiver, d.channel == channel.value
        )
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def open(self, broken: BrokenReceiver) -> None:
        """Leaves the pair alone until `next_try_at`; one that is left alone already keeps its `since`."""
        pair = {"receiver": broken.receiver, "channel": broken.channel.value}
        new = {"error": broken.error, "next_try_at": broken.next_try_at}
        with self._db.write() as connection:
            there = sa.update(t.broken_receivers).where(
                _b.receiver == pair["receiver"], _b.channel == pair["channel"]
            )
            if not connection.execute(there.values(new)).rowcount:
                # Where a receiver changes hands another daemon may see it refuse at this moment.
                insert_new(connection, t.broken_receivers, {**pair, **new, "since": broken.since})

    def close(self, receiver: str, channel: ChannelKind, now: datetime) -> bool:
        """The pair takes messages again: what it refused is due now. False when it was not broken."""
        d = t.deliveries.c
        gone = t.broken_receivers.delete().where(_b.receiver == receiver, _b.channel == channel.value)
        refused = t.deliveries.update().where(
            d.state == DeliveryState.WAITING.value,
            d.next_attempt_at > now,
            d.receiver == receiver,
            d.channel == channel.value,
            d.last_error.startswith(f"{DeliveryFault.BROKEN_RECEIVER.value}:", autoescape=True),
        )
        with self._db.write() as connection:
            was_broken = bool(connection.execute(gone).rowcount)
            if was_broken:
                connection.execute(refused.values(next_attempt_at=now))
        return was_broken

    def try_now(self, now: datetime, receiver: str | None = None, channel: ChannelKind | None = None) -> int:
        """Has one delivery of each pair (of this receiver, of this channel) tried now; returns how many pairs."""
        waking = t.broken_receivers.update().where(_b.next_try_at > now)
        if receiver is not None:
            waking = waking.where(_b.receiver == receiver)
        if channel is not None:
            waking = waking.where(_b.channel == channel.value)
        with self._db.write() as connection:
            return connection.execute(waking.values(next_try_at=now)).rowcount

    def forget_all_but(self, known: Collection[tuple[str, ChannelKind]]) -> None:
        """Forgets the pairs that are not `known` any more and for which nothing waits."""
        d = t.deliveries.c
        waits = sa.exists().where(
            d.state == DeliveryState.WAITING.value, d.receiver == _b.receiver, d.channel == _b.channel
        )
        gone = [one for one in self.broken() if (one.receiver, one.channel) not in known]
        for one in gone:
            forget = t.broken_receivers.delete().where(
                _b.receiver == one.receiver, _b.channel == one.channel.value, ~waits
            )
            with self._db.write() as connection:
                connection.execute(forget)
