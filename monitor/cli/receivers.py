"""`monitor receivers …`: who is reached how, and whether it works."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.completion import complete_receivers
from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines


@click.group()
def receivers() -> None:
    """Receivers: who is reached how, and does it work."""


@receivers.command("list")
@CONFIG
@JSON
def list_receivers(config: Path, as_json: bool) -> None:
    """List the receivers of the config, their channels, and the digests they get.

    \b
    Examples:
      monitor receivers list
      monitor receivers list --json
    """
    from monitor.app.receivers import receiver_lines, receivers_json, receivers_of

    found = receivers_of(config, os.environ)
    if as_json:
        print_json(receivers_json(found))
    else:
        print_lines(receiver_lines(found))


@receivers.command("test")
@click.argument("name", shell_complete=complete_receivers)
@CONFIG
@JSON
def test_receiver(name: str, config: Path, as_json: bool) -> None:
    """Send a test message to every recipient of receiver NAME, and print what each answers.

    The message says that it is a test. It goes out at once, past the outbox; a daemon may run meanwhile. When it
    gets through to a receiver that had refused everything, the deliveries that wait for it go on.

    Exit status 0 when all recipients took it, 1 when not.

    \b
    Examples:
      monitor receivers test desk
      monitor receivers test siem --json
    """
    from secrets import token_hex

    from monitor import __version__
    from monitor.app.check import settings_of
    from monitor.app.receivers import goes_on, trials_of, tried_json, tried_lines

    settings = settings_of(config, os.environ)
    # A receiver of the kind stdout speaks, too: JSON lines must stay alone.
    stdout = sys.stderr if as_json else sys.stdout
    failed = False
    for trial in trials_of(settings, name, stdout=stdout, version=__version__, mark=token_hex(8)):
        if sys.stderr.isatty():
            click.echo(f"sending to {trial.recipient} by {trial.kind.value} …", err=True)
        tried = trial.send()
        failed = failed or tried.failure is not None
        if as_json:
            print_json([tried_json(tried)])
        else:
            print_lines(tried_lines(tried))
        if goes_on(settings, tried) and not as_json:
            print_lines([f"      what {name} by {trial.kind.value} had refused is tried again now"])
    sys.exit(1 if failed else 0)
