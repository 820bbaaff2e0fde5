"""What still needs a row: conditions that keep pruning from it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.upsert import earlier
from monitor.model.delivery import DeliveryState
from monitor.model.entry import LISTED_WITHIN
from monitor.model.feed import FeedStatus
from monitor.model.ledger import RoutingState

Goes = Callable[[sa.FromClause, sa.FromClause, sa.FromClause], sa.ColumnElement[bool]]

# Made once: an alias has copies of all columns of its table, and making them took a third of a round of pruning.
_told, _told_match = t.routings.alias(), t.matches.alias()
_merged, _merged_match, _other = t.routings.alias(), t.matches.alias(), t.articles.alias()
_entry, _feed = t.entries.alias(), t.feeds.alias()
_newer, _newer_article = t.entries.alias(), t.articles.alias()


def pending(article: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether a digest has yet to plan a match of the article: it will quote the text."""
    r, m = t.routings.c, t.matches.c
    return (
        sa.select(r.match_id)
        .join(t.matches, m.id == r.match_id)
        .where(m.article_id == article, r.state == RoutingState.PENDING.value)
        .correlate_except(t.routings, t.matches)
        .exists()
    )


def unsent(article: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether a message with a match of the article is still to be delivered."""
    r, m, d = t.routings.c, t.matches.c, t.deliveries.c
    return (
        sa.select(d.id)
        .join(t.routings, sa.and_(r.digest == d.digest, r.batch == d.batch))
        .join(t.matches, m.id == r.match_id)
        .where(m.article_id == article, d.state == DeliveryState.WAITING.value)
        .correlate_except(t.routings, t.matches, t.deliveries)
        .exists()
    )


def silences(article: sa.ColumnElement[int], story: sa.ColumnElement[str], goes: Goes) -> sa.ColumnElement[bool]:
    """Whether a match of the story that stays is not told because the article's was: without that it would be.

    `goes` says of the rows of an entry, its article and its feed whether nothing else keeps them: two wordings of
    an entry that its feed has dropped must not keep each other for ever.
    """
    same_rule = _merged_match.c.rule_id == _told_match.c.rule_id
    return (
        sa.select(_told.c.match_id)
        .join(_told_match, _told_match.c.id == _told.c.match_id)
        .join(_other, _other.c.story_id == story)
        .join(_merged_match, sa.and_(_merged_match.c.article_id == _other.c.id, same_rule))
        .join(_merged, sa.and_(_merged.c.match_id == _merged_match.c.id, _merged.c.digest == _told.c.digest))
        .join(_entry, _entry.c.id == _other.c.entry_row)
        .join(_feed, _feed.c.id == _entry.c.feed_id)
        .where(
            _told_match.c.article_id == article,
            _told.c.state == RoutingState.PLANNED.value,
            _merged.c.state == RoutingState.MERGED.value,
            ~goes(_entry, _other, _feed),
        )
        .correlate_except(_told, _told_match, _merged, _merged_match, _other, _entry, _feed)
        .exists()
    )


def being_revised(entry: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether a newer wording of the entry has yet to be compared with it."""
    return (
        sa.select(_newer.c.id)
        .outerjoin(_newer_article, _newer_article.c.entry_row == _newer.c.id)
        .where(
            _newer.c.revision_of == entry,
            sa.or_(_newer_article.c.id.is_(None), _newer_article.c.stage != "matched"),
        )
        .correlate_except(_newer, _newer_article)
        .exists()
    )


def unlisted(
    connection: Connection, entry: sa.FromClause = t.entries, feed: sa.FromClause = t.feeds
) -> sa.ColumnElement[bool]:
    """Whether the entry's feed was read since without listing it; what was ingested is listed by nobody."""
    missing = entry.c.listed_at < earlier(connection, feed.c.listed_at, LISTED_WITHIN)
    return sa.or_(missing, feed.c.status == FeedStatus.PASSIVE.value)


def has_older(connected: sa.ColumnElement[bool], older: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether an older row that may be the same entry is there, which its feed listed no longer than this one.

    A wording that comes back is compared with the newest row: to delete that and keep an older one would compare
    it with what the feed said before.
    """
    e = t.entries.c
    first = sa.or_(older.c.listed_at.is_(None), older.c.listed_at <= e.listed_at)
    same_feed = sa.and_(older.c.feed_id == e.feed_id, older.c.id < e.id)
    return sa.select(older.c.id).where(same_feed, connected, first).correlate_except(older).exists()


def newest(column: sa.Column[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.max(column)).scalar_subquery()
