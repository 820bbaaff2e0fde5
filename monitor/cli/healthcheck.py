"""`monitor healthcheck`: what a supervisor asks of a running daemon."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines


@click.command(short_help="Is the running daemon well? For containers.")
@CONFIG
@click.option("--url", metavar="URL", help="Where its pages are, instead of the config's [web] listen.")
@click.option("--ready", is_flag=True, help="Ask whether it can do its work (/readyz), not only whether it lives.")
@JSON
def healthcheck(config: Path, url: str | None, ready: bool, as_json: bool) -> None:
    """Ask the running daemon whether it is well, and say why not on one line.

    It is asked on this machine, at the `[web] listen` of the config or at --url, and has 5 seconds to answer.
    With --url no config is read, so that a half-written one is not taken for a daemon in trouble.

    Exit status 0 when the daemon says that it is well, 1 when not or when it cannot be asked.

    \b
    Examples:
      monitor healthcheck
      monitor healthcheck --ready -c /etc/media-monitor/config.toml
      monitor healthcheck --url http://127.0.0.1:8080
    """
    from monitor.app.healthcheck import ask_config, ask_url, checkup_json, checkup_line

    found = ask_config(config, ready=ready) if url is None else ask_url(url, ready=ready)
    if as_json:
        print_json([checkup_json(found)])
    else:
        print_lines([checkup_line(found, ready=ready)])
    sys.exit(0 if found.ok else 1)
