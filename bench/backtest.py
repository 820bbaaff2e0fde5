"""What the full-text index saves a backtest: candidates evaluated, against every article read.

    .venv/bin/python bench/backtest.py                       10,000 articles in SQLite, in a temporary folder
    .venv/bin/python bench/backtest.py --articles 50000
    .venv/bin/python bench/backtest.py --postgresql          the same on a PostgreSQL server of its own

The articles are those of `bench/search.py`. What it takes to read every article is
measured on a sample of them and scaled. CPU times are of this process: compare the ratio. Never a gate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from search import START, Texts, fill, on_a_store

from monitor.adapters.store.sql import SqlStore
from monitor.app.backtest import Backtest, Trial, Version
from monitor.app.search import Asked, catch_up, loaded_query
from monitor.model.article import Article
from monitor.model.ledger import ArchiveExtent, ArchivePlace
from monitor.model.ledger import Unindexed as Page
from monitor.model.required import Required
from monitor.ports import Archive

SAMPLE = 1_000  # articles read without the index


@dataclass(frozen=True)
class Unindexed:
    """The archive as if it had no index: every article is a candidate."""

    archive: Archive

    def waiting(self) -> int:
        """Nothing is asked to wait."""
        return 0

    def unindexed(self, below: ArchivePlace | None = None) -> Page:
        """Nothing waits."""
        return Page((), None)

    def index(self, ids: object) -> int:
        """Nothing is indexed."""
        return 0

    def candidates(
        self, required: Required | None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[int]:
        """All of them."""
        return self.archive.candidates(None, since, until)

    def count(self, since: datetime | None = None, until: datetime | None = None) -> int:
        """As the archive counts."""
        return self.archive.count(since, until)

    def extent(self, since: datetime | None = None, until: datetime | None = None) -> ArchiveExtent:
        """As the archive says."""
        return self.archive.extent(since, until)

    def articles(self, ids: Sequence[int]) -> Sequence[Article]:
        """As the archive has them."""
        return self.archive.articles(ids)


def tried(store: SqlStore, archive: Archive, query: str, since: datetime) -> tuple[Backtest, float, float]:
    """A backtest of a draft, with its seconds of CPU and by the clock."""
    loaded = loaded_query(query, None)
    trial = Trial(Version(loaded.ruleset.rules[0], "a draft", loaded.ruleset))
    test = Backtest(archive, store.ledger, trial, Asked(query, since), UTC)
    begun, cpu = time.perf_counter(), time.process_time()
    for _ in test.run(lambda *_: None):
        pass
    return test, time.process_time() - cpu, time.perf_counter() - begun


def row(store: SqlStore, name: str, query: str, articles: int) -> str:
    """One draft: by its candidates, and by reading everything."""
    test, cpu, took = tried(store, store.archive, query, START)
    sample = min(SAMPLE, articles)
    since = START + timedelta(minutes=articles - sample)
    whole, whole_cpu, _ = tried(store, Unindexed(store.archive), query, since)
    assert whole.tally.read == sample, "every article of the sample is read"
    everything = whole_cpu * articles / sample
    tally = test.tally
    return (
        f"{name:26} {tally.candidates:8,} {tally.matches:8,} {took:8.2f} s {cpu:8.2f} s {everything:8.1f} s "
        f"{everything / max(cpu, 0.001):7,.0f} ×"
    )


def measure(store: SqlStore, texts: Texts, articles: int) -> None:
    """The table of one store."""
    fill(store, texts, articles)
    catch_up(store.archive, lambda *_: None)
    words = texts.words
    queries = {
        "a rare word": words[60_000],
        "two uncommon words": f"{words[2_000]} AND {words[3_000]}",
        "a prefix, and a word": f"{words[5_000][:5]}* AND {words[400]}",
        "two words in a sentence": f"SENTENCE({words[300]} AND {words[500]})",
        "words near each other": f"({words[700]} OR {words[701]}) NEAR/5 {words[200]}",
        "a phrase of common words": f'"{words[100]} {words[150]}"',
        "a word of every article": f"{words[0]} NEAR/3 {words[1]}",
    }
    print(f"{articles:,} articles")
    print(f"{'draft':26} {'cand.':>8} {'matches':>8} {'clock':>10} {'CPU':>10} {'all, CPU':>10} {'ratio':>9}")
    for name, query in queries.items():
        print(row(store, name, query, articles))
    store.close()


def main() -> None:
    """Fills a store, indexes it, and tries drafts on it."""
    on_a_store(measure, 10_000)


if __name__ == "__main__":
    main()
