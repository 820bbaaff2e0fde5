"""`monitor articles …`: pages as they are read."""

from __future__ import annotations

import sys

import click

from monitor.cli.output import print_json


@click.group()
def articles() -> None:
    """Articles: read them from pages."""


@articles.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(allow_dash=True))
@click.option("--url", default="", help="Where the page came from: needed for its canonical URL.")
def extract(files: tuple[str, ...], url: str) -> None:
    """Extract the article of HTML files, without a network: one JSON line a page.

    FILE is a page, or - for standard input. The line holds title, text and what was left out, as the rules
    would read it. A page without main text becomes a line with "file" and "error"; the others go on, and the
    exit status is 1.

    \b
    Examples:
      monitor articles extract page.html
      monitor articles extract --url https://news.example/1 - < page.html
    """
    from monitor.app.bodies import extract_files
    from monitor.cli.streams import standard_input

    failed = False
    for one in extract_files(files, standard_input(), url):
        print_json(one.lines)
        failed = failed or one.error is not None
    sys.exit(1 if failed else 0)
