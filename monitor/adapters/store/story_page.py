"""What the page of one story reads besides, in SQL: all that is counted, words of matches, edits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import SPANS
from monitor.adapters.store.story_rows import MEMBER, member_of
from monitor.model.article import DuplicateReason, Quality
from monitor.model.story_view import Edit, Quoted, Standing, StoryRoll

_EDIT = DuplicateReason.REVISION.value
_a = t.articles.c


def roll_of_story(connection: Connection, story: str) -> StoryRoll | None:
    """All articles of a story, to be counted; None when it has none."""
    columns = (_a.id, _a.url, _a.publisher, _a.wire, _a.duplicate_of, _a.duplicate_reason)
    rows = connection.execute(sa.select(*columns).where(_a.story_id == story).order_by(_a.id)).all()
    if not rows:
        return None
    standing = tuple(
        Standing(id_, url, publisher, wire or "", reason == _EDIT, of is not None and reason != _EDIT)
        for id_, url, publisher, wire, of, reason in rows
    )
    # As `app.stories.lead_of` chooses among members that are at hand.
    fullness = sa.case({one.value: place for place, one in enumerate(Quality)}, value=_a.quality)
    when = sa.func.coalesce(_a.published, _a.first_seen)
    query = sa.select(*MEMBER).where(_a.story_id == story)
    lead = connection.execute(query.order_by(_a.duplicate_of.is_not(None), fullness, when, _a.id).limit(1))
    first = member_of(lead.mappings().one())
    if not any(one.is_revision and one.url == first.url for one in standing):
        return StoryRoll(standing, first)
    wording = query.where(_a.duplicate_reason == _EDIT, _a.url == first.url, _a.feed_name == first.feed)
    newest = connection.execute(wording.order_by(_a.id.desc()).limit(1)).mappings().first()
    return StoryRoll(standing, first if newest is None else member_of(newest))


def quoted_of(connection: Connection, matches: Sequence[int], letters: int) -> Iterator[tuple[int, Quoted]]:
    """In which words these matches were found: body before summary before title."""
    m = t.matches.c
    fields = (("body", _a.text), ("summary", _a.summary), ("title", _a.title))
    beginnings = [sa.func.substr(column, 1, letters) for _, column in fields]
    query = sa.select(m.id, m.article_id, m.spans, *beginnings).join(t.articles, _a.id == m.article_id)
    for id_, article, spans, *texts in connection.execute(query.where(m.id.in_(matches)).order_by(m.id)):
        named = tuple((name, text) for (name, _), text in zip(fields, texts, strict=True))
        yield id_, Quoted(article, named, SPANS.validate_python(spans))


def edits_of_story(connection: Connection, story: str, before: int | None, limit: int) -> Sequence[Edit]:
    """The later wordings among a story's articles, newest row first."""
    earlier = t.articles.alias("earlier").c
    query = (
        sa.select(*MEMBER, earlier.id.label("earlier"))
        .join(t.entries, t.entries.c.id == _a.entry_row)
        .outerjoin(earlier.id.table, earlier.entry_row == t.entries.c.revision_of)
        .where(_a.story_id == story, _a.duplicate_reason == _EDIT)
        .order_by(_a.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(_a.id < before)
    rows = connection.execute(query).mappings()
    return [Edit(member_of(row), row["earlier"]) for row in rows]
