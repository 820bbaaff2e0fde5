"""How entries come into the store, and how it is kept until when they are listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.identities import identity_of, short_hash
from monitor.adapters.store.rows import entry_columns
from monitor.adapters.store.upsert import insert_new
from monitor.model.entry import NewEntry

CHUNK = 400  # SQLite takes 32,766 variables a statement, PostgreSQL 32,767; plans stay small


def insert_entries(
    connection: Connection, feed_id: int, entries: Sequence[NewEntry], now: datetime, *, pushed: bool = False
) -> int:
    """Stores those that are not there already, polled or `pushed` by a hub; returns how many."""
    rows = []
    for entry in entries:
        identity = identity_of(entry.parsed.id, entry.url_key, entry.text_hash, entry.revision_of)
        columns = entry_columns(entry, identity, short_hash(entry.parsed.id), now)
        rows.append({"feed_id": feed_id, "pushed": pushed, **columns})
    return insert_new(connection, t.entries, *rows)


def still_listed(connection: Connection, rows: Sequence[int], now: datetime) -> None:
    """Says of these entries that their feed lists them now."""
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        connection.execute(t.entries.update().where(t.entries.c.id.in_(chunk)).values(listed_at=now))
