"""Between rows and what a person sees of a story; none of them holds a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import MENTIONS, QUALITIES, REASONS
from monitor.model.story import MustNotLink
from monitor.model.story_member import Member

T = TypeVar("T")
_AT_ONCE = 500  # values in one statement: every database takes as many
_a = t.articles.c

MEMBER: tuple[sa.ColumnElement[Any], ...] = (
    _a.id,
    _a.story_id,
    _a.title,
    _a.url,
    _a.publisher,
    _a.feed_name,
    _a.language,
    _a.first_seen,
    _a.published,
    _a.quality,
    _a.duplicate_of,
    _a.duplicate_reason,
    _a.duplicate_why,
    _a.wire,
    _a.note,
    _a.series,
)
"""The columns of a member."""

NAMED_MEMBER = (*MEMBER, _a.entities)
"""The same with its names, which may be many."""


def member_of(row: RowMapping) -> Member:
    """A row of these columns."""
    reason = row["duplicate_reason"]
    return Member(
        id=row["id"],
        story=row["story_id"],
        title=row["title"],
        url=row["url"],
        publisher=row["publisher"],
        feed=row["feed_name"],
        language=row["language"],
        first_seen=row["first_seen"],
        published=row["published"],
        quality=QUALITIES[row["quality"]],
        duplicate_of=row["duplicate_of"],
        duplicate_reason=REASONS[reason] if reason else None,
        duplicate_why=row["duplicate_why"] or "",
        wire=row["wire"] or "",
        note=row["note"],
        series=bool(row["series"]),
        names=MENTIONS.validate_python(row["entities"]) if "entities" in row else (),
    )


def link_of(row: RowMapping) -> MustNotLink:
    """A row of `must_not_links`."""
    return MustNotLink(row["one"], row["other"], row["made_at"], row["author"], row["reason"])


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, as many at a time as a statement takes."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
