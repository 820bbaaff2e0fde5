"""How far long work over the archive is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

INTERRUPTED = 130  # as shells say it of SIGINT
_EVERY = 0.1  # seconds between two states of a progress line
_PATIENCE = 0.5  # seconds without one: what is over by then needs no progress


class Progress:
    """One line on standard error that says how far the work is, where that is a terminal and it takes long."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._last = time.monotonic() + _PATIENCE - _EVERY
        self._shown = False

    def of(self, what: str) -> Callable[[int, int], None]:
        """Tells how many of all are done: `1,200 of 41,220 candidates read`."""

        def tell(done: int, of: int) -> None:
            if self._watched and time.monotonic() - self._last > _EVERY:
                self._last = time.monotonic()
                self._shown = True
                click.echo(f"\r{done:,} of {of:,} {what}, Ctrl-C stops\x1b[K", nl=False, err=True)

        return tell

    def hide(self) -> None:
        """Clears the line, so that others can be printed."""
        if self._shown:
            self._shown = False
            click.echo("\r\x1b[K", nl=False, err=True)
