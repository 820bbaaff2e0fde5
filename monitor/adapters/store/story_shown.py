"""One story with all that is known of it, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.matches import matches_with_ids
from monitor.adapters.store.story_rows import MEMBER, NAMED_MEMBER, chunks, link_of, member_of
from monitor.model.delivery import DeliveryState
from monitor.model.ledger import RoutingState
from monitor.model.story_member import Member
from monitor.model.story_view import KeptApart, Likeness, Lookalikes, StoryRule, StoryView, Telling

_MOST_EDGES = 1000  # of a story of 5,000 articles there may be millions; the strongest say most
_MOST_APART = 1000


def view_of_story(
    connection: Connection, story: str, most: int | None = None, before: int | None = None
) -> StoryView | None:
    """The story, or None when it has no article; with `most` as `ports.StoryStore.view` says."""
    a = t.articles.c
    query = sa.select(*NAMED_MEMBER).where(a.story_id == story).order_by(a.id.desc()).limit(most)
    if before is not None:
        query = query.where(a.id < before)
    members = tuple(member_of(row) for row in reversed(connection.execute(query).mappings().all()))
    if not members:
        return None
    edges, all_edges = _edges(connection, story) if most is None else _edges_of(connection, members)
    return StoryView(
        story,
        members,
        edges,
        all_edges,
        _rules(connection, story),
        _told(connection, story, most),
        _apart(connection, members),
        _lookalikes(connection, members),
        _former(connection, story),
    )


def _edges(connection: Connection, story: str) -> tuple[tuple[Likeness, ...], int]:
    e, one, other = t.story_edges.c, t.articles.alias("first").c, t.articles.alias("second").c
    # A negative weight is no likeness, but what keeps two classes apart.
    inside = (one.id == e.one, other.id == e.other, one.story_id == story, other.story_id == story, e.weight > 0)
    query = sa.select(e.one, e.other, e.weight).where(*inside).order_by(e.weight.desc(), e.one, e.other)
    number = connection.execute(sa.select(sa.func.count()).where(*inside)).scalar_one()
    found = connection.execute(query.limit(_MOST_EDGES))
    return tuple(Likeness(row.one, row.other, row.weight) for row in found), int(number)


def _edges_of(connection: Connection, members: Sequence[Member]) -> tuple[tuple[Likeness, ...], int]:
    """Those that these articles have."""
    found = set(edges_inside_stories(connection, [one.id for one in members]))
    edges = sorted(found, key=lambda edge: (-edge.weight, edge.one, edge.other))
    return tuple(edges[:_MOST_EDGES]), len(edges)


def edges_inside_stories(connection: Connection, articles: Sequence[int]) -> Iterator[Likeness]:
    """The edges of these articles to others of the same story; some hundreds of them at a time."""
    e, one, other = t.story_edges.c, t.articles.alias("first").c, t.articles.alias("second").c
    inside = (one.id == e.one, other.id == e.other, one.story_id == other.story_id, e.weight > 0)
    for column in (e.one, e.other):  # twice along an index, not once through all
        query = sa.select(e.one, e.other, e.weight).where(column.in_(articles), *inside)
        yield from (Likeness(row.one, row.other, row.weight) for row in connection.execute(query))


def _rules(connection: Connection, story: str) -> tuple[StoryRule, ...]:
    """Each rule once, with the first of its matches, the one that matches most articles first."""
    a, m = t.articles.c, t.matches.c
    number = sa.func.count().label("articles")
    query = (
        sa.select(m.rule_id, sa.func.min(m.id).label("first"), number)
        .join(t.articles, a.id == m.article_id)
        .where(a.story_id == story)
        .group_by(m.rule_id)
        .order_by(number.desc(), m.rule_id)
    )
    rows = connection.execute(query).all()
    first = {one.id: one for some in chunks(rows) for one in matches_with_ids(connection, [r.first for r in some])}
    return tuple(StoryRule(first[row.first], row.articles) for row in rows)


def _told(connection: Connection, story: str, most: int | None) -> tuple[Telling, ...]:
    """The batches that told of the articles that are in the story now, oldest first, the newest `most` of them."""
    a, m, r, b = t.articles.c, t.matches.c, t.routings.c, t.batches.c
    query = (
        sa.select(r.digest, r.batch, m.rule_id, b.planned_at)
        .join(t.matches, m.id == r.match_id)
        .join(t.articles, a.id == m.article_id)
        .outerjoin(t.batches, sa.and_(b.digest == r.digest, b.batch == r.batch, b.draft.is_(False)))
        .where(a.story_id == story, r.state == RoutingState.PLANNED.value, r.batch.is_not(None))
        .distinct()
    )
    batches: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(query):
        batches.setdefault((row.digest, row.batch), []).append(row)
    # What has lost its batch to pruning is older than all that have one.
    in_order = sorted(
        batches.items(), key=lambda one: (one[1][0].planned_at is not None, one[1][0].planned_at or 0, one[0])
    )
    return tuple(
        Telling(
            digest,
            batch,
            rows[0].planned_at,
            tuple(sorted(row.rule_id for row in rows)),
            _deliveries(connection, digest, batch),
        )
        for (digest, batch), rows in (in_order if most is None else in_order[-most:])
    )


def _deliveries(connection: Connection, digest: str, batch: str) -> tuple[tuple[str, DeliveryState, int], ...]:
    d = t.deliveries.c
    query = (
        sa.select(d.receiver, d.state, sa.func.count().label("number"))
        .where(d.digest == digest, d.batch == batch, d.state != DeliveryState.DRAFT.value)
        .group_by(d.receiver, d.state)
        .order_by(d.receiver, d.state)
    )
    return tuple((row.receiver, DeliveryState(row.state), row.number) for row in connection.execute(query))


def _apart(connection: Connection, members: Sequence[Member]) -> tuple[KeptApart, ...]:
    n = t.must_not_links.c
    links = {}
    for some in chunks([one.id for one in members]):
        query = sa.select(t.must_not_links).where(sa.or_(n.one.in_(some), n.other.in_(some)))
        for row in connection.execute(query.order_by(n.one, n.other).limit(_MOST_APART)).mappings():
            links[row["one"], row["other"]] = link_of(row)
    known = _with_others(connection, members, links)
    return tuple(
        KeptApart(link, known[one], known[other])
        for (one, other), link in sorted(links.items())
        if one in known and other in known
    )


def _lookalikes(connection: Connection, members: Sequence[Member]) -> tuple[Lookalikes, ...]:
    """The pairs with a negative weight; `members` are those of the story."""
    e = t.story_edges.c
    pairs: set[tuple[int, int]] = set()
    for some in chunks([one.id for one in members]):
        for column in (e.one, e.other):
            rows = connection.execute(sa.select(e.one, e.other).where(column.in_(some), e.weight < 0))
            pairs.update((row.one, row.other) for row in rows)
    known = _with_others(connection, members, pairs)
    mine = {one.id for one in members}
    return tuple(
        Lookalikes(known[one], known[other]) if one in mine else Lookalikes(known[other], known[one])
        for one, other in sorted(pairs)[:_MOST_APART]
        if one in known and other in known
    )


def _with_others(
    connection: Connection, members: Sequence[Member], pairs: Iterable[tuple[int, int]]
) -> dict[int, Member]:
    known = {one.id: one for one in members}
    strangers = sorted({id_ for pair in pairs for id_ in pair} - set(known))
    a = t.articles.c
    for some in chunks(strangers):
        # One that was pruned half, or is not grouped, is not shown.
        query = sa.select(*MEMBER).where(a.id.in_(some), a.story_id.is_not(None))
        known.update((row["id"], member_of(row)) for row in connection.execute(query).mappings())
    return known


def _former(connection: Connection, story: str) -> tuple[str, ...]:
    """All ids that lead here, also over others."""
    alias = t.story_aliases.c
    found: set[str] = set()
    new = [story]
    while new:
        leading = [sa.select(alias.alias).where(alias.story_id.in_(some)) for some in chunks(new)]
        names = {name for query in leading for name in connection.execute(query).scalars()}
        new = sorted(names - found - {story})
        found.update(new)
    return tuple(sorted(found))
