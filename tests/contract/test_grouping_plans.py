"""What an article is compared with is found along an index, however large the archive: by SQLite's own word, and
by PostgreSQL's where it would rather not walk a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from made import NOON, feed_settings
from newsroom import file_store
from reports import report, store_reports

from monitor.adapters.store.sql import SqlStore
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

LARGE = ("articles", "entries", "bands", "story_nodes", "story_keys", "story_edges", "newer", "older", "root_row")


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "file":
        store = file_store(tmp_path / "monitor.db")
    else:
        from postgres_server import postgres_server

        store = SqlStore(postgres_server().fresh_database())
    store.feeds.sync([feed_settings()], NOON)
    yield store
    store.close()


def asked_by_grouping(store: SqlStore) -> dict[str, Any]:
    """The statements by which reports of two events, copies among them, are grouped, with their values."""
    (feed,) = store.feeds.all()
    stage = GroupStage(store.grouping, FakeClock(NOON), batch=4)
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        found[statement] = values[0] if isinstance(values, list) else values

    sa.event.listen(store._db.engine, "before_cursor_execute", note)
    for host in ("one", "two"):
        store_reports(
            store,
            feed,
            [
                report(f"{host}{n}", n // 2, n % 3 + (host == "two" and n > 3), host=f"{host}.example")
                for n in range(8)
            ],
        )
        found.clear()
        assert list(stage.run(lambda: False))
    sa.event.remove(store._db.engine, "before_cursor_execute", note)
    return {text: values for text, values in found.items() if text.startswith(("SELECT", "UPDATE", "DELETE"))}


def steps_of(store: SqlStore, statement: str, values: Any) -> list[str]:
    with store._db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            return [row[3] for row in rows]
        # Whoever has an index for it uses it, though the tables are small.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return [row[0].strip() for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values).fetchall()]


def test_no_statement_of_grouping_walks_a_table_that_grows_with_the_archive(opened: SqlStore) -> None:
    asked = asked_by_grouping(opened)
    assert len(asked) > 10
    walked = {
        (step, statement)
        for statement, values in asked.items()
        for step in steps_of(opened, statement, values)
        for table in LARGE
        if step.startswith(f"SCAN {table}") or f"Seq Scan on {table}" in step
    }
    assert not walked
