"""What lists of stories can be narrowed to, in SQL."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.model.story_view import StoryFacets

_MOST_VALUES = 200  # of one facet: what is rarer is typed


def facets_since(connection: Connection, since: datetime, most: int) -> StoryFacets:
    """Publishers, languages, tags and rules of the newest `most` articles and matches since then."""
    a, m = t.articles.c, t.matches.c
    columns = (a.publisher, a.language, a.feed_tags)
    recent = sa.select(*columns).where(a.first_seen >= since, a.story_id.is_not(None))
    articles = connection.execute(recent.order_by(a.first_seen.desc(), a.id.desc()).limit(most)).all()
    matched = sa.select(m.rule_id).where(m.matched_at >= since).order_by(m.matched_at.desc(), m.id.desc())
    matches = connection.execute(matched.limit(most)).scalars().all()
    return StoryFacets(
        publishers=_most(Counter(row.publisher for row in articles if row.publisher)),
        languages=_most(Counter(row.language for row in articles if row.language)),
        tags=_most(Counter(tag for row in articles for tag in {one.lower() for one in row.feed_tags})),
        rules=_most(Counter(matches)),
        is_whole=len(articles) < most and len(matches) < most,
    )


def _most(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(counted.most_common(_MOST_VALUES))
