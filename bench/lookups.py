"""How long it takes to find what an article is compared with, among so many stored ones. Needs 1.3 GB a million.

    python bench/lookups.py 100000 1000000

Times are of the processor: another program on the machine is not counted. Bands and keys are made up, random
hashes over ten days, as many as real articles have. A looked-up article shares one with a stored one, as a
copy or a report of one event does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np

from monitor.adapters.store.components import candidates_of
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.twins import day_of, twins_of
from monitor.model.article import Article, Quality
from monitor.model.grouping import ClassNode
from monitor.model.story import Features, Fingerprint, Sketch, StoryNode

DAYS = 10
BANDS, KEYS = 32, 28
LOOKUPS = 2_000
NOW = datetime(2026, 3, 10, 23, tzinfo=UTC)


def fill(file: Path, articles: int) -> SqlStore:
    """A store with rows of bands and keys of so many articles; the articles are rows without words."""
    SqlStore(f"sqlite:///{file}").close()
    store = SqlStore(f"sqlite:///{file}")
    rng = np.random.default_rng(7)
    per_day = articles // DAYS
    raw = store._db.engine.raw_connection()  # type: ignore[attr-defined]
    cursor = raw.cursor()
    for pragma in ("foreign_keys=OFF", "synchronous=OFF", "secure_delete=OFF", "cache_size=-200000"):
        cursor.execute(f"PRAGMA {pragma}")
    for nth in range(DAYS):
        day = day_of(NOW) - DAYS + 1 + nth
        first = nth * per_day + 1
        seen = (NOW - timedelta(days=DAYS - 1 - nth)).replace(tzinfo=None).isoformat(" ")
        cursor.execute("BEGIN")
        cursor.executemany(
            "INSERT INTO articles (id, entry_row, feed_id, feed_name, feed_tags, url, url_key, title, text,"
            " summary, publisher, quality, content_hash, first_seen, published, authors, entities, dropped,"
            " page_key, stage, story_id) VALUES (?, ?, 1, '', '[]', ?, ?, '', '', '', '', 'full', ?, ?, ?, '[]',"
            " '[]', '[]', '', 'matched', ?)",
            ((n, n, f"u{n}", f"u{n}", f"2:{n}", seen, seen, f"s_{n:x}") for n in range(first, first + per_day)),
        )
        for table, many, column in (("bands", BANDS, "article_id"), ("story_keys", KEYS, "root")):
            keys = rng.integers(-(2**63), 2**63, per_day * many, dtype=np.int64)
            order = np.argsort(keys)
            rows = zip(keys[order].tolist(), (order // many + first).tolist(), strict=True)
            cursor.executemany(f"INSERT OR IGNORE INTO {table} (day, key, {column}) VALUES ({day}, ?, ?)", rows)
        cursor.execute("COMMIT")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-2000")
    raw.close()
    return store


def spread(seconds: list[float]) -> str:
    """Median, 99th of a hundred, and the longest, in ms."""
    ordered = sorted(one * 1000 for one in seconds)
    median, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"{median:.2f} · p99 {late:.2f} · max {ordered[-1]:.2f} ms"


def looked_up(store: SqlStore, articles: int) -> tuple[list[float], list[float]]:
    """Seconds of look-ups of copies, and of reports of one event."""
    rng = Random(11)
    copies, events = [], []
    with store._db.read() as connection:  # type: ignore[attr-defined]
        known = connection.exec_driver_sql("SELECT day, key FROM bands ORDER BY random() LIMIT 400").fetchall()
        told = connection.exec_driver_sql("SELECT day, key FROM story_keys ORDER BY random() LIMIT 400").fetchall()
        for number in range(LOOKUPS):
            day, band = rng.choice(known)
            when = NOW - timedelta(days=day_of(NOW) - day)
            bands = tuple(rng.getrandbits(64) - 2**63 for _ in range(BANDS - 1))
            article = replace(_ARTICLE, id=articles + number + 1, published=when)
            article = replace(article, fingerprint=Fingerprint(Sketch(1, 577, (*bands, band)), Features(1)))
            started = time.thread_time()
            found = twins_of(connection, [article])
            copies.append(time.thread_time() - started)
            assert found.of[article.id]
            day, key = rng.choice(told)
            node = StoryNode(article.id, NOW - timedelta(days=day_of(NOW) - day), "en", Features(1), False, ())
            keys = [key, *(rng.getrandbits(64) - 2**63 for _ in range(KEYS - 1))]
            started = time.thread_time()
            assert candidates_of(connection, [(ClassNode(node, node.id), keys)], 7)
            events.append(time.thread_time() - started)
    return copies, events


_ARTICLE = Article(
    id=0,
    entry_row=0,
    feed_id=1,
    feed_name="",
    feed_tags=(),
    url="https://news.example/new",
    url_key="https://news.example/new",
    title="",
    text="",
    summary="",
    publisher="",
    quality=Quality.FULL,
    content_hash="2:new",
    first_seen=NOW,
)


def main() -> None:
    """Prints a line for each number of articles."""
    for articles in map(int, sys.argv[1:] or ["100000"]):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "monitor.db"
            store = fill(file, articles)
            copies, events = looked_up(store, articles)
            size = file.stat().st_size / 1e6
            print(
                f"{articles:>9,} articles, {size:,.0f} MB: copies {spread(copies)}; events {spread(events)}",
                flush=True,
            )
            store.close()


if __name__ == "__main__":
    main()
