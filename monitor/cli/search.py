"""`monitor search`: the stored articles, by the language of the rules."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import CONFIG, JSON, times_of
from monitor.cli.output import print_json, print_lines
from monitor.cli.progress import INTERRUPTED, Progress
from monitor.core.text.terminal import printable
from monitor.model.errors import ConfigInvalid

if TYPE_CHECKING:
    from monitor.app.search import Found, Search

SHOWN = 20  # matches as text unless told otherwise


@click.command(short_help="Search the stored articles, in the language of rules.")
@click.argument("query")
@click.option("--since", metavar="TIME", help="First seen then or later: 30d, 2023-02-22, or a time with offset.")
@click.option("--until", metavar="TIME", help="First seen before: 7d, or a time; a day counts as a whole.")
@click.option(
    "--limit", type=click.IntRange(0), help="Show at most so many: 20 as text, else all unless given; 0 counts."
)
@CONFIG
@JSON
def search(
    query: str, since: str | None, until: str | None, limit: int | None, config: Path, as_json: bool
) -> None:
    """Search the stored articles, newest first, by the language of the rules.

    QUERY may use the @entities and $terms of the rule files. The passages show the [matched words]. Ctrl-C ends
    the search with what it has, and exit status 130.

    \b
    Examples:
      monitor search 'Torkham AND (closed OR closure)'
      monitor search 'SENTENCE(@torkham AND $closed)' --since 30d
      monitor search '"trade fire"' --since 2023-02-19 --until 2023-02-22 --json
    """
    from monitor.app.questions import opened
    from monitor.app.search import Asked, Search, prepare

    begins, ends = times_of(since, until)
    asked = Asked(query, begins, ends, SHOWN if limit is None and not as_json else limit)
    with opened(config, os.environ) as house:
        try:
            asking = Search(house.store.archive, asked, house.ruleset)
        except ConfigInvalid as error:  # the query's own trouble: a config that does not hold is told elsewhere
            click.echo(printable(str(error), keep_newlines=True), err=True)
            sys.exit(2)
        for problem in asking.warnings:
            click.echo(printable(str(problem), keep_newlines=True), err=True)
        begun = time.monotonic()
        progress = Progress()
        stopped = False
        try:
            if behind := prepare(house.store.archive, house.store.holder(), progress.of("articles indexed, once")):
                click.echo(behind, err=True)
            _print(asking.run(progress.of("candidates read")), progress, as_json)
        except KeyboardInterrupt:
            stopped = True
        progress.hide()
    _sum_up(asking, time.monotonic() - begun, stopped, as_json)
    sys.exit(INTERRUPTED if stopped else 1 if asking.tally.failures else 0)


def _print(articles: Iterable[Found], progress: Progress, as_json: bool) -> None:
    """Each article as soon as it is found."""
    from monitor.app.search_words import day_of, found_json, found_lines

    day = ""
    for found in articles:
        progress.hide()
        if as_json:
            print_json([found_json(found)])
        else:
            print_lines(found_lines(found, day))
            day = day_of(found)


def _sum_up(asking: Search, seconds: float, stopped: bool, as_json: bool) -> None:
    """What the search came to: behind the articles, or apart from the JSON lines."""
    from monitor.app.search_words import tally_lines

    if asking.tally.shown and not as_json:
        click.echo()
    sys.stdout.flush()
    for line in tally_lines(asking.asked, asking.tally, seconds, stopped=stopped):
        click.echo(printable(line), err=as_json)
