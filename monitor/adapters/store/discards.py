"""Matches that silences discarded, and how they wait again, in SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import gone_of
from monitor.model.ledger import RoutingState
from monitor.model.retention import GoneReason

_CHUNK = 400
_s, _r, _m, _a, _alias = (one.c for one in (t.silences, t.routings, t.matches, t.articles, t.story_aliases))
DISCARDED = (
    sa.select(_r.match_id, _r.digest, _r.silence, _a.story_id, _a.text_gone, _s.story)
    .join(t.matches, _m.id == _r.match_id)
    .join(t.articles, _a.id == _m.article_id)
    .join(t.silences, _s.id == _r.silence)
    .where(_r.state == RoutingState.SILENCED.value)
)
_OF_STORIES = DISCARDED.where(_a.story_id.in_(sa.bindparam("stories", expanding=True)), _s.story.is_not(None))
_WAIT_AGAIN = (
    t.routings.update()
    .where(
        _r.match_id == sa.bindparam("match"),
        _r.digest == sa.bindparam("of"),
        _r.state == RoutingState.SILENCED.value,
    )
    .values(state=RoutingState.PENDING.value, batch=None, why=None, silence=None)
)


def still_discarded(connection: Connection, silenced: Mapping[int, int]) -> Mapping[int, Sequence[int]]:
    """Of matches that silences were to discard, those that they do, by silence: nobody has ended it, and the match
    stands in its story.

    Asked under the grouping lock, which is taken by whoever ends a silence or groups stories.
    """
    wanted: dict[int, list[int]] = defaultdict(list)
    for match, silence in silenced.items():
        wanted[silence].append(match)
    query = sa.select(_s.id, _s.story).where(_s.id.in_(sorted(wanted)), _s.ended_at.is_(None)).order_by(_s.id)
    rows = connection.execute(query).all() if wanted else ()
    return {
        row.id: wanted[row.id] if row.story is None else _standing_in(connection, row.story, wanted[row.id])
        for row in rows
    }


def _standing_in(connection: Connection, story: str, matches: Sequence[int]) -> Sequence[int]:
    found: list[int] = []
    for start in range(0, len(matches), _CHUNK):
        some = _m.id.in_(matches[start : start + _CHUNK])
        query = sa.select(_m.id).join(t.articles, _a.id == _m.article_id).where(some, _a.story_id == story)
        found += connection.execute(query).scalars()
    return found


def wake_discarded(connection: Connection, stories: Collection[str]) -> int:
    """Lets matches of these stories wait again that a silence on a story discarded, where their article stands in
    that story no more, nor in one that it went into. Returns how many."""
    wanted, woken = sorted(stories), 0
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(_OF_STORIES, {"stories": wanted[start : start + _CHUNK]}).all()
        if not rows:
            continue
        aliases = sa.select(_alias.alias, _alias.story_id).where(_alias.alias.in_({row.story for row in rows}))
        into = {row.alias: row.story_id for row in connection.execute(aliases)}
        left = [row for row in rows if row.story_id not in (row.story, into.get(row.story))]
        woken += _wait_again(connection, [row for row in left if not _is_forgotten(row.text_gone)])
    return woken


def bring_back(connection: Connection, silence: int) -> tuple[dict[str, int], int]:
    """Lets all wait again that a silence discarded: how many matches by digest, and how many cannot."""
    rows = connection.execute(DISCARDED.where(_r.silence == silence)).all()
    there = [row for row in rows if not _is_forgotten(row.text_gone)]
    _wait_again(connection, there)
    # `monitor forget` ends what was discarded, and leaves the silence with it.
    ended = _r.silence == silence, _r.state == RoutingState.FORGOTTEN.value
    forgotten = connection.execute(sa.select(sa.func.count()).select_from(t.routings).where(*ended)).scalar_one()
    return dict(sorted(Counter(row.digest for row in there).items())), len(rows) - len(there) + forgotten


def _wait_again(connection: Connection, rows: Iterable[Any]) -> int:
    which = [{"match": row.match_id, "of": row.digest} for row in rows]
    if which:
        connection.execute(_WAIT_AGAIN, which)
    return len(which)


def _is_forgotten(text_gone: str | None) -> bool:
    gone = gone_of(text_gone)
    return gone is not None and gone.reason is GoneReason.FORGOTTEN
