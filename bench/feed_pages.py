"""What the pages of feeds take on the server: the table in each order and filter, and one feed.

    python bench/feed_pages.py --feeds 10000

Each feed has a name, two tags, 30 entries that it lists and 50 past polls; one in twenty fails. The median
of ten requests to the application itself, without a network, on the wall and of CPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from starlette.testclient import TestClient

from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import open_settings
from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.feed_book import POLLS_KEPT
from monitor.model.web import ListenAddress
from monitor.web import Views, build_pages

CONFIG = """
[store]
url = "sqlite:///monitor.db"
[receivers.desk]
stdout = {}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""
RULES = '[[rules]]\nid = "torkham"\ntitle = "Torkham"\nquery = "Torkham"\n'
TIMES = 10
PATHS = (
    "/feeds",
    "/feeds?sort=name",
    "/feeds?sort=-last",
    "/feeds?sort=-entries&page=50",
    "/feeds?state=failing",
    "/feeds?tag=t7&sort=next",
    "/feeds?find=name+99",
    "/feeds/77",
)


def text(moment: datetime) -> str:
    """As SQLite keeps it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def fill(store: SqlStore, feeds: int, now: datetime) -> None:
    """Feeds with entries and past polls."""
    raw = store._db.engine.raw_connection()
    cursor = raw.cursor()
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("BEGIN")
    cursor.executemany(
        "INSERT INTO feeds (id, declared_url, url, name, tags, full_text, backfill_seconds, origin, status,"
        " subscribed_at, next_poll_at, last_polled_at, last_success_at, listed_at, last_outcome, last_reason,"
        " failures, lists) VALUES (?, ?, ?, ?, ?, 0, 0, 'store', 'active', ?, ?, ?, ?, ?, 'ok', 'rate', ?, 30)",
        _feeds(feeds, now),
    )
    cursor.executemany(
        "INSERT INTO entries (feed_id, identity, entry_id, id_hash, url_key, link, title, summary, content,"
        " authors, flags, text_hash, words_only, first_seen, listed_at, fate, next_read_at) VALUES"
        " (?, ?, ?, ?, ?, ?, ?, ?, '', '[]', '[]', ?, 0, ?, ?, 'read', ?)",
        _entries(feeds, now),
    )
    cursor.executemany(
        "INSERT INTO polls (feed_id, at, outcome, reason, next_poll_at, status, size, seconds, new)"
        " VALUES (?, ?, 'not_modified', 'rate', ?, 304, 0, 0.3, 0)",
        _polls(feeds, now),
    )
    cursor.execute("COMMIT")
    raw.close()


def _feeds(feeds: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for n in range(1, feeds + 1):
        due, polled = now + timedelta(seconds=n % 900), now - timedelta(seconds=n % 900)
        url = f"https://f{n}.example/feed?token={n}"
        times = (text(now - timedelta(days=90)), text(due), *(text(polled),) * 3)
        yield n, url, url, f"Name {n}", f'["t{n % 40}", "all"]', *times, int(n % 20 == 0)


def _entries(feeds: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for n in range(1, feeds + 1):
        polled = text(now - timedelta(seconds=n % 900))
        for m in range(30):
            key, seen = f"{n}-{m}", text(now - timedelta(days=m))
            url = f"https://f{n}.example/{m}"
            yield n, key, key, key, url, url, f"Entry {m}", "Words. " * 30, key, seen, polled, seen


def _polls(feeds: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for n in range(1, feeds + 1):
        for m in range(POLLS_KEPT):
            at = now - timedelta(minutes=15 * m)
            yield n, text(at), text(at + timedelta(minutes=15))


def site_of(folder: Path, store: SqlStore) -> TestClient:
    """The dashboard over that store."""
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "rules.toml").write_text(RULES, encoding="utf-8")
    ready, clock = open_settings(config, {}), SystemClock()
    house = OpenHouse(config, lambda: ready, store, clock)
    entrance = Entrance(tuple, b"k" * 32, clock)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=house, entrance=entrance)
    return TestClient(build_pages(views, ListenAddress("127.0.0.1", 8080)), base_url="http://127.0.0.1:8080")


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the wall, and of CPU."""
    begun, used = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=10_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqlStore(f"sqlite:///{folder / 'monitor.db'}")
        fill(store, wanted.feeds, datetime.now(UTC))
        site = site_of(folder, store)
        for path in PATHS:
            times = [taken(lambda path=path: site.get(path).raise_for_status()) for _ in range(TIMES)]
            wall, cpu = (median(one) for one in zip(*times, strict=True))
            first = times[0][0]
            print(f"{path:<32} {wall:7.1f} ms, CPU {cpu:6.1f}; the first time {first:7.1f}")
        store.close()


if __name__ == "__main__":
    main()
