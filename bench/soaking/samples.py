"""What each process takes while it runs: memory, descriptors, threads, processor; and whether that is flat."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rows.meter import cpu_of, descendants

from soaking.house import House
from soaking.tables import Table, tables_of

MB = 1_048_576
# What is called flat, after warm-up. A slope is judged where there are ten minutes to judge it by: below that the
# noise of a few MB is many MB an hour. Over 18 minutes, 5 % of 260 MB are 13 MB: a leak of 400 bytes a poll.
WARM_UP = 720.0  # seconds: the caches of words are full, and after ten minutes the weights of words are learned
MOST_GROWTH = 0.05  # of the median of the parent's own memory, along the line by least squares
MOST_OVER_MEDIAN = 1.25
MOST_MORE_FDS = 8  # in the mean of the last quarter, over that of the first after warm-up
JUDGED_FROM = 600.0  # seconds of samples after warm-up


@dataclass(frozen=True, slots=True)
class Process:
    """What one process takes, memory in MB. `own` is memory that no other process shares.

    `fds` are its own, by kind. `busy` are processor seconds, with all its children, so far.
    """

    rss: float
    pss: float
    own: float
    children: int
    children_pss: float
    children_largest: float
    threads: int
    fds: dict[str, int]
    busy: float

    def words(self) -> str:
        """For who looks on."""
        kinds = " ".join(f"{kind} {number}" for kind, number in sorted(self.fds.items()))
        return (
            f"{self.rss:.0f} MB (own {self.own:.0f})  {self.children} children {self.children_pss:.0f} MB  "
            f"{self.threads} threads  fds {kinds}  cpu {self.busy:.0f} s"
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One look; `at` in seconds since the start. `load` are processor seconds of the load generator so far,
    `database` is what the monitor says that its store takes, in MB; `tables` are those of a server."""

    at: float
    processes: Mapping[str, Process]
    database: float
    wal: float
    load: float
    waits: dict[str, float]
    tables: Mapping[str, Table] = field(default_factory=dict)

    def line(self) -> str:
        """For who looks on."""
        waits = " ".join(f"{name} {value:.0f}" for name, value in self.waits.items() if value)
        each = "".join(f"\n          {name}: {one.words()}" for name, one in self.processes.items())
        return (
            f"{self.at:6.0f} s  db {self.database:.0f} MB + wal {self.wal:.0f}  generator {self.load:.0f} s  "
            f"waits: {waits or '-'}{each}"
        )


_WAITS = {
    "media_monitor_entries_waiting": "entries",
    "media_monitor_articles_unmatched": "articles",
    "media_monitor_matches_pending": "matches",
    'media_monitor_outbox_deliveries{state="waiting"}': "deliveries",
    "media_monitor_jobs_waiting": "jobs",
    "media_monitor_oldest_due_feed_seconds": "feed-s",
    "media_monitor_oldest_waiting_entry_seconds": "entry-s",
    "media_monitor_oldest_unmatched_article_seconds": "article-s",
    "media_monitor_oldest_pending_match_seconds": "match-s",
    "media_monitor_oldest_waiting_delivery_seconds": "delivery-s",
}


def look(house: House, begun: float) -> Sample | None:
    """One sample; None when a process is gone."""
    processes = {name: found for name, one in house.daemons.items() if (found := _process(one.pid))}
    if len(processes) < len(house.daemons):
        return None
    gauges = house.gauges()
    return Sample(
        at=time.monotonic() - begun,
        processes=processes,
        database=gauges.get("media_monitor_database_bytes", 0.0) / MB,
        wal=_size(house.store.with_name(house.store.name + "-wal")),
        load=time.process_time(),
        waits={name: gauges[key] for key, name in _WAITS.items() if key in gauges},
        tables=tables_of(house),
    )


def _process(pid: int) -> Process | None:
    own = _memory(pid)
    if not own:
        return None
    below = [found for one in descendants(pid) if (found := _memory(one))]
    return Process(
        rss=own["Rss"],
        pss=own["Pss"],
        own=own["Private_Clean"] + own["Private_Dirty"],
        children=len(below),
        children_pss=sum(one["Pss"] for one in below),
        children_largest=max((one["Rss"] for one in below), default=0.0),
        threads=_count(Path(f"/proc/{pid}/task")),
        fds=_fds(pid),
        busy=cpu_of(pid) + sum(cpu_of(one) for one in descendants(pid)),
    )


@dataclass(frozen=True, slots=True)
class Flatness:
    """How a figure went after warm-up: its line by least squares, and its largest value over the median."""

    slope: float  # an hour
    median: float
    largest: float
    seconds: float

    @property
    def growth(self) -> float:
        """Of the median, along the line."""
        return self.slope * self.seconds / 3_600 / self.median if self.median else 0.0

    @property
    def over_median(self) -> float:
        """Largest over median."""
        return self.largest / self.median if self.median else 1.0

    def row(self) -> dict[str, float]:
        """For programs."""
        return {**asdict(self), "over median": self.over_median, "growth, of the median": self.growth}


def after_warm_up(samples: Sequence[Sample]) -> list[Sample]:
    """Those that are judged."""
    return [one for one in samples if one.at >= WARM_UP]


def flatness(samples: Sequence[Sample], figures: Sequence[float]) -> Flatness:
    """Of one figure of each sample; of nothing, nothing."""
    times = [one.at / 3_600 for one in samples]
    if len(times) < 2:
        return Flatness(0.0, *([figures[0]] * 2 if figures else [0.0, 0.0]), 0.0)
    slope = statistics.linear_regression(times, figures).slope
    return Flatness(slope, statistics.median(figures), max(figures), 3_600 * (times[-1] - times[0]))


def flatness_complaints(samples: Sequence[Sample], roles: Mapping[str, str]) -> list[str]:
    """Why memory or descriptors are not flat; nothing when they are, or when the run was too short to say.

    Of several processes of one role the largest is judged: one that takes over what another did comes to have its
    memory, too, and has lost none by that.
    """
    if not samples or samples[-1].at - samples[0].at < JUDGED_FROM:
        return []
    found = []
    for role in dict.fromkeys(roles.values()):
        names = [name for name, one in roles.items() if one == role]
        own = flatness(samples, [max(one.processes[name].own for name in names) for one in samples])
        what = names[0] if len(names) == 1 else f"the largest of {', '.join(names)}"
        if own.growth > MOST_GROWTH:
            grown = f"{own.growth:.1%} of its median, {own.slope:.1f} MB an hour"
            found.append(f"{what} grew by {grown}; {MOST_GROWTH:.0%} at most is flat")
        if own.over_median > MOST_OVER_MEDIAN:
            ratio = f"{own.over_median:.2f} × its median"
            found.append(f"{what} was {ratio} at its largest; {MOST_OVER_MEDIAN} at most is flat")
    for name in roles:
        if (more := growth_of_fds([one.processes[name] for one in samples])) > MOST_MORE_FDS:
            found.append(f"{name} has {more:.0f} descriptors more at the end than after warm-up")
    return found


def growth_of_fds(looks: Sequence[Process]) -> float:
    """Descriptors more in the mean of the last quarter than in that of the first."""
    quarter = max(1, len(looks) // 4)
    first, last = looks[:quarter], looks[-quarter:]
    if not looks:
        return 0.0
    return statistics.mean(sum(one.fds.values()) for one in last) - statistics.mean(
        sum(one.fds.values()) for one in first
    )


def _memory(pid: int) -> dict[str, float]:
    """MB by the names of /proc/PID/smaps_rollup (proc(5)); nothing when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return {}
    found = {name: int(rest.split()[0]) / 1_024 for name, _, rest in (one.partition(":") for one in lines)}
    return found if "Rss" in found else {}


def _fds(pid: int) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for one in _entries(Path(f"/proc/{pid}/fd")):
        try:
            name = str(one.readlink())
        except OSError:
            continue
        kinds["file" if name.startswith("/") else name.partition(":")[0]] += 1
    return dict(kinds)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _count(folder: Path) -> int:
    return len(_entries(folder))


def _size(file: Path) -> float:
    return file.stat().st_size / MB if file.exists() else 0.0
