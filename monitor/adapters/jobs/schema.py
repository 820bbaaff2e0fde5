"""Procrastinate's tables in the store's database: made, and brought to the installed version, in one go."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from typing import LiteralString

import psycopg

from monitor.model.errors import StoreNewer, StoreUnusable

_LOCK = 0x6D6F6E6A6F62
"""The advisory lock under which the tables are made: several processes may start at once."""
# The version stands in the comment of the table: it is no table of ours, and needs none.
_NOTE = "media-monitor: procrastinate "
_NOTED = "SELECT obj_description(to_regclass('procrastinate_jobs'))"
_THERE = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL"
_STEP = re.compile(r"(\d\d)\.(\d\d)\.(\d\d)_\d\d_.*\.sql")
Version = tuple[int, int, int]


def ensure_schema(connection: psycopg.Connection, name: str) -> bool:
    """Makes the tables, or brings them up to date; whether there was anything to do. `name` is that of the store.

    Raises StoreNewer where a newer version of procrastinate has made them, StoreUnusable.
    """
    try:
        return _ensured(connection, name)
    except psycopg.Error as error:
        raise StoreUnusable(name, str(error).splitlines()[0]) from error


def library() -> str:
    """Whose tables they are: "procrastinate 3.10.0"."""
    return f"procrastinate {_words(_numbers(version('procrastinate')))}"


def _ensured(connection: psycopg.Connection, name: str) -> bool:
    installed = _numbers(version("procrastinate"))
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if not _one(connection, _THERE):
            _run(connection, (files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8"))
        else:
            noted = str(_one(connection, _NOTED) or "")
            before = _numbers(noted.removeprefix(_NOTE))
            if before == installed:
                return False
            if before > installed:
                raise StoreNewer(name, noted.removeprefix("media-monitor: "), library())
            for step in _steps_after(before):
                _run(connection, step)
        note = f"{_NOTE}{_words(installed)}"
        connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{note}'".encode())
    return True


def _steps_after(before: Version) -> list[str]:
    """The library's own migrations of later versions, in their order."""
    there = sorted((files("procrastinate.sql") / "migrations").iterdir(), key=lambda one: one.name)
    return [
        step.read_text(encoding="utf-8")
        for step in there
        if (found := _STEP.fullmatch(step.name)) and tuple(map(int, found.groups())) > before
    ]


def _one(connection: psycopg.Connection, query: LiteralString) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _run(connection: psycopg.Connection, sql: str) -> None:
    connection.execute(sql.encode())  # the library's own files


def _numbers(text: str) -> Version:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)


def _words(numbers: Version) -> str:
    return ".".join(map(str, numbers))
