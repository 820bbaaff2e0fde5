"""Standard input and output as bytes, and progress for whoever watches."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from monitor.cli.output import progress_bar

_LARGE = 5_000_000  # bytes: some seconds of matching; less is over before anybody wonders
_STEPS = 200  # of the bar


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
        if size < _LARGE or sys.stdout.isatty():
            yield from (line.decode("utf-8", "replace") for line in lines)
            return
        done = shown = 0
        with progress_bar(file.name) as show:
            for line in lines:
                yield line.decode("utf-8", "replace")
                done += len(line)
                if done - shown > size // _STEPS or done == size:
                    show(done, size)
                    shown = done
