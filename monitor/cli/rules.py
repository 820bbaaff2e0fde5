"""`monitor rules …`: rules tried on documents."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.options import CONFIG
from monitor.cli.output import print_json


@click.group()
def rules() -> None:
    """Rules: try them on documents."""


@rules.command("match")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@CONFIG
def match_documents(file: Path, directory: Path | None, config: Path) -> None:
    """Match documents (JSON lines) against rules; matches come out as JSON lines.

    A document needs "id", "title" and "body"; a line that is no document is reported on standard error with
    its number, the others go on, and the exit status is 1.

    \b
    Examples:
      monitor rules match --rules rules/ documents.jsonl
      echo '{"id": "1", "title": "Torkham closed", "body": ""}' | monitor rules match --rules rules/
    """
    from monitor.app.offline import match_lines, rules_from

    ruleset = rules_from(directory, config, os.environ)
    problems = 0
    with click.open_file(str(file), encoding="utf-8", errors="replace") as lines:
        for one in match_lines(ruleset, lines):
            if one.problem is not None:
                problems += 1
                click.echo(f"{'standard input' if str(file) == '-' else file}:{one.problem}", err=True)
            else:
                print_json([one.match or {}])
    sys.exit(1 if problems else 0)
