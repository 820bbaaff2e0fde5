"""What a story's current articles have told, in SQL: derived from what was planned, so it follows regrouping."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.model.ledger import RoutingState

_CHUNK = 400
_r, _m, _a = t.routings.c, t.matches.c, t.articles.c
_ROUTED = (
    sa.select(_r.match_id, _r.digest, _r.state, _m.rule_id, _m.news, _a.story_id)
    .join(t.matches, _m.id == _r.match_id)
    .join(t.articles, _a.id == _m.article_id)
    .where(
        _a.story_id.in_(sa.bindparam("stories", expanding=True)),
        _r.state.in_((RoutingState.MERGED.value, RoutingState.PLANNED.value)),
    )
)
_WAKE = (
    t.routings.update()
    .where(_r.match_id == sa.bindparam("match"), _r.digest == sa.bindparam("of"))
    .values(state=RoutingState.PENDING.value, batch=None)
)


def wake_merged(connection: Connection, stories: Collection[str]) -> int:
    """Lets matches wait again that were merged, and whose digest has planned nothing of their rule in their story.

    They were merged because their article stood in a story that had been told, and it stands there no more. What
    repeats an earlier wording of its own article is left: that wording waits, or was told. Returns how many.
    """
    wanted = sorted(stories)
    woken = 0
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(_ROUTED, {"stories": wanted[start : start + _CHUNK]}).all()
        planned = RoutingState.PLANNED.value
        told = {(row.digest, row.rule_id, row.story_id) for row in rows if row.state == planned}
        merged = [row for row in rows if row.state != planned and row.news]
        silent = [row for row in merged if (row.digest, row.rule_id, row.story_id) not in told]
        if silent:
            connection.execute(_WAKE, [{"match": row.match_id, "of": row.digest} for row in silent])
        woken += len(silent)
    return woken
