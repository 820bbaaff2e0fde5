"""The schema: what the migrations make is what the queries expect, and an upgrade is all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from made import NOON, feed_settings
from postgres_server import postgres_server
from schema_differences import schema_differences

from monitor.adapters.store.archive import index_metadata
from monitor.adapters.store.database import Database
from monitor.adapters.store.migrate import alembic_config, current, upgrade
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import SCHEMA, metadata
from monitor.model.errors import StoreNewer, StoreUnusable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    """A migrated database."""
    opened = Database(f"sqlite:///{file}")
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def either(request: pytest.FixtureRequest, file: Path) -> Iterator[Database]:
    """A migrated database of each kind."""
    opened = Database(f"sqlite:///{file}" if request.param == "sqlite" else postgres_server().fresh_database())
    upgrade(opened)
    yield opened
    opened.close()


def ask(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def test_the_migrations_make_what_the_tables_say(either: Database) -> None:
    assert schema_differences(either) == []


def test_the_comparison_would_see_a_forgotten_column(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("ALTER TABLE articles DROP COLUMN note"))
    assert schema_differences(database)


def test_there_is_one_line_of_migrations() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert script.get_heads() == [SCHEMA]
    assert len(script.get_bases()) == 1


def test_a_fresh_database_is_at_the_newest_version(either: Database) -> None:
    assert current(either) == ScriptDirectory.from_config(alembic_config()).get_current_head()


def test_a_second_upgrade_changes_nothing(file: Path) -> None:
    store = SqlStore(f"sqlite:///{file}")
    store.feeds.sync([feed_settings()], NOON)
    store.close()
    schema, before = ask(file, "SELECT * FROM sqlite_master"), ask(file, "SELECT * FROM feeds")
    store = SqlStore(f"sqlite:///{file}")
    assert [feed.settings for feed in store.feeds.all()] == [feed_settings()]
    store.close()
    assert ask(file, "SELECT * FROM sqlite_master") == schema
    assert ask(file, "SELECT * FROM feeds") == before


def test_a_database_of_a_newer_version_is_refused_and_not_touched(file: Path, database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    schema = ask(file, "SELECT * FROM sqlite_master")
    with pytest.raises(StoreNewer) as caught:
        SqlStore(f"sqlite:///{file}")
    assert (caught.value.found, caught.value.known) == ("9999", SCHEMA)
    assert "nothing was changed" in str(caught.value)
    assert ask(file, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert ask(file, "SELECT * FROM sqlite_master") == schema


def test_an_upgrade_that_fails_in_the_middle_leaves_nothing_behind(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE matches (of TEXT)")  # somebody else's
        connection.commit()
    with pytest.raises(StoreUnusable, match="already exists"):
        SqlStore(f"sqlite:///{file}")
    assert ask(file, "SELECT name FROM sqlite_master") == [("matches",)]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE matches")
        connection.commit()
    SqlStore(f"sqlite:///{file}").close()


def test_every_constraint_and_index_has_a_name_after_its_table(either: Database) -> None:
    with either.read() as connection:
        inspector = sa.inspect(connection)
        for table in (*metadata.sorted_tables, *index_metadata.sorted_tables):
            assert inspector.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
            for unique in inspector.get_unique_constraints(table.name):
                assert unique["name"] == "_".join(["uq", table.name, *(str(c) for c in unique["column_names"])])
            for key in inspector.get_foreign_keys(table.name):
                assert key["name"] == f"fk_{table.name}_{key['constrained_columns'][0]}"
            for index in inspector.get_indexes(table.name):
                if index.get("duplicates_constraint"):  # PostgreSQL keeps a unique constraint by an index
                    continue
                name = "_".join(["ix", table.name, *(str(c) for c in index["column_names"])])
                assert index["name"] == name[:63], "PostgreSQL has no longer ones"


def test_every_foreign_key_is_kept(either: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), either.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO attempts (delivery_id, at, outcome, detail) VALUES (77, '2023-02-22', 'sent', '')"
            )
        )


def test_what_is_asked_every_second_is_answered_by_an_index(database: Database) -> None:
    due = {
        "feeds": "SELECT id FROM feeds WHERE status = 'active' AND next_poll_at <= '2023' ORDER BY next_poll_at",
        "entries": "SELECT id FROM entries WHERE fate = 'waiting' AND next_read_at <= '2023'",
        "articles": "SELECT id FROM articles WHERE stage = 'read' ORDER BY id",
        "routings": "SELECT match_id FROM routings WHERE digest = 'x' AND state = 'pending'",
        "deliveries": "SELECT id FROM deliveries WHERE state = 'waiting' AND next_attempt_at <= '2023'",
    }
    with database.read() as connection:
        for table, query in due.items():
            plan = [row[3] for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {query}"))]
            assert any("USING" in step and "INDEX" in step for step in plan), (table, plan)
            assert not any(step.startswith("SCAN") for step in plan), (table, plan)


def test_an_sqlite_without_full_text_search_is_named_as_the_trouble(database: Database) -> None:
    with pytest.raises(StoreUnusable, match="FTS5"), database.write() as connection:
        connection.execute(sa.text("CREATE VIRTUAL TABLE missing USING fts0(a)"))
