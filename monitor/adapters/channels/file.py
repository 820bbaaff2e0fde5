"""Messages as files: written beside their place, then moved there, so that no reader sees half a file."""

from __future__ import annotations

import errno
import json
import os
import re
from datetime import UTC
from pathlib import Path

from monitor.model.delivery import FileEndpoint, Receipt
from monitor.model.digest import Message, MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault

_ENDINGS = {MessageFormat.JSON: "json", MessageFormat.HTML: "html", MessageFormat.EMAIL: "html"}
# People must change something; everything else (no space, quota, I/O) may pass.
_BROKEN = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    }
)
_LONGEST_SLUG = 80  # bytes


class FileChannel:
    """Keeps the `Channel` port for one directory, which is made when missing."""

    def __init__(self, endpoint: FileEndpoint) -> None:
        self._directory = Path(endpoint.directory)

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Writes one file; a retry with the same key writes the same file again. Raises DeliveryFailed."""
        del recipient
        place = self._directory / file_name(message, key)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            _write(place, content_of(message))
        except OSError as error:
            fault = DeliveryFault.BROKEN_RECEIVER if error.errno in _BROKEN else DeliveryFault.TEMPORARY
            raise DeliveryFailed(fault, f"{self._directory}: {error.strerror or type(error).__name__}") from error
        return Receipt(str(place))


def file_name(message: Message, key: str) -> str:
    """`2023-02-23T0330Z-border-morning-1-of-1-1f3a77c0.json`: sorts by time, says what, never collides."""
    when = message.date.astimezone(UTC).strftime("%Y-%m-%dT%H%MZ")
    what = re.sub(r"\W+", "-", message.subject.split(":")[0].split(" (")[0].casefold()).strip("-_")
    # Bytes, not letters, count for file systems (255 a name), whatever the script.
    slug = what.encode("utf-8", "ignore")[:_LONGEST_SLUG].decode("utf-8", "ignore").strip("-") or "digest"
    mark = "".join(c for c in key if c.isascii() and c.isalnum())[:8] or "0"
    ending = _ENDINGS.get(message.format, "txt")
    return f"{when}-{slug}-{message.part}-of-{message.parts}-{mark}.{ending}"


def content_of(message: Message) -> bytes:
    """The bytes of the file: the payload as JSON, the HTML, or the text."""
    if message.format in (MessageFormat.JSON, MessageFormat.SLACK) and message.payload is not None:
        text = json.dumps(message.payload, ensure_ascii=False, indent=2) + "\n"
    elif message.format in _ENDINGS and message.html is not None:
        text = message.html
    else:
        text = message.text
    return text.encode("utf-8", "replace")


def _write(place: Path, content: bytes) -> None:
    # A fixed name for the half-written file: what a crash leaves behind, the retry overwrites.
    half = place.with_name(f".{place.name}.part")
    try:
        # Who may write into the directory, too, leads us nowhere else by a link. Rights are those of the umask.
        with os.fdopen(os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(place)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    # The new name is on disk only when its directory is.
    directory = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
