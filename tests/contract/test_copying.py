"""A store copied into another database: SQLite and PostgreSQL, both ways."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from copied import fill, on_disk, rows_by_table, without_nul
from made import NOON, feed_settings
from newsroom import fresh_postgresql_store, fresh_store

from monitor.adapters.store import copying_rows
from monitor.adapters.store.copying import COMPARING, COPYING, Copied, compare_stores, copy_store
from monitor.adapters.store.database import Database
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import metadata
from monitor.model.errors import StoreBusy, StoreMissing, StoreOlder, StoreUnfinished, StoreUnusable

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))
PID = 4711
Tell = Callable[[str, int, int], None]


class BrokenOff(Exception):
    """The machine stops here."""


def silent(phase: str, done: int, of: int) -> None:
    """Hears nothing."""


def breaking_off(at: int, phase: str = COPYING) -> Tell:
    """Stops the copy at that word of progress."""
    left = at

    def tell(now: str, done: int, of: int) -> None:
        nonlocal left
        left -= now == phase
        if left <= 0:
            raise BrokenOff

    return tell


def copy(source: str, target: str, tell: Tell = silent) -> Copied:
    return copy_store(source, target, pid=PID, tell=tell)


def carried(rows: object, target: str) -> object:
    return rows if target.startswith("sqlite") else without_nul(rows)  # type: ignore[arg-type]


def change(url: str, *statements: str) -> None:
    database = Database(url)
    with database.write() as connection:
        for one in statements:
            connection.execute(sa.text(one))
    database.close()


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of a SQLite store with rows of every kind in every table."""
    return on_disk(fill(fresh_store(), rows=7), tmp_path / "monitor.db")


@pytest.fixture(params=["sqlite", POSTGRESQL])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'copy.db'}"
    from postgres_server import postgres_server

    return postgres_server().fresh_database()


@pytest.fixture
def copy_file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'copy.db'}"


# ---- what arrives


def test_all_rows_arrive_as_they_were_and_the_store_is_as_before(source: str, target: str) -> None:
    before = rows_by_table(source)
    copied = copy(source, target)
    assert copied.equal
    assert not copied.resumed
    assert all(one.rows for one in copied.tables)
    assert rows_by_table(target) == carried(before, target)
    assert rows_by_table(source) == before
    assert compare_stores(source, target, pid=PID, tell=silent).equal


@pytest.mark.needs("postgresql")
def test_a_store_comes_back_from_postgresql(copy_file: str) -> None:
    store = fill(fresh_postgresql_store(), rows=7, seed=2)
    url = store._db.engine.url.render_as_string(hide_password=False)
    assert copy(url, copy_file).equal
    assert rows_by_table(copy_file) == rows_by_table(url)


def test_a_copy_is_a_store_like_any_other(source: str, target: str) -> None:
    copy(source, target)
    database = Database(target)
    with database.read() as connection:
        assert not sa.inspect(connection).has_table("copy_progress")
    database.close()
    highest = max(row[0] for row in rows_by_table(target)["feeds"])
    store = SqlStore(target)
    store.feeds.sync([feed_settings("https://new.example/feed")], NOON)
    store.close()
    assert max(row[0] for row in rows_by_table(target)["feeds"]) == highest + 1
    with pytest.raises(sa.exc.IntegrityError):
        change(target, "UPDATE articles SET feed_id = 999")


# ---- broken off


@pytest.mark.parametrize("at", [1, 41, pytest.param(60, marks=pytest.mark.soak)])
def test_a_copy_that_was_broken_off_goes_on_where_it_stopped(
    source: str, target: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying_rows, "MOST_ROWS", 4)
    with pytest.raises(BrokenOff):
        copy(source, target, breaking_off(at))
    with pytest.raises(StoreUnfinished, match="monitor db copy"):
        SqlStore(target)
    heard: list[int] = []
    copied = copy(source, target, lambda phase, done, of: heard.append(done) if phase == COPYING else None)
    assert copied.resumed
    assert not copied.begun_anew
    assert heard[0] > 3 * at  # not from the beginning: the least chunk has three rows
    assert rows_by_table(target) == carried(rows_by_table(source), target)


@pytest.mark.soak
@pytest.mark.needs("postgresql")
@pytest.mark.timeout(600)
def test_a_copy_that_is_broken_off_after_every_row_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from postgres_server import postgres_server

    monkeypatch.setattr(copying_rows, "MOST_ROWS", 1)
    source = on_disk(fill(fresh_store(), rows=11), tmp_path / "monitor.db")
    target = postgres_server().fresh_database()
    copied = None
    while copied is None:  # a row each time
        with suppress(BrokenOff):
            copied = copy(source, target, breaking_off(1))
    assert not copied.begun_anew
    assert rows_by_table(target) == without_nul(rows_by_table(source))


def test_what_was_broken_off_after_the_last_row_is_compared_again(source: str, copy_file: str) -> None:
    with pytest.raises(BrokenOff):
        copy(source, copy_file, breaking_off(3, COMPARING))
    with pytest.raises(StoreUnfinished):
        SqlStore(copy_file)
    assert copy(source, copy_file).equal


@pytest.mark.soak
@pytest.mark.needs("postgresql")
def test_a_server_that_goes_away_is_named_and_the_copy_goes_on_when_it_is_back(source: str) -> None:
    from postgres_server import postgres_server

    server = postgres_server()
    target = server.fresh_database()
    words = 0

    def tell(phase: str, done: int, of: int) -> None:
        nonlocal words
        words += 1
        if words == 10:
            server.stop()

    with pytest.raises(StoreUnusable, match="the same command goes on where this one stopped"):
        copy(source, target, tell)
    server.start()
    copied = copy(source, target)
    assert copied.resumed
    assert copied.equal


@pytest.mark.parametrize(
    "changed",
    [
        "UPDATE feeds SET name = 'new'",
        "DELETE FROM attempts",
        # A key of a row that was copied is then that of one that was not.
        "UPDATE feeds SET declared_url = 'x' WHERE id = 3; UPDATE feeds SET declared_url = '1' WHERE id = 21",
    ],
)
def test_a_store_that_went_on_after_the_copy_began_is_copied_anew(
    source: str, copy_file: str, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on(source, copy_file, changed, monkeypatch)


@pytest.mark.soak
@pytest.mark.needs("postgresql")
def test_a_store_that_went_on_is_copied_anew_to_postgresql_too(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from postgres_server import postgres_server

    went_on(source, postgres_server().fresh_database(), "UPDATE feeds SET name = 'new'", monkeypatch)


def went_on(source: str, target: str, changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying_rows, "MOST_ROWS", 4)
    tables = [table.name for table in metadata.sorted_tables]
    table = next(one for one in ("feeds", "attempts") if one in changed)
    with pytest.raises(BrokenOff):
        copy(source, target, breaking_off(2 * tables.index(table) + (1 if ";" in changed else 2)))
    change(source, *changed.split(";"))
    copied = copy(source, target)
    assert copied.begun_anew
    assert copied.equal
    assert rows_by_table(target) == carried(rows_by_table(source), target)


# ---- what is refused


def test_nobody_changes_the_store_meanwhile(source: str, copy_file: str) -> None:
    def tell(phase: str, done: int, of: int) -> None:
        with closing(sqlite3.connect(source.removeprefix("sqlite:///"), timeout=0)) as other:
            other.execute("SELECT count(*) FROM feeds").fetchone()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("DELETE FROM feeds")

    assert copy(source, copy_file, tell).equal


@pytest.mark.parametrize("held", ["source", "target"])
def test_a_store_that_somebody_works_on_is_refused(source: str, target: str, held: str) -> None:
    daemon = SqlStore(source if held == "source" else target, hold=815)
    with pytest.raises(StoreBusy, match="pid 815"):
        copy(source, target)
    daemon.close()


def test_a_database_with_a_store_in_it_is_refused(source: str, copy_file: str) -> None:
    store = SqlStore(copy_file)
    store.feeds.sync([feed_settings()], NOON)
    store.close()
    with pytest.raises(StoreUnusable, match="is not empty, it has rows in feeds"):
        copy(source, copy_file)
    assert len(rows_by_table(copy_file)["feeds"]) == 1


def test_the_unfinished_copy_of_another_store_is_refused(source: str, copy_file: str, tmp_path: Path) -> None:
    other = on_disk(fill(fresh_store(), rows=3, seed=2), tmp_path / "other.db")
    with pytest.raises(BrokenOff):
        copy(other, copy_file, breaking_off(3))
    with pytest.raises(StoreUnusable, match=r"unfinished copy of another store, sqlite:.*other\.db"):
        copy(source, copy_file)
    with pytest.raises(StoreUnfinished):
        compare_stores(source, copy_file, pid=PID, tell=silent)


def test_a_copy_that_another_version_began_is_refused(source: str, copy_file: str) -> None:
    with pytest.raises(BrokenOff):
        copy(source, copy_file, breaking_off(3))
    with closing(sqlite3.connect(copy_file.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE copy_progress SET last = '0009' WHERE part = 'the schema'")
        connection.commit()
    with pytest.raises(StoreUnusable, match=r"another version began \(schema 0009\); name an empty database"):
        copy(source, copy_file)


@pytest.mark.needs("postgresql")
def test_a_database_that_cannot_hold_every_script_is_refused(source: str) -> None:
    from postgres_server import postgres_server

    server = postgres_server()
    with psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'")
    with pytest.raises(StoreUnusable, match="keeps its texts in LATIN1, not UTF-8: createdb --encoding UTF8"):
        copy(source, server.url("latin"))
    server.drop(server.url("latin"))


def test_a_store_is_not_copied_onto_itself(source: str) -> None:
    with pytest.raises(StoreUnusable, match="is the store itself"):
        copy(source, source.replace("monitor.db", "./monitor.db"))


def test_a_store_that_is_missing_or_of_another_version_is_refused(source: str, copy_file: str) -> None:
    with pytest.raises(StoreMissing):
        copy(source.replace("monitor.db", "none.db"), copy_file)
    change(source, "UPDATE alembic_version SET version_num = '0009'")
    with pytest.raises(StoreOlder, match="monitor db upgrade"):
        copy(source, copy_file)
    assert not Path(copy_file.removeprefix("sqlite:///")).exists()


def test_a_store_whose_references_do_not_hold_is_refused_before_anything_is_copied(
    source: str, copy_file: str
) -> None:
    with closing(sqlite3.connect(source.removeprefix("sqlite:///"))) as connection:
        connection.execute("DELETE FROM feeds WHERE id = 3")
        connection.commit()
    with pytest.raises(StoreUnusable, match="refer to feeds which are not there; monitor db check"):
        copy(source, copy_file)
    assert not Path(copy_file.removeprefix("sqlite:///")).exists()


def test_a_copy_that_differs_is_told_from_one_that_is_equal(source: str, copy_file: str) -> None:
    copy(source, copy_file)
    change(copy_file, "UPDATE feeds SET name = 'other' WHERE id = 3", "DELETE FROM attempts WHERE id = 3")
    found = compare_stores(source, copy_file, pid=PID, tell=silent)
    assert not found.equal
    assert [(one.table, one.rows - one.target_rows) for one in found.tables if not one.equal] == [
        ("feeds", 0),
        ("attempts", 1),
    ]
