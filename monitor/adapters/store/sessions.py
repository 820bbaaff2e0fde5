"""Sessions of the dashboard that were ended before their time, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.upsert import insert_new

_e = t.ended_sessions.c
_ENDED = sa.select(_e.session).where(_e.session == sa.bindparam("session"))


class SqlEndedSessions:
    """`ports.EndedSessions` over `ended_sessions`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def end(self, session: str, until: datetime, now: datetime) -> None:
        """Remembers that it ended; what is remembered no longer goes."""
        with self._db.write() as connection:
            connection.execute(t.ended_sessions.delete().where(_e.until <= now))
            insert_new(connection, t.ended_sessions, {"session": session, "until": until})

    def has_ended(self, session: str) -> bool:
        """Whether its visitor logged out."""
        with self._db.read() as connection:
            return connection.execute(_ENDED, {"session": session}).first() is not None
