"""Text files and secrets that a config file points to: read here, at the door, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from monitor.model.errors import SecretUnavailable

# Longer than any password, key or URL; a file of this size was named by mistake.
_LONGEST_SECRET = 64_000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be read, and why in a few words."""

    why: str


def read_text(path: Path, longest: int | None = None) -> str | Unreadable:
    """The text of a regular UTF-8 file, without a byte order mark; at most `longest` bytes when given."""
    try:
        if path.exists() and not path.is_file():
            return Unreadable("is a folder, not a file" if path.is_dir() else "is no regular file")
        with path.open("rb") as file:
            content = file.read(-1 if longest is None else longest + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return Unreadable(reason(error))
    if longest is not None and len(content) > longest:
        return Unreadable(f"is longer than {longest} bytes")
    return decoded(content)


def decoded(content: bytes) -> str | Unreadable:
    """UTF-8 text, without a byte order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Unreadable(f"is not UTF-8 text: the first wrong byte is in line {line}")


def read_bytes(name: str, standard_input: BinaryIO, longest: int) -> bytes | Unreadable:
    """The bytes of a file or a pipe, or of standard input for the name "-"; at most `longest`."""
    try:
        if name == "-":
            content = standard_input.read(longest + 1)
        elif Path(name).is_dir():
            return Unreadable("is a folder, not a file")
        else:
            with Path(name).open("rb") as file:
                content = file.read(longest + 1)
    except (OSError, ValueError) as error:
        return Unreadable(reason(error))
    if len(content) > longest:
        return Unreadable(f"is larger than {longest / 1_000_000:g} MB")
    return content


def reason(error: OSError | ValueError) -> str:
    """Why the operating system refused, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, NotADirectoryError):
        return "a part of its path is no folder"
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else "is no path"


def secrets_from(environment: Mapping[str, str], directory: Path) -> Callable[[str], str]:
    """A function from secret references to their values.

    `env:NAME` is a variable of `environment`; `file:PATH` a file, relative to `directory`, its trailing line
    breaks left out; `credential:NAME` a file in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=).
    The function raises SecretUnavailable, which names the reference and never a value.
    """

    def resolve(reference: str) -> str:
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = environment.get(name)
            if value is None:
                raise SecretUnavailable(reference, "the environment variable is not set")
            return value
        if kind == "file":
            return _secret_file(directory / name, reference)
        if kind != "credential":
            raise SecretUnavailable(reference, "is no env:, file: or credential:")
        folder = environment.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise SecretUnavailable(reference, "$CREDENTIALS_DIRECTORY is not set: no service manager gave any")
        if "/" in name or name in ("", ".", ".."):
            raise SecretUnavailable(reference, "is no name of a credential")
        return _secret_file(Path(folder) / name, reference)

    return resolve


def _secret_file(path: Path, reference: str) -> str:
    text = read_text(path, _LONGEST_SECRET)
    if isinstance(text, Unreadable):
        raise SecretUnavailable(reference, text.why)
    return text.rstrip("\r\n")
