"""What commands print: lines for people, JSON lines for programs. Nothing a stranger wrote steers a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click

from monitor.core.text.terminal import printable

_ROWS_AT_A_TIME = 500


def print_lines(lines: Iterable[str]) -> None:
    """Lines of text on standard output."""
    for line in lines:
        click.echo(printable(line))


def print_json(rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line on standard output."""
    for row in rows:
        line = json.dumps(row, ensure_ascii=False)
        try:
            line.encode()
        except UnicodeEncodeError:  # half a character, from a document that has one: written as \ud83d
            line = json.dumps(row)
        click.echo(line)


def print_rows(rows: Iterable[str]) -> None:
    """Lines that end themselves, as UTF-8 whatever the terminal speaks: a file of them is read elsewhere."""
    rows = iter(rows)
    while some := "".join(islice(rows, _ROWS_AT_A_TIME)):  # one write for many: a list may have a million
        click.echo(some.encode("utf-8", "replace"), nl=False)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal; call it with what is done and what there is.

    It appears with the first call, so that short work shows none, and goes when the work ends.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar: Any = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = click.progressbar(length=max(total, 1), label=label, file=sys.stderr)
        bar.length = max(total, 1)
        bar.update(done - bar.pos)

    try:
        yield show
    finally:
        if bar is not None:
            bar.render_finish()


@contextmanager
def counting(things: str) -> Iterator[Callable[[int], None]]:
    """A function that shows how many things are done, for work of unknown length; silent where nobody watches."""
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
