"""A soak: the real daemon, a thousand feeds of which a quarter is ill at any time, sinks that fail, reloads.

    .venv/bin/python bench/soak.py [--minutes 30] [--feeds 1000] [--kill] [--postgresql] [--json]

At the end every entry that was served whole must be in the ledger with its fate, every event that a rule finds
told by each of its digests, the store sound, memory and descriptors flat. Exit status 1 when any of that fails.
How to read it, and how fast the world's time goes: bench/README.md. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

from rows.meter import machine
from soaking.house import House
from soaking.judge import Account, judge
from soaking.samples import (
    JUDGED_FROM,
    MOST_MORE_FDS,
    Sample,
    after_warm_up,
    flatness,
    growth_of_fds,
    look,
    memory_complaints,
)
from soaking.server import Press, listeners, serve
from soaking.sinks import Sinks, sinks
from soaking.world import World

SAMPLE = 10.0  # seconds
A_DAY = 20  # entries of a feed a day, as papers have: tells how fast the world's time goes
FEEDS_A_HOST = 4
OUR_INTERVAL = 900.0  # seconds between two polls as configs have it


def main() -> int:
    """Runs it all; the exit status."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=30.0)
    asked.add_argument("--feeds", type=int, default=1_000)
    asked.add_argument("--interval", type=int, help="seconds between two polls of a feed (30 for 1,000 feeds)")
    asked.add_argument("--rate", type=float, help="new entries a second (8 for 1,000 feeds)")
    asked.add_argument("--seed", type=int, default=8)
    asked.add_argument("--settle", type=float, default=20.0, help="minutes at most until all has come to its end")
    asked.add_argument("--kill", action="store_true", help="kill -9 and start again now and then")
    asked.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own")
    asked.add_argument("--keep", type=Path, help="leave store, log and messages in this folder")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    options.interval = options.interval or max(5, round(options.feeds * 0.03))
    options.rate = options.rate or max(0.5, options.feeds * 0.008)
    if options.postgresql:
        os.environ["MONITOR_TEST_STORE"] = "postgresql"
    with tempfile.TemporaryDirectory(prefix="monitor-soak-") as name:
        result = Soak(options, Path(name)).run()
        if options.keep:
            shutil.copytree(name, options.keep, dirs_exist_ok=True)
    print(json.dumps(result, indent=2) if options.json else table(result))
    return 1 if result["complaints"] else 0


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.dice = random.Random(options.seed)
        self.house = House(folder)
        hosts = [
            f"127.{70 + one // 200}.{1 + one % 200}.1" for one in range(max(2, options.feeds // FEEDS_A_HOST))
        ]
        self.begun, self.lasts = time.monotonic(), timedelta(minutes=options.minutes)
        port, self.sockets = listeners(hosts)
        self.world = World(options.feeds, hosts, port, options.seed, datetime.now(UTC), self.lasts)
        well, ill = 5.0 * options.interval, 2.0 * options.interval
        self.press = Press(self.world, options.seed, well, ill)
        self.samples: list[Sample] = []
        self.changes: list[str] = []
        self.kills = 0

    def run(self) -> dict[str, Any]:
        """What came of it, for people and programs."""
        options = self.options
        with sinks(self.house.folder / "came", options.seed) as taken, self._serving():
            backfilled = {self.world.url(feed) for feed in self.world.feeds if feed.looks_back}
            urls = [self.world.url(feed) for feed in self.world.feeds]
            self.house.prepare(urls, taken, options.interval, backfilled)
            self.begun = time.monotonic()
            self.house.run()
            try:
                self._soak(60 * options.minutes)
                settled = self._settle(taken)
                last = self._look()
                code = self.house.stop()
            finally:
                self.house.clear()
            taken.drain()
            account = judge(self.house, self.world, taken.came)
            return self._result(account, taken, settled, code, last)

    @contextmanager
    def _serving(self) -> Iterator[None]:
        """The servers, in a thread with a loop of its own."""
        loop, stopped = asyncio.new_event_loop(), asyncio.Event()

        def rate() -> float:
            return 0.0 if self.press.over else float(self.options.rate)

        def work() -> None:
            loop.run_until_complete(serve(self.press, self.sockets, rate, stopped))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stopped.set)
            thread.join(10)

    def _look(self) -> Sample | None:
        found = look(self.house, self.begun)
        if found is not None:
            self.samples.append(found)
            print(found.line(), file=sys.stderr, flush=True)
        return found

    def _soak(self, seconds: float) -> None:
        """Faults of every kind until the time is over."""
        changes = self.begun + max(20.0, seconds / 20)
        kills = self.begun + max(30.0, seconds / 10)
        looks = self.begun
        while (now := time.monotonic()) < self.begun + seconds:
            self._expect_the_daemon()
            if now >= looks:
                self._look()
                looks += SAMPLE
            if now >= changes:
                self.changes.append(self.house.change(self.dice))
                changes = now + self.dice.uniform(0.5, 1.5) * max(20.0, seconds / 20)
            if self.options.kill and now >= kills:
                self.house.kill()
                self.house.run()
                self.kills += 1
                kills = now + self.dice.uniform(0.5, 1.5) * max(30.0, seconds / 10)
            time.sleep(0.2)

    def _expect_the_daemon(self) -> None:
        if self.house.daemon is None or self.house.daemon.poll() is not None:
            raise SystemExit(f"the daemon ended by itself:\n{self.house.log()[-5_000:]}")

    def _settle(self, taken: Sinks) -> dict[str, int]:
        """Everything is well from now on; waits until nothing is left to do. What is left, which is nothing."""
        self.press.over = True
        taken.heal()
        self.house.restore()
        deadline = time.monotonic() + 60 * self.options.settle
        looks = retries = time.monotonic()
        while True:
            self._expect_the_daemon()
            left = self._left()
            now = time.monotonic()
            if not any(left.values()) or now > deadline:
                return left
            if now >= looks:
                print(f"        left: {left}", file=sys.stderr, flush=True)
                self._look()
                looks = now + SAMPLE
            if now >= retries and left["deliveries"]:
                self._retry()
                retries = now + 30
            time.sleep(1)

    def _left(self) -> dict[str, int]:
        """What has not come to its end, by the store, and by the server for feeds that it has not met again."""
        number = self.house.number
        gone = sum(feed.gone for feed in self.world.feeds)
        return {
            "feeds": len(self.world.feeds) - gone - len(self.press.since_over),
            "entries": number("SELECT count(*) FROM entries WHERE fate = 'waiting'"),
            "articles": number("SELECT count(*) FROM articles WHERE stage <> 'matched'"),
            "matches": number("SELECT count(*) FROM routings WHERE state = 'pending'"),
            "deliveries": number("SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'dead')"),
        }

    def _retry(self) -> None:
        """As a user whose receivers are well again: all that was given up, and all that waits for its next try."""
        self.house.monitor("deliveries", "retry", "--dead")
        waiting = [
            key for (key,) in self.house.ask("SELECT key FROM deliveries WHERE state = 'waiting' LIMIT 500")
        ]
        if waiting:
            self.house.monitor("deliveries", "retry", *waiting)

    def _result(
        self, account: Account, taken: Sinks, settled: dict[str, int], code: int, last: Sample | None
    ) -> dict[str, Any]:
        judged = after_warm_up([one for one in self.samples if one.at <= 60 * self.options.minutes])
        memory = flatness(judged, [one.own for one in judged])
        whole = flatness(judged, [one.pss + one.children_pss for one in judged])
        fds = growth_of_fds(judged)
        check = self.house.monitor("db", "check")
        complaints = account.complaints()
        if any(settled.values()):
            complaints.append(f"not all came to its end in time: {settled}")
        if code != 0:
            complaints.append(f"the daemon ended with {code} at SIGTERM")
        if check.returncode != 0:
            complaints.append(f"monitor db check: {check.stdout.strip()} {check.stderr.strip()}")
        if not self.options.kill:  # a daemon that began anew has another memory
            complaints += memory_complaints(memory, "the daemon's own memory")
            if fds > MOST_MORE_FDS and memory.seconds >= JUDGED_FROM:
                complaints.append(f"{fds:.0f} descriptors more at the end than after warm-up")
        log = self.house.log()
        if broke := log.count("Traceback"):
            complaints.append(f"{broke} tracebacks in the log")
        wall = self.samples[-1].at if self.samples else 1.0
        return {
            "run": self._run(),
            "account": account.figures,
            "answers": dict(self.press.answered.most_common()),
            "sinks": dict(taken.faults.most_common()),
            "reloads": {one: self.changes.count(one) for one in sorted(set(self.changes))},
            "memory": memory.row(),
            "memory of all": whole.row(),
            "largest child": max((one.children_largest for one in self.samples), default=0.0),
            "descriptors": {"more": fds, "at the end": last.fds if last else {}},
            "database": {"MB": self.samples[-1].database, "largest WAL": max(one.wal for one in self.samples)},
            "processors": {
                "daemon": self.samples[-1].busy / wall,
                "generator": self.samples[-1].load / wall,
            },
            "kills": self.kills,
            "complaints": complaints,
        }

    def _run(self) -> dict[str, Any]:
        options = self.options
        return {
            "minutes": options.minutes,
            "feeds": options.feeds,
            "interval": options.interval,
            "seed": options.seed,
            "published": self.world.published,
            "polls are faster by": OUR_INTERVAL / options.interval,
            "news are faster by": self.world.published / options.feeds / A_DAY * 1_440 / options.minutes,
            "machine": machine(),
            "at": f"{datetime.now(UTC):%d %B %Y, %H:%M}",
        }


def table(result: dict[str, Any]) -> str:
    """What came of it, for people."""
    return json.dumps(result, indent=1)


if __name__ == "__main__":
    sys.exit(main())
