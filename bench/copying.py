"""How long `monitor db copy` takes from a SQLite file to a PostgreSQL server of its own.

    .venv/bin/python bench/copying.py                        20,000 articles
    .venv/bin/python bench/copying.py --articles 100000

Articles as those of bench/search.py, each with its entry and eight rows of the kind of which a store has many. The
server is that of the tests, which waits for no disk. Absolute times depend on the machine. Never a gate: no test
runs this.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from search import BATCH, Texts, fill, size

from monitor.adapters.store import tables as t
from monitor.adapters.store.copying import COMPARING, COPYING, copy_store
from monitor.adapters.store.sql import SqlStore
from monitor.app.copying import index

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from postgres_server import postgres_server

BANDS = 8  # rows of an article, of three numbers each


def add_bands(store: SqlStore, articles: int) -> None:
    """The small rows."""
    for start in range(1, articles + 1, BATCH):
        ids = range(start, min(articles + 1, start + BATCH))
        rows = [
            {"day": one // 1440, "key": one * 7919 + n, "article_id": one} for one in ids for n in range(BANDS)
        ]
        with store._db.write() as connection:
            connection.execute(t.bands.insert(), rows)


def main() -> None:
    """Fills a store, copies it, and prints what each phase took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=20_000)
    articles = parser.parse_args().articles
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/monitor.db"
        store = SqlStore(url)
        fill(store, Texts(), articles)
        add_bands(store, articles)
        before = size(store)
        store.close()
        target = postgres_server().fresh_database()
        ends: dict[str, float] = {}
        cpu, begun = time.process_time(), time.monotonic()
        copied = copy_store(
            url, target, pid=os.getpid(), tell=lambda phase, done, of: ends.update({phase: time.monotonic()})
        )
        took = time.monotonic() - begun
        spent = time.process_time() - cpu
        index(target, lambda *_: None)
        indexing = time.monotonic() - begun - took
        rows = sum(one.rows for one in copied.tables)
        copying, comparing = ends[COPYING], ends[COMPARING]
        moved = SqlStore(target)
        print(f"{articles:,} articles, {rows:,} rows, {before / 1e6:,.0f} MB in SQLite")
        print(f"copied    {copying - begun:7.1f} s  {rows / (copying - begun):8,.0f} rows/s")
        print(
            f"compared  {comparing - copying:7.1f} s  {rows / (comparing - copying):8,.0f} rows/s, both sides read"
        )
        print(f"all       {took:7.1f} s, of which CPU here {spent:.1f} s: then the daemon may start")
        print(f"indexed   {indexing:7.1f} s  {articles / indexing:8,.0f} articles/s")
        print(f"{(moved.size() or 0) / 1e6:,.0f} MB in PostgreSQL, with the index of the archive")
        moved.close()


if __name__ == "__main__":
    main()
