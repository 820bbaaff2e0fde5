"""Which story is this article's? Pure and simple at this depth: a story is an article and its copies.

Merging only ever joins alerts; a copy is matched like any other article, so that nothing hides from a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.core.stories.identity import OTHER_TITLE, SAME_DAY, SAME_TITLE, title_likeness
from monitor.core.text.urls import host_of
from monitor.model.article import Article, DuplicateReason, Grouping

# Without a window a hash is wrong: agencies send byte-equal texts about events days apart (stories design).
SAME_CONTENT_WINDOW = timedelta(hours=48)
# An equal text of this many words on two hosts is a wire copy; a shorter one may be a shared cookie notice.
LONG_COPY = 150


def group_article(article: Article, revised: Article | None, twins: Sequence[Article]) -> Grouping:
    """The story of an article.

    `revised` is the article of the entry it revises, `twins` are grouped articles with its URL key or its
    content hash (of the last 48 h), oldest first. Without any it starts a story of its own, named after it.
    """
    if revised is not None:
        return _join(revised, DuplicateReason.REVISION)
    for twin in twins:
        reason = _copy_reason(article, twin)
        if reason is not None:
            return _join(twin, reason)
    return Grouping(story_id=story_named_after(article.id))


def story_named_after(article_id: int) -> str:
    """The id of the story that an article starts."""
    return f"s_{article_id:x}"


def content_window(first_seen: datetime) -> datetime:
    """Since when an equal content hash counts as a copy."""
    return first_seen - SAME_CONTENT_WINDOW


def _join(other: Article, reason: DuplicateReason) -> Grouping:
    assert other.story_id is not None, "only grouped articles are twins"
    # A copy of a copy points at the first one: chains say nothing more.
    first = other.duplicate_of if other.duplicate_of is not None else other.id
    return Grouping(other.story_id, first, reason)


def _copy_reason(article: Article, twin: Article) -> DuplicateReason | None:
    likeness = title_likeness(article.title, twin.title)
    if article.content_hash == twin.content_hash and _same_words_are_a_copy(article, twin, likeness):
        return DuplicateReason.SAME_CONTENT
    # A page that carries other news under another title (a home page, a live page) is not the same article.
    # Nor is one that is dated anew and says the same on another day.
    same_page = bool(article.url_key) and article.url_key == twin.url_key and not dated_apart(article, twin)
    return DuplicateReason.SAME_URL if same_page and likeness >= SAME_TITLE else None


def _same_words_are_a_copy(article: Article, twin: Article, likeness: float) -> bool:
    if host_of(article.url) != host_of(twin.url):
        return likeness >= OTHER_TITLE or len(article.text.split()) >= LONG_COPY
    # One host's equal texts under other titles are a wall or a template, not copies.
    return likeness >= OTHER_TITLE and _same_day(article, twin)


def dated_apart(article: Article, twin: Article) -> bool:
    """Whether two articles carry dates of different days; what has no date is not apart from anything."""
    if article.published is None or twin.published is None:
        return False
    return abs(article.published - twin.published) > SAME_DAY


def _same_day(article: Article, twin: Article) -> bool:
    return abs(_when(article) - _when(twin)) <= SAME_DAY


def _when(article: Article) -> datetime:
    return article.published or article.first_seen
