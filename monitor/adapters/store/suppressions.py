"""Addresses that unsubscribed, and the key of the links they did it by, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.upsert import insert_new
from monitor.model.suppression import SuppressedBy, Suppression, folded_address

_KEY = "unsubscribe"


class SqlSuppressions:
    """`ports.Suppressions` over `suppressions` and `signing_keys`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def suppressed(self, digest: str) -> frozenset[str]:
        """The addresses that get no more of the digest, as `folded_address` writes them."""
        s = t.suppressions.c
        with self._db.read() as connection:
            return frozenset(connection.execute(sa.select(s.recipient).where(s.digest == digest)).scalars())

    def holds(self, digest: str, recipient: str) -> bool:
        """Whether this address, written in any way, gets no more of the digest."""
        s = t.suppressions.c
        query = sa.select(s.since).where(s.digest == digest, s.recipient == folded_address(recipient))
        with self._db.read() as connection:
            return connection.execute(query).first() is not None

    def add(self, suppression: Suppression) -> bool:
        """Keeps it; False when it was there, and then what was first said stays."""
        row = {
            "digest": suppression.digest,
            "recipient": folded_address(suppression.recipient),
            "since": suppression.since,
            "by": suppression.by.value,
        }
        with self._db.write() as connection:
            return bool(insert_new(connection, t.suppressions, row))

    def end(self, digest: str, recipient: str) -> bool:
        """Lets the address have the digest again; False when nothing kept it from it."""
        s = t.suppressions.c
        ending = t.suppressions.delete().where(s.digest == digest, s.recipient == folded_address(recipient))
        with self._db.write() as connection:
            return bool(connection.execute(ending).rowcount)

    def all(self) -> Sequence[Suppression]:
        """Every one, by digest and address."""
        with self._db.read() as connection:
            rows = connection.execute(sa.select(t.suppressions)).all()
        found = [Suppression(row.digest, row.recipient, row.since, SuppressedBy(row.by)) for row in rows]
        return sorted(found, key=lambda one: (one.digest, one.recipient))

    def signing_key(self, fresh: bytes) -> bytes:
        """The key that unsubscribe links are signed with: the store's, or from now on `fresh`."""
        query = sa.select(t.signing_keys.c.key).where(t.signing_keys.c.name == _KEY)
        with self._db.read() as connection:
            kept = connection.execute(query).scalar_one_or_none()
        if kept is not None:
            return bytes(kept)
        with self._db.write() as connection:
            insert_new(connection, t.signing_keys, {"name": _KEY, "key": fresh})
            return bytes(connection.execute(query).scalar_one())
