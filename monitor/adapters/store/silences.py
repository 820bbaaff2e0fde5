"""Silences and what they discarded, in SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.discards import DISCARDED, bring_back
from monitor.adapters.store.grouping import take_grouping_lock
from monitor.model.ledger import RoutingState
from monitor.model.silence import DiscardCount, Ended, NewSilence, Silence, SilenceMode

_s, _r, _m, _a, _alias = (one.c for one in (t.silences, t.routings, t.matches, t.articles, t.story_aliases))
_SILENCES = sa.select(t.silences, _alias.story_id.label("gone_into")).select_from(
    t.silences.outerjoin(t.story_aliases, _alias.alias == _s.story)
)
# Made once: the daemon asks every second while something waits.
# Sorted outside: SQLite would walk the whole table in the order of its ids, and not along the index of ends.
_IN_FORCE = _SILENCES.where(
    _s.ended_at.is_(None), _s.ends_at > sa.bindparam("since"), _s.starts_at <= sa.bindparam("now")
)


class SqlSilenceStore:
    """`ports.SilenceStore` over `silences` and `routings`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, new: NewSilence, now: datetime) -> Silence:
        """Writes a silence down."""
        values = {
            "mode": new.mode.value,
            "starts_at": new.starts_at,
            "ends_at": new.ends_at,
            "author": new.author,
            "reason": new.reason,
            "created_at": now,
            "rules": list(new.rules),
            "tags": list(new.tags),
            "story": new.story,
            "digests": list(new.digests),
        }
        with self._db.write() as connection:
            made = connection.execute(t.silences.insert().values(**values).returning(_s.id)).scalar_one()
            found = _called(connection, made)
        assert found is not None
        return found

    def in_force(self, now: datetime, since: datetime) -> Sequence[Silence]:
        """Silences that have begun, were not ended by hand, and end, or ended, after `since`."""
        with self._db.read() as connection:
            found = [_silence_of(row) for row in connection.execute(_IN_FORCE, {"now": now, "since": since})]
        return sorted(found, key=lambda one: one.id)

    def all(
        self, *, ending_after: datetime | None = None, before: int | None = None, limit: int | None = None
    ) -> Sequence[Silence]:
        """Every silence, or those that end after that moment, the newest first."""
        query = _SILENCES.order_by(_s.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_s.id < before)
        if ending_after is not None:
            open_yet = sa.or_(_s.ended_at.is_(None), _s.ended_at > ending_after)
            query = query.where(_s.ends_at > ending_after, open_yet)
        with self._db.read() as connection:
            return [_silence_of(row) for row in connection.execute(query)]

    def called(self, silence: int) -> Silence | None:
        """The silence of that id."""
        with self._db.read() as connection:
            return _called(connection, silence)

    def discarded(self, silences: Collection[int] | None = None) -> Mapping[int, DiscardCount]:
        """What each silence has discarded, as it stands now."""
        number = sa.func.count()
        stories = sa.func.count(sa.distinct(_a.story_id))
        query = (
            sa.select(_r.silence, number, stories)
            .join(t.matches, _m.id == _r.match_id)
            .join(t.articles, _a.id == _m.article_id)
            .where(_r.silence.is_not(None), _r.state == RoutingState.SILENCED.value)
            .group_by(_r.silence)
        )
        if silences is not None:
            query = query.where(_r.silence.in_(silences))
        with self._db.read() as connection:
            return {id_: DiscardCount(matches, of) for id_, matches, of in connection.execute(query)}

    def discarded_of(self, story: str) -> Mapping[int, int]:
        """How many matches of the story's articles each silence discarded."""
        with self._db.read() as connection:
            rows = connection.execute(DISCARDED.where(_a.story_id == story))
            return dict(sorted(Counter(row.silence for row in rows).items()))

    def end(self, silence: int, now: datetime, *, tell: bool = False) -> Ended | None:
        """Ends a silence by hand; with `tell` all that it discarded waits again."""
        with self._db.write() as connection:
            take_grouping_lock(connection)  # waits for a plan that is being recorded: what it discards is seen
            found = _called(connection, silence)
            if found is None:
                return None
            if found.ended_at is None:
                connection.execute(t.silences.update().where(_s.id == silence).values(ended_at=now))
            told, gone = bring_back(connection, silence) if tell else ({}, 0)
            after = _called(connection, silence)
        assert after is not None
        return Ended(after, found.ended_at, told, gone)


def _called(connection: Connection, silence: int) -> Silence | None:
    if not 0 < silence < 2**63:
        return None
    row = connection.execute(_SILENCES.where(_s.id == silence)).first()
    return None if row is None else _silence_of(row)


def _silence_of(row: Any) -> Silence:
    return Silence(
        id=row.id,
        mode=SilenceMode(row.mode),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        author=row.author,
        reason=row.reason,
        created_at=row.created_at,
        rules=tuple(row.rules),
        tags=tuple(row.tags),
        story=row.story,
        digests=tuple(row.digests),
        ended_at=row.ended_at,
        gone_into=row.gone_into,
    )
