"""`monitor feeds …`: subscriptions, and feeds as they are read."""

from __future__ import annotations

import sys

import click

from monitor.cli import subscriptions
from monitor.cli.boosting import boost
from monitor.cli.output import print_json
from monitor.cli.pausing import pause, resume


@click.group(short_help="Feeds: subscribe, import, look after them.")
def feeds() -> None:
    """Feeds: subscribe, import, look after them; read them from files."""


@feeds.command(short_help="Parse feeds from files, without a network.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(allow_dash=True))
@click.option("--url", default="", help="Where the feed came from: relative links are resolved against it.")
def parse(files: tuple[str, ...], url: str) -> None:
    """Parse feeds from files, without a network: one JSON line an entry.

    FILE is an RSS, Atom or JSON feed, a news sitemap, or - for standard input. A line says who read the feed
    ("engine"), and what the feed says of its own rhythm and its hub. A file that is no feed becomes a line with
    "file" and "error"; the others go on, and the exit status is 1.

    \b
    Examples:
      monitor feeds parse feed.xml
      monitor feeds parse --url https://news.example/feed - < feed.xml
      curl -s https://news.example/feed | monitor feeds parse - | jq .feed.engine
    """
    from monitor.app.bodies import parse_files
    from monitor.cli.streams import standard_input

    failed = False
    for one in parse_files(files, standard_input(), url):
        print_json(one.lines)
        failed = failed or one.error is not None
        if not one.lines:
            click.echo(f"{click.format_filename(one.file)}: a feed without entries", err=True)
    sys.exit(1 if failed else 0)


for _command in (
    subscriptions.list_,
    subscriptions.show,
    subscriptions.add,
    subscriptions.remove,
    subscriptions.import_,
    subscriptions.export,
    subscriptions.discover,
    subscriptions.health,
    boost,
    pause,
    resume,
):
    feeds.add_command(_command)
