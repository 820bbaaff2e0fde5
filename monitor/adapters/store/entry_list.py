"""Lists of entries of all feeds, in SQL: what came in a span, and what is in work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.model.digest import Window
from monitor.model.entry import Fate
from monitor.model.feed import FeedStatus
from monitor.model.ledger import CameEntry, SeenEntry, Waits

_e, _a, _f, _m = t.entries.c, t.articles.c, t.feeds.c, t.matches.c
SEEN = (_e.id, _e.title, _e.link, _e.fate, _e.first_seen, _e.published, _e.revision_of)
"""What is read of an entry in a list."""
_POLLED = sa.case((_f.status != FeedStatus.PASSIVE.value, _f.id))
_CAME = sa.select(*SEEN, _POLLED.label("feed_id"), _f.name.label("feed"))
_UNMATCHED = ("read", "grouped")


def seen_of(connection: Connection, rows: Sequence[Any]) -> list[SeenEntry]:
    """Rows with the columns SEEN, and the rules that matched each."""
    matched = (
        sa.select(_a.entry_row, _m.rule_id)
        .join(t.matches, _m.article_id == _a.id)
        .where(_a.entry_row.in_([row.id for row in rows]))
        .order_by(_m.rule_id)
    )
    rules: dict[int, list[str]] = {}
    for found in connection.execute(matched):
        rules.setdefault(found.entry_row, []).append(found.rule_id)
    return [
        SeenEntry(
            title=row.title,
            link=row.link,
            fate=Fate(row.fate),
            first_seen=row.first_seen,
            published=row.published,
            revision=row.revision_of is not None,
            rules=tuple(rules.get(row.id, ())),
        )
        for row in rows
    ]


def page_of_entries(
    connection: Connection, window: Window, before: tuple[datetime, int] | None, limit: int
) -> Sequence[CameEntry]:
    """One page of what was first seen in that span, newest first."""
    query = _CAME.join(t.feeds, _f.id == _e.feed_id)
    query = query.where(_e.first_seen >= window.start, _e.first_seen < window.end)
    if before is not None:
        moment, last = before
        query = query.where(_e.first_seen <= moment, sa.or_(_e.first_seen < moment, _e.id < last))
    return _came(connection, query.order_by(_e.first_seen.desc(), _e.id.desc()).limit(limit))


def entries_in_work(connection: Connection, stage: Waits, limit: int) -> Sequence[CameEntry]:
    """What waits to be read, or to be matched, in the order of its queue, which is that of an index."""
    if stage is Waits.READ:
        query = _CAME.join(t.feeds, _f.id == _e.feed_id)
        query = query.where(_e.fate == Fate.WAITING.value).order_by(_e.next_read_at)
    else:
        query = _CAME.join(t.articles, _a.entry_row == _e.id).join(t.feeds, _f.id == _e.feed_id)
        query = query.where(_a.stage.in_(_UNMATCHED)).order_by(_a.stage, _a.id)
    return _came(connection, query.limit(limit))


def _came(connection: Connection, query: sa.Select[Any]) -> Sequence[CameEntry]:
    rows = connection.execute(query).all()
    return [
        CameEntry(row.id, row.feed_id, row.feed, seen)
        for row, seen in zip(rows, seen_of(connection, rows), strict=True)
    ]
