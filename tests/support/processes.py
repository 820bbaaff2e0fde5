"""What Linux says of a process in /proc (proc(5))."""

from __future__ import annotations

from pathlib import Path


def child_of(pid: int) -> int:
    """The first child; 0 while there is none."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return int(found[0]) if found else 0


def catches(pid: int, number: int) -> bool:
    """Whether it has a handler for that signal."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
