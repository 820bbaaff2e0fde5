"""What commands print: lines for people, JSON lines for programs. Nothing a stranger wrote steers a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from monitor.core.text.terminal import printable


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
