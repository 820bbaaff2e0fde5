"""What the page of one story reads besides, in SQL: words of matches, edits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import SPANS
from monitor.adapters.store.story_rows import MEMBER, member_of
from monitor.model.article import DuplicateReason
from monitor.model.story_view import Edit, Quoted

_EDIT = DuplicateReason.REVISION.value
_a = t.articles.c


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
