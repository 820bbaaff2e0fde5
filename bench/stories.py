"""How good and how quick duplicates and stories are.

    .venv/bin/python bench/stories.py                        all parts, up to 200,000 stored articles: some minutes
    .venv/bin/python bench/stories.py --sizes 100000,1000000      an hour, 6 GB in a temporary folder
    .venv/bin/python bench/stories.py --only quality         one part: quality, throughput, archive, memory

One core. Absolute times depend on the machine and its mood: read the ratios to the floor that stands beside. What
extraction takes beside bare trafilatura is a bench of its own, bench/extraction.py. Never a gate.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

import rule_samples
from arrivals import by_document, desk_watching, take_in  # they live with the tests
from labelled_stories import SETS, b_cubed, disagreements, events_of, labelled, originals_of, pairs_score
from rows.meter import descendants, peak_of
from story_archive import Archive, entry_row, seen_at

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import add, index_terms
from monitor.adapters.store.rows import article_columns
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.twins import twins_of
from monitor.core.stories.features import features_of
from monitor.core.stories.idf import Idf, build_idf
from monitor.core.stories.reading_prints import hash_and_fingerprint
from monitor.core.stories.wire import wire_of
from monitor.model.article import Article, NewArticle, Quality
from monitor.model.entry import Fate
from monitor.model.feed import FeedSettings
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

WORDS = 577  # of an article, as in the other benches
BATCH = 100
MOST_LEARNED = 1_000  # reports that the weights of terms are learned from
PARTS = ("quality", "throughput", "archive", "memory")


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    articles: int
    sizes: tuple[int, ...]
    lookups: int
    pages: int
    verbose: bool


# ---- quality


def quality(options: Options) -> None:
    """B³ of the stories and pairs of the duplicates, of both labelled sets, through the real stages."""
    print(f"{'labelled set':22} {'articles':>8} {'events':>7}   {'B³ precision recall F':>22}   copies: P      R")
    for name in SETS:
        articles = labelled(name)
        room = desk_watching("nobody")
        take_in(room, articles)
        found = by_document(room)
        stories = {id_: one.story_id for id_, one in found.items()}
        firsts = {id_: one.duplicate_of or one.id for id_, one in found.items()}
        events, copies = b_cubed(events_of(articles), stories), pairs_score(originals_of(articles), firsts)
        print(
            f"{name:22} {len(articles):8} {len(set(events_of(articles).values())):7}   "
            f"{events.precision:12.3f} {events.recall:.3f} {events.f:.3f}   "
            f"{copies.precision:10.3f}  {copies.recall:.3f}"
        )
        if options.verbose:
            for what, truth, groups in (
                ("story", events_of(articles), stories),
                ("copy", originals_of(articles), firsts),
            ):
                joined, parted = disagreements(truth, groups)
                for pair in (*joined, *parted):
                    print(f"  {what}: {pair}")


# ---- throughput


def news(count: int) -> list[tuple[str, str]]:
    """Headlines and texts of invented reports in the language of bench/rules.py, each with a cast of its own.

    The sentences of our own stories, which stand there in all reports, are left out: they made one event of all.
    """
    dice, world = random.Random(7), rule_samples.World()
    cast = [f"{first} {last}" for first, last in world.people[:5_000]]
    sentences = [" ".join(rule_samples._sentence(world, dice, cast)) for _ in range(20 * count)]
    made = [rule_samples._document(world, dice, sentences, number) for number in range(count)]
    return [(one.title.capitalize(), one.body) for one in made]


def fingerprinted(number: int, title: str, text: str) -> NewArticle:
    """An article as the read stage stores it."""
    seen, url = seen_at(number), f"https://paper{number % 500}.example/{number}"
    hashed, made = hash_and_fingerprint(title, text, "paper.example", "en", ())
    return NewArticle(
        entry_row=number + 1, feed_id=1, feed_name="News", feed_tags=(), url=url, url_key=url, title=title,
        text=text, summary="", publisher="News", quality=Quality.FULL,
        content_hash=hashed, first_seen=seen, published=seen, language="en",
        wire=wire_of(title, text, ()), fingerprint=made,
    )  # fmt: skip


@contextmanager
def waiting_store(articles: int, learned: Idf) -> Iterator[SqlStore]:
    """A store in a file, with entries that wait to be read, as after its first week: it knows common words."""
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder:
        store = SqlStore(f"sqlite:///{Path(folder) / 'monitor.db'}")
        store.feeds.sync([FeedSettings(url="https://news.example/feed", name="News")], seen_at(0))
        with store._db.write() as connection:
            connection.execute(t.entries.insert(), [entry_row(number, Fate.WAITING) for number in range(articles)])
        long_ago = seen_at(0) - timedelta(days=30)
        store.grouping.record_weights(
            learned.version, long_ago, int(learned.documents), learned.to_bytes(), long_ago
        )
        yield store
        store.close()


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU."""
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - cpu


def stage_of(store: SqlStore, batch: int) -> GroupStage:
    """The daemon's stage, at a time when everything is due."""
    return GroupStage(store.grouping, FakeClock(seen_at(10**8)), batch=batch)


def one_by_one(pages: Sequence[tuple[str, str]], store: SqlStore) -> None:
    """Each article is fingerprinted, stored in a transaction, and grouped in another."""
    stage = stage_of(store, 1)
    for number, page in enumerate(pages):
        store.articles.record_read(fingerprinted(number, *page))
        for _ in stage.run(lambda: False):
            pass


def grouped_together(pages: Sequence[tuple[str, str]], store: SqlStore) -> None:
    """As the daemon does with a backlog: stored one by one, grouped by the hundred."""
    stage = stage_of(store, BATCH)
    for number, page in enumerate(pages, 1):
        store.articles.record_read(fingerprinted(number - 1, *page))
        if number % BATCH == 0 or number == len(pages):
            for _ in stage.run(lambda: False):
                pass


def in_batches(pages: Sequence[tuple[str, str]], store: SqlStore) -> None:
    """A hundred stored, full-text index and all, in one transaction and grouped in another."""
    stage = stage_of(store, BATCH)
    for start in range(0, len(pages), BATCH):
        some = [fingerprinted(start + place, *page) for place, page in enumerate(pages[start : start + BATCH])]
        with store._db.write() as connection:
            rows = [{"id": one.entry_row, **article_columns(one)} for one in some]
            connection.execute(t.articles.insert(), rows)
            add(connection, {one.entry_row: index_terms(one.title, "", one.text) for one in some})
        for _ in stage.run(lambda: False):
            pass


def plain_inserts(store: SqlStore, articles: Sequence[NewArticle], batch: int) -> None:
    """The same rows by the driver alone, into the same table with its indexes, as durable."""
    compiled = t.articles.insert().compile(dialect=store._db.engine.dialect)
    rows = []
    for one in articles:
        columns = {"id": one.entry_row, **article_columns(one)}
        made = compiled._bind_processors
        rows.append({name: made[name](value) if name in made else value for name, value in columns.items()})
    names = list(rows[0])
    insert = f"INSERT INTO articles ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    values = [[row[name] for name in names] for row in rows]
    with closing(sqlite3.connect(str(store.path), isolation_level=None)) as raw:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            raw.execute(f"PRAGMA {pragma}")
        for start in range(0, len(values), batch):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(insert, values[start : start + batch])
            raw.execute("COMMIT")


def throughput(options: Options) -> None:
    """Articles a second through fingerprint, store and group; floors in the same run."""
    made_up = news(options.articles + min(5 * options.articles, MOST_LEARNED))
    pages, others = made_up[: options.articles], made_up[options.articles :]
    learned = build_idf((features_of(*page, "en", ()) for page in others), seen_at(0))
    fingerprinted(0, *pages[0])  # numpy and the stemmer are loaded
    made: list[NewArticle] = []
    print(f"\n{options.articles:,} articles of {WORDS} words {'a second':>23} {'CPU ms each':>12} {'× floor':>8}")
    alone = timed(lambda: made.extend(fingerprinted(number, *page) for number, page in enumerate(pages)))
    print(row("fingerprint alone", alone, options.articles, None))
    terms = timed(lambda: [index_terms(title, "", text) for title, text in pages] and None)
    print(row("terms of the full-text index alone", terms, options.articles, None))
    for batch, ours in ((1, (one_by_one,)), (BATCH, (grouped_together, in_batches))):
        with waiting_store(options.articles, learned) as store:
            floor = timed(lambda store=store, batch=batch: plain_inserts(store, made, batch))
        name = "one commit each" if batch == 1 else f"{batch} a commit"
        print(row(f"plain INSERT, {name}", floor, options.articles, None))
        for work in ours:
            with waiting_store(options.articles, learned) as store:
                took = timed(lambda store=store, work=work: work(pages, store))
                left = store.grouping.ungrouped(seen_at(10**8), 1)
                assert not left, "everything is grouped"
            print(row(f"monitor, {work.__name__.replace('_', ' ')}", took, options.articles, floor))


def row(name: str, took: tuple[float, float], articles: int, floor: tuple[float, float] | None) -> str:
    """One line of the table."""
    ratio = f"{took[0] / floor[0]:8.1f}" if floor else ""
    return f"{name:40} {articles / took[0]:12,.0f} {took[1] / articles * 1000:12.2f} {ratio}"


# ---- the archive grows


def archive(options: Options) -> None:
    """What looking for copies and grouping take while the archive grows."""
    print(
        f"\n{'':15} {'look-up, ms':^28}  {'group, ms':^31}\n"
        f"{'articles stored':15} {'p50':>6} {'p99':>6} {'CPU p50':>7} {'p99':>6}  {'one: p50':>8} {'CPU':>6} "
        f"{'by 100':>7} {'CPU':>6}"
    )
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder:
        store = SqlStore(f"sqlite:///{Path(folder) / 'monitor.db'}")
        grown = Archive(store, min(5_000, options.sizes[-1]))
        for size in options.sizes:
            grown.grow(size)
            store._db.checkpoint()
            looked, look_cpu = lookups(grown, options.lookups)
            alone, alone_cpu, together, cpu = grouping(grown, options.lookups)
            print(
                f"{size:15,} {middle(looked):6.2f} {high(looked):6.2f} {middle(look_cpu):7.2f} "
                f"{high(look_cpu):6.2f}  {middle(alone):8.2f} {alone_cpu:6.2f} {together:7.2f} {cpu:6.2f}",
                flush=True,
            )
        store.close()


def middle(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return statistics.median(seconds) * 1000


def high(seconds: Sequence[float]) -> float:
    """The 99th percentile, in milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.99))] * 1000


def copies_of(grown: Archive, count: int) -> list[NewArticle]:
    """New articles; one in five has the bands, words and headline of the one before it, a copy of it."""
    made: list[NewArticle] = []
    for place, (_, new) in enumerate(grown.next(count)):
        if place % 5 == 4:
            new = replace(new, title=made[-1].title, fingerprint=made[-1].fingerprint)
        made.append(new)
    return made


def lookups(grown: Archive, count: int) -> tuple[list[float], list[float]]:
    """Seconds of each look for what may be a copy, by the clock and of CPU; half the articles have copies."""
    taken: list[float] = []
    cpu: list[float] = []
    stored = random.Random(5).sample(range(max(0, grown.articles - 20_000), grown.articles), count // 2)
    known = grown.store.archive.articles([number + 1 for number in stored])
    new = [stored_article(one, 10**9 + place) for place, one in enumerate(copies_of(grown, count // 2))]
    for one in (*new, *(replace(one, id=2 * 10**9 + one.id, url_key="") for one in known)):
        with grown.store._db.read() as connection:
            begun, used = time.perf_counter(), time.process_time()
            twins_of(connection, [one])
            taken.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - used)
    return taken, cpu


def stored_article(new: NewArticle, row_id: int) -> Article:
    """A new article as if it had a row."""
    return Article(id=row_id, **{name: getattr(new, name) for name in NewArticle.__dataclass_fields__})


def grouping(grown: Archive, count: int) -> tuple[list[float], float, float, float]:
    """Seconds of each article grouped alone, and milliseconds of CPU; the latter two of a hundred together."""
    grown.wait_for_grouping(copies_of(grown, count))
    taken: list[float] = []
    begun, used = time.perf_counter(), time.process_time()
    for _ in stage_of(grown.store, 1).run(lambda: False):
        taken.append(time.perf_counter() - begun)
        begun = time.perf_counter()
    alone = (time.process_time() - used) / count
    more = count - count % BATCH or BATCH
    grown.wait_for_grouping(copies_of(grown, more))
    stage = stage_of(grown.store, BATCH)
    took, cpu = timed(lambda: [None for _ in stage.run(lambda: False)] and None)
    return taken, alone * 1000, took / more * 1000, cpu / more * 1000


# ---- memory


def memory(options: Options) -> None:
    """The peak memory of a child of the sandbox that reads pages, one after the other."""
    from monitor.adapters.sandbox import ProcessSandbox
    from monitor.core.articles.extract import extract_article
    from monitor.pipeline.study import study_article

    pages = [page_of(*page) for page in news(20)]
    sandbox = ProcessSandbox(workers=1, tasks_per_child=10 * options.pages)
    print(f"\n{'pages read by one child':40} {'peak MB':>8}")
    for done in range(1, options.pages + 1):
        page = sandbox.run(extract_article, pages[done % 20], f"https://paper.example/{done}", "text/html")
        sandbox.run(study_article, page.title, "", page.text, "en", (), page.authors, page.text, "paper.example")
        if done in (1, options.pages // 10, options.pages):
            peak = max(peak_of(one) for one in descendants(os.getpid()))
            print(f"{done:40,} {peak / 1e6:8.0f}", flush=True)
    sandbox.close()


def page_of(title: str, text: str) -> bytes:
    """A page as a newspaper has it."""
    paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
    rail = "".join(f"<li><a href='/{number}'>Another headline of the day</a></li>" for number in range(200))
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title></head><body><ul>{rail}</ul>"
        f"<article><h1>{title}</h1>{paragraphs}</article><footer>Contact</footer></body></html>"
    ).encode()


def main() -> None:
    """Prints a table for each part."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", choices=PARTS, action="append", help="this part; may be said again")
    asked.add_argument("--articles", type=int, default=2_000, help="of the throughput")
    asked.add_argument("--sizes", default="100000,200000", help="of the archive, ascending")
    asked.add_argument("--lookups", type=int, default=1_000, help="at each size")
    asked.add_argument("--pages", type=int, default=1_000, help="that one child reads")
    asked.add_argument("--verbose", action="store_true", help="name the pairs that were judged wrongly")
    given = asked.parse_args()
    sizes = tuple(sorted(int(size) for size in given.sizes.split(",")))
    options = Options(given.articles, sizes, given.lookups, given.pages, given.verbose)
    parts: dict[str, Callable[[Options], None]] = {
        "quality": quality,
        "throughput": throughput,
        "archive": archive,
        "memory": memory,
    }
    for name in given.only or PARTS:
        parts[name](options)


if __name__ == "__main__":
    main()
