"""What planning costs beside many stored matches: one morning's digest of stories that were alerted before.

For each size a store is filled with matches that alerts told long ago, one story each; then 30 new stories are
alerted, sent, and told by the morning's digest, which looks up what the alerts sent to each recipient.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from statistics import median

import sqlalchemy as sa

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

from made import NOON, feed_settings
from newsroom import FEED, digest_settings
from stored import grouped, matched

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.model.delivery import EmailEndpoint, Receipt, Receiver
from monitor.model.digest import Cron, DigestSettings
from monitor.model.ledger import Plan
from monitor.pipeline.digest import DigestStage
from monitor.testing import FakeClock

STORIES = 30
DESK = Receiver("desk", (EmailEndpoint(("desk@example.org", "night@example.org")),))
DIGESTS = (digest_settings("alerts"), digest_settings("morning", schedule=Cron("0 8 * * *")))
# Each row of the template again, under other names: all of one story and one batch of alerts.
COPIED: dict[sa.Table, dict[str, str]] = {
    t.entries: {"id": "id + n", "identity": "identity || n", "url_key": "url_key || n", "id_hash": "id_hash || n"},
    t.articles: {"id": "id + n", "entry_row": "entry_row + n", "story_id": "'s_o' || n", "page_key": "n"},
    t.matches: {"id": "id + n", "article_id": "article_id + n"},
    t.routings: {
        "match_id": "match_id + n",
        "batch": "CASE digest WHEN 'alerts' THEN 's_o' || n || '#1' ELSE batch END",
    },
    t.batches: {"batch": "'s_o' || n || '#1'"},
    t.deliveries: {"id": "id + n", "key": "key || n", "message": "'{}'", "batch": "'s_o' || n || '#1'"},
}
ONLY = {t.batches: "digest = 'alerts'", t.deliveries: "digest = 'alerts' AND recipient = 'desk@example.org'"}


def planned(stage: DigestStage) -> tuple[float, list[Plan]]:
    """The CPU milliseconds and plans of one run of the stage."""
    begun = time.process_time()
    plans = [one for one in stage.run() if isinstance(one, Plan)]
    return 1000 * (time.process_time() - begun), plans


def bring_in(store: SqlStore, prefix: str, number: int) -> None:
    """So many stories of one matched article each, for both digests."""
    (feed,) = store.feeds.all()
    for n in range(number):
        article = grouped(
            store, feed, f"{prefix}{n}", title=f"Closed {prefix} {n}", text="Torkham was closed. " * 20
        )
        matched(store, article, "alerts", "morning")


def send_all(store: SqlStore, clock: FakeClock) -> None:
    """Everything in the outbox is taken."""
    while claimed := store.outbox.claim(clock.now(), timedelta(minutes=5), 500):
        for one in claimed:
            store.outbox.record_sent(one, Receipt("taken"), clock.now())


def multiply(file: Path, copies: int) -> None:
    """The first match, and all that hangs on it, so many times; indexes are made anew, which sorts once."""
    names = ", ".join(f"'{table.name}'" for table in COPIED)
    made = f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL AND tbl_name IN ({names})"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "secure_delete = OFF", "cache_size = -400000"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(made).fetchall()
        connection.execute("BEGIN IMMEDIATE")
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for table, changed in COPIED.items():
            connection.execute(_copying(table, changed, copies))
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copying(table: sa.Table, changed: Mapping[str, str], copies: int) -> str:
    names = [column.name for column in table.columns]
    chosen = ", ".join(changed.get(name, f'"{name}"') for name in names)
    where = ONLY.get(table, "rowid = 1" if table is not t.routings else "match_id = 1")
    quoted = ", ".join(f'"{name}"' for name in names)
    return (
        f"WITH RECURSIVE s(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM s WHERE n < {999 + copies})"
        f" INSERT INTO {table.name} ({quoted}) SELECT {chosen} FROM {table.name}, s WHERE {where}"
    )


def filled(file: Path, clock: FakeClock, matches: int) -> SqlStore:
    """A store with so many matches that alerts and the morning told long ago; the clock stands 20 h after."""
    store = SqlStore(f"sqlite:///{file}")
    store.feeds.sync([feed_settings(FEED)], NOON)
    for one in DIGESTS:
        store.digests.open_digest(one.name, NOON)
    alerts, morning = (stage_of(store, one, clock) for one in DIGESTS)
    bring_in(store, "old", 1)
    planned(alerts)
    send_all(store, clock)
    clock.set(NOON + timedelta(hours=20))
    planned(morning)
    send_all(store, clock)
    multiply(file, matches)
    return store


def stage_of(store: SqlStore, settings: DigestSettings, clock: FakeClock) -> DigestStage:
    """The stage for one digest."""
    return DigestStage(store.digests, store.feeds, (settings,), {"desk": DESK}, clock)


def measure(file: Path, matches: int) -> tuple[float, float, int]:
    """CPU milliseconds of an alert's planning and of the morning's, and how many stories were lines."""
    clock = FakeClock()
    store = filled(file, clock, matches)
    alerts, morning = (stage_of(store, one, clock) for one in DIGESTS)
    told = []
    for n in range(STORIES):  # one by one: many at once are a storm, and one message
        bring_in(store, f"new{n}", 1)
        took, plans = planned(alerts)
        assert len(plans) == 1, len(plans)
        told.append(took)
    send_all(store, clock)
    clock.advance(timedelta(days=1))
    took, (plan,) = planned(morning)
    store.close()
    return median(told), took, len(plan.sent_before)


def table(sizes: Sequence[int]) -> Iterator[str]:
    """A heading, and one line a size, with its multiple of the first."""
    yield f"{'matches':>10}  {'one alert':>10}  {'morning of 30':>13}  {'× first':>11}  filled in  lines"
    first: tuple[float, float] | None = None
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            told, took, lines = measure(Path(folder) / "monitor.db", size)
            wall = time.perf_counter() - begun
        first = first or (told, took)
        ratios = f"{told / first[0]:.2f}, {took / first[1]:.2f}"
        yield f"{size:>10,}  {told:>7.1f} ms  {took:>10.0f} ms  {ratios:>11}  {wall:>7.0f} s  {lines:>5}"


def main() -> None:
    """Prints one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,1000000", help="matches stored, by commas")
    for line in table([int(one) for one in parser.parse_args().sizes.split(",")]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
