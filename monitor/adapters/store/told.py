"""What a digest has told of stories as they stand now, in SQL: planned matches and the batches that told them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.former_names import keeping_keys_of
from monitor.adapters.store.prepared import Prepared
from monitor.adapters.store.rows import gone_of
from monitor.model.article import DuplicateReason
from monitor.model.ledger import Plan, RoutingState
from monitor.model.retention import GoneReason
from monitor.model.telling import Earlier, Material, Merged, StoryMember, ToldMatch

_T = TypeVar("_T")
_CHUNK = 400
_DRAFTED = (RoutingState.PLANNED.value, *(one.value for one in Material))
_EDIT = DuplicateReason.REVISION.value
_UNHEARD = Earlier.UNHEARD.value
_r, _m, _a = t.routings.c, t.matches.c, t.articles.c
_ROUTED = (
    sa.select(_r.match_id, _r.digest, _r.state, _m.rule_id, _m.earlier, _a.story_id, _a.text_gone)
    .join(t.matches, _m.id == _r.match_id)
    .join(t.articles, _a.id == _m.article_id)
    .where(
        _a.story_id.in_(sa.bindparam("stories", expanding=True)),
        _r.state.in_((RoutingState.MERGED.value, RoutingState.PLANNED.value)),
    )
)
_e, _n = t.story_edges.c, t.story_nodes.c
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
# For every article of a told story: a crowd has hundreds told.
_ROOTS_OF = Prepared(
    sa.select(_a.id, sa.func.coalesce(_a.duplicate_of, _a.id).label("root")).where(_a.id.in_(_IDS))
)
_POINTS = Prepared(sa.select(_n.root).where(_n.root.in_(_IDS)))
_EDGES_OF = Prepared(
    sa.union_all(
        sa.select(_e.other.label("root"), _e.weight).where(_e.one == sa.bindparam("root")),
        sa.select(_e.one, _e.weight).where(_e.other == sa.bindparam("root")),
    )
)
_TOO_FEW = (
    sa.select(_r.match_id, _r.digest)
    .join(t.matches, _m.id == _r.match_id)
    .join(t.articles, _a.id == _m.article_id)
    .where(
        _a.story_id.in_(sa.bindparam("stories", expanding=True)),
        _a.text_gone.is_(None),
        _r.state == RoutingState.TOO_FEW.value,
    )
)
_real, _dry = t.batches.alias(), t.batches.alias()  # made once: an alias has copies of all columns
_WAKE = (
    t.routings.update()
    .where(_r.match_id == sa.bindparam("match"), _r.digest == sa.bindparam("of"))
    .values(state=RoutingState.PENDING.value, batch=None, why=None)
)


def told_of(connection: Connection, digest: str, stories: Sequence[str], *, draft: bool) -> list[ToldMatch]:
    """The told matches of these stories, oldest first."""
    m, a = t.matches.c, t.articles.c
    of_match = (m.rule_id, m.sentences, m.names, m.figures, m.bare, m.matched_at)
    columns = (*of_match, a.story_id, a.id, a.title, a.url, a.url_key, a.published, a.first_seen)
    when = (_real.c.planned_at, _dry.c.planned_at.label("drafted_at"))
    query = _told(connection, digest, (*columns, *when), draft=draft)
    for batches, name, is_draft in ((_real, t.routings.c.batch, False), (_dry, t.routings.c.draft_batch, True)):
        same = (batches.c.digest == digest, batches.c.batch == name, batches.c.draft.is_(is_draft))
        query = query.outerjoin(batches, sa.and_(*same))
    found = [
        ToldMatch(
            rule=row.rule_id,
            story=row.story_id,
            article=row.id,
            title=row.title,
            url_key=row.url_key,
            sentences=tuple(row.sentences),
            names=tuple(row.names or ()),
            figures=tuple(row.figures or ()),
            # A draft that was pruned was made some time after the match.
            at=row.planned_at or row.drafted_at or row.matched_at,
            bare=tuple(row.bare or row.sentences),
            url=row.url,
            published=row.published,
            first_seen=row.first_seen,
        )
        for some in _parts(stories)
        for row in connection.execute(query.where(a.story_id.in_(some)))
    ]
    return sorted(found, key=lambda one: (one.at, one.article, one.rule))


def _told(
    connection: Connection, digest: str, columns: Sequence[sa.ColumnElement[Any]], *, draft: bool
) -> sa.Select[Any]:
    r, m, a = t.routings.c, t.matches.c, t.articles.c
    is_told: sa.ColumnElement[bool] = r.state == RoutingState.PLANNED.value
    if draft:
        reasons = sa.or_(r.draft_why.is_(None), r.draft_why.in_(_DRAFTED))
        is_told = sa.or_(is_told, sa.and_(r.draft_batch.is_not(None), reasons))
    joined = t.articles.join(t.matches, m.article_id == a.id).join(t.routings, r.match_id == m.id)
    # An expression, so that SQLite goes from the story to its matches, not through all that the digest ever told.
    # PostgreSQL knows how much that is, of a column: of an expression it takes next to nothing.
    of = r.digest + "" if connection.dialect.name == "sqlite" else r.digest
    return sa.select(*columns).select_from(joined).where(of == digest, is_told)


def told_batch(connection: Connection, digest: str, rule: str, story: str) -> str | None:
    """The last batch that told the rule on the story."""
    r, b = t.routings.c, t.batches.c
    query = (
        _told(connection, digest, (r.batch,), draft=False)
        .join(t.batches, sa.and_(b.digest == digest, b.batch == r.batch, b.draft.is_(False)))
        .where(t.matches.c.rule_id == rule, t.articles.c.story_id == story)
        .order_by(b.planned_at.desc(), b.batch.desc())
    )
    found = connection.execute(query.limit(1)).first()
    return None if found is None else str(found[0])


def without_told(connection: Connection, plan: Plan) -> frozenset[int]:
    """The matches of a plan that must not be merged: nothing of their rule is told in the story they stand in now.

    What the plan itself tells counts; it is marked before.
    Asked under the grouping lock, so that no regrouping takes a match from what was told meanwhile.
    """
    m, a = t.matches.c, t.articles.c
    alone: set[int] = set()
    # What was there before the subscription is not told on purpose.
    merged = [one for one in plan.merged if plan.reasons.get(one) is not Merged.BEFORE_SUBSCRIPTION]
    for some in _parts(merged):
        query = sa.select(m.id, m.rule_id, a.story_id).join(t.articles, a.id == m.article_id).where(m.id.in_(some))
        waiting = connection.execute(query).all()
        stories = sorted({row.story_id for row in waiting})
        told = _told(connection, plan.digest, (m.rule_id, a.story_id), draft=plan.draft)
        told = told.where(a.story_id.in_(stories))
        pairs = {tuple(row) for row in connection.execute(told)}
        alone |= {row.id for row in waiting if (row.rule_id, row.story_id) not in pairs}
    return frozenset(alone)


def still_too_few(connection: Connection, given_up: Mapping[int, int]) -> Sequence[int]:
    """The matches to be given up whose story has as many articles as was seen: no publisher came since.

    Asked under the grouping lock: an article that comes later wakes them.
    """
    other = t.articles.alias()
    articles = sa.select(sa.func.count()).where(other.c.story_id == _a.story_id).correlate(t.articles)
    query = sa.select(_m.id, articles.scalar_subquery()).join(t.articles, _a.id == _m.article_id)
    rows = [row for some in _parts(sorted(given_up)) for row in connection.execute(query.where(_m.id.in_(some)))]
    return [match for match, number in rows if number == given_up[match]]


def wake_merged(connection: Connection, stories: Collection[str]) -> int:
    """Lets matches wait again that were merged, and whose digest has planned nothing of their rule in their story.

    They were merged because their article stood in a story that had been told, and it stands there no more. What
    only repeats words from before the subscription is left, and what somebody had forgotten: these are not told on
    purpose. Returns how many.
    """
    wanted = sorted(stories)
    woken = 0
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(_ROUTED, {"stories": wanted[start : start + _CHUNK]}).all()
        planned = RoutingState.PLANNED.value
        told = {(row.digest, row.rule_id, row.story_id) for row in rows if row.state == planned}
        merged = [row for row in rows if row.state != planned and row.earlier != _UNHEARD]
        silent = [
            row
            for row in merged
            if (row.digest, row.rule_id, row.story_id) not in told and not _is_forgotten(row.text_gone)
        ]
        if silent:
            connection.execute(_WAKE, [{"match": row.match_id, "of": row.digest} for row in silent])
        woken += len(silent)
    return woken


def _is_forgotten(text_gone: str | None) -> bool:
    gone = gone_of(text_gone)
    return gone is not None and gone.reason is GoneReason.FORGOTTEN


def wake_too_few(connection: Connection, stories: Collection[str]) -> int:
    """Lets matches wait again that were given up for want of publishers, while their texts are there: their story
    has a new article. Returns how many."""
    wanted, woken = sorted(stories), 0
    for some in _parts(wanted):
        rows = connection.execute(_TOO_FEW, {"stories": some}).all()
        if rows:
            connection.execute(_WAKE, [{"match": row.match_id, "of": row.digest} for row in rows])
        woken += len(rows)
    return woken


def likeness_of(connection: Connection, article: int, told: Collection[int]) -> float | None:
    """How like the article is to what of these it is most like; 1 for a copy, None once likenesses were let go."""
    roots: dict[int, int] = {}
    for some in _parts([article, *told]):
        roots.update(_ROOTS_OF.rows(connection, ids=list(some)))
    own, others = roots[article], {roots[one] for one in told}
    if own in others:
        return 1.0
    points = {root for some in _parts([own, *others]) for (root,) in _POINTS.rows(connection, ids=list(some))}
    if own not in points or points.isdisjoint(others):
        return None
    edges = _EDGES_OF.rows(connection, root=own)
    return max((float(weight) for root, weight in edges if root in others), default=0.0)


def members_of(connection: Connection, stories: Sequence[str]) -> Mapping[str, Sequence[StoryMember]]:
    """The articles of each story, oldest first."""
    a = t.articles.c
    columns = (a.story_id, a.id, a.url, a.publisher, a.feed_name, a.wire, a.first_seen, a.duplicate_reason)
    found: dict[str, list[StoryMember]] = defaultdict(list)
    for some in _parts(stories):
        for row in connection.execute(sa.select(*columns).where(a.story_id.in_(some)).order_by(a.id)):
            found[row.story_id].append(
                StoryMember(
                    story=row.story_id,
                    article=row.id,
                    url=row.url,
                    publisher=row.publisher or row.feed_name,
                    wire=row.wire or "",
                    first_seen=row.first_seen,
                    copy=row.duplicate_reason not in (None, _EDIT),
                )
            )
    return found


def last_number(connection: Connection, digest: str, story: str, *, draft: bool) -> int:
    """The greatest number of a batch named after the story."""
    b, prefix = t.batches.c, f"{story}#"
    query = sa.select(b.batch).where(
        # A range, not LIKE: the primary key answers it, however many batches there are.
        b.digest.in_(keeping_keys_of(connection, digest)),
        b.draft.is_(draft),
        b.batch >= prefix,
        b.batch < prefix + "\U0010ffff",
    )
    numbers = (name.removeprefix(prefix) for name in connection.execute(query).scalars())
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
