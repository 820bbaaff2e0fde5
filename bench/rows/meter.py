"""What a process and all its descendants took, read from /proc; standard library only (Linux).

`resource.getrusage` alone would miss the sandbox's children: they are children of a fork server that nobody
waits for.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of one round.

    `wall` and `cpu` (user and system, descendants included) are seconds of the work alone, `start_up` the CPU
    seconds before it: imports, opening the store, starting children. `parent` and `child` are the peaks of
    memory of the process and of its largest descendant in bytes. `feeds` and `entries` are what the work says
    it did.
    """

    wall: float
    cpu: float
    start_up: float
    parent: int
    child: int
    feeds: int
    entries: int


class Meter:
    """Counts from where it is made: make it when everything is imported, opened and warm."""

    def __init__(self) -> None:
        self._start_up = tree_cpu()
        self._begun = time.perf_counter()

    def stop(self, feeds: int, entries: int) -> Measured:
        """What was taken since; to be called before anything is closed."""
        wall = time.perf_counter() - self._begun
        return Measured(
            wall=wall,
            cpu=tree_cpu() - self._start_up,
            start_up=self._start_up,
            parent=peak_of(os.getpid()),
            child=max((peak_of(one) for one in descendants(os.getpid())), default=0),
            feeds=feeds,
            entries=entries,
        )


def tell(measured: Measured) -> None:
    """Prints the result for the process that started this one."""
    print(json.dumps(asdict(measured)), flush=True)


def tree_cpu() -> float:
    """CPU seconds of this process and of all its descendants, ended ones too, in steps of a clock tick each."""
    own = time.process_time()
    ended = os.times()
    living = sum(cpu_of(one) for one in descendants(os.getpid()))
    return own + ended.children_user + ended.children_system + living


def cpu_of(pid: int) -> float:
    """CPU seconds of another process and of the children it has waited for."""
    fields = _stat(pid)
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS if fields else 0.0


def descendants(root: int) -> list[int]:
    """The living children of a process, and theirs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def peak_of(pid: int) -> int:
    """The most memory a process ever had in RAM, in bytes (VmHWM of proc(5)); 0 when it is gone."""
    line = next((line for line in _read(f"/proc/{pid}/status").splitlines() if line.startswith("VmHWM")), "")
    return int(line.split()[1]) * 1024 if line else 0


def machine() -> str:
    """One line that says what this ran on."""
    cpu = next((line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")), "")
    memory = next((line for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "")
    gigabytes = int(memory.split()[1]) / 1e6 if memory else 0
    name = cpu.partition(":")[2].strip() or os.uname().machine
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{os.cpu_count()} × {name}, {gigabytes:.0f} GB, Linux {os.uname().release.split('-')[0]}, Python {python}"
    )


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on (proc(5)); none when the process is gone."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
