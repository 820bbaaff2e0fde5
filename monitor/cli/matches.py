"""`monitor matches …`: what matched."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.completion import complete_digests, complete_rules
from monitor.cli.options import CONFIG, JSON, SINCE
from monitor.cli.output import print_json, print_lines


@click.group()
def matches() -> None:
    """Matches: what the rules found."""


@matches.command("list")
@SINCE
@click.option("--rule", metavar="ID", help="Only matches of this rule.", shell_complete=complete_rules)
@click.option(
    "--digest", metavar="NAME", help="Only matches that this digest takes.", shell_complete=complete_digests
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="At most so many: 50 as text, else all unless given."
)
@click.option("--csv", "as_csv", is_flag=True, help="CSV with a header, for spreadsheets.")
@CONFIG
@JSON
def list_matches(
    since: str, rule: str | None, digest: str | None, limit: int | None, as_csv: bool, config: Path, as_json: bool
) -> None:
    """List matches, newest first, with what became of each.

    A match is pending until its digest is due, then planned, or merged when the digest had told the story before.
    What a silence keeps out has the number of the silence.

    \b
    Examples:
      monitor matches list
      monitor matches list --since 30d --rule torkham-closed
      monitor matches list --since 24h --csv > matches.csv
    """
    from monitor.app.kept_out import silences_at
    from monitor.app.matches import SHOWN, Asked, check_names, match_json, match_lines, match_rows
    from monitor.app.matches import matches as found
    from monitor.app.questions import opened
    from monitor.cli.options import span_of
    from monitor.cli.output import print_rows

    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both.")
    span = span_of(since)
    with opened(config, os.environ) as house:
        ledger = house.store.ledger
        asked = Asked(span, rule, digest, limit if limit or as_csv or as_json else SHOWN)
        check_names(house, asked)
        silences = silences_at(house.store, house.clock.now())
        if as_csv:
            print_rows(match_rows(found(ledger, asked), silences))
        elif as_json:
            print_json(match_json(one, silences) for one in found(ledger, asked))
        else:
            print_lines(match_lines(ledger, asked, silences))
    sys.stdout.flush()
