"""`monitor forget`: removes a text for good."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines
from monitor.core.text.terminal import printable


@click.command(short_help="Remove a text for good.")
@click.argument("url")
@click.option("--dry-run", is_flag=True, help="Say what would be removed; change nothing.")
@click.option("--even-unsent", is_flag=True, help="Also when a digest or a receiver still waits for it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@CONFIG
@JSON
def forget(url: str, dry_run: bool, even_unsent: bool, yes: bool, config: Path, as_json: bool) -> None:
    """Remove a text for good: all that is kept of the words behind URL.

    Of every feed and every wording: title, text, summary, authors, names, what matches quote, and the stored
    messages that told of it. Addresses, ids and hashes stay, so that the text does not come back at the next
    poll, and so does the record of what became of it. A daemon may be running.

    \b
    Examples:
      monitor forget https://www.dawn.com/news/1234567 --dry-run
      monitor forget https://www.dawn.com/news/1234567
    """
    from monitor.app import forget as app
    from monitor.app.questions import opened

    url = url.encode("utf-8", "replace").decode()  # half a character is no part of an address
    with opened(config, os.environ) as house:
        said = app.look(house.store, url, even_unsent=even_unsent)
        if said.found.entries and not dry_run:
            refused = said.found.waits and not even_unsent
            if not (yes or refused):
                for line in app.forget_lines(said):
                    click.echo(printable(line), err=True)
                click.confirm(app.question(url, said.found), abort=True, err=True)
            said = app.forget(house.store, url, even_unsent=even_unsent)
    if as_json:
        print_json([app.forget_json(said)])
    else:
        print_lines(app.forget_lines(said))
    sys.exit(0 if said.found.entries else 1)
