"""What `monitor db check` looks at: it sees each kind of harm, and none in a store that is well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from made import NOON, feed_settings, new_entry
from newsroom import file_store, fresh_postgresql_store
from stored import grouped, matched, plan, poll

from monitor.adapters.store.checkup import check_store
from monitor.adapters.store.sql import SqlStore
from monitor.model.delivery import Receipt


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """A store in which everything has happened once."""
    sqlite = request.param == "sqlite"
    opened = file_store(tmp_path / "m.db") if sqlite else fresh_postgresql_store()
    opened.feeds.sync([feed_settings()], NOON)
    feed = opened.feeds.all()[0]
    opened.digests.open_digest("morning", NOON)
    matched(opened, grouped(opened, feed), "morning")
    opened.digests.record_plan(plan(opened), NOON)
    opened.outbox.record_sent(opened.ledger.deliveries()[0], Receipt("ok"), NOON)
    matched(opened, grouped(opened, feed, "e2"), "morning")
    poll(opened, feed, new_entry("e3"))
    yield opened
    if sqlite:
        opened.close()


def findings(store: SqlStore) -> list[tuple[str, int]]:
    return [(one.what, one.rows) for _, found in check_store(store._db) for one in found]


def change(store: SqlStore, statement: str) -> None:
    with store._db.write() as connection:
        if store._db.sqlite:
            connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(sa.text(statement))


def test_a_store_in_which_everything_happened_is_well(store: SqlStore) -> None:
    assert findings(store) == []


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ("UPDATE entries SET fate = 'read'", "read entries without an article"),
        ("UPDATE entries SET fate = 'waiting'", "articles of entries that still wait to be read"),
        ("UPDATE articles SET story_id = NULL", "grouped articles without a story"),
        ("UPDATE articles SET stage = 'lost'", "articles in an unknown stage"),
        ("UPDATE articles SET duplicate_of = id", "articles that copy themselves"),
        ("UPDATE articles SET stage = 'grouped'", "matches of articles that count as not matched"),
        ("DELETE FROM batches", "matches told in a batch that was never planned"),
        ("UPDATE deliveries SET sent_at = NULL", "sent deliveries without a time"),
        ("UPDATE deliveries SET state = 'lost'", "deliveries in an unknown state"),
    ],
)
def test_each_kind_of_harm_is_seen(store: SqlStore, harm: str, what: str) -> None:
    change(store, harm)
    assert what in [said for said, rows in findings(store) if rows]


def test_a_row_that_refers_to_nothing_is_seen(tmp_path: Path) -> None:
    store = file_store(tmp_path / "m.db")
    store.feeds.sync([feed_settings()], NOON)
    poll(store, store.feeds.all()[0], new_entry())
    raw = store._db.engine.raw_connection()
    raw.execute("PRAGMA foreign_keys = OFF")  # type: ignore[attr-defined]  # a sqlite3.Connection
    raw.execute("DELETE FROM feeds")  # type: ignore[attr-defined]  # as above
    raw.close()
    assert ("rows that refer to feeds which are not there", 1) in findings(store)
    store.close()


def test_an_index_that_misses_a_row_is_seen(tmp_path: Path) -> None:
    store = file_store(tmp_path / "m.db")
    store.feeds.sync([feed_settings()], NOON)
    poll(store, store.feeds.all()[0], new_entry())
    with store._db.write() as connection:
        # An index whose root is another's holds other rows than it should.
        connection.execute(sa.text("PRAGMA writable_schema = ON"))
        connection.execute(
            sa.text(
                "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name ="
                " 'ix_matches_matched_at') WHERE name = 'ix_entries_first_seen'"
            )
        )
    store._db.close()
    assert findings(store)
    store.close()
