"""The real pipeline, put together by monitor/app/wiring.py from a config file, on an SQLite file.

python -m rows.ours poll FOLDER [TLS]     one poll of every feed of FOLDER/config.toml, through to the store
                                          (TLS: the folder of an authority that is trusted)
python -m rows.ours once FOLDER           `monitor run --once` as a user types it, start included
python -m rows.ours help                  `monitor --help`
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rows.meter import Measured, Meter, descendants, peak_of, tell
from rows.tls import trusting

HELP_RUNS = 10
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_TINY = b'<rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel></rss>'


def poll(folder: Path, authority: Path | None = None) -> None:
    """The poll stage of a daemon that is up: store open, children warm, every feed due."""
    import httpx2

    from monitor import __version__
    from monitor.app.check import open_settings
    from monitor.app.wiring import build
    from monitor.core.feeds.parse import parse_feed
    from monitor.model.feed import POLL_SUCCESS

    if authority is not None:
        httpx2.create_ssl_context = lambda **_: trusting(authority)  # type: ignore[assignment]
    monitor = build(open_settings(folder / "config.toml", {}), version=__version__, stdout=sys.stdout)
    sandbox, now = monitor.sandboxes[0], datetime.now(UTC)
    with ThreadPoolExecutor(2) as both:  # a child starts in a second: two calls at once are two children
        list(both.map(lambda _: sandbox.run(parse_feed, _TINY, "text/xml", "http://127.0.0.1/", now), range(2)))
    monitor.store.feeds.make_all_due(now)
    meter = Meter()
    feeds = entries = 0
    for report in monitor.poll.run(lambda: False):
        assert report.decision.outcome in POLL_SUCCESS, report
        feeds += 1
        entries += report.entries
    measured = meter.stop(feeds, entries)
    monitor.close()
    tell(measured)


def once(folder: Path) -> None:
    """Everything from the start of Python to the written digest; nothing is told apart as start-up."""
    # Orphans come to us: only what we have waited for is in the sums.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    line = [sys.executable, "-m", "monitor", "run", "--once", "-c", str(folder / "config.toml")]
    begun = time.perf_counter()
    with (folder / "once.log").open("wb") as log, _watched_peaks() as peaks:
        status = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=log, check=False).returncode
        wall = time.perf_counter() - begun
        _wait_for_all()
    assert status == 0, (folder / "once.log").read_text(encoding="utf-8")[-2_000:]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    entries = _count(folder, "entries")
    assert _count(folder, "articles WHERE stage = 'matched'") == entries
    parent, *children = peaks.values()
    largest = max(children, default=0)
    tell(Measured(wall, used.ru_utime + used.ru_stime, 0.0, parent, largest, _count(folder, "feeds"), entries))


@contextmanager
def _watched_peaks() -> Iterator[dict[int, int]]:
    """The peaks of all descendants, the eldest first; asked often, for an ended process says nothing any more.

    `ru_maxrss` would not do: a process inherits that of the one it was started from.
    """
    peaks: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            peaks.update({pid: peak for pid in descendants(os.getpid()) if (peak := peak_of(pid))})

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def _wait_for_all() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def help_() -> None:
    """CPU milliseconds of the command that people wait for most often, ten times."""
    taken = []
    for _ in range(HELP_RUNS):
        shown = subprocess.Popen([sys.executable, "-m", "monitor", "--help"], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(shown.pid, 0)
        shown.returncode = os.waitstatus_to_exitcode(status)
        assert shown.returncode == 0
        taken.append((used.ru_utime + used.ru_stime) * 1e3)
    print(json.dumps(taken))


def _count(folder: Path, of: str) -> int:
    import sqlite3

    store = sqlite3.connect(folder / "monitor.db")
    (found,) = store.execute(f"SELECT count(*) FROM {of}").fetchone()
    store.close()
    return int(found)


def main() -> None:
    """Runs one row."""
    row, *folders = sys.argv[1:]
    if row == "help":
        help_()
    else:
        {"poll": poll, "once": once}[row](*map(Path, folders))


if __name__ == "__main__":
    main()
