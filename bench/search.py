"""What the full-text index of the archive costs, and how long a search takes.

    .venv/bin/python bench/search.py                       20,000 articles in SQLite, in a temporary folder
    .venv/bin/python bench/search.py --articles 100000
    .venv/bin/python bench/search.py --postgresql          the same on a PostgreSQL server of its own

Articles of 577 words, drawn by Zipf's law from 200,000 invented ones: some 300 different words each, where the
sample stories have 265. Absolute times depend on the machine. Never a gate: no test runs this.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from monitor.adapters.store import articles as stores
from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import article_columns, entry_columns
from monitor.adapters.store.sql import SqlStore
from monitor.app.search import Asked, Search, catch_up
from monitor.model.article import NewArticle, Quality
from monitor.model.entry import Fate, NewEntry, ParsedEntry
from monitor.model.feed import FeedSettings

WORDS = 577  # the length the rules design was measured with
VOCABULARY = 200_000
START = datetime(2023, 1, 1, tzinfo=UTC)
BATCH = 500


def vocabulary() -> list[str]:
    """Invented words, the frequent ones short."""
    dice = random.Random(7)
    open_ones = [first + vowel for first in "bcdfghjklmnprstvwxyz" for vowel in "aeiou"]
    syllables = open_ones + [one + last for one in open_ones for last in "nrst"]
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        size = 1 + sum(len(words) >= rank for rank in (60, 2_500, 40_000))
        words["".join(dice.choice(syllables) for _ in range(size))] = None
    return list(words)


class Texts:
    """Texts of one length, each by its number."""

    def __init__(self) -> None:
        self.words = vocabulary()
        self._sums = list(accumulate(1 / (rank + 2.7) ** 1.2 for rank in range(VOCABULARY)))

    def of(self, number: int, words: int) -> str:
        """A text; every twelve words end a sentence, every 60 a paragraph."""
        dice = random.Random(number)
        drawn = [self.words[bisect_left(self._sums, dice.random() * self._sums[-1])] for _ in range(words)]
        ends = {place: ".\n\n" if place % 60 == 0 else ". " for place in range(12, words, 12)}
        return "".join(word + ends.get(place, " ") for place, word in enumerate(drawn, 1))


def entry(number: int, fate: Fate) -> dict[str, object]:
    """The row of the entry behind an article."""
    url = f"https://news.example/{number}"
    new = NewEntry(ParsedEntry(url, "", url), url, "", fate)
    return {"id": number + 1, "feed_id": 1, **entry_columns(new, url, url, START + timedelta(minutes=number))}


def article(texts: Texts, number: int) -> NewArticle:
    """One article, first seen a minute after the one before."""
    url, seen = f"https://news.example/{number}", START + timedelta(minutes=number)
    return NewArticle(
        entry_row=number + 1, feed_id=1, feed_name="News", feed_tags=(), url=url, url_key=url,
        title=texts.of(-number - 1, 8), text=texts.of(number, WORDS), summary="", publisher="News",
        quality=Quality.FULL, content_hash=url, first_seen=seen, published=seen,
    )  # fmt: skip


def fill(store: SqlStore, texts: Texts, articles: int) -> None:
    """Stores the articles without their index, as a store from before it."""
    store.feeds.sync([FeedSettings(url="https://news.example/feed", name="News")], START)
    for start in range(0, articles, BATCH):
        numbers = range(start, min(articles, start + BATCH))
        rows = [{"id": number + 1, **article_columns(article(texts, number))} for number in numbers]
        with store._db.write() as connection:
            connection.execute(t.entries.insert(), [entry(number, Fate.READ) for number in numbers])
            connection.execute(t.articles.insert(), rows)


def size(store: SqlStore) -> int:
    """Bytes of the store, all of them written."""
    with store._db.engine.connect() as connection:
        if store.path is not None:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return store.path.stat().st_size
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")
    return store.size() or 0


def one_by_one(store: SqlStore, texts: Texts, articles: int, extra: int = 300) -> list[str]:
    """What storing an article takes, one in a transaction as the daemon does: with the index, and without it."""
    taken: list[str] = []
    for first, indexed in ((articles, True), (articles + extra, False)):
        numbers = range(first, first + extra)
        with store._db.write() as connection:
            connection.execute(t.entries.insert(), [entry(number, Fate.WAITING) for number in numbers])
        made = [article(texts, number) for number in numbers]
        real = stores.index_terms, stores.add
        if not indexed:
            stores.index_terms, stores.add = (lambda *_: None), (lambda *_: None)
        begun, cpu = time.perf_counter(), time.process_time()
        for one in made:
            store.articles.record_read(one)
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        taken.append(f"{took / extra * 1000:.2f} ms ({cpu / extra * 1000:.2f} ms CPU)")
        stores.index_terms, stores.add = real
    catch_up(store.archive, lambda *_: None)
    return taken


def searched(store: SqlStore, name: str, query: str) -> str:
    """One query with its numbers: of the twenty newest matches, and of all that are counted."""
    asking = Search(store.archive, Asked(query, limit=20), None)
    required = asking.required
    store.archive.candidates(required)
    begun = time.perf_counter()
    store.archive.candidates(required)
    by_index = time.perf_counter() - begun
    begun, cpu, shown = time.perf_counter(), time.process_time(), 0.0
    for _ in asking.run(lambda *_: None):
        shown = time.perf_counter() - begun
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    tally = asking.tally
    return (
        f"{name:26} {tally.candidates:8,} {tally.matches:8,} {by_index * 1000:7.0f} ms {shown * 1000:7.0f} ms "
        f"{took:7.2f} s {cpu:7.2f} s"
    )


def measure(store: SqlStore, texts: Texts, articles: int) -> None:
    """The numbers of one store."""
    begun = time.perf_counter()
    fill(store, texts, articles)
    print(f"{articles:,} articles of {WORDS} words stored in {time.perf_counter() - begun:.0f} s")
    before = size(store)
    begun, cpu = time.perf_counter(), time.process_time()
    catch_up(store.archive, lambda *_: None)
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    after = size(store)
    print(
        f"the store takes {before / articles:,.0f} bytes an article, its index {(after - before) / articles:,.0f}"
    )
    print(f"indexing takes {took / articles * 1000:.2f} ms an article, {cpu / articles * 1000:.2f} ms of it CPU")
    with_index, without = one_by_one(store, texts, articles)
    print(f"storing one article takes {with_index}, without the index {without}")
    words = texts.words
    queries = {
        "a rare word": words[60_000],
        "two uncommon words": f"{words[2_000]} AND {words[3_000]}",
        "a prefix": f"{words[5_000][:5]}*",
        "forty words": " OR ".join(words[20_000:20_040]),
        "two words in a sentence": f"SENTENCE({words[300]} AND {words[500]})",
        "words near each other": f"({words[700]} OR {words[701]}) NEAR/5 {words[200]}",
        "a phrase of common words": f'"{words[100]} {words[150]}"',
        "nothing": "nowhere",
    }
    print(f"\n{'query':26} {'cand.':>8} {'matches':>8} {'index':>10} {'20 shown':>10} {'counted':>9} {'CPU':>9}")
    for name, query in queries.items():
        print(searched(store, name, query))
    store.close()


def on_a_store(measure: Callable[[SqlStore, Texts, int], None], articles: int) -> None:
    """Measures on an empty store, SQLite's unless --postgresql is asked for, with a number of articles."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=articles)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'monitor.db'}"
        if options.postgresql:
            sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
            from postgres_server import postgres_server

            url = postgres_server().fresh_database()
        measure(SqlStore(url), Texts(), options.articles)


def main() -> None:
    """Fills a store, indexes it, searches it, and prints what that took."""
    on_a_store(measure, 20_000)


if __name__ == "__main__":
    main()
