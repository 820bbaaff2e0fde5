"""Words between the processes on one PostgreSQL database: NOTIFY and LISTEN on a connection of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger("monitor")

CHANNEL = "monitor_stages"
_GATHER = 0.1  # seconds: of many words in this time each is said once
_AFTER_TROUBLE = 3.0  # seconds
_STOP_WITHIN = 1.0  # seconds


class Unheard:
    """Of a store on which nobody else works."""

    def begin(self, hear: Callable[[str], None]) -> None:
        """There is nobody to hear."""

    def tell(self, stage: str) -> None:
        """There is nobody to tell."""

    def close(self) -> None:
        """There is nothing to close."""


class DatabaseSignals:
    """`ports.Signals` by PostgreSQL. `conninfo` is in libpq's words, `token` the process's own."""

    def __init__(self, conninfo: Mapping[str, str | int], token: str) -> None:
        self._where = dict(conninfo)
        self._token = token
        self._hear: Callable[[str], None] = lambda stage: None
        self._said: set[str] = set()  # to be told
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    def begin(self, hear: Callable[[str], None]) -> None:
        """Hears from now on."""
        self._hear = hear
        self._thread.start()

    def tell(self, stage: str) -> None:
        """Tells the others, with what else there is to tell."""
        with self._lock:
            self._said.add(stage)

    def close(self) -> None:
        """Hears no more."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_WITHIN)

    def _run(self) -> None:
        import psycopg  # here: who has SQLite need not have it
        from psycopg.conninfo import make_conninfo

        where = make_conninfo("", **self._where)

        while not self._closed.is_set():
            try:
                with psycopg.connect(where, autocommit=True) as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                # The stages name a server in trouble; without a word they look once a second.
                log.debug("no words from other processes", why=str(error).strip().partition("\n")[0])
                self._closed.wait(_AFTER_TROUBLE)
            except Exception as error:  # no more sockets, say: the thread outlives it
                log.warning("no words from other processes", exc_info=error)
                self._closed.wait(_AFTER_TROUBLE)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._closed.is_set():
            for heard in connection.notifies(timeout=_GATHER):
                self._heard(heard.payload)
            with self._lock:
                told, self._said = self._said, set()
            for stage in sorted(told):
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._token} {stage}"))

    def _heard(self, payload: str) -> None:
        token, _, stage = payload.partition(" ")
        if token != self._token:
            self._hear(stage)
