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
    told, told_match = t.routings.alias(), t.matches.alias()
    merged, merged_match, other = t.routings.alias(), t.matches.alias(), t.articles.alias()
    entry, feed = t.entries.alias(), t.feeds.alias()
    same_rule = merged_match.c.rule_id == told_match.c.rule_id
    return (
        sa.select(told.c.match_id)
        .join(told_match, told_match.c.id == told.c.match_id)
        .join(other, other.c.story_id == story)
        .join(merged_match, sa.and_(merged_match.c.article_id == other.c.id, same_rule))
        .join(merged, sa.and_(merged.c.match_id == merged_match.c.id, merged.c.digest == told.c.digest))
        .join(entry, entry.c.id == other.c.entry_row)
        .join(feed, feed.c.id == entry.c.feed_id)
        .where(
            told_match.c.article_id == article,
            told.c.state == RoutingState.PLANNED.value,
            merged.c.state == RoutingState.MERGED.value,
            ~goes(entry, other, feed),
        )
        .correlate_except(told, told_match, merged, merged_match, other, entry, feed)
        .exists()
    )


def being_revised(entry: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether a newer wording of the entry has yet to be compared with it."""
    newer, article = t.entries.alias(), t.articles.alias()
    return (
        sa.select(newer.c.id)
        .outerjoin(article, article.c.entry_row == newer.c.id)
        .where(newer.c.revision_of == entry, sa.or_(article.c.id.is_(None), article.c.stage != "matched"))
        .correlate_except(newer, article)
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
