"""Removes a text by hand: everything that the store keeps of the words behind one address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.likeness import drop_points_of, drop_prints
from monitor.adapters.store.reading import forget_pages
from monitor.adapters.store.rows import gone_of, gone_text
from monitor.adapters.store.texts import drop_messages, drop_names, drop_texts
from monitor.core.stories.group import story_named_after
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import RoutingState
from monitor.model.retention import FORGOTTEN, Gone, GoneReason, Traces, Unsent

_CHUNK = 400  # ids in one statement, as elsewhere
_MOST_COPIES = 20  # named; an agency's text may be on hundreds of sites

Batch = tuple[str, str, bool]  # digest, batch, draft


@dataclass(frozen=True, slots=True)
class Marked:
    """The rows that carry the words behind an address. `batches` told of its stories."""

    entries: tuple[int, ...]
    articles: tuple[int, ...]
    stories: tuple[str, ...]
    batches: tuple[Batch, ...]
    deliveries: tuple[int, ...]


def find(connection: Connection, url: str, url_key: str) -> Marked:
    """The entries with this link or URL key, of any feed, with their revisions, and what was made of them."""
    e, a = t.entries.c, t.articles.c
    same: sa.ColumnElement[bool] = e.link == url
    if url_key:
        behind = sa.select(a.entry_row).where(a.page_key == url_key)
        same = sa.or_(same, e.url_key == url_key, e.id.in_(behind))
    entries = _with_revisions(connection, set(connection.execute(sa.select(e.id).where(same)).scalars()))
    rows = connection.execute(sa.select(a.id, a.story_id).where(a.entry_row.in_(entries)).order_by(a.id)).all()
    stories = tuple(sorted({row.story_id for row in rows if row.story_id is not None}))
    batches = _batches(connection, stories)
    return Marked(
        tuple(sorted(entries)), tuple(row.id for row in rows), stories, batches, _deliveries(connection, batches)
    )


def _with_revisions(connection: Connection, entries: set[int]) -> set[int]:
    e = t.entries.c
    new = entries
    while new:
        newer = connection.execute(sa.select(e.id).where(e.revision_of.in_(new))).scalars()
        older = connection.execute(sa.select(e.revision_of).where(e.id.in_(new))).scalars()
        new = {row for row in (*newer, *older) if row is not None} - entries
        entries = entries | new
    return entries


def _batches(connection: Connection, stories: Sequence[str]) -> tuple[Batch, ...]:
    """What told of a story: a digest shows all its articles, also those that no rule matched."""
    r, m, a = t.routings.c, t.matches.c, t.articles.c
    query = (
        sa.select(r.digest, r.state, r.batch, r.draft_batch)
        .join(t.matches, m.id == r.match_id)
        .join(t.articles, a.id == m.article_id)
        .where(a.story_id.in_(stories))
    )
    found: set[Batch] = set()
    for row in connection.execute(query):
        if row.state == RoutingState.PLANNED.value and row.batch is not None:
            found.add((row.digest, row.batch, False))
        if row.draft_batch is not None:
            found.add((row.digest, row.draft_batch, True))
    return tuple(sorted(found))


def _deliveries(connection: Connection, batches: Sequence[Batch]) -> tuple[int, ...]:
    d = t.deliveries.c
    is_draft = d.state == DeliveryState.DRAFT.value
    found: list[int] = []
    for digest, batch, draft in batches:
        query = sa.select(d.id).where(d.digest == digest, d.batch == batch, is_draft if draft else ~is_draft)
        found += connection.execute(query).scalars()
    return tuple(sorted(found))


def traces_of(connection: Connection, marked: Marked) -> Traces:
    """What was found, in numbers and titles."""
    e, a, m = t.entries.c, t.articles.c, t.matches.c
    entries = connection.execute(
        sa.select(e.title, e.fate, e.text_gone).where(e.id.in_(marked.entries)).order_by(e.id.desc())
    ).all()
    gone = [gone_of(row.text_gone) for row in entries]
    matches = connection.execute(
        sa.select(sa.func.count()).select_from(t.matches).where(m.article_id.in_(marked.articles))
    ).scalar_one()
    unmatched = connection.execute(
        sa.select(sa.func.count()).where(a.id.in_(marked.articles), a.stage != "matched")
    ).scalar_one()
    return Traces(
        titles=tuple(dict.fromkeys(row.title for row in entries)),
        entries=len(entries),
        articles=len(marked.articles),
        matches=int(matches),
        messages=len(marked.deliveries),
        forgotten=sum(one is not None and one.reason is GoneReason.FORGOTTEN for one in gone),
        unread=sum(row.fate == Fate.WAITING.value for row in entries) + int(unmatched),
        unsent=_unsent(connection, marked),
        copies=_copies(connection, marked),
    )


def _unsent(connection: Connection, marked: Marked) -> tuple[Unsent, ...]:
    r, m, d = t.routings.c, t.matches.c, t.deliveries.c
    pending = (
        sa.select(r.digest)
        .join(t.matches, m.id == r.match_id)
        .where(m.article_id.in_(marked.articles), r.state == RoutingState.PENDING.value)
    )
    waiting = sa.select(d.digest, d.receiver).where(
        d.id.in_(marked.deliveries), d.state == DeliveryState.WAITING.value
    )
    digests = sorted(set(connection.execute(pending).scalars()))
    receivers = sorted({(row.digest, row.receiver) for row in connection.execute(waiting)})
    return (*(Unsent(digest) for digest in digests), *(Unsent(*one) for one in receivers))


def _copies(connection: Connection, marked: Marked) -> tuple[str, ...]:
    """Addresses of the same text, which are not all addresses of its story."""
    a = t.articles.c
    oldest = sa.func.coalesce(a.duplicate_of, a.id)
    roots = connection.execute(sa.select(oldest).where(a.id.in_(marked.articles))).scalars().all()
    kept = sa.or_(a.text_gone.is_(None), ~a.text_gone.startswith(GoneReason.FORGOTTEN.value, autoescape=True))
    query = (
        sa.select(a.url)
        .where(sa.or_(a.id.in_(roots), a.duplicate_of.in_(roots)), a.id.not_in(marked.articles), a.url != "", kept)
        .distinct()
        .order_by(a.url)
        .limit(_MOST_COPIES)
    )
    return tuple(connection.execute(query).scalars())


def erase(connection: Connection, marked: Marked, now: datetime) -> None:
    """Empties what was marked. What was emptied before keeps its time."""
    e, a, r, m = t.entries.c, t.articles.c, t.routings.c, t.matches.c
    gone = Gone(GoneReason.FORGOTTEN, now)
    entries = _not_yet(connection, t.entries, marked.entries)
    articles = _not_yet(connection, t.articles, marked.articles)
    drop_texts(connection, articles, gone)
    drop_names(connection, articles, because=FORGOTTEN)
    drop_points_of(connection, articles)
    drop_prints(connection, articles)
    connection.execute(t.articles.update().where(a.id.in_(articles)).values(title=FORGOTTEN))
    blank = {"title": FORGOTTEN, "summary": "", "content": "", "authors": [], "text_gone": gone_text(gone)}
    connection.execute(t.entries.update().where(e.id.in_(entries)).values(blank))
    unread = t.entries.update().where(e.id.in_(entries), e.fate == Fate.WAITING.value)
    connection.execute(unread.values(fate=Fate.FORGOTTEN.value))
    forget_pages(connection, marked.entries)
    _end_stages(connection, articles)
    matches = sa.select(m.id).where(m.article_id.in_(marked.articles))
    # What a silence discarded cannot be brought back any more.
    untold = r.state.in_((RoutingState.PENDING.value, RoutingState.SILENCED.value))
    pending = t.routings.update().where(r.match_id.in_(matches), untold)
    connection.execute(pending.values(state=RoutingState.FORGOTTEN.value))
    _end_deliveries(connection, marked)
    drop_messages(connection, marked.deliveries, gone, subject=FORGOTTEN)


def _not_yet(connection: Connection, table: sa.Table, rows: Sequence[int]) -> list[int]:
    found = connection.execute(sa.select(table.c.id, table.c.text_gone).where(table.c.id.in_(rows)))
    before = ((row.id, gone_of(row.text_gone)) for row in found)
    return [row for row, gone in before if gone is None or gone.reason is not GoneReason.FORGOTTEN]


def _end_stages(connection: Connection, articles: Sequence[int]) -> None:
    """Articles that no rule has read yet: none will, and each is a story of its own."""
    a = t.articles.c
    query = sa.select(a.id, a.story_id).where(a.id.in_(articles), a.stage != "matched")
    for row in connection.execute(query).all():
        values = {
            "stage": "matched",
            "story_id": row.story_id or story_named_after(row.id),
            "next_stage_at": None,
            "stage_error": None,
        }
        connection.execute(t.articles.update().where(a.id == row.id).values(values))


def _end_deliveries(connection: Connection, marked: Marked) -> None:
    """Messages that wait are given up; what else they told is planned again, so that nothing is missed."""
    d = t.deliveries.c
    waiting = sa.select(d.id, d.digest, d.batch).where(
        d.id.in_(marked.deliveries), d.state == DeliveryState.WAITING.value
    )
    rows = connection.execute(waiting).all()
    connection.execute(
        t.deliveries.update()
        .where(d.id.in_([row.id for row in rows]))
        .values(
            state=DeliveryState.DEAD.value,
            lease_until=None,
            last_error="forgotten: a text in it was removed by hand before it was sent",
        )
    )
    for digest, batch in sorted({(row.digest, row.batch) for row in rows}):
        _plan_again(connection, digest, batch, marked.articles)


def _plan_again(connection: Connection, digest: str, batch: str, besides: Sequence[int]) -> None:
    """All that a batch told, and what was merged since because it had, waits for its digest as before.

    Who has got the batch already may be told twice; nobody is told less.
    """
    r, m, a = t.routings.c, t.matches.c, t.articles.c
    routed = (
        sa.select(m.id, m.article_id, m.rule_id, a.story_id)
        .join(t.articles, a.id == m.article_id)
        .join(t.routings, r.match_id == m.id)
        .where(r.digest == digest)
    )
    told = connection.execute(routed.where(r.state == RoutingState.PLANNED.value, r.batch == batch)).all()
    again = {row.id for row in told}
    pairs = {(row.rule_id, row.story_id) for row in told}
    stories = sorted({row.story_id for row in told})
    for start in range(0, len(stories), _CHUNK):
        some = a.story_id.in_(stories[start : start + _CHUNK])
        merged = connection.execute(routed.where(r.state == RoutingState.MERGED.value, some))
        again |= {row.id for row in merged if (row.rule_id, row.story_id) in pairs}
    forgotten = set(connection.execute(sa.select(m.id).where(m.article_id.in_(besides))).scalars())
    waits = {"state": RoutingState.PENDING.value, "batch": None, "why": None}
    _set(connection, digest, again - forgotten, waits)
    # It counts as told no longer, whoever has got it.
    _set(connection, digest, again & forgotten, {"state": RoutingState.FORGOTTEN.value})


def _set(connection: Connection, digest: str, matches: Set[int], values: Mapping[str, Any]) -> None:
    r, ids = t.routings.c, sorted(matches)
    for start in range(0, len(ids), _CHUNK):
        some = r.match_id.in_(ids[start : start + _CHUNK])
        connection.execute(t.routings.update().where(r.digest == digest, some).values(values))
