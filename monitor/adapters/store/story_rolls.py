"""What is counted of stories, and who speaks for each, in SQL: of a story with thousands of articles a list reads
what tells publishers apart, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.story_rows import MEMBER, chunks, member_of
from monitor.model.article import DuplicateReason, Quality
from monitor.model.story_member import Member
from monitor.model.story_view import Standing, StoryRoll

_EDIT = DuplicateReason.REVISION.value
_a = t.articles.c


def rolls_of(connection: Connection, stories: Sequence[str]) -> Mapping[str, StoryRoll]:
    """All articles of each story, to be counted; a story that has none is left out."""
    standing: dict[str, list[Standing]] = {}
    for some in chunks(stories):
        columns = (_a.story_id, _a.id, _a.url, _a.publisher, _a.wire, _a.duplicate_of, _a.duplicate_reason)
        rows = connection.execute(sa.select(*columns).where(_a.story_id.in_(some)).order_by(_a.id))
        for story, id_, url, publisher, wire, of, reason in rows:
            one = Standing(id_, url, publisher, wire or "", reason == _EDIT, of is not None and reason != _EDIT)
            standing.setdefault(story, []).append(one)
    leads = {one.story: one for one in _leads(connection, list(standing))}
    return {
        story: StoryRoll(tuple(those), _newest_wording(connection, leads[story], those))
        for story, those in standing.items()
    }


def spans_of(connection: Connection, stories: Sequence[str]) -> Mapping[str, tuple[datetime, tuple[str, ...]]]:
    """When the first article of each story was first seen, and the languages of all, sorted."""
    found: dict[str, list[tuple[datetime, str | None]]] = {}
    for some in chunks(stories):
        query = sa.select(_a.story_id, _a.language, sa.func.min(_a.first_seen)).where(_a.story_id.in_(some))
        for story, language, first in connection.execute(query.group_by(_a.story_id, _a.language)):
            found.setdefault(story, []).append((first, language))
    return {
        story: (min(first for first, _ in those), tuple(sorted(language for _, language in those if language)))
        for story, those in found.items()
    }


def _leads(connection: Connection, stories: Sequence[str]) -> Iterator[Member]:
    """The article of each story that speaks for it, as `app.stories.lead_of` chooses among members at hand, in its
    first wording."""
    other = t.articles.alias("other").c
    fullness = sa.case({one.value: place for place, one in enumerate(Quality)}, value=other.quality)
    when = sa.func.coalesce(other.published, other.first_seen)
    first = (
        sa.select(other.id)
        .where(other.story_id == _a.story_id)
        .order_by(other.duplicate_of.is_not(None), fullness, when, other.id)
        .limit(1)
        .correlate(t.articles)
        .scalar_subquery()
    )
    for some in chunks(stories):
        ids = sa.select(first).where(_a.story_id.in_(some)).group_by(_a.story_id)
        for row in connection.execute(sa.select(*MEMBER).where(_a.id.in_(ids))).mappings():
            yield member_of(row)


def _newest_wording(connection: Connection, first: Member, standing: Sequence[Standing]) -> Member:
    if not any(one.is_revision and one.url == first.url for one in standing):
        return first
    query = sa.select(*MEMBER).where(
        _a.story_id == first.story, _a.duplicate_reason == _EDIT, _a.url == first.url, _a.feed_name == first.feed
    )
    newest = connection.execute(query.order_by(_a.id.desc()).limit(1)).mappings().first()
    return first if newest is None else member_of(newest)
