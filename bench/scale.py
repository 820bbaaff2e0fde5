"""What several processes on one PostgreSQL database reach, and what that says of more machines.

    .venv/bin/python bench/scale.py                                       a quarter of an hour, 2 GB of disk
    .venv/bin/python bench/scale.py --only table --sizes 10000,1000000    one part
    .venv/bin/python bench/scale.py --json

Every rate has its floor beside it, measured in the same run: what the database or the library alone does. On a
busy machine only the multiples of a floor mean anything, and the CPU of one poll.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import structlog
from rows.meter import machine
from scaling import extrapolation, jobs, processes, table
from scaling.server import Server

PARTS = ("table", "jobs", "workers")


def measure(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything that was asked for, as one object."""
    server = Server()
    found: dict[str, Any] = {
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
        "machine": machine(),
        "commits_a_second": server.commits_a_second(),
        "load": [os.getloadavg()[0]],
    }
    if "table" in wanted.only:
        found["table"] = {
            size: [asdict(row) for row in table.measure(server, size, wanted.due)] for size in wanted.sizes
        }
    if "jobs" in wanted.only:
        quick = "-c synchronous_commit=off"
        found["jobs"] = {
            "procrastinate alone": jobs.bare(server, wanted.jobs),
            "procrastinate alone, synchronous_commit=off": jobs.bare(server, wanted.jobs, quick),
            "monitor's queue": jobs.ours(server, wanted.jobs),
        }
    if "workers" in wanted.only:
        load = processes.Load(wanted.feeds, wanted.telling, wanted.rounds, wanted.size)
        found["workers"] = [
            {**asdict(work), "a_second": work.a_second}
            for number in wanted.workers
            for work in processes.measure(server, folder / f"workers-{number}", number, load)
        ]
    found["load"].append(os.getloadavg()[0])
    server.remove()
    found["extrapolation"] = extrapolation.lines(found)
    return found


def shown(found: Mapping[str, Any]) -> Iterator[str]:
    """The whole for people."""
    loads = " to ".join(f"{one:.1f}" for one in found["load"])
    yield f"{found['machine']}; load {loads}; {datetime.fromisoformat(found['date']):%-d %B %Y, %H:%M}"
    commits = f"{found['commits_a_second']:,.0f}"
    yield f"PostgreSQL on this machine, with fsync: {commits} small transactions a second, one after the other"
    if "table" in found:
        yield ""
        yield from _table(found["table"])
    if "jobs" in found:
        yield ""
        yield f"{'jobs of one feed of a host of its own':<46}{'put/s':>8}{'taken/s':>9}"
        for name, (put, taken) in found["jobs"].items():
            yield f"{name:<46}{put:>8,.0f}{taken:>9,.0f}"
    if "workers" in found:
        yield ""
        yield from _workers(found["workers"])
    yield ""
    yield from found["extrapolation"]


def _table(sizes: Mapping[int, list[dict[str, Any]]]) -> Iterator[str]:
    yield "ms a feed by the clock (CPU of PostgreSQL + of the process), beside so many feeds"
    yield f"{'':<28}" + "".join(f"{size:>24,}" for size in sizes)
    for cells in zip(*sizes.values(), strict=True):
        said = (f"{_ms(one, 'seconds'):.3f} ({_ms(one, 'server'):.3f} + {_ms(one, 'ours'):.3f})" for one in cells)
        yield f"{cells[0]['name']:<28}" + "".join(f"{one:>24}" for one in said)


def _ms(row: Mapping[str, Any], what: str) -> float:
    return float(row[what]) * 1000 / row["feeds"]


def _workers(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'':<28}{'':>8}{'':>9}{'CPU ms for each':>27}"
    yield f"{'':<28}{'workers':>8}{'a second':>9}{'workers':>9}{'PostgreSQL':>12}{'dispatcher':>12}{'load':>7}"
    for name in dict.fromkeys(row["name"] for row in rows):
        for number in dict.fromkeys(row["workers"] for row in rows):
            some = [row for row in rows if (row["name"], row["workers"]) == (name, number)]
            rate = median(row["a_second"] for row in some)
            workers, server, dispatcher = (
                median(row["spent"][part] * 1000 / row["number"] for row in some)
                for part in ("workers", "server", "dispatcher")
            )
            load = max(row["load"] for row in some)
            cpu = f"{workers:>9.2f}{server:>12.2f}{dispatcher:>12.2f}"
            yield f"{name:<28}{number:>8}{rate:>9,.0f}{cpu}{load:>7.1f}"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=_words, default=PARTS, help="table,jobs,workers")
    parser.add_argument("--sizes", type=_numbers, default=[10_000, 100_000, 1_000_000], help="feeds in the table")
    parser.add_argument("--due", type=int, default=10_000, help="feeds of the table that are due")
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--workers", type=_numbers, default=[1, 2, 4])
    parser.add_argument("--feeds", type=int, default=1_500, help="feeds that workers poll")
    parser.add_argument("--telling", type=int, default=100, help="feeds whose entries become articles")
    parser.add_argument("--rounds", type=int, default=3, help="polls of each feed that are answered 304")
    parser.add_argument("--size", type=int, default=25_000, help="bytes of a feed")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        found = measure(wanted, Path(folder))
    print(json.dumps(found) if wanted.json else "\n".join(shown(found)))


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


if __name__ == "__main__":
    main()
