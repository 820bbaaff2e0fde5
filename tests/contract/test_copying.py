"""A store copied into another database: SQLite and PostgreSQL, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from copied import fill, on_disk, rows_by_table, without_nul
from newsroom import fresh_store
from postgres_server import postgres_server

from monitor.adapters.store.copying import Copied, copy_store

PID = 4711


def silent(phase: str, done: int, of: int) -> None:
    """Hears nothing."""


def copy(source: str, target: str) -> Copied:
    return copy_store(source, target, pid=PID, tell=silent)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of a SQLite store with rows of every kind in every table."""
    return on_disk(fill(fresh_store()), tmp_path / "monitor.db")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return postgres_server().fresh_database()
    return f"sqlite:///{tmp_path / 'copy.db'}"


def test_all_rows_arrive_as_they_were(source: str, target: str) -> None:
    before = rows_by_table(source)
    copied = copy(source, target)
    assert copied.equal
    assert rows_by_table(target) == (before if target.startswith("sqlite") else without_nul(before))
    assert rows_by_table(source) == before
    assert all(one.rows for one in copied.tables)
