"""A store with many articles that were matched long ago, as an older version of the analyser left it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from made import feed_settings, new_article, new_entry

from monitor.adapters.store import full_text
from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import indexed_articles
from monitor.adapters.store.rows import article_columns, entry_columns
from monitor.adapters.store.sql import SqlStore

LAST_WEEK = datetime.now(UTC) - timedelta(days=7)
OLDER = "1/9.0.0"
"""An analyser of an earlier version."""

WORDS = "customs cargo drivers waited at the post while officials spoke of talks on trade and the road was wet "


def fill(store: SqlStore, articles: int) -> None:
    """Puts in articles a minute apart; the oldest one alone says "needle", and all say what fills a page."""
    if not store.feeds.all():
        store.feeds.sync([feed_settings()], LAST_WEEK)
    feed = store.feeds.all()[0].id
    with store._db.write() as connection:
        for number in range(articles):
            url, seen = f"https://archive.example/{number}", LAST_WEEK - timedelta(minutes=articles - number)
            entry = {"feed_id": feed, **entry_columns(new_entry(f"archive {number}"), url, url, seen)}
            row = connection.execute(
                t.entries.insert().values(**{**entry, "fate": "read"}).returning(t.entries.c.id)
            ).scalar_one()
            text = f"{'needle ' if number == 0 else ''}number{number} {WORDS * 20}"
            made = new_article(row, feed_id=feed, url=url, url_key=url, title="", text=text, first_seen=seen)
            connection.execute(
                t.articles.insert().values({**article_columns(made), "stage": "matched", "content_hash": url})
            )


def index_as_older(store: SqlStore) -> None:
    """Leaves the index as the older analyser made it: that one cut other words."""
    with store._db.write() as connection:
        rows = list(connection.execute(sa.select(t.articles.c.id)).scalars())
        full_text.clear(connection)
        connection.execute(indexed_articles.delete())
        full_text.add(connection, {row: ["otherwords"] for row in rows})
        connection.execute(
            indexed_articles.insert(), [{"article_id": row, "analyser": OLDER, "state": "held"} for row in rows]
        )
