"""What tells that a digest may have something to plan, in SQL: a few numbers, each answered by an index.

| what lets a match be told | what is another one then |
|---|---|
| a new match | the greatest id of a match, or how many wait |
| one that waits again | how many wait, are silenced, were given up, are forgotten |
| an article is grouped, into its story or so that others go elsewhere | the articles that wait to be grouped |
| a person says what is not, or is, one story | how many pairs are kept apart |
| the digest told something of its story | when a batch of the digest was last planned |

Numbers of one kind that change both ways between two looks stand beside another that cannot: a match that is
forgotten while another one waits again is counted among the forgotten.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.model.ledger import RoutingState

_a, _m, _r, _b = (one.c for one in (t.articles, t.matches, t.routings, t.batches))
_ENDS = (RoutingState.PENDING, RoutingState.SILENCED, RoutingState.TOO_FEW, RoutingState.FORGOTTEN)
_ungrouped = _a.stage == "read"
_NUMBERS = sa.select(
    sa.select(sa.func.max(_m.id)).scalar_subquery(),
    sa.select(sa.func.max(_a.id)).scalar_subquery(),
    sa.select(sa.func.count()).select_from(t.articles).where(_ungrouped).scalar_subquery(),
    sa.select(sa.func.sum(_a.id)).where(_ungrouped).scalar_subquery(),
    sa.select(sa.func.count()).select_from(t.must_not_links).scalar_subquery(),
    sa.select(sa.func.max(_b.planned_at)).where(_b.digest == sa.bindparam("digest")).scalar_subquery(),
)
_COUNTS = (
    sa.select(_r.state, sa.func.count())
    .where(_r.digest == sa.bindparam("digest"), _r.state.in_([one.value for one in _ENDS]))
    .group_by(_r.state)
    .order_by(_r.state)
)


def mark_of(connection: Connection, digest: str) -> tuple[object, ...]:
    """The numbers of a digest."""
    numbers = connection.execute(_NUMBERS, {"digest": digest}).one()
    return (*numbers, *(tuple(row) for row in connection.execute(_COUNTS, {"digest": digest})))
