"""What `monitor db check` looks at: it sees each kind of harm, and none in a store that is well."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from made import NOON, feed_settings, new_entry
from newsroom import file_store, fresh_postgresql_store, fresh_store
from stored import grouped, matched, plan, poll

from monitor.adapters.store import tables as t
from monitor.adapters.store.checkup import check_store
from monitor.adapters.store.laws import laws
from monitor.adapters.store.sql import SqlStore
from monitor.model.delivery import Receipt


def beside(now: datetime) -> list[tuple[sa.Table, dict[str, Any]]]:
    """A sound row of each table that the stages of this test leave alone; articles 1 and 2 have a story each."""
    soon, later = now + timedelta(hours=1), now + timedelta(days=1)
    hub = {
        "feed_id": 1,
        "hub": "h",
        "topic": "t",
        "public_url": "p",
        "secret": "",
        "next_try_at": soon,
        "made_at": now,
    }
    point = {"dated": now, "language": "en", "title_only": False, "content_order": "", "seen": now}
    gap = {"url": "u", "read_until": now, "found_at": now, "joins_before": now, "next_try_at": soon}
    silence = {"mode": "hold", "starts_at": now, "ends_at": later, "author": "a", "reason": "r", "created_at": now}
    return [
        (t.gaps, {"feed_id": 1, **gap}),
        (t.websub, {**hub, "token": "1", "state": "subscribed", "verified_at": now, "lease_until": later}),
        (t.websub, {**hub, "token": "2", "state": "leaving"}),
        (t.pushes, {"feed_id": 1, "received_at": now, "size": 3, "body": b"abc"}),
        (t.rereads, {"entry_row": 3, "state": "waiting", "why": "w", "since": now, "next_at": soon}),
        (t.story_nodes, {"root": 1, "article_id": 1, **point}),
        (t.story_nodes, {"root": 2, "article_id": 2, **point}),
        (t.story_edges, {"one": 1, "other": 2, "weight": 0.5}),
        (t.must_not_links, {"one": 1, "other": 2, "made_at": now, "author": "a", "reason": "r"}),
        (t.story_aliases, {"alias": "s_9", "story_id": "s_1"}),
        (t.silences, {**silence, "rules": ["x"], "tags": [], "digests": []}),
        (t.suppressions, {"digest": "morning", "recipient": "a@b.example", "since": now, "by": "link"}),
        (t.incidents, {"kind": "reload_failed", "subject": "s", "detail": "d", "opened_at": now}),
        (t.renames, {"kind": "digest", "was": "dawn", "now": "morning", "at": now}),
        (t.sent_before, {**{one.name: "x" for one in t.sent_before.c}, "digest": "morning", "batch": "b1",
                         "sent_at": now, "matches": [1]}),
    ]  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def store(request: pytest.FixtureRequest) -> SqlStore:
    """A store in which everything has happened once."""
    opened = fresh_store() if request.param == "sqlite" else fresh_postgresql_store()
    opened.feeds.sync([feed_settings()], NOON)
    feed = opened.feeds.all()[0]
    opened.digests.open_digest("morning", NOON)
    matched(opened, grouped(opened, feed), "morning")
    opened.digests.record_plan(plan(opened), NOON)
    opened.outbox.record_sent(opened.ledger.deliveries()[0], Receipt("ok"), NOON)
    matched(opened, grouped(opened, feed, "e2"), "morning")
    poll(opened, feed, new_entry("e3"))
    with opened._db.write() as connection:
        for table, row in beside(NOON):
            connection.execute(table.insert().values(**row))
    return opened


def findings(store: SqlStore) -> list[tuple[str, int]]:
    return [(one.what, one.rows) for _, found in check_store(store._db) for one in found]


def change(store: SqlStore, statement: str) -> None:
    with store._db.write() as connection:
        if store._db.sqlite:
            connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        for one in statement.split("; "):
            connection.execute(sa.text(one))


def test_a_store_in_which_everything_happened_is_well(store: SqlStore) -> None:
    assert findings(store) == []


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ("UPDATE entries SET fate = 'lost'", "entries without a fate"),
        ("UPDATE rereads SET state = 'lost'", "pages asked again in an unknown state"),
        ("UPDATE rereads SET state = 'found'", "pages found again without what they gave"),
        (
            "UPDATE articles SET duplicate_of = 2 WHERE id = 1; UPDATE articles SET duplicate_of = 1 WHERE id = 2",
            "copies of copies",
        ),
        ("UPDATE articles SET duplicate_of = 1 WHERE id = 2", "copies outside the story of their original"),
        ("UPDATE story_nodes SET article_id = 1", "points among stories that stand for other articles"),
        ("UPDATE story_edges SET one = 2", "pairs that are not in their order"),
        ("UPDATE must_not_links SET one = 2", "pairs that are not in their order"),
        ("DELETE FROM story_nodes WHERE root = 2", "likenesses of what is no point among stories"),
        ("UPDATE story_aliases SET story_id = 's_8'", "names of stories that lead to none"),
        ("UPDATE routings SET state = 'lost'", "matches without a fate in their digest"),
        ("DELETE FROM digest_states", "matches that wait for a digest that was never opened"),
        ("UPDATE routings SET batch = 'b1'", "matches that wait and are in a batch"),
        ("UPDATE routings SET state = 'silenced'", "matches discarded by a silence that there is not"),
        ("UPDATE silences SET mode = 'lost'", "silences of an unknown kind"),
        ("UPDATE silences SET ends_at = '2000-01-01'", "silences that end before they begin"),
        ("DELETE FROM batches", "deliveries of a batch that was never planned"),
        ("DELETE FROM batches", "stories kept short in a batch that was never planned"),
        ("UPDATE deliveries SET state = 'dead'", "deliveries given up without a reason"),
        ("UPDATE suppressions SET by = 'lost'", "readers who left in an unknown way"),
        ("UPDATE incidents SET kind = 'lost'", "troubles of an unknown kind"),
        ("UPDATE incidents SET told_end_at = '2030-01-01'", "troubles whose end is told before they end"),
        ("UPDATE renames SET was = now", "names that lead to themselves"),
        ("UPDATE feeds SET boost_seconds = 1", "boosts without an interval or an end"),
        ("UPDATE feeds SET boost_until = '2030-01-01'", "boosts without an interval or an end"),
        ("UPDATE feeds SET status = 'paused'", "pauses by nobody"),
        ("UPDATE polls SET outcome = 'nonsense'", "polls that came to nothing known"),
        ("UPDATE gaps SET next_try_at = NULL", "gaps that neither end nor go on"),
        ("UPDATE gaps SET ended = 'joined'", "gaps that have ended and go on"),
        ("UPDATE gaps SET ended = 'lost'", "gaps that ended in an unknown way"),
        ("UPDATE websub SET state = 'lost'", "subscriptions at hubs in an unknown state"),
        ("UPDATE websub SET lease_until = NULL", "subscriptions at hubs that no hub verified"),
        ("UPDATE websub SET state = 'wanted'", "second subscriptions of a feed"),
        ("UPDATE pushes SET size = 4", "pushes that are not of their size"),
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


def test_what_is_found_is_named_by_its_rows(store: SqlStore) -> None:
    change(store, "UPDATE routings SET state = 'lost'")
    (found,) = (one for _, found in check_store(store._db) for one in found if "without a fate" in one.what)
    assert (found.table, found.rows, sorted(found.first)) == ("routings", 2, ["1", "2"])


def test_every_law_has_a_harm_that_breaks_it() -> None:
    (harms,) = (mark for mark in test_each_kind_of_harm_is_seen.pytestmark if mark.name == "parametrize")
    assert {law.what for law in laws()} == {what for _, what in harms.args[1]}


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
