"""A soak: the real daemon, a thousand feeds of which a quarter is ill at any time, sinks that fail, reloads.

    .venv/bin/python bench/soak.py [--minutes 30] [--feeds 1000] [--kill] [--postgresql] [--cluster 2] [--json]

At the end every entry that was served whole must be in the ledger with its fate, every event that a rule finds
told by each of its digests, the store sound, memory and descriptors flat. Exit status 1 when any of that fails.
With `--cluster` there are several processes on a PostgreSQL server, and its tables must stay as small as they are.
How to read it, and how fast the world's time goes: bench/README.md. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

from rows.meter import machine
from soaking.house import House
from soaking.judge import Account, judge, waiting
from soaking.samples import (
    JUDGED_FROM,
    WARM_UP,
    Process,
    Sample,
    after_warm_up,
    flatness,
    flatness_complaints,
    growth_of_fds,
    look,
)
from soaking.server import Press, listeners, serving
from soaking.sinks import Sinks, sinks
from soaking.tables import shown, table_complaints, within
from soaking.world import World

SAMPLE = 10.0  # seconds
A_DAY = 20  # entries of a feed a day, as papers have: tells how fast the world's time goes
FEEDS_A_HOST = 4
_STORED = 5.0  # seconds for which, and a round of polls, nothing may be left at the end
OUR_INTERVAL = 900.0  # seconds between two polls as configs have it


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for; of the command line without `arguments`."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=30.0)
    asked.add_argument("--feeds", type=int, default=1_000)
    asked.add_argument("--interval", type=int, help="seconds between two polls of a feed (30 for 1,000 feeds)")
    asked.add_argument("--rate", type=float, help="new entries a second (8 for 1,000 feeds)")
    asked.add_argument("--seed", type=int, default=8)
    asked.add_argument("--settle", type=float, default=20.0, help="minutes at most until all has come to its end")
    asked.add_argument("--kill", action="store_true", help="kill -9 and start again now and then")
    asked.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own")
    asked.add_argument(
        "--cluster", type=int, default=0, metavar="N", help="a dispatcher, N workers and a process for the pages"
    )
    asked.add_argument("--keep", type=Path, help="leave store, log and messages in this folder")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args(arguments)
    options.interval = options.interval or max(5, round(options.feeds * 0.03))
    options.rate = options.rate or max(0.5, options.feeds * 0.008)
    return options


def main() -> int:
    """Runs it all; the exit status."""
    options = options_of()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the daemon ends with it
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
        self.house = House(folder, options.cluster)
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
        self.inside: dict[str, dict[str, dict[str, float]]] = {}  # of tables, by when
        self._retrying: threading.Thread | None = None

    def run(self) -> dict[str, Any]:
        """What came of it, for people and programs; `complaints` is empty when all is as it should be."""
        options, world = self.options, self.world
        with (
            sinks(self.house.folder / "came", options.seed) as taken,
            serving(self.press, self.sockets, self._rate),
        ):
            urls = {world.url(feed): feed for feed in world.feeds}
            self.house.prepare(urls, taken, options.interval)
            self.begun = time.monotonic()
            self.house.run()
            self.press.begun = True
            try:
                self._soak(60 * options.minutes)
                left = self._settle(taken)
                settled = datetime.now(UTC)
                self._look()
                self._look_into_tables("at the end")
                code = self.house.stop()
            finally:
                self.house.end()
            taken.drain()
            self.came = taken.came
            return self._result(taken, judge(self.house, self.world, taken.came, settled), left, code)

    def _rate(self) -> float:
        # Nothing before the daemon has subscribed: that would be old stock.
        return float(self.options.rate) if self.press.begun and not self.press.over else 0.0

    def _look(self) -> None:
        found = look(self.house, self.begun)
        if found is not None:
            self.samples.append(found)
            print(found.line(), file=sys.stderr, flush=True)

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
            if now >= self.begun + min(WARM_UP, seconds / 2) and not self.inside:
                self._look_into_tables("when warm")
            if now >= changes:
                self._begin_retry()
                self.changes.append(self.house.change(self.dice))
                changes = now + self.dice.uniform(0.5, 1.5) * max(20.0, seconds / 20)
            if self.options.kill and now >= kills:
                name = self.dice.choice(list(self.house.roles))
                self.house.kill(name)
                self.house.run(name)
                self.kills += 1
                kills = now + self.dice.uniform(0.5, 1.5) * max(30.0, seconds / 10)
            time.sleep(0.2)

    def _expect_the_daemon(self) -> None:
        if said := self.house.ended():
            raise SystemExit(said)

    def _look_into_tables(self, when: str) -> None:
        if self.samples:
            self.inside[when] = within(self.house, shown(self.samples[-1].tables))

    def _settle(self, taken: Sinks) -> dict[str, int]:
        """Everything is well from now on; waits until nothing is left to do. What is left, which is nothing."""
        self.press.over = True
        taken.heal()
        self.house.restore()
        deadline = time.monotonic() + 60 * self.options.settle
        looks = retries = quiet = time.monotonic()
        while True:
            self._expect_the_daemon()
            left = self._left()
            now = time.monotonic()
            # What was served a moment ago is stored before its feed is asked again.
            quiet = now if any(left.values()) else quiet
            if now > min(deadline, quiet + self.options.interval + _STORED):
                return left
            if now >= looks:
                print(f"        left: {left}", file=sys.stderr, flush=True)
                self._look()
                looks = now + SAMPLE
            if now >= retries and left["deliveries"]:
                self._begin_retry()
                retries = now + 30
            time.sleep(1)

    def _left(self) -> dict[str, int]:
        """What has not come to its end, by the store, and by the server for feeds that it has not met again."""
        number = self.house.number
        gone = sum(feed.gone for feed in self.world.feeds)
        # Whose last three answers were a 403, say, is asked again after a day: the world is over by then.
        resting = number("SELECT count(*) FROM feeds WHERE last_reason = 'daily'")
        return {
            "feeds": max(0, len(self.world.feeds) - gone - len(self.press.since_over) - resting),
            "entries": number("SELECT count(*) FROM entries WHERE fate = 'waiting'"),
            "articles": number("SELECT count(*) FROM articles WHERE stage <> 'matched'"),
            "matches": len(waiting(self.house, datetime.now(UTC))[0]),
            "deliveries": number("SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'dead')"),
        }

    def _begin_retry(self) -> None:
        """In a thread: on a busy machine a command takes longer than the time between two looks."""
        if self._retrying is None or not self._retrying.is_alive():
            self._retrying = threading.Thread(target=self._retry, daemon=True)
            self._retrying.start()

    def _retry(self) -> None:
        """As a user whose receivers are well again: all that was given up, and all that waits for its next try."""
        self.house.monitor("deliveries", "retry", "--dead")
        waiting = [
            key for (key,) in self.house.ask("SELECT key FROM deliveries WHERE state = 'waiting' LIMIT 500")
        ]
        if waiting:
            self.house.monitor("deliveries", "retry", *waiting)

    def _result(self, taken: Sinks, account: Account, left: Mapping[str, int], code: int) -> dict[str, Any]:
        judged = after_warm_up([one for one in self.samples if one.at <= 60 * self.options.minutes])
        complaints = [*account.complaints(), *self._of_the_end(left, code)]
        flat: dict[str, Any] = {}
        for name in self.house.roles:
            flat |= self._of_process(name, judged)
        if not self.options.kill:  # a daemon that began anew has another memory
            complaints += flatness_complaints(judged, self.house.roles)
        if judged and judged[-1].at - judged[0].at >= JUDGED_FROM:
            complaints += table_complaints(judged)
        last = self.samples[-1]
        return {
            "run": self._run(),
            "account": account.figures,
            "answers": dict(self.press.answered.most_common()),
            "receivers": dict(taken.faults.most_common()),
            "reloads": dict(Counter(self.changes)),
            **flat,
            "database, MB": {"file": last.database, "largest WAL": max(one.wal for one in self.samples)},
            **self._of_tables(judged or self.samples),
            "processors": {
                **{name: one.busy / last.at for name, one in last.processes.items()},
                "generator": last.load / last.at,
            },
            "kills": self.kills,
            "complaints": complaints,
        }

    def _of_process(self, name: str, judged: Sequence[Sample]) -> dict[str, Any]:
        """What a process took."""
        looks = [one.processes[name] for one in judged]
        last: Process = self.samples[-1].processes[name]
        found: dict[str, Any] = {f"{name}: memory at the end, MB": {"all": last.rss, "own": last.own}}
        if judged:
            own = flatness(judged, [one.own for one in looks])
            with_children = flatness(judged, [one.pss + one.children_pss for one in looks])
            found[f"{name}: memory, own, MB"] = own.row()
            found[f"{name}: memory, with children, MB"] = with_children.row()
        found |= {
            f"{name}: largest child, MB": max(one.processes[name].children_largest for one in self.samples),
            f"{name}: descriptors": {"more": growth_of_fds(looks), **last.fds},
        }
        return found

    def _of_tables(self, looks: Sequence[Sample]) -> dict[str, Any]:
        """The tables when warm and at the end, of the processes' whole time."""
        first, last = looks[0], self.samples[-1]
        found: dict[str, Any] = {}
        for name in shown(last.tables):
            now, before = last.tables[name], first.tables.get(name)
            figures: dict[str, float] = {"rows": now.rows, "dead rows": now.dead, "vacuumed": now.vacuums}
            figures["most dead rows"] = max(one.tables[name].dead for one in looks if name in one.tables)
            if before is not None:
                figures |= {"MB when warm": before.heap, "indexes when warm": before.indexes}
            figures |= {"MB": now.heap, "indexes": now.indexes}
            if now.updates:
                figures["updates without an index"] = now.hot / now.updates
            for when, inside in self.inside.items():
                figures |= {f"{what} {when}, MB": size for what, size in inside.get(name, {}).items()}
            found[f"table {name}"] = figures
        return found

    def _of_the_end(self, settled: Mapping[str, int], code: int) -> Iterator[str]:
        if any(settled.values()):
            yield f"not all came to its end in time: {settled}"
        if code != 0:
            yield f"a process ended with {code} at SIGTERM"
        check = self.house.monitor("db", "check")
        if check.returncode != 0:
            yield f"monitor db check: {check.stdout.strip()} {check.stderr.strip()}"
        if broke := self.house.log().count("Traceback"):
            yield f"{broke} tracebacks in the log"
        refused = Counter(self.house.reloads())["the old config and rules stay in force"]
        if refused > sum("broken" in one for one in self.changes) * len(self.house.roles):
            yield f"{refused} reloads were refused"

    def _run(self) -> dict[str, Any]:
        options = self.options
        return {
            "minutes": options.minutes,
            "feeds": options.feeds,
            "workers": options.cluster,
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
    run = result["run"]
    lines = [
        f"{run['feeds']:,} feeds for {run['minutes']:g} minutes, {run['published']:,} entries, {run['at']}"
        + (f", a dispatcher, {run['workers']} workers, a process for the pages" if run["workers"] else ""),
        run["machine"],
        f"polls {run['polls are faster by']:.0f} × and news {run['news are faster by']:.0f} × as often as usual",
        "",
    ]
    for name, found in result.items():
        if name in ("run", "complaints"):
            continue
        if name.startswith("table "):
            lines.append(f"{name}\n  " + ", ".join(f"{key} {_figure(value)}" for key, value in found.items()))
            continue
        values = found.items() if isinstance(found, dict) else [("", found)]
        lines.append(name)
        lines += [f"  {key:<44}{_figure(value):>12}" for key, value in values]
    if run["minutes"] * 60 < WARM_UP + JUDGED_FROM:
        lines += [
            "",
            f"too short for memory and tables to be judged: {(WARM_UP + JUDGED_FROM) / 60:.0f} minutes are needed",
        ]
    verdict = [f"NOT AS IT SHOULD BE: {one}" for one in result["complaints"]]
    return "\n".join([*lines, "", *(verdict or ["all accounted for, sound, and flat where that was judged"])])


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
