"""One daemon per SQLite store: a lock file that names its holder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from monitor.model.errors import StoreBusy, StoreUnusable


class StoreHolder:
    """Holds `<database>.lock` for as long as the process lives.

    The kernel frees the lock when the process ends, however it ends: there are no stale locks to remove.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    def hold(self, pid: int) -> None:
        """Takes the store. Raises StoreBusy with the holder's pid, or StoreUnusable."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreUnusable(
                str(self._database), f"cannot make {self._path.name} beside it: {error.strerror}"
            ) from error
        try:
            _lock(file)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            raise StoreBusy(str(self._database), int(holder) if holder.isdigit() else None) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{pid}\n".encode("ascii"), 0)
        self._file = file

    def release(self) -> None:
        """Gives the store back; safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> None:
    """Locks it; a `monitor status` that asks who holds it does so for an instant, which is no holder."""
    for _ in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holder_of(database: Path) -> int | None:
    """The pid of the daemon that holds this store, or None."""
    probe = StoreHolder(database)
    if not probe._path.exists():
        return None
    try:
        file = os.open(probe._path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(file, 32).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(file)
