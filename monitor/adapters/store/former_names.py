"""Names of before, as the store keeps them once their history has gone to another name."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import insert_new
from monitor.model.renaming import Named, Rename

_n = t.renames.c
_CALLED_NOW = sa.select(_n.now).where(_n.kind == sa.bindparam("kind"), _n.was == sa.bindparam("was"))
_LAST_FIRST = _CALLED_NOW.order_by(_n.at.desc(), _n.now)


def keeping_keys_of(connection: Connection, digest: str) -> tuple[str, ...]:
    """The digests whose batches have deliveries with keys made of this name: itself, and what was once called so.

    A digest that takes an old name up again must not name a batch as one of those: its messages would have keys
    that are taken.
    """
    others = connection.execute(_CALLED_NOW, {"kind": Named.DIGEST.value, "was": digest}).scalars()
    return (digest, *(one for one in others if one != digest))


def name_now(connection: Connection, kind: Named, name: str) -> str:
    """What a thing of that name is called now; a digest that has a state of its own is called as it is."""
    asked = {"kind": kind.value, "was": name}
    own = sa.select(t.digest_states.c.name).where(t.digest_states.c.name == name)
    if kind is Named.DIGEST and connection.execute(own).first() is not None:
        return name
    found: str | None = connection.execute(_LAST_FIRST, asked).scalars().first()
    return name if found is None else found


def note(connection: Connection, rename: Rename, now: datetime) -> None:
    """Keeps a rename; what went to the old name before has gone to the new one with it."""
    before = sa.and_(_n.kind == rename.kind.value, _n.now == rename.was)
    rows = [dict(row) for row in connection.execute(sa.select(t.renames).where(before)).mappings()]
    connection.execute(t.renames.delete().where(before))
    rows.append({"kind": rename.kind.value, "was": rename.was, "now": rename.now, "at": now})
    for row in rows:
        if row["was"] != rename.now:  # renamed back: it has all of its own again
            insert_new(connection, t.renames, {**row, "now": rename.now})
