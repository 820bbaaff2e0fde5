"""What a poll costs: CPU, wall time and memory of first poll and re-poll, beside raw parts and lemon24/reader.

    .venv/bin/python bench/polling.py [--feeds 500] [--size 25kB] [--rounds 3] [--json] [--without-reader]
    .venv/bin/python bench/polling.py --growth [--feeds 10000]

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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rows.feeds import address_of, make_feed
from rows.meter import Measured, cpu_of, machine
from rows.table import TITLES, summary, table
from rows.tls import AUTHORITY

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


@dataclass(frozen=True)
class Server:
    """A local server in a process of its own; over TLS with the certificate to trust."""

    port: int
    pid: int
    authority: Path | None = None

    @property
    def scheme(self) -> str:
        """As URLs begin."""
        return "https" if self.authority else "http"


@dataclass
class Bench:
    """One run of the whole: where things are, and what was measured so far, by row."""

    feeds: int
    size: int
    now: str
    server: Server
    tls: Server
    folder: Path
    reader: Path | None
    measured: dict[str, list[Measured]] = field(default_factory=dict)

    def run(self, *command: str, python: str = sys.executable, **more: str) -> Any:
        """What a row says in JSON, in a fresh process; ends the bench when the row fails."""
        path = [str(BENCH)] if python != sys.executable else [str(BENCH), str(BENCH.parent)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), **more}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once, not at every start
        done = subprocess.run(
            [python, "-m", *command], cwd=BENCH, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(command)} ended with {done.returncode}")
        return json.loads(done.stdout.splitlines()[-1])

    def raw(self, part: str) -> Measured:
        """A raw part."""
        return Measured(
            **self.run("rows.raw", part, str(self.feeds), str(self.size), self.now, str(self.server.port))
        )

    def ours(self, what: str, name: str, path: str = "/feed.xml", *, tls: bool = False) -> Measured:
        """The pipeline in the folder `name`, which is made when it is not there."""
        desk, server = self.folder / name, self.tls if tls else self.server
        if not desk.exists():
            desk.mkdir()
            urls = [f"{server.scheme}://{address_of(number)}:{server.port}{path}" for number in range(self.feeds)]
            feeds = "".join(f'[[feeds]]\nurl = "{url}"\nbackfill = "24h"\n' for url in urls)
            (desk / "config.toml").write_text(_CONFIG.format(rules=BENCH.parent / "rules") + feeds, "utf-8")
        authority = [str(server.authority.parent)] if server.authority else []
        return Measured(**self.run("rows.ours", what, str(desk), *authority))

    def lemon24(self, name: str, path: str = "/feed.xml", *, tls: bool = False) -> Measured:
        """lemon24/reader on the database `name`."""
        assert self.reader is not None
        database = str(self.folder / f"{name}.sqlite")
        python = str(self.reader / "bin" / "python")
        server = self.tls if tls else self.server
        where = (server.scheme, str(server.port), path, str(self.feeds))
        trusted = {"REQUESTS_CA_BUNDLE": str(server.authority)} if server.authority else {}
        return Measured(**self.run("rows.lemon24", database, *where, python=python, **trusted))


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
    yield "ours_tls_first", lambda: bench.ours("poll", f"ours-tls-{turn}", tls=True)
    yield "ours_tls_304", lambda: bench.ours("poll", f"ours-tls-{turn}", tls=True)
    if bench.reader is not None:
        yield "reader_first", lambda: bench.lemon24(f"reader-{turn}")
        yield "reader_304", lambda: bench.lemon24(f"reader-{turn}")
        yield "reader_same", lambda: bench.lemon24("reader-blind", "/blind.xml")
        yield "reader_tls_first", lambda: bench.lemon24(f"reader-tls-{turn}", tls=True)
        yield "reader_tls_304", lambda: bench.lemon24(f"reader-tls-{turn}", tls=True)


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
            before = cpu_of(bench.server.pid)
            bench.measured.setdefault(name, []).append(row())
            if name == "raw_fetch":
                a_request = (cpu_of(bench.server.pid) - before) / bench.feeds
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
def serving(feeds: int, size: int, now: str, tls: Path | None = None) -> Iterator[Server]:
    """The local server, over TLS with certificates in that folder."""
    line = [sys.executable, "-m", "rows.server", str(feeds), str(size), now, *([str(tls)] if tls else [])]
    with subprocess.Popen(line, cwd=BENCH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = server.stdout.readline()
            if not port:
                raise SystemExit("bench: the local server did not start")
            yield Server(int(port), server.pid, tls / AUTHORITY if tls else None)
        finally:
            server.stdin.close()  # which ends it


def bytes_of(text: str) -> int:
    """`25kB`, `25KB` or `25000` as a number of bytes."""
    found = re.fullmatch(r"(\d+)\s*(k?)b?", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 25kB")
    return int(found[1]) * (1000 if found[2] else 1)


def growth(most: int, size: int, say: Callable[[str], None]) -> Iterator[str]:
    """First polls and re-polls of ten times as many feeds each time, up to so many: the lines of a table."""
    heads = ("first ms/feed", "304 ms/feed", "feeds/s", "parent MB", "child MB")
    yield f"{'feeds':>7}  {heads[0]:>13} {heads[1]:>12} {heads[2]:>8} {heads[3]:>10} {heads[4]:>9}"
    feeds = 100
    while feeds <= most:
        say(f"{feeds:,} feeds")
        with housed(feeds, size, None, tls=False) as bench:
            measure(bench, 1, "ours_(first|304)", say)
            first, again = bench.measured["ours_first"][0], bench.measured["ours_304"][0]
            parent, child = (max(getattr(one, name) for one in (first, again)) for name in ("parent", "child"))
            yield (
                f"{feeds:>7,}  {first.cpu * 1e3 / feeds:>13.2f} {again.cpu * 1e3 / feeds:>12.2f} "
                f"{feeds / first.wall:>8.0f} {parent / 1e6:>10.0f} {child / 1e6:>9.0f}"
            )
        feeds *= 10


@contextmanager
def housed(feeds: int, size: int, reader: Path | None, *, tls: bool) -> Iterator[Bench]:
    """A bench with its servers and a folder; without `tls` its rows over TLS cannot be run."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-bench-")))
        plain = stack.enter_context(serving(feeds, size, now))
        certificates = folder / "certificates"
        certificates.mkdir()
        secure = stack.enter_context(serving(feeds, size, now, certificates)) if tls else plain
        yield Bench(feeds, size, now, plain, secure, folder, reader)


def main() -> None:
    """Measures, then prints the table or one JSON object."""
    parser = argparse.ArgumentParser(description="What a poll costs. How to read it: bench/README.md.")
    parser.add_argument("--feeds", type=int, default=500, help="how many feeds (default 500)")
    parser.add_argument("--size", type=bytes_of, default=25_000, help="of one feed, about (default 25kB)")
    parser.add_argument("--rounds", type=int, default=3, help="every row so often; the median counts (default 3)")
    parser.add_argument("--only", default="", metavar="REGEX", help="only rows whose name has this in it")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--without-reader", action="store_true", help="leave lemon24/reader out")
    parser.add_argument("--growth", action="store_true", help="only what a feed costs among 100, 1,000, … --feeds")
    arguments = parser.parse_args()

    def say(line: str) -> None:
        print(f"• {line}", file=sys.stderr, flush=True)

    if arguments.growth:
        for line in growth(arguments.feeds, arguments.size, say):
            print(line, flush=True)
        return
    home = None if arguments.without_reader else reader_home(say)
    needs_tls = any(re.search(arguments.only, name) for name in TITLES if "_tls_" in name)
    with housed(arguments.feeds, arguments.size, home, tls=needs_tls) as bench:
        result = measure(bench, arguments.rounds, arguments.only, say)
    print(json.dumps(result) if arguments.json else table(result))


if __name__ == "__main__":
    main()
