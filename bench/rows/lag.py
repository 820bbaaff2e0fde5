"""How long an alert takes: from the answer of a poll that carries a new entry to the mail server's "250"."""

from __future__ import annotations

import os
import queue
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from rows.feeds import address_of
from rows.visitors import visitors

BENCH = Path(__file__).parent.parent
_CONFIG = """
[store]
url = "{store}"
[poll]
interval = "60s"
min_interval = "10s"
host_delay = "1s"
allow_private_addresses = true
[rules]
files = ["rules.toml"]
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
from = "Desk <monitor@example.org>"
[receivers.desk]
email = ["desk@example.org"]
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
group_wait = "{wait}s"
{more}
"""
_PAGES = '[web]\nlisten = "127.0.0.1:{web}"'
_JOBS = '[jobs]\nengine = "procrastinate"'
_RULES = '[[rules]]\nid = "torkham"\ntitle = "Torkham"\nquery = "Torkham AND closed"\n'
SLOWNESS = 0.5  # seconds a page takes
_BETWEEN = 1.0  # seconds between two new entries: no storm, which would be told in one message
_STEPS = ("fed", "stored", "paged", "matched", "planned", "taken")
_PATIENCE = 300.0
_Times = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Load:
    """So many feeds, entries that are waited for, seconds of `group_wait`, and whether pages are read.

    `beside` is a store of `web.py --keep` that is copied and worked on, whose own feeds are not asked; with
    `visitors` people open pages and search meanwhile. With `workers` it is a dispatcher and so many of them, on a
    PostgreSQL server of their own, that do it.
    """

    feeds: int
    entries: int
    wait: int
    full_text: bool
    beside: Path | None = None
    visitors: bool = False
    workers: int = 0


def measure(load: Load) -> Iterator[str]:
    """One line for all of the way, and one for each step of it: p50, p99 and the longest, in seconds."""
    with (
        tempfile.TemporaryDirectory() as name,
        _server(load) as (lines, tell, ports),
        _store(Path(name), load) as store,
    ):
        folder, web = Path(name), _free_port()
        _write(folder, load, store.url, *ports, web)
        if load.beside is not None:
            _copy(load.beside, folder)
        with _daemons(folder, load) as daemons, visitors(web) if load.visitors else nullcontext() as visits:
            _until(lambda: _asked(store) >= load.feeds, daemons)
            dice = random.Random(1)
            for number in range(load.entries):
                tell(f"tok{number}end {dice.randrange(load.feeds)}")
                time.sleep(dice.uniform(0, 2 * _BETWEEN))
            times = _heard(lines, load.entries, daemons)
        _look_up(store, times)
    yield _row("fed to taken", [one["taken"] - one["fed"] for one in times.values()])
    steps = [step for step in _STEPS if load.full_text or step != "paged"]
    for before, after in pairwise(steps):
        yield _row(f"  {before} to {after}", [one[after] - one[before] for one in times.values()])
    for kind, took in visits.times.items() if visits is not None else ():
        yield _row(f"  {kind} opened", took)


def _row(name: str, seconds: list[float]) -> str:
    found = sorted(seconds)
    p50, p99 = (found[min(len(found) - 1, int(len(found) * share))] for share in (0.5, 0.99))
    return f"{name:<18} p50 {p50:6.2f} s  p99 {p99:6.2f} s  of {len(found)}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _copy(store: Path, folder: Path) -> None:
    """A filled store, none of whose feeds is due for a day."""
    shutil.copy(store / "monitor.db", folder / "monitor.db")
    with closing(sqlite3.connect(folder / "monitor.db")) as connection, connection:
        connection.execute("UPDATE feeds SET next_poll_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+1 day')")


def _write(folder: Path, load: Load, store: str, port: int, smtp: int, web: int) -> None:
    page = "full_text = true\n" if load.full_text else ""
    feeds = "".join(
        f'[[feeds]]\nurl = "http://{address_of(number)}:{port}/feed.xml"\n{page}' for number in range(load.feeds)
    )
    more = _JOBS if load.workers else _PAGES.format(web=web)
    config = _CONFIG.format(store=store, smtp=smtp, wait=load.wait, more=more)
    (folder / "config.toml").write_text(config + feeds, encoding="utf-8")
    (folder / "rules.toml").write_text(_RULES, encoding="utf-8")


@contextmanager
def _server(load: Load) -> Iterator[tuple[queue.Queue[str], Callable[[str], None], tuple[int, int]]]:
    line = [sys.executable, "-m", "rows.lag_server", str(load.feeds), str(SLOWNESS)]
    with subprocess.Popen(line, cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        out, said = server.stdout, queue.Queue[str]()
        feeds, smtp = map(int, out.readline().split())
        threading.Thread(target=lambda: [said.put(line) for line in out], daemon=True).start()
        try:
            yield said, lambda text: print(text, file=server.stdin, flush=True), (feeds, smtp)
        finally:
            server.stdin.close()


_Daemons = list[subprocess.Popen[bytes]]


@contextmanager
def _daemons(folder: Path, load: Load) -> Iterator[_Daemons]:
    """One, or a dispatcher and workers."""
    roles = ["all"] if not load.workers else ["dispatch", *["work"] * load.workers]
    environment = {**os.environ, "PYTHONPATH": str(BENCH.parent)}
    running: _Daemons = []
    try:
        for number, role in enumerate(roles):
            line = [sys.executable, "-m", "monitor", "run", "--role", role, "-c", str(folder / "config.toml")]
            with (folder / f"log{number}").open("wb") as log:
                running.append(subprocess.Popen(line, stdout=log, stderr=log, env=environment))
        yield running
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait()


def _until(done: Callable[[], bool], daemons: _Daemons) -> None:
    ends = time.monotonic() + _PATIENCE
    while not done():
        assert all(daemon.poll() is None for daemon in daemons), "a daemon ended"
        assert time.monotonic() < ends, "waited too long"
        time.sleep(0.5)


_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Store:
    """Where the daemons keep things: its address, a way to ask it, and how it says seconds since 1970."""

    url: str
    ask: Callable[[str], _Rows]
    seconds: str


@contextmanager
def _store(folder: Path, load: Load) -> Iterator[_Store]:
    if not load.workers:
        yield _Store("sqlite:///monitor.db", partial(_rows, folder), "(julianday({}) - 2440587.5) * 86400.0")
        return
    from scaling.server import Server, plain

    server = Server()
    try:
        url = server.database()
        with psycopg.connect(plain(url), autocommit=True) as connection:
            yield _Store(
                url, lambda query: connection.execute(query.encode()).fetchall(), "extract(epoch FROM {})"
            )
    finally:
        server.remove()


def _rows(folder: Path, query: str) -> _Rows:
    with closing(sqlite3.connect(folder / "monitor.db", timeout=10)) as store:
        return store.execute(query).fetchall()


_ASKED = "SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL AND declared_url LIKE 'http://127.%'"


def _asked(store: _Store) -> int:
    try:
        return int(store.ask(_ASKED)[0][0])
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):  # not there yet
        return 0


def _heard(lines: queue.Queue[str], entries: int, daemons: _Daemons) -> _Times:
    times: _Times = defaultdict(dict)

    def all_taken() -> bool:
        while not lines.empty():
            what, token, at = lines.get().split()
            times[token].setdefault(what, float(at))
        return sum("taken" in one for one in times.values()) >= entries

    _until(all_taken, daemons)
    return times


def _look_up(store: _Store, times: _Times) -> None:
    """When the daemon itself stored, matched and planned each."""
    stored, matched, planned = map(store.seconds.format, ("e.first_seen", "m.matched_at", "b.planned_at"))
    query = f"""
        SELECT e.link, {stored}, {matched}, {planned}
        FROM entries e JOIN articles a ON a.entry_row = e.id JOIN matches m ON m.article_id = a.id
        JOIN routings r ON r.match_id = m.id JOIN batches b ON b.digest = r.digest AND b.batch = r.batch
        WHERE m.rule_id = 'torkham'
    """
    for link, *found in store.ask(query):
        times[link.rsplit("/", 1)[1]].update(zip(("stored", "matched", "planned"), map(float, found), strict=True))
