"""`monitor digest …`: what would be sent."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monitor.cli.completion import complete_digests
from monitor.cli.options import CONFIG


@click.group()
def digest() -> None:
    """Digests: what would be sent now."""


@digest.command(short_help="Print what a digest would say now.")
@click.argument("name", shell_complete=complete_digests)
@click.option(
    "--as",
    "form",
    type=click.Choice(["text", "html", "slack", "json"]),
    default="text",
    show_default=True,
    help="What the digest is rendered as.",
)
@CONFIG
def preview(name: str, form: str, config: Path) -> None:
    """Print what digest NAME would say now, without sending anything; also in quiet hours, and that it is quiet.

    The name "health" stands for the daily digest about the monitor itself.

    \b
    Examples:
      monitor digest preview border-morning
      monitor digest preview border-morning --as html > digest.html
      monitor digest preview health
    """
    from monitor.app.questions import opened, preview_of, quiet_note

    with opened(config, os.environ) as house:
        for text in preview_of(house, name, form):
            click.echo(text)
        if note := quiet_note(house, name):
            click.echo(note, err=True)  # beside the digest: who pipes it wants the digest alone
