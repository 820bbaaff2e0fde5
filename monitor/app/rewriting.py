"""Writes a text file of the user's anew: whole or not at all, by one of us at a time, its rights as they were."""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import monitor
from monitor.app.files import decoded, reason
from monitor.model.errors import MonitorError

_ALONE = threading.Lock()


class Busy(MonitorError):
    """Another process writes in that folder at this moment."""


class FileChanged(MonitorError):
    """The file says something else than was read of it."""


class NotSaved(MonitorError):
    """The file cannot be written; the message says why in a few words."""


def why_read_only(path: Path) -> str | None:
    """Why a file cannot be written anew, in a few words; None where it can be, as far as one can tell before."""
    try:
        real = path.resolve(strict=True)
        owner = real.stat().st_uid
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        return reason(error) if isinstance(error, OSError) else "its link leads in a circle"
    if real.is_relative_to(Path(monitor.__file__).parent):
        return (
            "it belongs to the installed package, which the next upgrade replaces: copy it into a folder of yours"
        )
    if not os.access(real, os.W_OK):
        return "the monitor may not write it"
    if not os.access(real.parent, os.W_OK | os.X_OK):
        return "the monitor may not write into its folder"
    if os.geteuid() not in (0, owner):
        return "it belongs to another user, and what the monitor writes would be the monitor's"
    return None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else of us writes in that folder meanwhile: other threads wait, another process is an error.

    Raises Busy, NotSaved. Editors know nothing of it: what they write is noticed by `rewrite`.
    """
    with _ALONE:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NotSaved(f"its folder: {reason(error)}") from error
        try:
            with suppress(OSError):  # a network's folder may have no locks
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise Busy(f"another monitor writes into {folder} at this moment") from None
            yield
        finally:
            os.close(descriptor)


def rewrite(path: Path, before: str, after: str) -> None:
    """Puts a new text in place of the old one; who reads meanwhile sees the one or the other.

    A link stays, and what it leads to is written; owner, mode and extended attributes are kept, and a byte order
    mark. Raises FileChanged where the file does not say `before`, NotSaved; then nothing was written.
    """
    try:
        real = path.resolve(strict=True)
        content = real.read_bytes()
        if decoded(content) != before:
            raise FileChanged(str(path))
        mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
        _put(real, content, mark + after.encode())
    except OSError as error:
        # As containers are often given a rule file.
        single = "it is mounted by itself, and cannot be replaced: mount its folder"
        raise NotSaved(single if error.errno == errno.EBUSY else reason(error)) from error
    except RuntimeError as error:
        raise NotSaved("its link leads in a circle") from error


def _put(real: Path, before: bytes, content: bytes) -> None:
    found = real.stat()
    descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.", suffix=".part")
    half = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if (found.st_uid, found.st_gid) != (os.geteuid(), os.fstat(descriptor).st_gid):
                os.fchown(descriptor, found.st_uid, found.st_gid)
            shutil.copystat(real, half)  # mode, access control lists
            os.utime(descriptor)  # the times are those of now: who watches the file sees it change
            os.fsync(descriptor)
        # Again: the disk may have taken seconds, in which an editor saved.
        if real.read_bytes() != before:
            raise FileChanged(str(real))
        half.replace(real)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    # The new name is on disk only when its folder is.
    folder = os.open(real.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
