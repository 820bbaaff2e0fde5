"""How far a long work is: one line on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def counting(things: str) -> Iterator[Callable[[int], None]]:
    """A function that shows how many things are done; silent where nobody watches."""
    shown = False

    def show(done: int) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            shown = True
            click.echo(f"\r{done:,} {things} …", err=True, nl=False)

    try:
        yield show
    finally:
        if shown:
            click.echo(err=True)
