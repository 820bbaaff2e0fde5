"""Standard input and output as bytes, and progress for whoever watches."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

_LARGE = 5_000_000  # bytes: some seconds of matching; less is over before anybody wonders


def standard_input() -> BinaryIO:
    """Standard input as bytes; nothing where it is closed."""
    return sys.stdin.buffer if sys.stdin is not None else io.BytesIO()


def lines_of(file: Path) -> Iterator[str]:
    """The lines of a text file, or of standard input for "-", as UTF-8; wrong bytes become U+FFFD.

    A bar on standard error shows how much of a large file is read, when that is a terminal and standard output
    is not: else it would stand between the lines printed.
    """
    if str(file) == "-":
        yield from (line.decode("utf-8", "replace") for line in standard_input())
        return
    with file.open("rb") as lines:
        size = os.fstat(lines.fileno()).st_size
        if size < _LARGE or not sys.stderr.isatty() or sys.stdout.isatty():
            yield from (line.decode("utf-8", "replace") for line in lines)
            return
        with click.progressbar(length=size, label=file.name, file=sys.stderr, update_min_steps=size // 200) as bar:
            for line in lines:
                yield line.decode("utf-8", "replace")
                bar.update(len(line))
