"""What the due-queue costs: an empty tick beside so many feeds, and the store's part of a poll.

    python bench/polling_queue.py --feeds 1000000

CPU of this process: another program on the machine is not counted. Feeds are rows without entries; those of a poll
have 30 entries with 200 words each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from monitor.adapters.store.sql import SqlStore
from monitor.core.stories.identity import judge_listing, url_keys
from monitor.model.cadence import Cadence, Rhythm
from monitor.model.entry import Fate, NewEntry, ParsedEntry
from monitor.model.feed import (
    Feed,
    FeedSettings,
    PollDecision,
    Polled,
    PollOutcome,
    PollReason,
    Reading,
    Validators,
)
from monitor.pipeline.poll import MOST_QUIET

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
POLLED = 500
ENTRIES = 30
RHYTHM = Rhythm(timedelta(minutes=20), tuple(n / 7 for n in range(24)))


def fill(file: Path, feeds: int) -> SqlStore:
    """A store with so many feeds that are due in an hour."""
    store = SqlStore(f"sqlite:///{file}")
    due = (NOW + timedelta(hours=1)).replace(tzinfo=None).isoformat(" ", "microseconds")
    raw = store._db.engine.raw_connection()
    cursor = raw.cursor()
    for pragma in ("synchronous=OFF", "cache_size=-200000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("BEGIN")
    cursor.executemany(
        "INSERT INTO feeds (declared_url, url, name, tags, full_text, backfill_seconds, origin, status,"
        " subscribed_at, next_poll_at, failures) VALUES (?, ?, ?, '[]', 0, 0, 'store', 'active', ?, ?, 0)",
        ((url, url, url, due, due) for url in (f"https://f{n}.example/feed" for n in range(feeds))),
    )
    cursor.execute("COMMIT")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA cache_size=-2000")
    raw.close()
    return store


def spent(work: Callable[[], object]) -> float:
    """CPU milliseconds."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000


def empty_tick(store: SqlStore) -> float:
    """The median of a tick that finds nothing due."""
    store.feeds.claim_due(NOW, LEASE, 64)
    return median(spent(lambda: store.feeds.claim_due(NOW, LEASE, 64)) for _ in range(200))


def claimed(store: SqlStore, now: datetime) -> tuple[list[Feed], float]:
    """All that is due, and the CPU of a claim for each feed."""
    found: list[Feed] = []

    def claim() -> None:
        while some := store.feeds.claim_due(now, LEASE, 64):
            found.extend(some)

    cost = spent(claim)
    return found, cost / len(found)


def decision(feed: Feed, now: datetime, outcome: PollOutcome) -> PollDecision:
    return PollDecision(
        next_poll_at=now + timedelta(minutes=20),
        reason=PollReason.RATE,
        outcome=outcome,
        failures=0,
        validators=Validators('"etag"', "Tue, 10 Mar 2026 12:00:00 GMT"),
        url=feed.url,
        rhythm=RHYTHM,
    )


def listing() -> tuple[ParsedEntry, ...]:
    words = "The crossing was closed on Sunday, officials said. " * 25
    return tuple(
        ParsedEntry(f"urn:{n}", f"Entry {n}", f"https://news.example/{n}", NOW, summary=f"{words}{n}")
        for n in range(ENTRIES)
    )


def polls(file: Path, together: int) -> dict[str, float]:
    """The store's part of a first poll, of an unchanged one and of one that brings nothing new: CPU ms a feed.

    So many feeds with a body share a transaction.
    """
    store = SqlStore(f"sqlite:///{file}")
    store.feeds.sync([FeedSettings(f"https://f{n}.example/feed") for n in range(POLLED)], NOW - timedelta(hours=1))
    entries = listing()
    keys = url_keys(entries)
    new = [
        NewEntry(one.entry, one.url_key, one.text_hash, Fate.WAITING)
        for one in judge_listing(entries, keys, (), NOW)
    ]
    reading = Reading("News", "hash", Cadence(timedelta(hours=1)))
    found: dict[str, float] = {}

    def poll(name: str, now: datetime, outcome: PollOutcome, brought: int, look: bool) -> None:
        feeds, claim = claimed(store, now)
        ids = [entry.id for entry in entries]
        is_read = outcome is PollOutcome.OK
        size = together if is_read else MOST_QUIET

        def polled(feed: Feed) -> Polled:
            if look:
                store.feeds.known_entries(feed.id, ids, keys)
            more = (new[:brought], reading) if is_read else ()
            return Polled(feed, decision(feed, now, outcome), now, *more)

        def record() -> None:
            for start in range(0, len(feeds), size):
                store.feeds.record_polls([polled(feed) for feed in feeds[start : start + size]])

        found[name] = claim + spent(record) / len(feeds)

    poll("first poll of 30 entries", NOW, PollOutcome.OK, ENTRIES, look=False)
    poll("unchanged (304)", NOW + timedelta(hours=1), PollOutcome.NOT_MODIFIED, 0, look=False)
    poll("all 30 known", NOW + timedelta(hours=2), PollOutcome.OK, 0, look=True)
    store.close()
    return found


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1_000_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Path(folder) / "queue.db", wanted.feeds)
        print(f"{wanted.feeds:>9,} feeds: an empty tick {empty_tick(store):.3f} ms")
        store.close()
        for together in (1, 8):
            for name, cost in polls(Path(folder) / f"polls-{together}.db", together).items():
                print(f"{together} together, {name}: {cost:.2f} ms a feed, in the store")


if __name__ == "__main__":
    main()
