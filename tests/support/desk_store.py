"""The store of a desk as its tests look into it: a SQLite file, or a database of a real PostgreSQL server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from newsroom import lay_store

if TYPE_CHECKING:
    from postgres_server import PostgresServer


class _Folder(Protocol):
    folder: Path
    store: Path


class SqliteStore:
    """`monitor.db` in the desk's folder, or wherever the test says that it is."""

    url = "sqlite:///monitor.db"
    environment: dict[str, str] = {}  # noqa: RUF012 - none

    def __init__(self, desk: _Folder) -> None:
        self._desk = desk

    def ask(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows; none while there is no store yet."""
        if not self.is_there():
            return []
        with closing(sqlite3.connect(f"file:{self._desk.store}?mode=ro", uri=True, timeout=10)) as connection:
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def change(self, statement: str, values: Sequence[Any]) -> None:
        """Writes."""
        with closing(sqlite3.connect(self._desk.store, timeout=10)) as connection:
            connection.execute(statement, values)
            connection.commit()

    def is_there(self) -> bool:
        """Whether there is a file."""
        return self._desk.store.exists()

    def lay(self) -> None:
        """An empty one, unless there is one, or the test wants it elsewhere."""
        if self._desk.store == self._desk.folder / "monitor.db":
            lay_store(self._desk.store)

    def remove(self) -> None:
        """Takes it away."""
        self._desk.store.unlink()

    def clear(self) -> None:
        """The folder goes with all that is in it."""


class PostgresqlStore:
    """A database of its own on the server of this process, or on that one."""

    url = "env:DESK_DATABASE"

    def __init__(self, server: PostgresServer | None = None) -> None:
        """On the server of this process, unless another one is given."""
        from postgres_server import postgres_server  # not every machine has psycopg

        self._server = server or postgres_server()
        self.address = self._server.fresh_database()
        self.environment = {"DESK_DATABASE": self.address}

    def ask(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows; none while there is no store yet."""
        import psycopg

        try:
            return [tuple(map(_as_sqlite, row)) for row in self._run(query, values)]
        except psycopg.errors.UndefinedTable:
            return []

    def change(self, statement: str, values: Sequence[Any]) -> None:
        """Writes."""
        self._run(statement, values)

    def is_there(self) -> bool:
        """Whether there is a schema."""
        return bool(self.ask("SELECT 1 FROM alembic_version", ()))

    def lay(self) -> None:
        """Nothing: the first daemon migrates it."""

    def remove(self) -> None:
        """Takes it away: the database is as new."""
        self._run("DROP SCHEMA public CASCADE", ())
        self._run("CREATE SCHEMA public", ())

    def clear(self) -> None:
        """Drops the database: a hundred of them are a gigabyte."""
        self._server.drop(self.address)

    def _run(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        import psycopg

        if values:
            query = query.replace("%", "%%").replace("?", "%s")
        # By its socket: it may be on a host of its own.
        address = self._server.url_of_socket(self.address).replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True, options="-c timezone=UTC") as connection:
            cursor = connection.execute(query, values or None)  # type: ignore[call-overload]  # the test's own text
            return cursor.fetchall() if cursor.description else []


def _as_sqlite(value: Any) -> Any:
    """What SQLite gives in its place."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, list | dict):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value
