"""`monitor feeds pause` and `resume`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monitor.cli.options import CONFIG, author_of
from monitor.cli.output import print_lines


@click.command(short_help="Poll feeds no more until they are resumed.")
@click.argument("urls_or_names", nargs=-1, required=True, metavar="URL_OR_NAME…")
@CONFIG
def pause(urls_or_names: tuple[str, ...], config: Path) -> None:
    """Poll feeds no more until they are resumed, beside a daemon that may be at work.

    Nothing is forgotten, and a restart changes nothing. What a feed publishes meanwhile alerts once it is resumed,
    as far as it lists it still.

    \b
    Examples:
      monitor feeds pause "Dawn"
      monitor feeds pause https://www.dawn.com/feeds/home https://tolonews.com/rss
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.pausing import pause as pause_feeds
    from monitor.app.pausing import paused_lines

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        print_lines(paused_lines(pause_feeds(desk, urls_or_names, author_of(None))))


@click.command(short_help="Poll paused feeds again.")
@click.argument("urls_or_names", nargs=-1, required=True, metavar="URL_OR_NAME…")
@CONFIG
def resume(urls_or_names: tuple[str, ...], config: Path) -> None:
    """Poll paused feeds again; those whose time has passed meanwhile at once.

    \b
    Examples:
      monitor feeds resume "Dawn"
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.pausing import resume as resume_feeds
    from monitor.app.pausing import resumed_lines

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        print_lines(resumed_lines(resume_feeds(desk, urls_or_names)))
