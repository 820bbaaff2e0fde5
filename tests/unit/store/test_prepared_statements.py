"""Statements that are prepared once select what the plain ones do, whatever the length of their lists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.prepared import Prepared, insert_plain, run
from monitor.adapters.store.sql import SqlStore
from monitor.model.errors import StoreUnusable

_LISTS = sa.select(t.bands.c.key, t.bands.c.article_id).where(
    t.bands.c.day.in_(sa.bindparam("days", expanding=True)),
    t.bands.c.key.in_(sa.bindparam("keys", expanding=True)),
)
_SEEN = sa.select(t.idf_snapshots.c.version).where(t.idf_snapshots.c.made_at >= sa.bindparam("since"))


def test_lists_of_any_length_select_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'monitor.db'}")
    prepared = Prepared(_LISTS.limit(sa.bindparam("most")))
    with store._db.write() as connection:
        names = ("day", "key", "article_id")
        insert_plain(connection, t.bands, names, [(day, key, 7) for day in (1, 2) for key in range(9)])
        insert_plain(connection, t.bands, names, [(1, 3, 7)])  # there already
        insert_plain(connection, t.bands, names, [])
        for keys in ([], [3], [3, 4, 5], [8, 1, 0, 5, 99], list(range(9))):
            found = prepared.rows(connection, days=[1], keys=keys, most=100)
            assert sorted(found) == [(key, 7) for key in sorted(keys) if key < 9]
        assert len(prepared.rows(connection, days=[1, 2], keys=[3, 4], most=3)) == 3
    store.close()


def test_times_are_compared_as_they_are_stored(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'monitor.db'}")
    at = datetime(2024, 3, 28, 12, tzinfo=UTC)
    store.grouping.record_weights("one", at, 1, b"", at)
    with store._db.read() as connection:
        assert [tuple(row) for row in Prepared(_SEEN).rows(connection, since=at)] == [("one",)]
        assert Prepared(_SEEN).rows(connection, since=at.replace(hour=13)) == []
    store.close()


def test_what_the_driver_refuses_is_told_as_of_any_other_statement(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'monitor.db'}")
    with pytest.raises(StoreUnusable, match="no such table: nowhere"), store._db.write() as connection:
        run(connection, "INSERT INTO nowhere VALUES (?)", (1,))
    twice = [(1, 1, 1.0), (1, 1, 1.0)]
    with pytest.raises(sa.exc.IntegrityError), store._db.write() as connection:
        run(connection, "INSERT INTO story_edges (one, other, weight) VALUES (?, ?, ?)", twice)
    store.close()
