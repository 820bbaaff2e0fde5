"""A PostgreSQL server that waits for the disk as one in earnest does, and what it takes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psycopg
from rows.meter import cpu_of, descendants

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
from postgres_server import PostgresServer

_OPTIONS = ("max_connections=200", "shared_buffers=512MB", "max_wal_size=4GB")
_COMMITS = 200


class Server:
    """The server of a bench, with its CPU."""

    def __init__(self) -> None:
        self._server = PostgresServer(_OPTIONS)
        self._pid = int((self._server.folder / "data" / "postmaster.pid").read_text().split()[0])

    def database(self) -> str:
        """The URL of a new, empty database."""
        return self._server.fresh_database()

    def drop(self, url: str) -> None:
        """Removes a database."""
        self._server.drop(url)

    def remove(self) -> None:
        """Ends it and removes its folder."""
        self._server.remove()

    def cpu(self) -> float:
        """CPU seconds of the server and of all its processes, ended ones too."""
        return cpu_of(self._pid) + sum(cpu_of(one) for one in descendants(self._pid))

    def commits_a_second(self) -> float:
        """How many transactions with one small row the disk takes, one after the other."""
        url = self.database()
        with psycopg.connect(plain(url), autocommit=True) as connection:
            connection.execute("CREATE TABLE one (at integer)")
            begun = time.perf_counter()
            for number in range(_COMMITS):
                connection.execute("INSERT INTO one VALUES (%s)", (number,))
            took = time.perf_counter() - begun
        self.drop(url)
        return _COMMITS / took


def plain(url: str) -> str:
    """A database as the driver has it."""
    return url.replace("+psycopg", "")
