"""Sees that config or rule files were changed: `[rules] watch`."""

from __future__ import annotations

import glob
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from monitor.app.files import Unreadable, read_text
from monitor.config import outline

log = structlog.get_logger("monitor")

EVERY = 2.0  # seconds between two looks

# By name: time of the last change in nanoseconds, bytes, number of the file.
_Sight = Mapping[str, tuple[int, int, int]]


class Watch:
    """Looks at the files of a config again and again, and says when they are others than those that were taken up.

    By time, size and number, at every look anew: what tells of changes (inotify) is silent for files that another
    machine or container wrote. A change counts when two looks saw the same, since who sees a file grow would read
    half of it.
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self._patterns: tuple[str, ...] = ()
        self._read_of: tuple[int, int, int] | None = None  # the config whose patterns these are
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._waited_for: list[str] = []
        self._taken = self._last = self._see()

    def take(self) -> None:
        """The files are about to be read: only what changes from here on is a change."""
        with self._lock:
            self._taken = self._last = self._see()

    def look(self) -> bool:
        """Whether the files are others than those taken, and have been so since the last look. Says so once."""
        with self._lock:
            before, self._last = self._last, self._see()
            if self._last != before or self._last == self._taken or self._waits():
                return False
            self._taken = self._last
            return True

    def start(self, changed: Callable[[], None], wanted: Callable[[], bool]) -> None:
        """Looks from now on, in a thread of its own (a folder on a dead server must not hold up a stop)."""
        threading.Thread(target=self._run, args=(changed, wanted), name="watch", daemon=True).start()

    def stop(self) -> None:
        """Ends the looking, at the latest after the next look."""
        self._stopped.set()

    def _run(self, changed: Callable[[], None], wanted: Callable[[], bool]) -> None:
        while not self._stopped.wait(EVERY):
            if wanted() and self.look():
                changed()

    def _waits(self) -> bool:
        """Whether a file with something in it is empty now: somebody is about to write it. All changes wait with
        it, so it is said, once."""
        emptied = [
            name for name, (_, size, _) in self._last.items() if not size and self._taken.get(name, (0, 0, 0))[1]
        ]
        if emptied and emptied != self._waited_for:
            log.warning("changed files wait: some are empty that were not; write them, or SIGHUP", files=emptied)
        self._waited_for = emptied
        return bool(emptied)

    def _see(self) -> _Sight:
        config = _stamp(self._config)
        if config is not None and config != self._read_of:
            text = read_text(self._config)
            # Of one that cannot be read the files of before are looked at: its mending is a change, too.
            found = (
                ()
                if isinstance(text, Unreadable)
                else outline(text, str(self._config.absolute().parent)).rule_globs
            )
            if found:
                self._patterns = tuple(one.absolute for one in found)
                self._read_of = config
        names = {name for pattern in self._patterns for name in glob.glob(pattern, recursive=True)}  # noqa: PTH207
        stamps = {name: _stamp(Path(name)) for name in sorted(names)}
        return {name: one for name, one in {str(self._config): config, **stamps}.items() if one is not None}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes with a file; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return None if stat.S_ISDIR(found.st_mode) else (found.st_mtime_ns, found.st_size, found.st_ino)
