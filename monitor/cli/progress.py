"""How far long work over the archive is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import click

from monitor.cli.output import progress_bar

INTERRUPTED = 130  # as shells say it of SIGINT
_EVERY = 0.1  # seconds between two states of a progress line
_PATIENCE = 0.5  # seconds without one: what is over by then needs no progress
_EVERY_LINE = 10.0  # seconds between two lines where nobody watches


@contextmanager
def phases(words: Mapping[str, str]) -> Iterator[Callable[[str, int, int], None]]:
    """Tells how far each phase of long work is: by a bar on a terminal, else by a line now and then.

    Call it with the phase, what is done and what there is; `words` say what the numbers of each phase count.
    """
    with ExitStack() as shown:
        bar: Callable[[int, int], None] = lambda done, total: None  # noqa: E731 - until the first phase
        now, last = "", time.monotonic()

        def tell(phase: str, done: int, of: int) -> None:
            nonlocal bar, now, last
            if phase != now:
                shown.close()
                bar, now = shown.enter_context(progress_bar(phase.capitalize())), phase
            bar(done, of)
            if not sys.stderr.isatty() and (done >= of or time.monotonic() - last > _EVERY_LINE):
                last = time.monotonic()
                click.echo(f"{done:,} of {of:,} {words[phase]}", err=True)

        yield tell


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
