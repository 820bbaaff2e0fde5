"""What is counted of stories, and who speaks for each, in SQL: of a story with thousands of articles a list reads
what tells publishers apart, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.story_rows import MEMBER, chunks, member_of
from monitor.model.article import DuplicateReason, Quality
from monitor.model.story_member import Member
from monitor.model.story_view import Standing, StoryRoll

_EDIT = DuplicateReason.REVISION.value
_FULLNESS = {one.value: place for place, one in enumerate(Quality)}
_a = t.articles.c
# Times as the database has them: they are compared and not read, which takes as long as all else.
_SEEN = sa.type_coerce(_a.first_seen, sa.String)
_WHEN = sa.type_coerce(sa.func.coalesce(_a.published, _a.first_seen), sa.String)
_COUNTED = (
    *(_a.story_id, _a.id, _a.url, _a.publisher, _a.wire, _a.duplicate_of, _a.duplicate_reason, _a.language),
    *(_a.quality, _SEEN, _WHEN),
)


@dataclass(slots=True)
class _Story:
    """What one walk over the articles of a story gathers. `lead` and `first` end with an id, each the least."""

    lead: tuple[bool, int, Any, int]
    first: tuple[Any, int]
    standing: list[Standing] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)


def rolls_of(connection: Connection, stories: Sequence[str]) -> Mapping[str, StoryRoll]:
    """All articles of each story, to be counted; a story that has none is left out.

    In one walk, since a story has its articles all over the table: each further one would read as many pages.
    """
    found: dict[str, _Story] = {}
    for some in chunks(stories):
        rows = connection.execute(sa.select(*_COUNTED).where(_a.story_id.in_(some)).order_by(_a.id))
        for story, id_, url, publisher, wire, of, reason, language, quality, seen, when in rows:
            # As `app.stories.lead_of` chooses among members that are at hand.
            lead, first = (of is not None, _FULLNESS[quality], when, id_), (seen, id_)
            known = found.get(story)
            if known is None:
                known = found[story] = _Story(lead, first)
            known.lead, known.first = min(known.lead, lead), min(known.first, first)
            known.standing.append(
                Standing(id_, url, publisher, wire or "", reason == _EDIT, of is not None and reason != _EDIT)
            )
            if language:
                known.languages.add(language)
    whole = members_by_id(connection, {id_ for one in found.values() for id_ in (one.lead[-1], one.first[-1])})
    return {
        story: StoryRoll(
            tuple(one.standing),
            _newest_wording(connection, whole[one.lead[-1]], one.standing),
            whole[one.first[-1]].first_seen,
            tuple(sorted(one.languages)),
        )
        for story, one in found.items()
    }


def members_by_id(connection: Connection, articles: Collection[int]) -> dict[int, Member]:
    """These articles, those in no story too."""
    found: dict[int, Member] = {}
    for some in chunks(sorted(articles)):
        rows = connection.execute(sa.select(*MEMBER).where(_a.id.in_(some))).mappings()
        found |= {row["id"]: member_of(row) for row in rows}
    return found


def _newest_wording(connection: Connection, first: Member, standing: Sequence[Standing]) -> Member:
    if not any(one.is_revision and one.url == first.url for one in standing):
        return first
    query = sa.select(*MEMBER).where(
        _a.story_id == first.story, _a.duplicate_reason == _EDIT, _a.url == first.url, _a.feed_name == first.feed
    )
    newest = connection.execute(query.order_by(_a.id.desc()).limit(1)).mappings().first()
    return first if newest is None else member_of(newest)
