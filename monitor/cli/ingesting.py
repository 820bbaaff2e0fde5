"""`monitor ingest`: documents from elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO, cast

import click

from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import counting, print_json, print_lines
from monitor.core.text.terminal import printable


@click.command(short_help="Take in documents from elsewhere: mail, chat, scripts.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@CONFIG
@JSON
def ingest(file: Path, config: Path, as_json: bool) -> None:
    """Take in documents from elsewhere (mail, chat, scripts): they are matched like entries of a feed.

    FILE holds JSON lines, - is standard input. A document needs "id" and some text in "title", "summary" or
    "body"; a line that is no document is reported on standard error with its number, the others go on, and the
    exit status is 1. The same document again changes nothing. Works beside a running daemon.

    \b
    Examples:
      monitor ingest mails.jsonl
      echo '{"id": "m1", "title": "Torkham closed", "body": "…", "publisher": "Stringer"}' | monitor ingest -
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.ingesting import ingest as take_in
    from monitor.app.ingesting import ingested_json, ingested_lines

    name = "standard input" if str(file) == "-" else str(file)

    def complain(problem: str) -> None:
        click.echo(f"{name}:{printable(problem)}", err=True)

    with (
        opened_desk(config, os.environ, Missing.MADE) as desk,
        click.open_file(str(file), "rb") as source,
        counting("documents") as progress,
    ):
        done = take_in(desk.store.feeds, desk.clock, cast(BinaryIO, source), complain=complain, progress=progress)
        lines = list(ingested_lines(done, desk.store.holder()))
    if as_json:
        print_json([ingested_json(done)])
    else:
        print_lines(lines)
    sys.exit(1 if done.problems else 0)
