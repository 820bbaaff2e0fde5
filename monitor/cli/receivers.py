"""`monitor receivers …`: who is reached how, and whether it works."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from monitor.cli.completion import complete_digests, complete_receivers
from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def receivers() -> None:
    """Receivers: who is reached how, and does it work."""


@receivers.command("list", short_help="List the receivers and what they get.")
@CONFIG
@JSON
def list_receivers(config: Path, as_json: bool) -> None:
    """List the receivers of the config, their channels, the digests they get, and who unsubscribed.

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


@receivers.command("test", short_help="Send a test message, and print the answers.")
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
    from monitor.app.receivers import goes_on, say_goodbye, trials_of, tried_json, tried_lines

    settings = settings_of(config, os.environ)
    # A receiver of the kind stdout speaks, too: JSON lines must stay alone.
    stdout = sys.stderr if as_json else sys.stdout
    failed = False
    trials = trials_of(settings, name, stdout=stdout, version=__version__, mark=token_hex(8))
    for trial in trials:
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
    say_goodbye(trials)
    sys.exit(1 if failed else 0)


def _which(what: str) -> Callable[[Command], Command]:
    """The options that name digests, `--digest` many times or `--all`."""

    def added(command: Command) -> Command:
        one = click.option(
            "--digest",
            "digests",
            multiple=True,
            metavar="NAME",
            help=f"{what} this digest; may be given many times.",
            shell_complete=complete_digests,
        )
        return one(click.option("--all", "every", is_flag=True, help=f"{what} all digests.")(command))

    return added


@receivers.command(short_help="Send an address no more of a digest.")
@click.argument("address")
@_which("No more of")
@CONFIG
def unsubscribe(address: str, digests: tuple[str, ...], every: bool, config: Path) -> None:
    """Send no more of a digest to the e-mail address ADDRESS, whichever receiver names it.

    The same as the link in a message does, when [web] has a public_url. What waits for the address is not sent.
    Works beside a running daemon. The config stays as it is.

    \b
    Examples:
      monitor receivers unsubscribe night@example.org --digest border-morning
      monitor receivers unsubscribe night@example.org --all
    """
    from monitor.app.questions import opened
    from monitor.app.unsubscribing import digests_of, leave_by_hand

    _expect_one(digests, every)
    with opened(config, os.environ) as house:
        for name in digests:
            house.expect(digest=name)
        gets = digests_of(address, house.settings.digests, house.settings.receivers)
        asked = gets if every else digests
        print_lines(leave_by_hand(house.store.suppressions, house.clock, address, asked, gets))


@receivers.command(short_help="Let an address have a digest again.")
@click.argument("address")
@_which("Again")
@CONFIG
def subscribe(address: str, digests: tuple[str, ...], every: bool, config: Path) -> None:
    """Let the e-mail address ADDRESS have a digest again that it unsubscribed from.

    What was kept from it meanwhile is not sent later. Works beside a running daemon.

    \b
    Examples:
      monitor receivers subscribe night@example.org --digest border-morning
      monitor receivers subscribe night@example.org --all
    """
    from monitor.app.questions import opened
    from monitor.app.unsubscribing import come_back_by_hand

    _expect_one(digests, every)
    with opened(config, os.environ) as house:
        print_lines(come_back_by_hand(house.store.suppressions, address, digests))


def _expect_one(digests: tuple[str, ...], every: bool) -> None:
    if bool(digests) == every:
        raise click.UsageError("name digests with --digest, or give --all")
