"""`monitor articles …`: pages as they are read."""

from __future__ import annotations

import sys

import click

from monitor.cli.output import print_json, print_lines


@click.group()
def articles() -> None:
    """Articles: read them from pages."""


@articles.command(short_help="Extract the article of HTML files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(allow_dash=True))
@click.option("--url", default="", help="Where the page came from: needed for its canonical URL.")
@click.option("--text", "for_people", is_flag=True, help="For people, at 80 columns, instead of JSON lines.")
def extract(files: tuple[str, ...], url: str, for_people: bool) -> None:
    """Extract the article of HTML files, without a network: one JSON line a page.

    FILE is a page, or - for standard input. The line holds title and text as the rules would read them, what is
    known of the page, and what was left out and why. A page without main text becomes a line with "file" and
    "error"; the others go on, and the exit status is 1. A paywall or cookie wall is no error: quality "stub".

    \b
    Examples:
      monitor articles extract page.html
      monitor articles extract --text page.html
      monitor articles extract --url https://news.example/1 - < page.html
    """
    from monitor.app.bodies import extract_files
    from monitor.app.extract_words import page_lines
    from monitor.cli.streams import standard_input

    failed = False
    for number, one in enumerate(extract_files(files, standard_input(), url)):
        if for_people:
            print_lines([""] if number else [])
            print_lines(line for page in one.lines for line in page_lines(page))
        else:
            print_json(one.lines)
        failed = failed or one.error is not None
    sys.exit(1 if failed else 0)
