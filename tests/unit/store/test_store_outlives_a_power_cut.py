"""What a store asks of SQLite as it ships: the stores of the other tests do not wait for the disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from quick_stores import prepare_as_shipped


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1), ("secure_delete", 1)],  # 2 is FULL
)
def test_what_was_committed_is_on_the_disk_and_what_was_deleted_is_overwritten(
    tmp_path: Path, pragma: str, value: object
) -> None:
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as connection:
        prepare_as_shipped(connection, None)
        assert connection.execute(f"PRAGMA {pragma}").fetchall() == [(value,)]
