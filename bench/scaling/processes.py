"""Real processes: one dispatcher and so many workers poll a real server, all on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rows.feeds import address_of
from rows.meter import cpu_of, descendants

from monitor.model.daemons import SHARES
from scaling.server import Server, plain

_BENCH = Path(__file__).parents[1]
_PATIENCE = 240.0
_CONFIG = """
[store]
url = "{store}"
[poll]
interval = "1h"
host_delay = "0s"
allow_private_addresses = true
[rules]
files = ["rules.toml"]
[jobs]
engine = "procrastinate"
[receivers.desk]
file = {{ directory = "digests", format = "json" }}
[[digests]]
name = "daily"
rules = ["*"]
to = ["desk"]
schedule = "0 4 * * *"
timezone = "UTC"
"""
_RULES = """
[[rules]]
id = "torkham"
query = "Torkham AND closed"
[[rules]]
id = "rain"
query = "rain NEAR/5 Kabul"
"""
_POLLED = "SELECT count(*) FROM feeds WHERE last_polled_at >= %s"
_FIRST_AND_LAST = """
    SELECT extract(epoch FROM max(last_polled_at) - min(last_polled_at)) FROM feeds WHERE last_polled_at >= %s
"""
_NOT_READ = "SELECT count(*) FROM entries WHERE fate = 'waiting'"
_MATCHED = "SELECT count(*) FROM articles WHERE stage = 'matched'"
_DUE = "UPDATE feeds SET next_poll_at = now(), lease_until = NULL WHERE id = ANY(%s)"
_FEEDS = "SELECT id FROM feeds WHERE backfill_seconds {} 0 ORDER BY id"


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of the processes by what they are."""

    dispatcher: float
    workers: float
    server: float

    def since(self, before: Spent) -> Spent:
        """What was spent from then on."""
        return Spent(
            self.dispatcher - before.dispatcher, self.workers - before.workers, self.server - before.server
        )


@dataclass(frozen=True, slots=True)
class Work:
    """So many polls, or articles, in so many seconds."""

    name: str
    workers: int
    number: int
    seconds: float
    spent: Spent
    load: float

    @property
    def a_second(self) -> float:
        """The rate by the clock."""
        return self.number / self.seconds

    def of_one(self, seconds: float) -> float:
        """Milliseconds for each."""
        return seconds * 1000 / self.number


@dataclass(frozen=True, slots=True)
class Load:
    """`feeds` are polled; the entries of `telling` more become articles."""

    feeds: int
    telling: int
    rounds: int
    size: int


class _Cluster:
    def __init__(
        self,
        server: Server,
        url: str,
        dispatcher: int,
        workers: Sequence[int],
        running: Sequence[subprocess.Popen[bytes]],
    ) -> None:
        self._server, self._running = server, running
        self.connection = psycopg.connect(plain(url), autocommit=True)
        self._dispatcher, self._workers = dispatcher, workers

    def spent(self) -> Spent:
        return Spent(_tree(self._dispatcher), sum(map(_tree, self._workers)), self._server.cpu())

    def number(self, query: str, *values: object) -> float:
        row = self.connection.execute(query.encode(), values).fetchone()
        return float(row[0]) if row and row[0] is not None else 0.0

    def polled(self, name: str, ids: Sequence[int]) -> Work:
        """Has these feeds polled now. From the first answer to the last: the dispatcher looks once a second."""
        begun, before = datetime.now(UTC), self.spent()
        self.connection.execute(_DUE, (list(ids),))
        _until(lambda: self.number(_POLLED, begun) >= len(ids), name, self._running)
        seconds = max(self.number(_FIRST_AND_LAST, begun), 0.001)
        return self._work(name, len(ids), seconds, before)

    def told(self, ids: Sequence[int]) -> Work:
        """Has them polled, and their entries read, grouped and matched."""
        begun, before, clock = self.number(_MATCHED), self.spent(), time.monotonic()
        self.connection.execute(_DUE, (list(ids),))
        started = datetime.now(UTC)
        _until(lambda: self.number(_POLLED, started) >= len(ids), "first polls", self._running)
        entries = self.number("SELECT count(*) FROM entries WHERE feed_id = ANY(%s)", list(ids))
        _until(lambda: not self.number(_NOT_READ), "every entry read", self._running)
        all_matched = "SELECT count(*) = 0 FROM articles WHERE stage <> 'matched'"
        _until(lambda: bool(self.number(all_matched)), "all matched", self._running)
        articles = int(self.number(_MATCHED) - begun)
        assert articles, f"of {entries:.0f} entries"
        return self._work("articles, polled to matched", articles, time.monotonic() - clock, before)

    def _work(self, name: str, number: int, seconds: float, before: Spent) -> Work:
        spent = self.spent().since(before)
        return Work(name, len(self._workers), number, seconds, spent, os.getloadavg()[0])


def measure(server: Server, folder: Path, workers: int, load: Load) -> list[Work]:
    """First polls, polls answered 304, articles, by so many workers; everything in a new database."""
    url = server.database()
    with _site(load) as port, _cluster(server, folder, url, workers, port, load) as cluster:
        quiet = _ids(cluster, "=")
        telling = _ids(cluster, ">")
        found = [cluster.polled("first polls", quiet)]
        found += [cluster.polled("polls, 304", quiet) for _ in range(load.rounds)]
        if telling:
            found.append(cluster.told(telling))
        cluster.connection.close()
    server.drop(url)
    return found


def _ids(cluster: _Cluster, sign: str) -> list[int]:
    return [row[0] for row in cluster.connection.execute(_FEEDS.format(sign).encode())]


@contextmanager
def _site(load: Load) -> Iterator[int]:
    feeds = f"{load.feeds}+{load.telling}"
    line = [sys.executable, "-m", "rows.server", feeds, str(load.size), datetime.now(UTC).isoformat()]
    with subprocess.Popen(line, cwd=_BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as site:
        assert site.stdin is not None
        assert site.stdout is not None
        try:
            yield int(site.stdout.readline())
        finally:
            site.stdin.close()


@contextmanager
def _cluster(server: Server, folder: Path, url: str, workers: int, port: int, load: Load) -> Iterator[_Cluster]:
    feeds = "".join(
        f'[[feeds]]\nurl = "http://{address_of(number)}:{port}/feed.xml"\n'
        + ('backfill = "24h"\n' if number >= load.feeds else "")
        for number in range(load.feeds + load.telling)
    )
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(_CONFIG.format(store=url) + feeds, encoding="utf-8")
    (folder / "rules.toml").write_text(_RULES, encoding="utf-8")
    running: list[subprocess.Popen[bytes]] = []
    try:
        dispatcher = _start(folder, "dispatch", 0)
        running.append(dispatcher)
        _until(lambda: "running" in _log(folder, "dispatch", 0), "the dispatcher", running)
        _held_back(url)
        for number in range(workers):
            running.append(_start(folder, "work", number))
        _until(
            lambda: all("running" in _log(folder, "work", one) for one in range(workers)), "the workers", running
        )
        _until(lambda: _divided(folder, workers), "the work to be divided", running)
        yield _Cluster(server, url, dispatcher.pid, [one.pid for one in running[1:]], running)
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(30)


def _held_back(url: str) -> None:
    """No feed is due before the bench says so."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("UPDATE feeds SET next_poll_at = now() + interval '1 day'")


def _start(folder: Path, role: str, number: int) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "monitor", "run", "--role", role, "-c", str(folder / "config.toml")]
    environment = {**os.environ, "PYTHONPATH": str(_BENCH.parent)}
    with (folder / f"{role}-{number}.log").open("wb") as log:
        return subprocess.Popen(line, stdout=log, stderr=log, env=environment)


def _log(folder: Path, role: str, number: int) -> str:
    return (folder / f"{role}-{number}.log").read_text(encoding="utf-8", errors="replace")


def _divided(folder: Path, workers: int) -> bool:
    """Whether each worker has its fair part."""
    parts = [re.findall(r'"shares": (\d+)', _log(folder, "work", one)) for one in range(workers)]
    return all(part and abs(int(part[-1]) - SHARES // workers) <= 1 for part in parts)


def _until(done: Callable[[], bool], what: str, running: Sequence[subprocess.Popen[bytes]]) -> None:
    ends = time.monotonic() + _PATIENCE
    while not done():
        assert all(one.poll() is None for one in running), f"a process ended by itself, before {what}"
        assert time.monotonic() < ends, f"waited too long for {what}"
        time.sleep(0.05)


def _tree(pid: int) -> float:
    return cpu_of(pid) + sum(cpu_of(one) for one in descendants(pid))
