"""What was loaded of many rules, kept in the user's cache folder: the next command need not judge them anew.

Nothing depends on it. A file that is missing, broken, another's, or written by another version is as good as none,
and a folder that cannot be written to makes every start slow and nothing else.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from monitor import __version__
from monitor.adapters.clock import SystemClock
from monitor.app.collector import keep_out_of_sight, undisturbed
from monitor.core.rules import LoadedRules, Memory, RuleFile, load_rules
from monitor.core.rules.kept import remembered, written

FEWEST = 1_000
"""Rules that are worth keeping: fewer load within a quarter of a second."""

_LARGEST = 1_000_000_000  # bytes
_UNUSED = 30 * 86_400  # seconds after which a file that nobody asked for goes
_ROOMS = ("core/rules", "core/text", "core/names", "model")  # whose code decides what a rule means
# What a file says, and whether an example in some language holds. The stemmer is part of what `~` means.
_LIBRARIES = ("py3langid", "tomli")


class RuleMemory:
    """The file that belongs to one config, or to one folder of rules."""

    def __init__(self, environment: Mapping[str, str], subject: Path) -> None:
        folder = _folder(environment)
        name = blake2b(os.fsencode(subject.absolute()), digest_size=12).hexdigest()
        self._path = None if folder is None else folder / f"rules-{name}.jsonl"

    def recall(self, files: Sequence[RuleFile]) -> Memory:
        """What is known of these files; an empty memory when that is nothing."""
        try:
            content = b"" if self._path is None else _own(self._path)
            head, _, body = content.partition(b"\n")
            said = json.loads(head or b"{}")
            held, names = said["held"] is True, str(said["names"])
            if said != _head(body, names, held):
                return Memory()
            with undisturbed():
                known = remembered(body.decode().split("\n") if body else (), files)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return Memory()
        return replace(known, names=names, held=held)

    def keep(self, memory: Memory, before: Memory) -> None:
        """Writes down what is known, unless it is little or what was known before."""
        if self._path is None or len(memory.rules) < FEWEST or _same(memory, before):
            return
        with suppress(OSError, ValueError), undisturbed():  # ValueError: lone surrogates in a text
            body = "\n".join(written(memory)).encode()
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path, json.dumps(_head(body, memory.names, memory.held)).encode() + b"\n" + body)
            _tidy(self._path.parent, SystemClock().now().timestamp())


def load(files: Sequence[RuleFile], known: Memory) -> LoadedRules:
    """Loads rules beside what is known of them. Many are kept out of the garbage collector's sight: else it looks
    at all of them again and again, and reading a text takes seven times as long with 100,000."""
    with undisturbed():
        loaded = load_rules(files, known)
        if loaded.ruleset is not known.ruleset and len(loaded.memory.rules) >= FEWEST:
            keep_out_of_sight()
    return loaded


def _folder(environment: Mapping[str, str]) -> Path | None:
    """Where caches belong: systemd.exec(5) CacheDirectory=, then the XDG Base Directory Specification."""
    given = environment.get("CACHE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    home = environment.get("HOME", "")
    base = environment.get("XDG_CACHE_HOME", "") or (f"{home}/.cache" if home else "")
    return Path(base) / "media-monitor" if base.startswith("/") else None


def _own(path: Path) -> bytes:
    """The bytes of a file that nobody else can have written. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        foreign = found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if foreign or not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            raise PermissionError(f"{path} is not ours alone")
        with suppress(OSError):
            os.utime(descriptor)
        return file.read()


def _replace(path: Path, content: bytes) -> None:
    """Writes a file that only we can read and write; whoever reads meanwhile sees the old one or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # with the mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _tidy(folder: Path, now: float) -> None:
    for path in folder.glob("rules-*.jsonl*"):
        if path.stat().st_mtime < now - _UNUSED:
            path.unlink(missing_ok=True)


def _head(body: bytes, names: str, held: bool) -> dict[str, object]:
    """The first line: who wrote it, what holds of all of it, and a sum over the rest."""
    return {"code": _code(), "names": names, "held": held, "sum": blake2b(body, digest_size=16).hexdigest()}


@cache
def _code() -> str:
    """A mark of the code and its data that decide what rules mean: a change of either makes what was kept void."""
    root = Path(__file__).parent.parent
    said = [__version__, sys.version, unicodedata.unidata_version, *map(version, _LIBRARIES)]
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*")):
            found = path.stat()
            if stat.S_ISREG(found.st_mode) and path.suffix != ".pyc":
                said.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return blake2b("\n".join(said).encode(), digest_size=16).hexdigest()


def _same(memory: Memory, before: Memory) -> bool:
    return (
        memory.held == before.held
        and memory.files.keys() == before.files.keys()
        and all(file is before.files[name][1] for name, (_, file) in memory.files.items())
        and len(memory.rules) == len(before.rules)
        and all(loaded is before.rules.get(id_) for id_, loaded in memory.rules.items())
    )
