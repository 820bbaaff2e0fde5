"""Daemons that share one PostgreSQL database, for tests of what each of them has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa
from desk import eventually

from monitor.adapters.store.holder import DatabaseHolder, daemons_of
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import metadata
from monitor.model.daemons import Daemon

DUTIES = ("match", "digest")
Start = Callable[..., SqlStore]


@contextmanager
def daemons_on(url: str) -> Iterator[Start]:
    """Starts daemons on an emptied store, each of which takes part unless it `waits`; closes them."""
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with ExitStack() as stack:
        empty = SqlStore(url)
        with empty._db.write() as connection:
            connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        empty.close()

        def started(token: str, config: str = "c1", *, waits: bool = False) -> SqlStore:
            daemon = Daemon(sum(token.encode()), "desk", config, version="1", token=token)
            store = SqlStore(url, hold=daemon.pid, daemon=daemon)
            stack.callback(store.close)
            if not waits:
                store.shares.begin(DUTIES)
                store.shares.turn()
            return store

        yield started


def settle(*stores: SqlStore) -> list[int]:
    """Turns until the work is divided; how many shares each has."""
    for _ in range(3):
        found = [store.shares.turn().shares for store in stores]
    return found


def vanish(store: SqlStore) -> None:
    """As a process does that is killed: the server notices that its connection is gone."""
    holder = store._holder
    assert isinstance(holder, DatabaseHolder)
    token = holder.daemon.token if holder.daemon else ""
    holder.release()
    eventually(lambda: token not in [one.token for one in daemons_of(store._db)], "the end of the connection")
