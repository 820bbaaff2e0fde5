"""Which story is this article's? Pure and simple at this depth: a story is an article and its copies.

Merging only ever joins alerts; a copy is matched like any other article, so that nothing hides from a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.core.stories.duplicates import COPY_WINDOW, judge_pair
from monitor.model.article import Article, DuplicateReason, Grouping


def group_article(article: Article, revised: Article | None, twins: Sequence[Article]) -> Grouping:
    """The story of an article.

    `revised` is the article of the entry it revises, `twins` are grouped articles with its URL key or its
    content hash (of the last 48 h), oldest first. Without any it starts a story of its own, named after it.
    """
    if revised is not None:
        return _join(revised, DuplicateReason.REVISION)
    for twin in twins:
        verdict = judge_pair(article, twin)
        if verdict.reason is not None:
            return _join(twin, verdict.reason, verdict.why)
    return Grouping(story_id=story_named_after(article.id))


def story_named_after(article_id: int) -> str:
    """The id of the story that an article starts."""
    return f"s_{article_id:x}"


def content_window(first_seen: datetime) -> datetime:
    """Since when an equal content hash counts as a copy."""
    return first_seen - COPY_WINDOW


def _join(other: Article, reason: DuplicateReason, why: str = "") -> Grouping:
    assert other.story_id is not None, "only grouped articles are twins"
    # A copy of a copy points at the first one: chains say nothing more.
    first = other.duplicate_of if other.duplicate_of is not None else other.id
    return Grouping(other.story_id, first, reason, why)
