"""What indexing in the background costs whoever stores articles meanwhile.

    .venv/bin/python bench/indexing.py                       10,000 articles in SQLite, in a temporary folder
    .venv/bin/python bench/indexing.py --articles 100000
    .venv/bin/python bench/indexing.py --postgresql          the same on a PostgreSQL server of its own

The articles are those of bench/search.py, indexed by another analyser. Every 50 ms another thread stores one, as
the read stage does; how long that takes is measured first alone, then beside the stage `index` with the daemon's
pauses. Never a gate: no test runs this.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median, quantiles

from search import Texts, article, entry, fill, on_a_store

from monitor.adapters.clock import SystemClock
from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import indexed_articles
from monitor.adapters.store.sql import SqlStore
from monitor.app.search import catch_up
from monitor.app.service import BREATH
from monitor.model.entry import Fate
from monitor.pipeline.index import PIECE, IndexStage

EVERY = 0.05  # seconds between two articles stored
ALONE = 200  # articles stored with nothing beside
OUTDATED = "0/0.0.0"


class Reader:
    """Stores one article after the other, and notes how long each took."""

    def __init__(self, store: SqlStore, texts: Texts, first: int) -> None:
        self.took: list[float] = []
        self._store, self._texts, self._numbers = store, texts, count(first)

    def one(self) -> None:
        """The next one, an entry that waits behind it."""
        number = next(self._numbers)
        with self._store._db.write() as connection:
            connection.execute(t.entries.insert(), [entry(number, Fate.WAITING)])
        made = article(self._texts, number)
        begun = time.perf_counter()
        self._store.articles.record_read(made)
        self.took.append(time.perf_counter() - begun)
        time.sleep(EVERY)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Stores for as long as the block lasts."""
        over = threading.Event()

        def run() -> None:
            while not over.is_set():
                self.one()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def told(self) -> str:
        """What was noted since the last time."""
        took, self.took = self.took, []
        return (
            f"{len(took):,} articles stored, median {median(took) * 1000:.0f} ms, "
            f"p99 {quantiles(took, n=100)[98] * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms"
        )


def measure(store: SqlStore, texts: Texts, articles: int) -> None:
    """The numbers of one store."""
    fill(store, texts, articles)
    catch_up(store.archive, lambda *_: None)
    with store._db.write() as connection:
        connection.execute(indexed_articles.update().values(analyser=OUTDATED))
    reader = Reader(store, texts, articles)
    for _ in range(ALONE):
        reader.one()
    print(f"alone:  {reader.told()}")
    begun, cpu = time.perf_counter(), time.process_time()
    pieces: list[float] = []
    with reader.at_work():
        last = time.perf_counter()
        for report in IndexStage(store.archive, SystemClock()).run(lambda: False):
            if report.articles:
                pieces.append(time.perf_counter() - last)
            time.sleep(BREATH)
            last = time.perf_counter()
        took = time.perf_counter() - begun
    print(f"beside: {reader.told()}")
    print(
        f"{articles:,} articles indexed in {took:.0f} s, {articles / took:.0f} a second; "
        f"{time.process_time() - cpu:.0f} s of processor"
    )
    first, rest = pieces[0], pieces[1:]
    print(
        f"pieces of {PIECE}: median {median(rest) * 1000:.0f} ms, p99 {quantiles(rest, n=100)[98] * 1000:.0f} ms, "
        f"longest {max(rest) * 1000:.0f} ms; the first, which empties SQLite's index, {first * 1000:.0f} ms"
    )
    begun = time.perf_counter()
    left = store.archive.waiting()
    print(f"to count what waits ({left}) takes {(time.perf_counter() - begun) * 1000:.0f} ms")
    store.close()


if __name__ == "__main__":
    on_a_store(measure, 10_000)
