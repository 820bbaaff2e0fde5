"""What a poll costs: CPU, wall time and memory of first poll and re-poll, beside raw parts and lemon24/reader.

    .venv/bin/python bench/pipeline.py [--feeds 500] [--size 25kB] [--rounds 3] [--json] [--without-reader]

Never a gate: a test only runs it small, so that it does not rot. How to read it: bench/README.md. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rows.feeds import address_of, make_feed
from rows.meter import Measured, cpu_of, machine
from rows.table import summary, table

BENCH = Path(__file__).resolve().parent
READER = BENCH / ".cache" / "reader"
# sgmllib3k: the feedparser inside reader needs it, and the feedparser beside it no longer brings it.
READER_WANTED = ("reader>=3.20", "sgmllib3k")

_CONFIG = """\
[store]
url = "sqlite:///monitor.db"
[poll]
allow_private_addresses = true
[rules]
files = ["{rules}/*.toml", "{rules}/entities/*.toml"]
[receivers.desk]
file = {{ directory = "digests", format = "text" }}
[[digests]]
name = "all"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""


@dataclass
class Bench:
    """One run of the whole: where things are, and what was measured so far, by row."""

    feeds: int
    size: int
    now: str
    port: int
    folder: Path
    server: int  # its process
    reader: Path | None
    measured: dict[str, list[Measured]] = field(default_factory=dict)

    def run(self, *command: str, python: str = sys.executable) -> Any:
        """What a row says in JSON, in a fresh process; ends the bench when the row fails."""
        path = [str(BENCH)] if python != sys.executable else [str(BENCH), str(BENCH.parent)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once, not at every start
        done = subprocess.run(
            [python, "-m", *command], cwd=BENCH, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(command)} ended with {done.returncode}")
        return json.loads(done.stdout.splitlines()[-1])

    def raw(self, part: str) -> Measured:
        """A raw part."""
        return Measured(**self.run("rows.raw", part, str(self.feeds), str(self.size), self.now, str(self.port)))

    def ours(self, what: str, name: str, path: str = "/feed.xml") -> Measured:
        """The pipeline in the folder `name`, which is made when it is not there."""
        desk = self.folder / name
        if not desk.exists():
            desk.mkdir()
            urls = [f"http://{address_of(number)}:{self.port}{path}" for number in range(self.feeds)]
            feeds = "".join(f'[[feeds]]\nurl = "{url}"\nbackfill = "24h"\n' for url in urls)
            (desk / "config.toml").write_text(_CONFIG.format(rules=BENCH.parent / "rules") + feeds, "utf-8")
        return Measured(**self.run("rows.ours", what, str(desk)))

    def lemon24(self, name: str, path: str = "/feed.xml") -> Measured:
        """lemon24/reader on the database `name`."""
        assert self.reader is not None
        database = str(self.folder / f"{name}.sqlite")
        python = str(self.reader / "bin" / "python")
        row = self.run("rows.lemon24", database, str(self.port), path, str(self.feeds), python=python)
        return Measured(**row)


def rows(bench: Bench, turn: int) -> Iterator[tuple[str, Callable[[], Measured]]]:
    """The rows of one round, in order: a re-poll finds the store of the first poll before it."""
    yield "raw_fetch", lambda: bench.raw("fetch")
    yield "raw_fetch_304", lambda: bench.raw("fetch_304")
    yield "raw_lxml", lambda: bench.raw("lxml")
    yield "raw_feedparser", lambda: bench.raw("feedparser")
    yield "ours_first", lambda: bench.ours("poll", f"ours-{turn}")
    yield "ours_304", lambda: bench.ours("poll", f"ours-{turn}")
    yield "ours_same", lambda: bench.ours("poll", "ours-blind", "/blind.xml")
    yield "ours_once", lambda: bench.ours("once", f"once-{turn}")
    if bench.reader is not None:
        yield "reader_first", lambda: bench.lemon24(f"reader-{turn}")
        yield "reader_304", lambda: bench.lemon24(f"reader-{turn}")
        yield "reader_same", lambda: bench.lemon24("reader-blind", "/blind.xml")


def measure(bench: Bench, rounds: int, only: str, say: Callable[[str], None]) -> dict[str, Any]:
    """All rounds, rows taking turns, so that a busy minute of the machine falls on all of them."""
    wanted = [name for name, _ in rows(bench, 0) if re.search(only, name)]
    for name, prepare in (
        ("ours_same", lambda: bench.ours("poll", "ours-blind", "/blind.xml")),
        ("reader_same", lambda: bench.lemon24("reader-blind", "/blind.xml")),
    ):
        if name in wanted:
            say(f"before the first round: a first poll for {name}, not measured")
            prepare()
    a_request = 0.0
    for turn in range(rounds):
        for name, row in rows(bench, turn):
            if name not in wanted:
                continue
            say(f"round {turn + 1} of {rounds}: {name}")
            before = cpu_of(bench.server)
            bench.measured.setdefault(name, []).append(row())
            if name == "raw_fetch":
                a_request = (cpu_of(bench.server) - before) / bench.feeds
    bodies = [make_feed(number, bench.size, datetime.fromisoformat(bench.now)) for number in range(bench.feeds)]
    return {
        "date": bench.now,
        "machine": machine(),
        "feeds": bench.feeds,
        "bytes": sum(len(feed.body) for feed in bodies) // len(bodies),
        "entries": sum(feed.entries for feed in bodies),
        "rounds": rounds,
        "reader": reader_version(bench.reader),
        "server_ms_a_request": a_request * 1e3,
        **summary(bench.measured, bench.run("rows.ours", "help")),
    }


# ---- lemon24/reader, in a house of its own


def reader_home(say: Callable[[str], None]) -> Path:
    """The virtual environment with lemon24/reader, made when it is not there."""
    if not (READER / ".installed").exists():
        say(f"making {READER.relative_to(BENCH.parent)}: lemon24/reader from the package index")
        venv.create(READER, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *READER_WANTED]
        if subprocess.run([READER / "bin" / "python", *install], stdout=sys.stderr, check=False).returncode:
            raise SystemExit("bench: pip could not install it; --without-reader leaves it out")
        (READER / ".installed").touch()
    return READER


def reader_version(home: Path | None) -> str | None:
    """The version that is installed there."""
    if home is None:
        return None
    line = [str(home / "bin" / "python"), "-c", "import importlib.metadata as m; print(m.version('reader'))"]
    return str(subprocess.run(line, capture_output=True, text=True, check=True).stdout).strip()


# ---- the door


@contextmanager
def serving(feeds: int, size: int, now: str) -> Iterator[tuple[int, int]]:
    """The local server in a process of its own: its port and its process id."""
    line = [sys.executable, "-m", "rows.server", str(feeds), str(size), now]
    with subprocess.Popen(line, cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = server.stdout.readline()
            if not port:
                raise SystemExit("bench: the local server did not start")
            yield int(port), server.pid
        finally:
            server.stdin.close()  # which ends it


def bytes_of(text: str) -> int:
    """`25kB`, `25KB` or `25000` as a number of bytes."""
    found = re.fullmatch(r"(\d+)\s*(k?)b?", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 25kB")
    return int(found[1]) * (1000 if found[2] else 1)


def main() -> None:
    """Measures, then prints the table or one JSON object."""
    parser = argparse.ArgumentParser(description="What a poll costs. How to read it: bench/README.md.")
    parser.add_argument("--feeds", type=int, default=500, help="how many feeds (default 500)")
    parser.add_argument("--size", type=bytes_of, default=25_000, help="of one feed, about (default 25kB)")
    parser.add_argument("--rounds", type=int, default=3, help="every row so often; the median counts (default 3)")
    parser.add_argument("--only", default="", metavar="REGEX", help="only rows whose name has this in it")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--without-reader", action="store_true", help="leave lemon24/reader out")
    arguments = parser.parse_args()

    def say(line: str) -> None:
        print(f"• {line}", file=sys.stderr, flush=True)

    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    home = None if arguments.without_reader else reader_home(say)
    with (
        tempfile.TemporaryDirectory(prefix="monitor-bench-") as folder,
        serving(arguments.feeds, arguments.size, now) as (port, pid),
    ):
        bench = Bench(arguments.feeds, arguments.size, now, port, Path(folder), pid, home)
        result = measure(bench, arguments.rounds, arguments.only, say)
    print(json.dumps(result) if arguments.json else table(result))


if __name__ == "__main__":
    main()
