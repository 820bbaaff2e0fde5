"""A large invented archive for `bench/stories.py`: what articles are compared by, without their texts.

Reports of invented events, 10,000 a day. Every article has bands and keys as the group stage writes them, also
those that pruning would have taken long ago: the archive is at its worst.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import article_columns, entry_columns
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.twins import day_of
from monitor.core.stories.edges import keys_of
from monitor.core.stories.group import class_of
from monitor.core.stories.idf import Idf, build_idf
from monitor.model.article import Article, NewArticle, Quality
from monitor.model.entry import Fate, NewEntry, ParsedEntry
from monitor.model.feed import FeedSettings
from monitor.model.story import Features, Fingerprint, Sketch

START = datetime(2024, 1, 1, tzinfo=UTC)
A_DAY = 10_000  # articles
WINDOW = 8  # days for which features are kept: nothing older is compared by them
SIZES = (1, 1, 1, 1, 2, 2, 3, 5, 12)  # reports of an event, drawn from these
GRAMS = 70  # of 577 words, one in eight
CHUNK = 20_000


@dataclass(frozen=True)
class Report:
    """Article `number` of event `event`, whose first article is `first` and which has `size` of them."""

    number: int
    event: int
    first: int
    size: int


def reports(seed: int = 3) -> Iterator[Report]:
    """Events one after the other, each with all its reports."""
    dice = random.Random(seed)
    number = event = 0
    while True:
        first, size = number, dice.choice(SIZES)
        for _ in range(size):
            yield Report(number, event, first, size)
            number += 1
        event += 1


def seen_at(number: int) -> datetime:
    """When an article was first seen, and dated."""
    return START + timedelta(days=1) * number / A_DAY


def _numbers(dice: random.Random, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}q", dice.randbytes(8 * count))


def fingerprint(report: Report) -> Fingerprint:
    """Words of its event, common words, words of its own; bands and 6-grams of its own."""
    dice, event = random.Random(report.number), random.Random(-report.event - 1)
    words, names = _numbers(event, 25), _numbers(event, 8)
    common = random.Random(17)
    vocabulary = _numbers(common, 3_000)
    terms = {one: 1 + dice.randrange(3) for one in dice.sample(words, 18)}
    terms |= dict.fromkeys(dice.sample(vocabulary, 90), 1) | dict.fromkeys(_numbers(dice, 40), 1)
    named = {one: 1 + dice.randrange(4) for one in (*dice.sample(names, 6), *dice.sample(vocabulary[:60], 2))}
    sketch = Sketch(1, 577, _numbers(dice, 32), tuple(sorted(_numbers(dice, GRAMS))))
    return Fingerprint(sketch, Features(1, tuple(sorted(terms.items())), tuple(sorted(named.items()))))


def article(report: Report, made: Fingerprint) -> NewArticle:
    """The article as it is stored, its text dropped."""
    number, seen = report.number, seen_at(report.number)
    url = f"https://paper{number % 500}.example/{number}"
    return NewArticle(
        entry_row=number + 1, feed_id=1, feed_name="News", feed_tags=(), url=url, url_key=url,
        title=f"Event {report.event} as paper {number % 500} tells it", text="", summary="", publisher="News",
        quality=Quality.FULL, content_hash=f"2:{number:032x}", first_seen=seen, published=seen, language="en",
        fingerprint=made,
    )  # fmt: skip


def entry_row(number: int, fate: Fate) -> dict[str, Any]:
    """The row of the entry behind an article."""
    url = f"https://paper{number % 500}.example/{number}"
    new = NewEntry(ParsedEntry(url, "", url), url, "", fate)
    return {"id": number + 1, "feed_id": 1, **entry_columns(new, url, url, seen_at(number))}


class Archive:
    """A store that grows to the sizes that are asked for."""

    def __init__(self, store: SqlStore, learned_from: int) -> None:
        self.store = store
        self.articles = 0
        self._since = 0  # what came before was grouped by the stage itself
        self._reports = reports()
        store.feeds.sync([FeedSettings(url="https://news.example/feed", name="News")], START)
        # As after its first week: what many articles share weighs little.
        learned = build_idf((fingerprint(one).features for one in islice(reports(), learned_from)), START)
        self._idf = Idf.from_bytes(learned.to_bytes())
        long_ago = START - timedelta(days=30)
        store.grouping.record_weights(learned.version, long_ago, learned_from, learned.to_bytes(), long_ago)

    def grow(self, articles: int) -> None:
        """Stores articles until there are so many, as the group stage would leave them."""
        newest_day, self._since = day_of(seen_at(articles)), self.articles
        while self.articles < articles:
            some = list(islice(self._reports, min(CHUNK, articles - self.articles)))
            self._store(some, newest_day)
            self.articles += len(some)

    def next(self, count: int) -> list[tuple[Report, NewArticle]]:
        """The next reports, not stored."""
        some = list(islice(self._reports, count))
        self.articles += count
        return [(one, article(one, fingerprint(one))) for one in some]

    def wait_for_grouping(self, articles: Sequence[NewArticle]) -> None:
        """Stores them as read and not yet grouped."""
        rows = [{"id": one.entry_row, **article_columns(one)} for one in articles]
        with self.store._db.write() as connection:
            entries = [entry_row(one.entry_row - 1, Fate.READ) for one in articles]
            connection.execute(t.entries.insert(), entries)
            connection.execute(t.articles.insert(), rows)

    def _store(self, some: Sequence[Report], newest_day: int) -> None:
        rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("entries", "articles", "story_nodes", "bands", "story_keys", "story_edges")
        }
        for report in some:
            made = fingerprint(report)
            new = article(report, made)
            root, day = report.number + 1, day_of(new.first_seen)
            columns = {**article_columns(new), "stage": "matched", "story_id": f"s_{report.first + 1:x}"}
            if newest_day - day > WINDOW:
                columns["features"] = None
            rows["entries"].append(entry_row(report.number, Fate.READ))
            rows["articles"].append({"id": root, **columns})
            rows["bands"] += [{"day": day, "key": key, "article_id": root} for key in made.sketch.bands]
            fields = {name: getattr(new, name) for name in NewArticle.__dataclass_fields__}
            node = class_of(Article(id=root, **fields)).node
            rows["story_nodes"].append(
                {
                    "root": root,
                    "article_id": root,
                    "dated": node.when,
                    "language": node.language,
                    "title_only": node.title_only,
                    "content_order": "\n".join(node.order),
                    "seen": new.first_seen,
                }
            )
            rows["story_keys"] += [{"day": day, "key": key, "root": root} for key in keys_of(node, self._idf)]
            if report.number == report.first + report.size - 1:
                pairs = combinations(range(max(report.first, self._since) + 1, root + 1), 2)
                rows["story_edges"] += [{"one": one, "other": other, "weight": 0.6} for one, other in pairs]
        self._write(rows)

    def _write(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        """By the driver itself: millions of rows."""
        with closing(self.store._db.engine.raw_connection()) as raw:
            cursor = raw.cursor()
            for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.execute("BEGIN IMMEDIATE")
            for name, some in rows.items():
                if some:
                    self._insert(cursor, t.metadata.tables[name], some)
            cursor.execute("COMMIT")
            for pragma in ("synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")

    def _insert(self, cursor: Any, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        dialect = sqlite.dialect()
        compiled = table.insert().values(dict.fromkeys(rows[0], None)).compile(dialect=dialect)
        made = {name: compiled._bind_processors.get(name) for name in compiled.positiontup}
        values = [[made[name](row[name]) if made[name] else row[name] for name in made] for row in rows]
        if table.name in ("bands", "story_keys"):
            values.sort()
        cursor.executemany(str(compiled), values)
