"""The history of polls, in SQL: written with each poll, and no longer than a few polls a feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import insert_new, insert_or_replace
from monitor.core.text.charset import decode_body
from monitor.model.feed import Polled
from monitor.model.feed_book import POLLS_KEPT, SAID_KEPT

_LONGEST_ERROR = 300  # characters of a line that names a fault; feeds hold it whole
_SAID = ("feed_id", "at", "status", "text")
_p = t.polls.c
_older = t.polls.alias().c
_LAST_KEPT = (
    sa.select(_older.at)
    .where(_older.feed_id == sa.bindparam("feed"))
    .order_by(_older.at.desc())
    .offset(POLLS_KEPT - 1)
    .limit(1)
    .scalar_subquery()
)
_BEYOND = t.polls.delete().where(_p.feed_id == sa.bindparam("feed"), _p.at < _LAST_KEPT)


def remember(connection: Connection, polls: Sequence[tuple[Polled, int]]) -> None:
    """Keeps what polls came to, each with how many entries it brought, and forgets the oldest of their feeds."""
    if not polls:
        return
    insert_new(connection, t.polls, *(_row(poll, new) for poll, new in polls))
    connection.execute(_BEYOND, [{"feed": poll.feed.id} for poll, _ in polls])
    if said := [_said(poll) for poll, _ in polls if poll.answered.said]:
        connection.execute(insert_or_replace(connection.dialect.name, t.said_instead, _SAID), said)


def _row(poll: Polled, new: int) -> Mapping[str, object]:
    decision, answered = poll.decision, poll.answered
    return {
        "feed_id": poll.feed.id,
        "at": poll.at,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "next_poll_at": decision.next_poll_at,
        "status": answered.status,
        "size": answered.size,
        "seconds": answered.seconds,
        "new": new,
        "error": decision.error[:_LONGEST_ERROR] if decision.error else None,
    }


def _said(poll: Polled) -> Mapping[str, object]:
    text = decode_body(poll.answered.said[:SAID_KEPT])
    return {"feed_id": poll.feed.id, "at": poll.at, "status": poll.answered.status, "text": text}
