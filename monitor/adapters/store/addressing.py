"""What recipients have been sent before, in SQL: by other digests, and by the same digest of the same story.

Every look-up starts from the matches or the story that are asked for: it costs what they cost, not what is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import insert_new
from monitor.model.addressing import BatchSent, EarlierMessage, Elsewhere, ShownBefore, ToldElsewhere
from monitor.model.delivery import ChannelKind, DeliveryState
from monitor.model.digest import AlreadySent
from monitor.model.ledger import Plan, RoutingState
from monitor.model.suppression import folded_address
from monitor.model.telling import Material, Merged

_T = TypeVar("_T")
_CHUNK = 400
_r, _m, _a, _d, _s, _b = (
    one.c for one in (t.routings, t.matches, t.articles, t.deliveries, t.sent_before, t.batches)
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_STORIES: sa.BindParameter[Any] = sa.bindparam("stories", expanding=True)
_PLANNED = RoutingState.PLANNED.value
_DRAFTED = (_PLANNED, *(one.value for one in Material))
# An update that was not wanted, and what was there before the subscription, may be news to everybody.
_SAYS_NOTHING_NEW = (Merged.COPY, Merged.SAME_SENTENCES, Merged.EARLIER_WORDING, Merged.NOTHING_NEW)
_OF_MATCHES = (
    sa.select(_r.match_id, _r.digest, _r.state, _r.batch, _m.rule_id, _a.story_id)
    .join(t.matches, _m.id == _r.match_id)
    .join(t.articles, _a.id == _m.article_id)
    .where(
        _r.match_id.in_(_IDS),
        _r.digest != sa.bindparam("digest"),
        sa.or_(
            _r.state == _PLANNED,
            sa.and_(_r.state == RoutingState.MERGED.value, _r.why.in_([one.value for one in _SAYS_NOTHING_NEW])),
        ),
    )
)
# An expression, so that SQLite goes from the story to its matches, not through all that a digest ever told.
_IS_PLANNED = _r.state + "" == _PLANNED
_OF_STORIES = (
    sa.select(_r.match_id, _r.digest, _r.batch, _m.rule_id, _a.story_id)
    .select_from(t.articles)
    .join(t.matches, _m.article_id == _a.id)
    .join(t.routings, _r.match_id == _m.id)
    .where(_a.story_id.in_(_STORIES), _IS_PLANNED, _r.digest + "" != sa.bindparam("digest"))
)
_STANDING = (
    sa.select(
        _d.batch,
        _d.receiver,
        _d.channel,
        _d.recipient,
        sa.func.min(sa.case((_d.state == DeliveryState.SENT.value, 1), else_=0)).label("sent"),
        sa.func.max(_d.sent_at).label("sent_at"),
        sa.func.min(_d.created_at).label("planned_at"),
    )
    .where(
        _d.digest == sa.bindparam("digest"),
        _d.batch.in_(sa.bindparam("batches", expanding=True)),
        _d.state != DeliveryState.DRAFT.value,
    )
    .group_by(_d.batch, _d.receiver, _d.channel, _d.recipient)
    .order_by(_d.batch, _d.receiver, _d.channel, _d.recipient)
)
_SHORT = sa.select(_s.batch, _s.receiver, _s.channel, _s.recipient, _s.matches).where(
    _s.digest == sa.bindparam("digest"), _s.batch.in_(sa.bindparam("batches", expanding=True))
)


def sent_elsewhere_of(connection: Connection, digest: str, matches: Collection[int]) -> Elsewhere:
    """What other digests made of these matches, and how the batches that told them stand with each recipient."""
    told: dict[int, list[ToldElsewhere]] = defaultdict(list)
    merged: dict[tuple[str, str, str], list[int]] = defaultdict(list)  # by digest, rule and story
    for some in _parts(sorted(set(matches))):
        for row in connection.execute(_OF_MATCHES, {"ids": some, "digest": digest}):
            if row.state == _PLANNED and row.batch is not None:
                told[row.match_id].append(ToldElsewhere(row.digest, ((row.batch, row.match_id),)))
            elif row.state != _PLANNED and row.story_id is not None:
                merged[row.digest, row.rule_id, row.story_id].append(row.match_id)
    for (name, _, _), pairs, waiting in _told_of_stories(connection, digest, merged):
        for match in waiting:
            told[match].append(ToldElsewhere(name, pairs))
    batches: dict[str, set[str]] = defaultdict(set)
    for ways in told.values():
        for way in ways:
            batches[way.digest].update(batch for batch, _ in way.told)
    standing = [one for name in sorted(batches) for one in _standing(connection, name, sorted(batches[name]))]
    return Elsewhere({match: tuple(ways) for match, ways in told.items()}, tuple(standing))


def _told_of_stories(
    connection: Connection, digest: str, merged: Mapping[tuple[str, str, str], Sequence[int]]
) -> Iterator[tuple[tuple[str, str, str], tuple[tuple[str, int], ...], Sequence[int]]]:
    """All that was told of each rule in each story by each digest, with the matches that were merged with it."""
    found: dict[tuple[str, str, str], set[tuple[str, int]]] = defaultdict(set)
    lost: set[tuple[str, str, str]] = set()
    for some in _parts(sorted({story for _, _, story in merged})):
        for one in connection.execute(_OF_STORIES, {"stories": some, "digest": digest}):
            key = (one.digest, one.rule_id, one.story_id)
            if one.batch is None:
                lost.add(key)
            else:
                found[key].add((one.batch, one.match_id))
    for key in sorted(found.keys() & merged.keys() - lost):
        yield key, tuple(sorted(found[key])), merged[key]


def _standing(connection: Connection, digest: str, batches: Sequence[str]) -> Iterator[BatchSent]:
    for some in _parts(batches):
        asked = {"digest": digest, "batches": some}
        short: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for row in connection.execute(_SHORT, asked):
            short[row.batch, row.receiver, row.channel, row.recipient].update(row.matches)
        for one in connection.execute(_STANDING, asked):
            yield BatchSent(
                digest=digest,
                batch=one.batch,
                receiver=one.receiver,
                channel=ChannelKind(one.channel),
                recipient=one.recipient,
                planned_at=one.planned_at,
                sent_at=one.sent_at if one.sent else None,
                short=frozenset(short[one.batch, one.receiver, one.channel, one.recipient]),
            )


def messages_about_story(
    connection: Connection, digest: str, story: str, *, draft: bool
) -> Sequence[EarlierMessage]:
    """The first part of each message in which the digest told of articles that stand in the story now."""
    batches = list(connection.execute(_told_batches(digest, story, draft=draft)).scalars())
    alive = (DeliveryState.DRAFT,) if draft else (DeliveryState.SENT, DeliveryState.WAITING)
    is_draft = _d.state == DeliveryState.DRAFT.value
    parent = t.deliveries.alias()
    firsts: list[int] = []
    for some in _parts(sorted(batches)):
        # The parts of a message are inserted in their order.
        first = (
            sa.select(sa.func.min(_d.id))
            .where(_d.digest == digest, _d.batch.in_(some), is_draft if draft else ~is_draft)
            .group_by(_d.batch, _d.receiver, _d.channel, _d.recipient)
        )
        firsts += connection.execute(first).scalars()
    found: list[EarlierMessage] = []
    for ids in _parts(sorted(firsts)):
        query = (
            sa.select(_d.key, _d.receiver, _d.channel, _d.recipient, parent.c.key.label("parent"))
            .outerjoin(parent, parent.c.key == _d.thread)
            .where(_d.id.in_(ids), _d.state.in_([one.value for one in alive]))
            .order_by(_d.id)
        )
        found += [
            EarlierMessage(row.key, row.receiver, ChannelKind(row.channel), row.recipient, row.parent)
            for row in connection.execute(query)
        ]
    return found


def _told_batches(digest: str, story: str, *, draft: bool) -> sa.Select[Any]:
    batch = _r.draft_batch if draft else _r.batch
    told = sa.or_(_r.draft_why.is_(None), _r.draft_why.in_(_DRAFTED)) if draft else _IS_PLANNED
    return (
        sa.select(batch)
        .select_from(t.articles)
        .join(t.matches, _m.article_id == _a.id)
        .join(t.routings, _r.match_id == _m.id)
        .where(_a.story_id == story, _r.digest + "" == digest, batch.is_not(None), told)
        .distinct()
    )


def insert_sent_before(connection: Connection, plan: Plan) -> None:
    """The stories that a plan shows short, or leaves out, for somebody; a dry run records none.

    The real batch may have the same name, and what a dry run would have shown says nothing of it.
    """
    if plan.draft:
        return
    rows = [
        {
            "digest": plan.digest,
            "batch": plan.batch,
            "story": one.story,
            "receiver": one.receiver,
            "channel": one.channel.value,
            "recipient": one.recipient,
            "shown": one.shown.value,
            "by_digest": one.by_digest,
            "by_batch": one.by_batch,
            "sent_at": one.sent_at,
            "matches": list(one.matches),
        }
        for one in plan.sent_before
    ]
    for some in _parts(rows):
        insert_new(connection, t.sent_before, *some)


def shown_before_in(connection: Connection, digest: str, batch: str) -> Sequence[ShownBefore]:
    """For whom a batch showed stories short, or left them out."""
    query = sa.select(t.sent_before).where(_s.digest == digest, _s.batch == batch)
    query = query.order_by(_s.story, _s.receiver, _s.channel, _s.recipient)
    return [
        ShownBefore(
            story=row.story,
            receiver=row.receiver,
            channel=ChannelKind(row.channel),
            recipient=row.recipient,
            shown=AlreadySent(row.shown),
            by_digest=row.by_digest,
            by_batch=row.by_batch,
            sent_at=row.sent_at,
            matches=tuple(row.matches),
        )
        for row in connection.execute(query)
    ]


def unsubscribed_in(
    connection: Connection, digest: str, batch: str, *, draft: bool
) -> tuple[tuple[str, datetime | None], ...]:
    """The addresses that a batch left out, and since when they want no more; None for one that wants it again."""
    asked = sa.select(_b.suppressed).where(_b.digest == digest, _b.batch == batch, _b.draft.is_(draft))
    left_out = connection.execute(asked).scalar() or ()
    u = t.suppressions.c
    since: dict[str, datetime] = {}
    for some in _parts([folded_address(one) for one in left_out]):
        query = sa.select(u.recipient, u.since).where(u.digest == digest, u.recipient.in_(some))
        since.update((row.recipient, row.since) for row in connection.execute(query))
    return tuple((one, since.get(folded_address(one))) for one in left_out)


def _parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
